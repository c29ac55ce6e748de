"""Every route of the console and of the instance against everybody who might try it."""

import re
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver

from kestra_iam.models import User
from kestra_iam.urls import console as console_urls
from kestra_iam.urls import instance as instance_urls
from provisioning.models import Integration
from tests.clients import ScimClient

VISITORS = ("nobody", "secret token", "outsider", "viewer", "admin", "owner")
# What each of them is answered, in this order.
READ = (302, 302, 403, 200, 200, 200)
WRITE = (302, 302, 403, 403, 302, 302)
FORM = (302, 302, 403, 403, 200, 200)
EMPTY = (302, 302, 403, 403, 400, 400)
SECRET = (302, 302, 403, 403, 200, 200)
CLOSED = (302, 302, 403, 405, 405, 405)
SELF = (302, 302, 403, 200, 200, 200)
OWNERS = (302, 302, 403, 403, 403, 200)

IAM = "administration/iam"
TABLE: dict[tuple[str, str], tuple[int, ...]] = {
    ("GET", ""): (302,) * 6,
    ("GET", "sign-in/"): (200, 200, 302, 302, 302, 302),
    ("GET", "sign-in/link/"): (200,) * 6,
    ("POST", "sign-out/"): (302,) * 6,
    ("GET", "sign-out/"): (405,) * 6,
    ("GET", "account/"): SELF,
    ("POST", "account/tokens/"): (302, 302, 403, 400, 400, 400),
    ("GET", "account/tokens/"): CLOSED,
    ("POST", "account/tokens/<uuid:token_id>/remove/"): (302, 302, 403, 404, 404, 404),
    ("GET", "administration/"): (302, 302, 403, 302, 302, 302),
    ("GET", "administration/iam/"): (302, 302, 403, 302, 302, 302),
}
for page in ("users", "groups", "roles", "bindings", "service-accounts", "provisioning", "audit-logs"):
    TABLE["GET", f"{IAM}/{page}/"] = READ
    TABLE["POST", f"{IAM}/{page}/"] = CLOSED
    TABLE["GET", f"{IAM}/{page}/<uuid:object_id>/change/"] = READ
    if page != "audit-logs":
        TABLE["GET", f"{IAM}/{page}/add/"] = FORM
        TABLE["POST", f"{IAM}/{page}/add/"] = EMPTY
for page in ("groups", "roles", "provisioning"):
    TABLE["POST", f"{IAM}/{page}/<uuid:object_id>/change/"] = EMPTY
for page in ("users", "bindings", "service-accounts", "audit-logs"):
    TABLE["POST", f"{IAM}/{page}/<uuid:object_id>/change/"] = CLOSED
for page in ("groups", "roles", "bindings", "service-accounts", "provisioning"):
    TABLE["GET", f"{IAM}/{page}/<uuid:object_id>/delete/"] = FORM
    TABLE["POST", f"{IAM}/{page}/<uuid:object_id>/delete/"] = WRITE
OPERATIONS = {
    "users": {"suspend": WRITE, "resume": WRITE, "sign-in-link": SECRET, "end-access": (302, 302, 403, 403, 404, 404)},
    "groups": dict.fromkeys(("add-member", "remove-member"), (302, 302, 403, 403, 404, 404)),
    "service-accounts": {"create-token": EMPTY, "remove-token": (302, 302, 403, 403, 404, 404)},
    "provisioning": {"enable": WRITE, "disable": WRITE, "rotate": SECRET, "adopt": SECRET, "end-watch": WRITE}
    # There is no source in this table's integration.
    | {"pull-sync": EMPTY},
}
for page, operations in OPERATIONS.items():
    for operation, statuses in operations.items():
        TABLE["POST", f"{IAM}/{page}/<uuid:object_id>/{operation}/"] = statuses
        TABLE["GET", f"{IAM}/{page}/<uuid:object_id>/{operation}/"] = CLOSED
TABLE["GET", f"{IAM}/provisioning/<uuid:object_id>/connect/"] = READ
TABLE["POST", f"{IAM}/provisioning/<uuid:object_id>/connect/"] = CLOSED
TABLE["GET", f"{IAM}/provisioning/<uuid:object_id>/pull/"] = READ
TABLE["POST", f"{IAM}/provisioning/<uuid:object_id>/pull/"] = EMPTY
TABLE["GET", f"{IAM}/provisioning/<uuid:object_id>/pull/<uuid:run_id>/"] = READ
TABLE["POST", f"{IAM}/provisioning/<uuid:object_id>/pull/<uuid:run_id>/"] = CLOSED
TABLE["GET", f"{IAM}/provisioning/<uuid:object_id>/pull-remove/"] = (302, 302, 403, 403, 404, 404)
TABLE["POST", f"{IAM}/provisioning/<uuid:object_id>/pull-remove/"] = (302, 302, 403, 403, 404, 404)
for operation in ("connection-test", "full-sync"):
    TABLE["GET", f"{IAM}/provisioning/<uuid:object_id>/{operation}/"] = READ
    TABLE["POST", f"{IAM}/provisioning/<uuid:object_id>/{operation}/"] = WRITE
INSTANCE: dict[tuple[str, str], tuple[int, ...]] = {
    ("GET", ""): (302,) * 6,
    ("GET", "sign-in/"): (200, 200, 302, 302, 302, 302),
    ("POST", "sign-out/"): (302,) * 6,
    ("GET", "instance/tenants/"): OWNERS,
    ("POST", "instance/tenants/"): (405,) * 6,
    ("GET", "instance/tenants/add/"): OWNERS,
    ("POST", "instance/tenants/add/"): (302, 302, 403, 403, 403, 400),
}
BODIES = {"delete": {"access": "keep"}, "rotate": {"overlap": "0"}, "adopt": {"all": "1"}}


def routes(urlconf: Any) -> set[str]:
    """Every route below a URLconf, as it is written there."""
    found = set()

    def walk(patterns: list, before: str) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                found.add(f"{before}{pattern.pattern}")
            else:
                walk(pattern.url_patterns, f"{before}{pattern.pattern}")

    walk(get_resolver(urlconf.__name__).url_patterns, "")
    return found


@pytest.mark.parametrize(("urlconf", "table"), [(console_urls, TABLE), (instance_urls, INSTANCE)])
def test_every_route_is_in_the_table(urlconf: Any, table: dict):
    assert routes(urlconf) == {route for _, route in table}


@pytest.fixture
def visitors(client_for, integration: Integration, outsider: User, viewer: User, admin: User, owner: User):
    token = {"Authorization": f"Bearer {ScimClient(integration).token}"}
    people = {"outsider": outsider, "viewer": viewer, "admin": admin, "owner": owner}
    return {
        "nobody": Client(),
        "secret token": Client(headers=token),
        **{name: client_for(user) for name, user in people.items()},
    }


def answers(visitors: dict[str, Client], method: str, address: str) -> dict[str, int]:
    """What each visitor is answered, each finding everything as it was."""
    body = BODIES.get(address.rstrip("/").rpartition("/")[2], {})
    found = {}
    for name, client in visitors.items():
        with transaction.atomic():
            found[name] = client.generic(
                method, address, "&".join(f"{key}={value}" for key, value in body.items()),
                content_type="application/x-www-form-urlencoded",
            ).status_code  # fmt: skip
            transaction.set_rollback(True)
    return found


@pytest.mark.parametrize(("method", "route"), TABLE, ids=[" ".join(row) for row in TABLE])
def test_each_route_of_a_tenant_is_open_to_those_who_may(
    visitors: dict[str, Client], everything: dict[str, Any], method: str, route: str
):
    page = next((page for page in everything if f"/{page}/" in route), "provisioning")
    address = route.replace("<uuid:object_id>", everything[page].pk)
    for other in ("<uuid:token_id>", "<uuid:run_id>"):
        address = address.replace(other, everything["provisioning"].pk)
    assert answers(visitors, method, f"/ui/acme/{address}") == dict(zip(VISITORS, TABLE[method, route], strict=True))


@pytest.mark.parametrize(("method", "route"), INSTANCE, ids=[" ".join(row) for row in INSTANCE])
def test_each_route_of_the_instance_is_open_to_those_who_may(visitors: dict[str, Client], method: str, route: str):
    assert answers(visitors, method, f"/{route}") == dict(zip(VISITORS, INSTANCE[method, route], strict=True))


@pytest.mark.parametrize("route", sorted({route for _, route in TABLE if "<uuid:object_id>" in route}))
def test_a_thing_of_another_tenant_is_not_found(
    client_for, everything: dict[str, Any], outsider: User, globex_integration: Integration, route: str
):
    page = next(page for page in everything if f"/{page}/" in route)
    address = f"/ui/globex/{re.sub('<uuid:[a-z_]+>', everything[page].pk, route)}"
    browser = client_for(outsider)
    assert {browser.get(address).status_code, browser.post(address).status_code} <= {404, 405}
    assert 404 in {browser.get(address).status_code, browser.post(address).status_code}
