"""A sign-in link works once, for 24 hours, and its secret is in no address."""

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from kestra_iam.models import SignInLink, User
from provisioning.models import Integration
from tenants.models import Tenant
from tests.console.conftest import listed, shown
from tests.factories import person, role_of
from tests.pushes import Push

PAGE = "/ui/acme/sign-in/link/"
NEW = "staple battery horse"


@pytest.fixture
def anna(integration: Integration) -> User:
    return Push(integration).user("anna").account


@pytest.fixture
def secret(console: Client, anna: User) -> str:
    answer = console.post(shown("users", anna, "sign-in-link"))
    assert answer.headers["Cache-Control"].startswith("no-store")
    link = unescape(answer.content.decode().partition("spellcheck")[2].partition(">")[2].partition("<")[0])
    assert link.startswith("http://127.0.0.1:8000/ui/acme/sign-in/link/#")
    return link.partition("#")[2]


def test_it_sets_the_password_and_signs_in(anna: User, secret: str):
    browser = Client()
    assert "no-store" in browser.get(PAGE).headers["Cache-Control"]
    asked = browser.post(PAGE, {"secret": secret})
    assert asked.status_code == 200
    assert b"anna" in asked.content
    done = browser.post(PAGE, {"secret": secret, "password": NEW, "again": NEW})
    assert done.headers["Location"] == "/ui/acme/"
    assert browser.get("/ui/acme/", follow=True).status_code == 200
    anna.refresh_from_db()
    assert anna.check_password(NEW)


def test_it_works_once(anna: User, secret: str):
    Client().post(PAGE, {"secret": secret, "password": NEW, "again": NEW})
    answer = Client().post(PAGE, {"secret": secret, "password": "another " + NEW, "again": "another " + NEW})
    assert answer.status_code == 404
    assert b"used already or has expired" in answer.content
    anna.refresh_from_db()
    assert anna.check_password(NEW)


def test_it_ends_after_a_day(anna: User, secret: str):
    SignInLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().post(PAGE, {"secret": secret}).status_code == 404


def test_it_opens_only_its_own_tenant(globex: Tenant, secret: str):
    assert Client().post("/ui/globex/sign-in/link/", {"secret": secret}).status_code == 404


def test_a_weak_or_mistyped_password_is_refused_at_its_field(secret: str):
    browser = Client()
    weak = browser.post(PAGE, {"secret": secret, "password": "12345", "again": "12345"})
    assert weak.status_code == 400
    assert b"too short" in weak.content
    assert b"not the same" in browser.post(PAGE, {"secret": secret, "password": NEW, "again": "other"}).content
    assert SignInLink.objects.exists()


def test_it_is_for_accounts_at_home_here_alone(console: Client, acme: Tenant, viewer: User):
    assert console.post(shown("users", viewer, "sign-in-link")).status_code == 403
    assert b"Sign-in link" not in console.get(shown("users", viewer)).content


def test_nobody_gets_a_link_of_somebody_who_may_more(acme: Tenant, anna: User, client_for, console: Client):
    console.post(listed("bindings") + "add/", {"subject": f"user:{anna.pk}", "role": role_of(acme, "Admin").pk})
    clerk = person(acme, username="clerk")
    roles = listed("roles") + "add/"
    console.post(roles, {"name": "Clerk", "permissions": ["USERS.READ", "USERS.UPDATE"]})
    console.post(listed("bindings") + "add/", {"subject": f"user:{clerk.pk}", "role": role_of(acme, "Clerk").pk})
    answer = client_for(clerk).post(shown("users", anna, "sign-in-link"))
    assert answer.status_code == 403
    assert not SignInLink.objects.exists()
