"""What browsers may do with a page, and pages for what goes wrong."""

import pytest
from django.db import DatabaseError, connection
from django.test import Client

from tenants.models import Tenant
from tests.console.conftest import listed

POLICY_PARTS = ("default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "form-action 'self'")


@pytest.mark.parametrize("address", ["/sign-in/", "/ui/acme/sign-in/", "/nowhere", "/ui/acme/nowhere", "/ui/nobody/"])
def test_every_page_has_the_policy(acme: Tenant, address: str):
    headers = Client().get(address).headers
    assert all(part in headers["Content-Security-Policy"] for part in POLICY_PARTS)
    assert "unsafe-eval" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "same-origin"


def test_pages_behind_the_sign_in_are_not_kept(console: Client):
    headers = console.get(listed("users")).headers
    assert "no-store" in headers["Cache-Control"]
    assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    "address", ["/ui/nobody/", "/ui/../", "/ui/acme/nowhere", "/ui/acme/administration/iam/users/x/change/", "/nowhere"]
)
def test_what_is_not_there_has_a_page(console: Client, address: str):
    answer = console.get(address)
    assert answer.status_code == 404
    assert b"There is nothing here" in answer.content


def test_the_page_for_our_own_faults_needs_no_database(acme: Tenant):
    browser = Client(raise_request_exception=False)
    with connection.execute_wrapper(_gone):
        answer = browser.get("/ui/acme/")
    assert answer.status_code == 500
    assert b"Something went wrong on our side" in answer.content
    assert b"the database is gone" not in answer.content


@pytest.mark.parametrize(
    "query", ["q=%00", "q=%F0%9F", "o=zzz", "p=99999", "p=-1", "state=nonsense", "q=" + "x" * 5000]
)
def test_nonsense_in_an_address_is_no_fault_of_ours(console: Client, query: str):
    for page in ("users", "groups", "roles", "bindings", "service-accounts", "provisioning", "audit-logs"):
        assert console.get(f"{listed(page)}?{query}").status_code in (200, 302, 400), page


@pytest.mark.parametrize(
    "query", ["from=yesterday", "from=9999-12-31", "to=9999-12-31", "to=0001-01-01", "from=2026-01-01"]
)
def test_nonsense_dates_narrow_nothing_or_everything(console: Client, query: str):
    assert console.get(f"{listed('audit-logs')}?{query}").status_code == 200


def _gone(execute, sql, params, many, context):
    raise DatabaseError("the database is gone")
