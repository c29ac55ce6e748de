"""The tenants of the instance, the way between them, and one's own account."""

from django.test import Client

from kestra_iam.models import Role, User
from tenants.models import Tenant
from tests.factories import PASSWORD, person


def test_an_owner_creates_a_tenant_and_is_led_there(client_for, owner: User, acme: Tenant):
    browser = client_for(owner)
    page = browser.get("/instance/tenants/").content.decode()
    assert 'href="/ui/acme/"' in page
    answer = browser.post("/instance/tenants/add/", {"slug": "initech", "name": "Initech"})
    assert answer.headers["Location"] == "/ui/initech/"
    assert {role.name for role in Role.objects.filter(tenant__slug="initech")} == {"Admin", "Viewer"}


def test_a_slug_that_is_no_address_is_told_at_its_field(client_for, owner: User, acme: Tenant):
    browser = client_for(owner)
    for slug in ("../etc", "UPPER", "instance", "acme", "x" * 64, "日本"):
        answer = browser.post("/instance/tenants/add/", {"slug": slug})
        assert answer.status_code == 400, slug
        assert "slug" in answer.context["form"].errors, slug
    assert Tenant.objects.count() == 1


def test_the_switcher_offers_one_s_own_tenants_alone(
    client_for, acme: Tenant, globex: Tenant, viewer: User, owner: User
):
    page = client_for(viewer).get("/ui/acme/", follow=True).content.decode()
    assert 'href="/ui/acme/"' in page
    assert "/ui/globex/" not in page
    assert "/instance/tenants/" not in page
    page = client_for(owner).get("/ui/acme/", follow=True).content.decode()
    assert 'href="/ui/globex/"' in page
    assert 'href="/instance/tenants/"' in page


def test_every_link_of_a_page_stays_in_its_tenant_but_the_switcher_s(console: Client, acme: Tenant):
    page = console.get("/ui/acme/administration/iam/roles/").content.decode()
    addresses = {part.split('"')[0] for part in page.split('href="')[1:]}
    inside = {address for address in addresses if address.startswith("/") and not address.startswith("/static/")}
    assert inside
    assert all(address.startswith("/ui/acme/") for address in inside)


def test_one_s_password_is_changed_with_the_present_one(client_for, acme: Tenant):
    user = person(acme, "Viewer", username="carla")
    browser, other = client_for(user), client_for(user)
    wrong = browser.post("/ui/acme/account/", {"old": "wrong", "password": "staple battery horse"})
    assert wrong.status_code == 400
    assert "not your present password" in wrong.content.decode()
    assert browser.post("/ui/acme/account/", {"old": PASSWORD, "password": "12345"}).status_code == 400
    assert browser.post("/ui/acme/account/", {"old": PASSWORD, "password": "staple battery horse"}).status_code == 302
    assert browser.get("/ui/acme/account/").status_code == 200
    assert other.get("/ui/acme/account/").status_code == 302
