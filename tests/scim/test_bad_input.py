"""Bad input gets a SCIM error of the right status, or is stored unharmed; nothing is half written."""

import json

import pytest

from kestra_iam.models import Group
from provisioning.definitions import DEFINITIONS, ENTERPRISE_SCHEMA, USER_SCHEMA
from provisioning.models import RefusedRequest
from tests.clients import ScimClient
from tests.scim.refusals import refused, rows


def wrong_values(attribute: dict) -> list:
    """Return values that are of no type that the attribute takes, one for each sub-attribute included."""
    if attribute["type"] == "boolean":
        return ["perhaps", 2, {}]
    if attribute["type"] != "complex":
        return [17, True, {"value": "x"}, ["a", "b"]]
    wrong = [
        {below["name"]: "perhaps" if below["type"] == "boolean" else {"value": 1}}
        for below in attribute["subAttributes"]
        if below["mutability"] == "readWrite"
    ]
    many = attribute["multiValued"]
    return [17, True, *([["a"], [[17]], *([each] for each in wrong)] if many else [["a", "b"], *wrong])]


@pytest.mark.parametrize(
    ("urn", "attribute"),
    [
        pytest.param(urn, attribute, id=attribute["name"])
        for urn in (USER_SCHEMA, ENTERPRISE_SCHEMA)
        for attribute in DEFINITIONS[urn]["attributes"]
        if attribute["mutability"] == "readWrite"
    ],
)
def test_a_value_of_the_wrong_type_is_named(scim: ScimClient, nothing_written: None, urn: str, attribute: dict):
    name = attribute["name"]
    for value in wrong_values(attribute):
        attributes = {name: value} if urn == USER_SCHEMA else {urn: {name: value}}
        assert name in refused(scim.post("/Users", {"userName": "alice", **attributes})), value


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"userName": None},
        {"userName": ""},
        {"userName": " \t"},
        {"displayName": "Alice"},
        {"userName": "alice", "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"]},
        {"userName": "alice", "schemas": "urn:x"},
        {"userName": "alice", "schemas": [17]},
    ],
    ids=json.dumps,
)
def test_a_user_without_a_name_or_of_another_schema_is_invalid(scim: ScimClient, nothing_written: None, body: dict):
    refused(scim.post("/Users", body))


@pytest.mark.parametrize(
    ("first", "second"),
    [("alice", "ALICE"), ("Straße", "STRASSE"), ("José", "Jose\u0301"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("İ", "i̇")],
)
def test_a_user_name_in_another_letter_case_or_composition_is_taken(scim: ScimClient, first: str, second: str):
    scim.user(first)
    before = rows()
    assert "taken" in refused(scim.post("/Users", {"userName": second}), 409, "uniqueness")
    bob = f"/Users/{scim.user('bob')['id']}"
    refused(scim.put(bob, {"userName": second}), 409, "uniqueness")
    refused(scim.operations(bob, {"op": "replace", "path": "userName", "value": second}), 409, "uniqueness")
    assert rows()["ProvisionedUser"] == before["ProvisionedUser"] + 1
    assert scim.get(bob).json()["userName"] == "bob"


@pytest.mark.parametrize(
    "member",
    [
        {"value": "7e9b6c1a-1111-4a3b-9c6d-2f5e8a7b9c01"},
        {"value": "nobody"},
        {"value": ""},
        {"value": None},
        {"value": 17},
        {"value": "x" * 10_000},
        {"display": "alice"},
        {},
        "7e9b6c1a-1111-4a3b-9c6d-2f5e8a7b9c01",
        {"value": "7e9b6c1a-1111-4a3b-9c6d-2f5e8a7b9c01", "type": "Group"},
    ],
    ids=lambda member: json.dumps(member)[:40],
)
def test_a_member_that_is_not_there_leaves_the_group_as_it_was(scim: ScimClient, member: object):
    alice = scim.user("alice")["id"]
    before = rows()
    members = [{"value": alice}, member]
    refused(scim.post("/Groups", {"displayName": "staff", "members": members}))
    assert rows() == before
    path = f"/Groups/{scim.group('staff')['id']}"
    before = rows()
    refused(scim.put(path, {"displayName": "renamed", "members": members}))
    for op in ("add", "replace"):
        # What is no id at all is left out where it is added: see below.
        if op == "replace" or member not in ({"value": "nobody"}, {"value": "x" * 10_000}):
            step = {"op": op, "path": "members", "value": members}
            refused(scim.operations(path, {"op": "replace", "path": "displayName", "value": "renamed"}, step))
    assert rows() == before
    read = scim.get(path).json()
    assert (read["displayName"], read.get("members"), read["meta"]["version"]) == ("staff", None, 'W/"1"')


def test_a_member_to_add_that_is_no_id_is_left_out_and_told_as_a_recent_request(scim: ScimClient):
    alice = scim.user("alice")["id"]
    path = f"/Groups/{scim.group('staff')['id']}"
    addition = {"op": "add", "path": "members", "value": [{"value": "nobody"}]}
    nothing = scim.operations(path, addition)
    assert (nothing.status_code, nothing.json().get("members")) == (200, None)
    assert nothing.json()["meta"]["version"] == 'W/"1"'
    addition["value"].append({"value": alice})
    assert [each["value"] for each in scim.operations(path, addition).json()["members"]] == [alice]
    told = RefusedRequest.objects.filter(integration_id=scim.integration.pk)
    assert [(each.method, each.resource, each.status, each.detail) for each in told] == 2 * [
        ("PATCH", path, 200, "The member nobody was left out: it is no id of a user.")
    ]


def test_members_of_another_integration_are_not_there(
    scim: ScimClient, other_scim: ScimClient, globex_scim: ScimClient
):
    for stranger in (other_scim, globex_scim):
        bob = stranger.user("bob")["id"]
        refused(scim.post("/Groups", {"displayName": "staff", "members": [{"value": bob}]}))
    assert not Group.objects.exists()


@pytest.mark.parametrize(
    ("kind", "attributes", "field"),
    [
        ("Users", {"userName": "n" * 300}, "userName"),
        ("Users", {"userName": "ﬃ" * 100}, "userName"),
        ("Users", {"userName": "alice", "externalId": "n" * 300}, "externalId"),
        ("Users", {"userName": "alice", "name": {"familyName": "n" * 300}}, "name.familyName"),
        ("Users", {"userName": "alice", "displayName": "n" * 1025}, "displayName"),
        ("Users", {"userName": "alice", "emails": [{"value": "n" * 321}]}, "emails.value"),
        ("Groups", {"displayName": "n" * 300}, "displayName"),
        ("Groups", {"displayName": "staff", "externalId": "n" * 300}, "externalId"),
    ],
)
def test_a_name_too_long_for_its_column_is_refused_by_name(
    scim: ScimClient, nothing_written: None, kind: str, attributes: dict, field: str
):
    assert field in refused(scim.post(f"/{kind}", attributes))


@pytest.mark.parametrize(
    "name",
    [
        "אליס בן־דוד",
        "‮ecila‬",
        "山田太郎",
        "👩‍👩‍👧‍👦 Family",
        "<script>alert('x')</script>",
        "Robert'); DROP TABLE kestra_iam_user;--",
        "{{ 7*7 }} {% debug %} ${7*7} %s %(name)s",
        'quote " and \\ backslash',
        "n" * 255,
        "ẞ" * 127,
        "\u0301combining first",
        "line\nbreak\ttab\r\x7f\x85\u2028",
        "\ufeffbyte order mark\u200b",
        "𐐀\U0010ffff",
    ],
    ids=lambda name: repr(name[:20]),
)
def test_names_of_any_script_are_stored_unharmed_and_found(scim: ScimClient, name: str):
    names = {"familyName": name, "givenName": name, "formatted": name * 3}
    user = scim.user(name, displayName=name, externalId=name, name=names, title=name)
    read = scim.get(f"/Users/{user['id']}").json()
    assert (read["userName"], read["displayName"], read["externalId"], read["name"]) == (name, name, name, names)
    group = scim.group(name, user["id"])
    assert scim.get(f"/Groups/{group['id']}").json()["displayName"] == name
    for kind, made, attribute in (
        ("Users", user, "userName"),
        ("Users", user, "externalId"),
        ("Users", user, "title"),
        ("Groups", group, "displayName"),
    ):
        found = scim.get(f"/{kind}", {"filter": f"{attribute} eq {json.dumps(name)}"}).json()
        assert [each["id"] for each in found["Resources"]] == [made["id"]], attribute


@pytest.mark.parametrize(
    "attributes",
    [
        {"userName": "a\x00b"},
        {"userName": "alice", "displayName": "\x00"},
        {"userName": "alice", "externalId": "\x00"},
        {"userName": "alice", "name": {"givenName": "a\x00"}},
        {"userName": "alice", "emails": [{"value": "a\x00@example.org"}]},
        {"userName": "alice", "title": "\ud800"},
        {"userName": "\udfff"},
        {"userName": "alice", "roles": [{"value": "a\ud800b"}]},
        {"userName": "alice", ENTERPRISE_SCHEMA: {"department": "\x00"}},
    ],
    ids=json.dumps,
)
def test_nul_and_lone_surrogates_are_invalid(scim: ScimClient, nothing_written: None, attributes: dict):
    refused(scim.post("/Users", attributes))
