"""Every route of the REST API and of a SCIM endpoint, with every method, against everybody who might try it.

The console's routes have their own table beside its tests.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver

from kestra_iam import access, permissions
from kestra_iam.actions.service_accounts import create_token
from kestra_iam.models import AuditEvent, Role, User
from kestra_iam.permissions import Permission
from kestra_iam.principals import operator
from provisioning.actions.integrations import disable_integration
from provisioning.models import Integration
from tenants.models import Tenant
from tests.clients import ScimClient

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
# Each URLconf of the product and the table that walks it.
TABLES = {
    "kestra_iam.urls.instance": "tests/console/test_permissions.py",
    "kestra_iam.urls.console": "tests/console/test_permissions.py",
    "kestra_iam.urls.rest": "REST",
    "provisioning.scim.urls": "SCIM",
}


class Open(NamedTuple):
    """What a method of a route needs, and what it answers whoever may."""

    needs: tuple[Permission, ...]
    status: int = 200
    body: Any = None


def one(resource: str, action: str) -> tuple[Permission, ...]:
    return ((resource, action),)


INTEGRATION = {"name": "new", "type": "SCIM", "description": ""}
REST: dict[tuple[str, str], Open] = {
    ("GET", "security-integrations"): Open(one("PROVISIONING", "READ")),
    ("POST", "security-integrations"): Open(one("PROVISIONING", "CREATE"), 201, INTEGRATION),
    ("GET", "security-integrations/<str:id>"): Open(one("PROVISIONING", "READ")),
    ("DELETE", "security-integrations/<str:id>"): Open(one("PROVISIONING", "DELETE")),
    ("POST", "security-integrations/<str:id>/enable"): Open(one("PROVISIONING", "UPDATE")),
    ("POST", "security-integrations/<str:id>/disable"): Open(one("PROVISIONING", "UPDATE")),
}

SCIM_USER = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "new"}
SCIM_GROUP = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "New"}
PATCH = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [{"op": "add", "path": "externalId", "value": "x"}],
}
SEARCH = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}
BULK = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": []}
SCIM: dict[tuple[str, str], Open] = {
    ("GET", "Users"): Open(one("USERS", "READ")),
    ("POST", "Users"): Open(one("USERS", "CREATE"), 201, SCIM_USER),
    ("POST", "Users/.search"): Open(one("USERS", "READ"), 200, SEARCH),
    ("GET", "Users/<str:id>"): Open(one("USERS", "READ")),
    ("PUT", "Users/<str:id>"): Open(one("USERS", "UPDATE"), 200, SCIM_USER),
    ("PATCH", "Users/<str:id>"): Open(one("USERS", "UPDATE"), 200, PATCH),
    ("DELETE", "Users/<str:id>"): Open(one("BINDINGS", "DELETE"), 204),
    ("GET", "Groups"): Open(one("GROUPS", "READ")),
    ("POST", "Groups"): Open(one("GROUPS", "CREATE"), 201, SCIM_GROUP),
    ("POST", "Groups/.search"): Open(one("GROUPS", "READ"), 200, SEARCH),
    ("GET", "Groups/<str:id>"): Open(one("GROUPS", "READ")),
    ("PUT", "Groups/<str:id>"): Open(one("GROUPS", "UPDATE"), 200, SCIM_GROUP),
    ("PATCH", "Groups/<str:id>"): Open(one("GROUPS", "UPDATE"), 200, PATCH),
    ("DELETE", "Groups/<str:id>"): Open(one("GROUPS", "DELETE"), 204),
    ("POST", ".search"): Open((("USERS", "READ"), ("GROUPS", "READ")), 200, SEARCH),
    ("POST", "Bulk"): Open((), 200, BULK),
    ("GET", "ServiceProviderConfig"): Open(()),
    ("GET", "ResourceTypes"): Open(()),
    ("GET", "ResourceTypes/<str:id>"): Open(()),
    ("GET", "Schemas"): Open(()),
    ("GET", "Schemas/<str:id>"): Open(()),
    **{(method, "Me"): Open((), 501) for method in ("GET", "POST", "PUT", "PATCH", "DELETE")},
}


def routes(urlconf: str) -> set[str]:
    """Every route below a URLconf, as it is written there."""

    def walk(patterns: Any, before: str) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                yield f"{before}{pattern.pattern}"
            else:
                yield from walk(pattern.url_patterns, f"{before}{pattern.pattern}")

    return set(walk(get_resolver(urlconf).url_patterns, ""))


def every(table: dict[tuple[str, str], Open]) -> list[Any]:
    """Each route with each method, as parameters of a test."""
    walked = sorted({route for _, route in table})
    return [pytest.param(method, route, id=f"{method} {route}") for route in walked for method in METHODS]


def test_every_urlconf_has_a_table():
    assert {settings.ROOT_URLCONF, *settings.AREA_URLCONFS.values()} == TABLES.keys()


@pytest.mark.parametrize(("urlconf", "table"), [("kestra_iam.urls.rest", REST), ("provisioning.scim.urls", SCIM)])
def test_every_route_is_in_the_table(urlconf: str, table: dict[tuple[str, str], Open]):
    assert routes(urlconf) == {route for _, route in table}


@pytest.fixture
def visitors(
    integration: Integration,
    other_integration: Integration,
    globex_integration: Integration,
    viewer: User,
    admin: User,
    outsider: User,
    owner: User,
    acme: Tenant,
    globex: Tenant,
    client_for: Callable[[User], Client],
) -> dict[str, Client]:
    def bearer(token: str) -> Client:
        return Client(headers={"Authorization": f"Bearer {token}"})

    def token_of(user: User, tenant: Tenant) -> Client:
        by = access.principal_of(user)
        return bearer(create_token(by=by, tenant=tenant, holder=user, name="mine")[1])

    return {
        "nobody": Client(),
        "viewer": token_of(viewer, acme),
        "outsider": token_of(outsider, globex),
        "admin": token_of(admin, acme),
        "owner": token_of(owner, acme),
        "integration": bearer(integration.secret_token),
        "other integration": bearer(other_integration.secret_token),
        "integration elsewhere": bearer(globex_integration.secret_token),
        "session of an admin": client_for(admin),
        "session of an owner": client_for(owner),
    }


def answers(visitors: dict[str, Client], method: str, address: str, body: Any) -> dict[str, int]:
    """What each visitor is answered, each finding everything as it was; who is refused changes nothing."""
    found = {}
    for name, client in visitors.items():
        with transaction.atomic():
            told = AuditEvent.objects.count()
            found[name] = client.generic(method, address, _json(body), content_type="application/json").status_code
            assert found[name] < 400 or AuditEvent.objects.count() == told
            transaction.set_rollback(True)
    return found


def _json(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body).encode()


def open_for(table: dict[tuple[str, str], Open], method: str, route: str) -> Open | None:
    return table.get(("GET" if method == "HEAD" else method, route))


@pytest.mark.parametrize(("method", "route"), every(REST))
def test_rest_is_open_to_tokens_of_those_who_hold_the_permission(
    visitors: dict[str, Client], integration: Integration, method: str, route: str
):
    there = open_for(REST, method, route)
    expected = dict.fromkeys(visitors, 401)
    for name in ("viewer", "admin", "owner"):
        may = name != "viewer" or (there and there.needs[0][1] == permissions.READ)
        expected[name] = 405 if there is None else there.status if may else 403
    address = "/api/v1/acme/" + route.replace("<str:id>", integration.pk)
    assert answers(visitors, method, address, there and there.body) == expected


def scim_address(scim: ScimClient, route: str) -> str:
    ids = {
        "Users/<str:id>": lambda: scim.user("alice")["id"],
        "Groups/<str:id>": lambda: scim.group("Staff")["id"],
        "Schemas/<str:id>": lambda: SCIM_USER["schemas"][0],
        "ResourceTypes/<str:id>": lambda: "User",
    }
    return f"{scim.base}/{route.replace('<str:id>', ids[route]()) if route in ids else route}"


@pytest.mark.parametrize(("method", "route"), every(SCIM))
def test_a_scim_endpoint_is_open_to_its_own_token_alone(
    visitors: dict[str, Client], scim: ScimClient, method: str, route: str
):
    there = open_for(SCIM, method, route)
    expected = {**dict.fromkeys(visitors, 401), "integration": there.status if there else 405}
    assert answers(visitors, method, scim_address(scim, route), there and there.body) == expected


NEEDING = [
    pytest.param(method, route, lacking, id=f"{method} {route} without {' '.join(lacking)}")
    for (method, route), there in SCIM.items()
    for lacking in there.needs
]


def let_the_role_give(held: permissions.Permissions) -> None:
    Role.objects.filter(name=permissions.SCIM_PROVISIONER).update(permissions=permissions.stored(held))


@pytest.mark.parametrize(("method", "route", "lacking"), NEEDING)
def test_a_scim_route_needs_its_permission_and_no_other(scim: ScimClient, method: str, route: str, lacking: Permission):
    there, address = SCIM[method, route], scim_address(scim, route)
    client = {"integration": Client(headers={"Authorization": f"Bearer {scim.token}"})}
    let_the_role_give(permissions.ALL - {lacking})
    assert answers(client, method, address, there.body) == {"integration": 403}
    let_the_role_give(frozenset(there.needs))
    assert answers(client, method, address, there.body) == {"integration": there.status}


BULKED = [
    (method, route)
    for method, route in SCIM
    if route in ("Users", "Users/<str:id>", "Groups", "Groups/<str:id>") and method != "GET"
]


@pytest.mark.parametrize(("method", "route"), BULKED)
def test_each_bulk_operation_needs_its_own_permission(scim: ScimClient, method: str, route: str):
    there, address = SCIM[method, route], scim_address(scim, route)
    operation = {"method": method, "path": address.removeprefix(scim.base), "bulkId": "b", "data": there.body or {}}
    (lacking,) = there.needs
    statuses = []
    for held in (permissions.ALL - {lacking}, frozenset({lacking})):
        let_the_role_give(held)
        response = scim.post("/Bulk", {**BULK, "Operations": [operation]})
        assert response.status_code == 200
        statuses += [int(result["status"]) for result in response.json()["Operations"]]
    assert statuses == [403, there.status]


def test_refusals_come_in_this_order(scim: ScimClient, integration: Integration, settings):
    """Everything is wrong at first; each step puts one thing right."""
    settings.KESTRA_EE_TENANTS_ENABLED = False
    disable_integration(by=operator, integration=integration)
    let_the_role_give(permissions.NONE)
    wrong_token, base = ScimClient(integration, "kiam_" + "x" * 195), scim.base

    wrong_token.base = base.replace(integration.pk, "0" * 36)
    assert wrong_token.put("/Nothing", b"{").status_code == 404
    wrong_token.base = base
    assert wrong_token.put("/Nothing", b"{").status_code == 401
    answer = scim.put("/Nothing", b"{")
    assert (answer.status_code, "kestra.ee.tenants.enabled" in answer.json()["detail"]) == (403, True)
    settings.KESTRA_EE_TENANTS_ENABLED = True
    answer = scim.put("/Nothing", b"{")
    assert (answer.status_code, "disabled" in answer.json()["detail"]) == (403, True)
    Integration.objects.update(enabled=True)
    assert scim.put("/Nothing", b"{").status_code == 404
    answer = scim.put("/Users", b"{")
    assert (answer.status_code, answer["Allow"]) == (405, "GET, POST")
    answer = scim.post("/Users", b"{")
    assert (answer.status_code, "USERS CREATE" in answer.json()["detail"]) == (403, True)
    let_the_role_give(permissions.ALL)
    assert scim.post("/Users", b"{").status_code == 400


@pytest.mark.parametrize("urlconf", ["kestra_iam.urls.console", "kestra_iam.urls.instance"])
def test_the_console_knows_get_and_post_alone(urlconf: str, acme: Tenant, owner: User, client_for):
    client, base = client_for(owner), "/ui/acme/" if urlconf.endswith("console") else "/"
    # These lead elsewhere, whatever the method.
    leading = {"", "administration/", "administration/iam/"}
    for route in sorted(routes(urlconf) - leading):
        address = base + re.sub(r"<uuid:\w+>", acme.pk, route)
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            assert client.generic(method, address).status_code == 405, f"{method} {route}"
