"""What the bodies of POST and PUT /Groups become, for every client that is known (RFC 7643 §4.2)."""

from typing import Any

import pytest

from provisioning.definitions import GROUP_SCHEMA, USER_SCHEMA
from provisioning.documents import GroupAttributes, group_attributes
from provisioning.errors import Refused

CLIENTS = {
    "mitodl": (
        {
            "schemas": [GROUP_SCHEMA],
            "externalId": "kc-1",
            "displayName": "devs",
            "members": [{"value": "u1", "$ref": "Users/u1"}, {"value": "u2", "$ref": "Users/u2"}],
        },
        ("devs", "kc-1", ("u1", "u2")),
    ),
    "mitodl without members": (
        {"schemas": [GROUP_SCHEMA], "id": "g1", "externalId": "kc-1", "displayName": "devs"},
        ("devs", "kc-1", ()),
    ),
    "suvera": ({"displayName": "devs"}, ("devs", None, ())),
    "authentik without members": (
        {"schemas": [GROUP_SCHEMA], "externalId": "7", "displayName": "devs", "members": []},
        ("devs", "7", ()),
    ),
    "Okta": (
        {"schemas": [GROUP_SCHEMA], "displayName": "devs", "members": [{"value": "u1", "display": "alice@x.io"}]},
        ("devs", None, ("u1",)),
    ),
    "Entra ID": (
        {
            "schemas": [GROUP_SCHEMA, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
            "externalId": "8aa1",
            "displayName": "devs",
            "meta": {"resourceType": "Group"},
            "members": [{"$ref": None, "value": "u1"}],
        },
        ("devs", "8aa1", ("u1",)),
    ),
    "Canaille": (
        {
            "schemas": [GROUP_SCHEMA],
            "externalId": "devs",
            "displayName": "devs",
            "members": [{"value": "u1", "$ref": "https://h/Users/u1", "type": "User", "display": "Alice"}],
        },
        ("devs", "devs", ("u1",)),
    ),
    "a client that writes null": (
        {"displayName": "devs", "externalId": "", "members": None},
        ("devs", None, ()),
    ),
    "names in other letters": (
        {"DISPLAYNAME": "devs", "Members": [{"Value": "u1", "TYPE": "user"}, {"value": "u1"}]},
        ("devs", None, ("u1",)),
    ),
    "one member as an object": ({"displayName": "devs", "members": {"value": "u1"}}, ("devs", None, ("u1",))),
}


@pytest.mark.parametrize(("body", "attributes"), CLIENTS.values(), ids=CLIENTS.keys())
def test_the_body_of_every_client_is_understood(body: dict[str, Any], attributes: tuple[Any, ...]):
    assert group_attributes(body) == GroupAttributes(*attributes)


@pytest.mark.parametrize("name", [None, "", "  ", [], 7, {"a": 1}, "x" * 256, "a\x00", "\ud800", "ß" * 200])
def test_a_group_needs_a_display_name_that_can_be_kept(name: Any):
    with pytest.raises(Refused) as refusal:
        group_attributes({"displayName": name})
    assert (refusal.value.scim_type, refusal.value.field) == ("invalidValue", "displayName")


@pytest.mark.parametrize("type_", ["Group", "group", "Device", 7, ["User"]])
def test_a_group_cannot_be_a_member(type_: Any):
    with pytest.raises(Refused, match="groups cannot be members") as refusal:
        group_attributes({"displayName": "devs", "members": [{"value": "u1"}, {"value": "g2", "type": type_}]})
    assert (refusal.value.scim_type, refusal.value.field) == ("invalidValue", "members")


@pytest.mark.parametrize(
    "members",
    ["u1", 7, ["u1"], [None], [[]], [{}], [{"value": None}], [{"value": ""}], [{"value": 7}], [{"value": "a\x00"}]],
)
def test_a_member_needs_the_id_of_a_user(members: Any):
    with pytest.raises(Refused) as refusal:
        group_attributes({"displayName": "devs", "members": members})
    assert refusal.value.scim_type == "invalidValue"
    assert refusal.value.field in ("members", "members.value")


def test_a_body_that_describes_a_user_is_refused():
    with pytest.raises(Refused, match="schemas lacks"):
        group_attributes({"schemas": [USER_SCHEMA], "displayName": "devs"})
