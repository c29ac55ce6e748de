"""``/Me``, passwords, and discovery over HTTP (RFC 7644 §3.11, §4; RFC 7643 §5 to §7)."""

import json
from typing import Any

import pytest

from kestra_iam.models import Role
from kestra_iam.permissions import NONE, SCIM_PROVISIONER, stored
from provisioning.definitions import ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA
from provisioning.endpoints import scim_endpoint
from provisioning.models import Integration, ProvisionedUser
from tests.clients import ScimClient
from tests.conversations import Peer

DISCOVERY = (
    "/ServiceProviderConfig",
    "/Schemas",
    f"/Schemas/{USER_SCHEMA}",
    f"/Schemas/{ENTERPRISE_SCHEMA}",
    f"/Schemas/{GROUP_SCHEMA}",
    "/ResourceTypes",
    "/ResourceTypes/User",
    "/ResourceTypes/Group",
)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def test_me_is_not_implemented_for_nobody_stands_behind_the_token(peer: Peer, method: str):
    answer = peer.send(method, "/Me", body={"userName": "me"} if method in ("POST", "PUT", "PATCH") else None)
    assert answer.status == 501
    if method != "HEAD":
        assert answer.body["status"] == "501"
    assert not ProvisionedUser.objects.exists()


def test_a_password_is_write_only_and_cannot_be_changed_here(scim: ScimClient):
    assert scim.get("/ServiceProviderConfig").json()["changePassword"] == {"supported": False}
    attributes = scim.get(f"/Schemas/{USER_SCHEMA}").json()["attributes"]
    (password,) = [each for each in attributes if each["name"] == "password"]
    assert (password["mutability"], password["returned"]) == ("writeOnly", "never")
    secret = "Tr0ub4dor&3"
    alice = scim.user("alice", password=secret)
    path = f"/Users/{alice['id']}"
    answers = [
        scim.get(path, {"attributes": "password,userName"}),
        scim.put(path, {"userName": "alice", "password": secret}),
        scim.operations(path, {"op": "replace", "path": "password", "value": secret}),
        scim.get("/Users"),
    ]
    assert [each.status_code for each in answers] == [200] * 4
    for text in [json.dumps(alice), *(each.content.decode() for each in answers)]:
        assert secret not in text
        assert "password" not in text
    assert scim.get(path).json()["meta"] == alice["meta"]


def test_every_discovery_document_says_where_it_is(scim: ScimClient, integration: Integration):
    base = scim_endpoint(integration)
    for path in DISCOVERY:
        document = scim.get(path).json()
        for each in document.get("Resources", [document]):
            place = path if document is each else f"{path}/{each['id']}"
            assert each["meta"]["location"] == f"{base}{place}"
            assert scim.get(each["meta"]["location"].removeprefix(base)).json() == each


def test_resource_types_name_schemas_and_endpoints_that_are_there(scim: ScimClient):
    schemas = {each["id"] for each in scim.get("/Schemas").json()["Resources"]}
    types = scim.get("/ResourceTypes").json()["Resources"]
    named = {each["schema"] for each in types}
    named |= {extension["schema"] for each in types for extension in each.get("schemaExtensions", [])}
    assert named == schemas
    assert [scim.get(each["endpoint"]).status_code for each in types] == [200, 200]


def test_discovery_needs_a_token_and_no_permission(scim: ScimClient, integration: Integration):
    Role.objects.filter(name=SCIM_PROVISIONER).update(permissions=stored(NONE))
    stranger = ScimClient(integration, "")
    for path in DISCOVERY:
        assert scim.get(path).status_code == 200
        assert stranger.get(path).status_code == 401


@pytest.mark.parametrize("path", DISCOVERY)
def test_discovery_takes_no_filter(scim: ScimClient, path: str):
    answer = scim.get(path, {"filter": 'id eq "User"'})
    assert (answer.status_code, answer.json()["status"]) == (403, "403")


@pytest.mark.parametrize("parameters", [{"startIndex": 2}, {"count": 1}, {"attributes": "id"}, {"sortBy": "id"}])
def test_discovery_ignores_what_lists_take(scim: ScimClient, parameters: dict[str, Any]):
    """RFC 7644 §4: a client may not filter, sort or page what a server says of itself."""
    for path in DISCOVERY:
        assert scim.get(path, parameters).json() == scim.get(path).json()


def test_every_integration_says_the_same_under_its_own_address(scim: ScimClient, globex_scim: ScimClient):
    for path in DISCOVERY:
        mine, theirs = (each.get(path).content.decode() for each in (scim, globex_scim))
        assert mine.replace(scim.base, "") == theirs.replace(globex_scim.base, "")
