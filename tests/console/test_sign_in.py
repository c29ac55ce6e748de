"""Signing in names a tenant, or none for the instance."""

import re

import pytest
from django.test import Client

from kestra_iam import attempts
from kestra_iam.actions.passwords import issue_sign_in_link, use_sign_in_link
from kestra_iam.actions.people import suspend_person
from kestra_iam.models import User
from kestra_iam.principals import operator
from provisioning.models import Integration
from tenants.models import Tenant
from tests.console.conftest import listed
from tests.factories import PASSWORD, AccountFactory
from tests.pushes import Push

HOME_PASSWORD = "staple battery horse"


@pytest.fixture
def anna(acme: Tenant, integration: Integration) -> User:
    """Somebody at home in acme who has set a password."""
    account = Push(integration).user("anna").account
    secret = issue_sign_in_link(by=operator, tenant=acme, user=account)
    return use_sign_in_link(by=operator, tenant=acme, secret=secret, password=HOME_PASSWORD)


def sign_in(username: str, password: str = PASSWORD, tenant: str = "acme", address: str = "/ui/acme/sign-in/", **more):
    return Client().post(address, {"username": username, "password": password, "tenant": tenant, **more})


def test_nobody_is_led_to_sign_in_and_back(acme: Tenant, admin: User):
    browser = Client()
    answer = browser.get(listed("roles"), follow=True)
    assert answer.redirect_chain == [(f"/ui/acme/sign-in/?next={listed('roles')}", 302)]
    form = {"username": "admin", "password": PASSWORD, "tenant": "acme", "next": listed("roles")}
    assert browser.post("/ui/acme/sign-in/", form).headers["Location"] == listed("roles")


def test_the_root_leads_to_sign_in_and_then_to_the_person_s_tenant(acme: Tenant, admin: User, client_for):
    assert Client().get("/").headers["Location"] == "/sign-in/"
    assert client_for(admin).get("/").headers["Location"] == "/ui/acme/"


def test_the_root_leads_an_owner_without_tenants_to_their_page(owner: User, client_for):
    assert client_for(owner).get("/").headers["Location"] == "/instance/tenants/"


def test_the_form_has_its_three_fields_and_the_address_fills_in_the_tenant(acme: Tenant):
    page = Client().get("/ui/acme/sign-in/").content.decode()
    assert re.findall(r"<label[^>]*>([^<]+)</label>", page) == ["Username", "Password", "Tenant"]
    assert 'value="acme"' in page
    assert 'value="acme"' not in Client().get("/sign-in/").content.decode()


def test_an_account_at_home_in_the_tenant_signs_in_there_and_nowhere_else(anna: User, globex: Tenant):
    assert sign_in("anna", HOME_PASSWORD).headers["Location"] == "/ui/acme/"
    assert sign_in("anna", HOME_PASSWORD, tenant="globex").status_code == 400
    assert sign_in("anna", HOME_PASSWORD, tenant="").status_code == 400


def test_an_instance_account_that_was_let_in_signs_in_at_the_tenant_and_at_the_instance(admin: User, globex: Tenant):
    assert sign_in("ADMIN").headers["Location"] == "/ui/acme/"
    assert sign_in("admin", tenant="", address="/sign-in/").headers["Location"] == "/"
    assert sign_in("admin", tenant="acme", address="/sign-in/").headers["Location"] == "/ui/acme/"
    assert sign_in("admin", tenant="globex").status_code == 400


def test_an_instance_owner_signs_in_everywhere(owner: User, acme: Tenant):
    assert sign_in("owner").headers["Location"] == "/ui/acme/"


def test_two_people_of_one_username_each_have_their_own_password(anna: User, acme: Tenant):
    AccountFactory(username="anna", instance_owner=True)
    assert sign_in("anna", HOME_PASSWORD).status_code == 302
    assert sign_in("anna", PASSWORD).status_code == 302


def test_every_failure_reads_the_same(admin: User, outsider: User):
    told = [
        sign_in("admin", "wrong"),
        sign_in("nobody-of-that-name", "wrong"),
        sign_in("outsider"),
        sign_in("admin", tenant="no-such-tenant"),
    ]
    assert {answer.status_code for answer in told} == {400}
    texts = {re.search(r"k-bad.*?<div>(.*?)</div>", answer.content.decode(), re.DOTALL)[1] for answer in told}
    assert texts == {"This username and password do not match. Check both, and the tenant."}


def test_somebody_who_fails_too_often_has_to_wait(admin: User):
    for _ in range(attempts.ALLOWED):
        assert b"do not match" in sign_in("admin", "wrong").content
    assert b"wait five minutes" in sign_in("admin", PASSWORD).content


def test_unknown_usernames_wait_as_known_ones_do(acme: Tenant):
    for _ in range(attempts.ALLOWED):
        sign_in("nobody-of-that-name", "wrong")
    assert b"wait five minutes" in sign_in("nobody-of-that-name", "wrong").content


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "https:evil"]
)
def test_signing_in_leads_to_no_other_site(admin: User, elsewhere: str):
    assert sign_in("admin", next=elsewhere).headers["Location"] == "/ui/acme/"


def test_the_session_gets_a_new_key(admin: User):
    browser = Client()
    browser.cookies["kestra_iam_session"] = "chosen-by-somebody-else"
    browser.post("/ui/acme/sign-in/", {"username": "admin", "password": PASSWORD, "tenant": "acme"})
    assert browser.cookies["kestra_iam_session"].value != "chosen-by-somebody-else"


def test_signing_out_ends_the_session(console: Client):
    assert console.post("/ui/acme/sign-out/").headers["Location"] == "/ui/acme/sign-in/"
    assert console.get(listed("users")).status_code == 302


def test_who_has_no_access_is_told_where_there_is_some(client_for, admin: User, globex: Tenant):
    answer = client_for(admin).get("/ui/globex/administration/")
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "no access to <strong>Globex</strong>" in page
    assert 'href="/ui/acme/"' in page
    assert "/ui/globex/sign-out/" in page


def test_a_suspension_counts_on_the_next_request(client_for, acme: Tenant, viewer: User):
    browser = client_for(viewer)
    assert browser.get(listed("users")).status_code == 200
    suspend_person(by=operator, tenant=acme, user=viewer)
    assert browser.get(listed("users")).status_code == 403


def test_who_has_no_role_is_told_so(client_for, acme: Tenant, integration: Integration):
    user = Push(integration).user("ben").account
    assert b"No role here yet" in client_for(user).get("/ui/acme/", follow=True).content
