"""Which attributes of a resource come back (RFC 7644 §3.9)."""

from typing import Any

import pytest

from provisioning.attributes import GROUP, USER
from provisioning.definitions import ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA
from provisioning.scim.projection import projection_of

ALICE: dict[str, Any] = {
    "id": "u1",
    "schemas": [USER_SCHEMA, ENTERPRISE_SCHEMA],
    "userName": "alice",
    "name": {"givenName": "Alice", "familyName": "Doe"},
    "active": False,
    "emails": [{"value": "a@x.io", "type": "work"}, {"value": "b@x.io"}],
    ENTERPRISE_SCHEMA: {"department": "R&D", "manager": {"value": "boss", "displayName": "Boss"}},
    "groups": [{"value": "g1"}],
    "meta": {"resourceType": "User", "version": 'W/"1"'},
}
ALWAYS = {"id": "u1", "schemas": ALICE["schemas"]}


def seen(**parameters: Any) -> dict[str, Any]:
    projection = projection_of(USER, parameters)
    assert projection is not None
    return projection.apply(ALICE)


@pytest.mark.parametrize(
    "parameters",
    [{}, {"attributes": ""}, {"attributes": None, "excludedAttributes": []}, {"filter": "x"}, {"attributes": " , "}],
)
def test_nothing_asked_for_is_everything(parameters: dict[str, Any]):
    assert projection_of(USER, parameters) is None


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("userName", {"userName": "alice"}),
        ("USERNAME , active", {"userName": "alice", "active": False}),
        (["userName", "active"], {"userName": "alice", "active": False}),
        ("name.givenname", {"name": {"givenName": "Alice"}}),
        ("name,name.givenName", {"name": ALICE["name"]}),
        ("name.givenName,name", {"name": ALICE["name"]}),
        ("emails.value", {"emails": [{"value": "a@x.io"}, {"value": "b@x.io"}]}),
        ("emails.type", {"emails": [{"type": "work"}]}),
        ("emails.display", {}),
        (f"{USER_SCHEMA}:name.familyName", {"name": {"familyName": "Doe"}}),
        (f"{ENTERPRISE_SCHEMA}:department", {ENTERPRISE_SCHEMA: {"department": "R&D"}}),
        (f"{ENTERPRISE_SCHEMA.lower()}:manager.value", {ENTERPRISE_SCHEMA: {"manager": {"value": "boss"}}}),
        (ENTERPRISE_SCHEMA, {ENTERPRISE_SCHEMA: ALICE[ENTERPRISE_SCHEMA]}),
        (USER_SCHEMA, {name: value for name, value in ALICE.items() if name != ENTERPRISE_SCHEMA}),
        ("meta.version", {"meta": {"version": 'W/"1"'}}),
        ("nope,nope.sub,urn:example:a:b", {}),
        ("nope,active", {"active": False}),
        ("id", {}),
        ("password", {}),
        (7, None),
    ],
)
def test_what_is_asked_for_comes_back_with_id_and_schemas(attributes: Any, expected: dict[str, Any] | None):
    if expected is None:
        assert projection_of(USER, {"attributes": attributes}) is None
    else:
        assert seen(attributes=attributes) == ALWAYS | expected


@pytest.mark.parametrize(
    ("excluded", "gone"),
    [
        ("emails,groups", {"emails": None, "groups": None}),
        ("EMAILS.TYPE", {"emails": [{"value": "a@x.io"}, {"value": "b@x.io"}]}),
        ("emails.value", {"emails": [{"type": "work"}]}),
        ("name.givenName,name.familyName", {"name": None}),
        ("id,schemas,nope", {}),
        ("meta", {"meta": None}),
        (ENTERPRISE_SCHEMA, {ENTERPRISE_SCHEMA: None}),
        (f"{ENTERPRISE_SCHEMA}:manager", {ENTERPRISE_SCHEMA: {"department": "R&D"}}),
    ],
)
def test_what_is_excluded_does_not_come_back(excluded: str, gone: dict[str, Any]):
    left = {name: value for name, value in (ALICE | gone).items() if value is not None}
    assert seen(excludedAttributes=excluded) == left


def test_what_is_excluded_is_taken_off_what_is_asked_for():
    assert seen(attributes="userName,emails,id", excludedAttributes="emails.type,userName,id") == ALWAYS | {
        "emails": [{"value": "a@x.io"}, {"value": "b@x.io"}]
    }


@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        ({"excludedAttributes": "members"}, False),
        ({"excludedAttributes": "MEMBERS,displayName"}, False),
        ({"excludedAttributes": f"{GROUP_SCHEMA}:members"}, False),
        ({"excludedAttributes": "members.display"}, True),
        ({"excludedAttributes": "displayName"}, True),
        ({"attributes": "displayName"}, False),
        ({"attributes": "displayName,members.value"}, True),
        ({"attributes": "members", "excludedAttributes": "members"}, False),
        ({"attributes": GROUP_SCHEMA}, True),
    ],
)
def test_a_caller_knows_what_it_need_not_load(parameters: dict[str, Any], wanted: bool):
    projection = projection_of(GROUP, parameters)
    assert projection is not None
    assert projection.wants("members") is wanted
