"""PATCH of users: what every known client sends, and the rules of RFC 7644 §3.5.2."""

from copy import deepcopy
from typing import Any

import pytest

from provisioning.definitions import ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA
from provisioning.documents import user_attributes
from provisioning.errors import Refused
from provisioning.scim.patch import parse_operations, patch_user
from tests.scim.vocabulary import LEAVES, Leaf, patch

WORK = {"value": "alice@work.io", "type": "work", "primary": True}
HOME = {"value": "alice@home.io", "type": "home"}
ALICE = user_attributes(
    {
        "externalId": "kc-1",
        "userName": "alice",
        "name": {"givenName": "Alice", "familyName": "Doe"},
        "displayName": "Alice Doe",
        "title": "Engineer",
        "emails": [WORK, HOME],
        "roles": [{"value": "dev"}],
        "addresses": [{"type": "work", "locality": "Paris", "country": "FR"}],
        ENTERPRISE_SCHEMA: {
            "department": "R&D",
            "manager": {"value": "boss", "$ref": "../Users/boss", "displayName": "Boss"},
        },
    }
)


def patched(*operations: dict[str, Any], user: dict[str, Any] = ALICE) -> dict[str, Any]:
    before = deepcopy(user)
    after = patch_user(user, parse_operations(patch(*operations)))
    assert user == before, "the input stays untouched"
    assert user_attributes(after, user) == after, "a PUT of the result would keep it"
    return after


def refused(*operations: dict[str, Any], user: dict[str, Any] = ALICE) -> Refused:
    with pytest.raises(Refused) as refusal:
        patched(*operations, user=user)
    return refusal.value


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def add(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def remove(path: str) -> dict[str, Any]:
    return {"op": "remove", "path": path}


CLIENTS = {
    "mitodl with booleans as text": (
        [
            {"path": "active", "op": "replace", "value": "false"},
            {"path": "userName", "op": "replace", "value": "bob"},
            {"path": "displayName", "op": "replace", "value": "Bob"},
        ],
        {"active": False, "userName": "bob", "displayName": "Bob"},
    ),
    "Termindiego25": (
        [
            replace("name.givenName", "Al"),
            replace("name.familyName", "D"),
            replace("emails[primary eq true].value", "al@x.io"),
            replace("active", True),
        ],
        {"name": {"familyName": "D", "givenName": "Al"}, "emails": [WORK | {"value": "al@x.io"}, HOME]},
    ),
    "little-auth": ([replace("active", False)], {"active": False}),
    "scim-for-keycloak with JSON as text": (
        [{"op": "replace", "value": '{"active": false, "name": {"givenName": "Al"}, "id": "x"}'}],
        {"active": False, "name": {"familyName": "Doe", "givenName": "Al"}},
    ),
    "Okta": ([{"op": "replace", "value": {"active": False}}], {"active": False}),
    "Entra ID": ([{"op": "Replace", "path": "active", "value": "False"}], {"active": False}),
    "Entra ID with an add on what is there": (
        [{"op": "Add", "path": 'emails[type eq "work"].value', "value": "al@x.io"}],
        {"emails": [WORK | {"value": "al@x.io"}, HOME]},
    ),
    "Entra ID with an element that is not there": (
        [{"op": "Replace", "path": 'emails[type eq "other"].value', "value": "al@x.io"}],
        {"emails": [WORK, HOME, {"value": "al@x.io", "type": "other"}]},
    ),
    "Entra ID with dotted and URN keys": (
        [
            {
                "op": "replace",
                "value": {
                    "displayName": "Al",
                    "name.givenName": "Al",
                    f"{ENTERPRISE_SCHEMA}:employeeNumber": "7",
                    'emails[type eq "home"].value': "al@home.io",
                },
            }
        ],
        {
            "displayName": "Al",
            "name": {"familyName": "Doe", "givenName": "Al"},
            "emails": [WORK, HOME | {"value": "al@home.io"}],
            ENTERPRISE_SCHEMA: {"employeeNumber": "7", **ALICE[ENTERPRISE_SCHEMA]},
        },
    ),
    "Entra ID with a role built up piece by piece": (
        [
            {"op": "Add", "path": 'roles[primary eq "True"].display', "value": "Administrator"},
            {"op": "Add", "path": 'roles[primary eq "True"].type', "value": "WindowsAzureActiveDirectoryRole"},
            {"op": "Add", "path": 'roles[primary eq "True"].value', "value": "admin"},
        ],
        {
            "roles": [
                {"value": "dev"},
                {
                    "value": "admin",
                    "display": "Administrator",
                    "type": "WindowsAzureActiveDirectoryRole",
                    "primary": True,
                },
            ]
        },
    ),
    "Entra ID with addresses": (
        [{"op": "Replace", "path": 'addresses[type eq "work"].locality', "value": "Lyon"}],
        {"addresses": [{"locality": "Lyon", "country": "FR", "type": "work"}]},
    ),
    "Entra ID with a manager as text": (
        [{"op": "Add", "path": f"{ENTERPRISE_SCHEMA}:manager", "value": "chief"}],
        {ENTERPRISE_SCHEMA: {"department": "R&D", "manager": {"value": "chief"}}},
    ),
    "Entra ID without a manager": (
        [{"op": "Replace", "path": f"{ENTERPRISE_SCHEMA}:manager", "value": ""}],
        {ENTERPRISE_SCHEMA: {"department": "R&D"}},
    ),
    "Entra ID with values that are cleared one after the other": (
        [
            {"op": "Replace", "path": "title", "value": ""},
            {"op": "Replace", "path": "displayName", "value": None},
            {"op": "Replace", "path": 'emails[type eq "home"].value', "value": ""},
        ],
        {"title": None, "displayName": None, "emails": [WORK]},
    ),
    "SCIM-SDK with arrays of one": (
        [replace("title", ["CTO"]), replace("active", ["false"])],
        {"title": "CTO", "active": False},
    ),
}


@pytest.mark.parametrize(("operations", "changes"), CLIENTS.values(), ids=CLIENTS.keys())
def test_the_operations_of_every_client_are_carried_out(operations: list[dict[str, Any]], changes: dict[str, Any]):
    expected = {name: value for name, value in (ALICE | changes).items() if value is not None}
    assert patched(*operations) == expected


def test_nothing_asked_for_changes_nothing():
    assert patched() == ALICE
    assert patched({"op": "replace", "value": {}}) == ALICE
    assert list(patched(replace("active", True), add("nickName", "Al"), remove("nickName"))) == list(ALICE)


def test_the_attributes_of_a_document_may_be_patched_as_they_are():
    assert patch_user({"schemas": [USER_SCHEMA], **ALICE}, parse_operations(patch())) == ALICE


def test_the_last_operation_on_an_attribute_wins():
    assert patched(replace("title", "A"), remove("title"), replace("title", "B"))["title"] == "B"


def test_several_operations_see_what_the_earlier_ones_did():
    after = patched(add("emails", [{"value": "o@x.io", "type": "other"}]), remove('emails[type eq "other"]'))
    assert after == ALICE


def test_one_refused_operation_refuses_all():
    assert refused(replace("title", "CTO"), remove("userName")).scim_type == "mutability"
    assert ALICE["title"] == "Engineer"


# --- Single values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["title", "TITLE", f"{USER_SCHEMA}:title", f"{USER_SCHEMA.lower()}:Title"])
@pytest.mark.parametrize("op", ["add", "replace"])
def test_a_path_counts_in_any_letter_case_and_qualified_or_not(op: str, path: str):
    assert patched({"op": op, "path": path, "value": "CTO"}) == ALICE | {"title": "CTO"}


@pytest.mark.parametrize("op", ["add", "replace"])
def test_what_an_object_leaves_out_stays(op: str):
    after = patched({"op": op, "path": "name", "value": {"GivenName": "Al", "unknown": 1}})
    assert after["name"] == {"familyName": "Doe", "givenName": "Al"}


def test_an_object_with_null_clears_a_sub_attribute():
    assert patched(replace("name", {"givenName": None}))["name"] == {"familyName": "Doe"}
    assert "name" not in patched(replace("name", {"givenName": None, "familyName": ""}))


@pytest.mark.parametrize("nothing", [None, "", []])
@pytest.mark.parametrize("path", ["title", "name", "emails", f"{ENTERPRISE_SCHEMA}:manager", ENTERPRISE_SCHEMA])
def test_replacing_with_nothing_clears_as_a_remove_does(path: str, nothing: Any):
    if path == ENTERPRISE_SCHEMA and nothing == []:
        return
    assert patched(replace(path, nothing)) == patched(remove(path))
    assert patched({"op": "replace", "value": {path: nothing}}) == patched(remove(path))


def test_sub_attributes_are_removed_and_what_is_left_empty_goes():
    assert patched(remove("name.givenName"))["name"] == {"familyName": "Doe"}
    assert "name" not in patched(remove("name.givenName"), remove("name.familyName"))
    assert patched(remove(f"{ENTERPRISE_SCHEMA}:manager.$ref"))[ENTERPRISE_SCHEMA]["manager"] == {
        "value": "boss",
        "displayName": "Boss",
    }
    assert ENTERPRISE_SCHEMA not in patched(
        remove(f"{ENTERPRISE_SCHEMA}:manager"), remove(f"{ENTERPRISE_SCHEMA}:department")
    )


def test_removing_what_is_not_there_succeeds_and_changes_nothing():
    paths = [
        "nickName",
        "ims",
        "name.middleName",
        'emails[type eq "x"]',
        'emails[value eq "x"].display',
        "photos.value",
    ]
    assert patched(*map(remove, paths)) == ALICE
    bare = {"userName": "alice", "active": True}
    assert patched(remove(ENTERPRISE_SCHEMA), remove(f"{ENTERPRISE_SCHEMA}:manager.value"), user=bare) == bare


@pytest.mark.parametrize(
    "operation",
    [remove("active"), replace("active", None), replace("active", ""), {"op": "replace", "value": {"active": None}}],
)
@pytest.mark.parametrize("active", [True, False])
def test_active_is_never_unassigned(operation: dict[str, Any], active: bool):
    assert patched(operation, user=ALICE | {"active": active})["active"] is active


@pytest.mark.parametrize(
    "operation",
    [remove("userName"), replace("userName", None), replace("userName", " "), {"op": "add", "value": {"userName": ""}}],
)
def test_a_required_attribute_cannot_be_removed(operation: dict[str, Any]):
    refusal = refused(operation)
    assert (refusal.scim_type, refusal.field) == ("mutability", "userName")


@pytest.mark.parametrize(
    "path", ["id", "meta", "meta.created", "groups", 'groups[value eq "g1"]', "groups.value", f"{USER_SCHEMA}:id"]
)
@pytest.mark.parametrize("op", ["add", "replace", "remove"])
def test_a_path_to_something_read_only_is_refused(op: str, path: str):
    refusal = refused({"op": op, "path": path, "value": "x"})
    assert refusal.scim_type == "mutability"
    assert "read-only" in refusal.detail


def test_read_only_and_unknown_attributes_in_a_value_are_ignored():
    value = {
        "id": "x",
        "schemas": [USER_SCHEMA],
        "meta": {"version": "x"},
        "groups": [{"value": "g1"}],
        "password": "secret",
        "unknown": 1,
        "unknown.sub": 1,
        "emails[": 1,
        "urn:example:unknown:a": 1,
        GROUP_SCHEMA: {"displayName": "x"},
        f"{USER_SCHEMA}:{USER_SCHEMA}": {"title": "x"},
    }
    assert patched({"op": "replace", "value": value}, {"op": "add", "value": value}) == ALICE


@pytest.mark.parametrize("operation", [add("password", "x"), replace("password", 7), remove("password")])
def test_a_password_is_discarded(operation: dict[str, Any]):
    assert patched(operation) == ALICE


def test_schemas_follow_from_the_attributes():
    assert patched(add("schemas", [ENTERPRISE_SCHEMA]), replace("schemas", [USER_SCHEMA])) == ALICE
    assert refused(remove("schemas")).scim_type == "mutability"
    assert refused(remove(USER_SCHEMA)).scim_type == "mutability"


@pytest.mark.parametrize(
    "path",
    [
        "nope",
        "department",
        "name.nope",
        "userName.value",
        'userName[value eq "x"]',
        'name[givenName eq "x"]',
        'emails.value[type eq "work"]',
        'emails[type eq "work"',
        'emails]type eq "work"[',
        'emails[type eq "work"]value',
        'emails[type eq "work"].nope',
        'emails[type eq "work"].value.x',
        "urn:example:unknown:a",
        f"{ENTERPRISE_SCHEMA}:nope",
        f"{GROUP_SCHEMA}:displayName",
        "x\x00",
        "\ud800",
        'emails[value eq "' + "x" * 70_000 + '"]',
    ],
)
@pytest.mark.parametrize("op", ["add", "remove"])
def test_a_path_that_names_nothing_is_refused(op: str, path: str):
    refusal = refused({"op": op, "path": path, "value": "x"})
    assert (refusal.scim_type, refusal.field) == ("invalidPath", "path")
    refusal.detail.encode()


@pytest.mark.parametrize(
    "value_filter",
    [
        "",
        "type",
        "type eq work",
        'type is "work"',
        'nope eq "x"',
        'emails.type eq "x"',
        f'{USER_SCHEMA}:type eq "x"',
        "type eq 7",
        "type eq true",
        'primary eq "perhaps"',
        "primary gt true",
        "primary co true",
        'ims[type eq "x"]',
        "not (" * 100 + "type pr" + ")" * 100,
    ],
)
def test_a_value_filter_that_cannot_be_read_is_refused(value_filter: str):
    refusal = refused(remove(f"emails[{value_filter}]"))
    assert (refusal.scim_type, refusal.field) == ("invalidFilter", "path")


def test_certificates_are_not_ordered():
    assert refused(remove('x509Certificates[value gt "QUJD"]')).scim_type == "invalidFilter"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("title", 7),
        ("title", {"a": 1}),
        ("active", "perhaps"),
        ("name", "Alice"),
        ("name", ["a", "b"]),
        ("name.givenName", {}),
        ("emails", "a@x.io"),
        ("emails", ["a@x.io"]),
        ("emails", 7),
        ("emails.value", 7),
        ('emails[type eq "work"]', "a@x.io"),
        ('emails[type eq "work"].value', ["a", "b"]),
        ('emails[type eq "work"].primary', "perhaps"),
        (ENTERPRISE_SCHEMA, "x"),
        (f"{ENTERPRISE_SCHEMA}:manager", 7),
        ("title", "a\x00b"),
        ("emails.display", "\ud800"),
        ("userName", "x" * 256),
        ('emails[type eq "other"]', {"type": "home", "value": "a@x.io"}),
    ],
)
@pytest.mark.parametrize("op", ["add", "replace"])
def test_a_value_that_does_not_fit_is_refused_by_name(op: str, path: str, value: Any):
    refusal = refused({"op": op, "path": path, "value": value})
    assert refusal.scim_type == "invalidValue"
    assert refusal.field
    refusal.detail.encode()


# --- Extensions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "operation",
    [
        replace(f"{ENTERPRISE_SCHEMA}:department", "Sales"),
        replace(ENTERPRISE_SCHEMA, {"department": "Sales"}),
        {"op": "add", "value": {ENTERPRISE_SCHEMA: {"Department": "Sales", "unknown": 1}}},
        {"op": "replace", "value": {f"{ENTERPRISE_SCHEMA}:department": "Sales"}},
        {"op": "replace", "value": {ENTERPRISE_SCHEMA: '{"department": "Sales"}'}},
    ],
)
def test_an_extension_is_written_attribute_by_attribute(operation: dict[str, Any]):
    manager = ALICE[ENTERPRISE_SCHEMA]["manager"]
    assert patched(operation)[ENTERPRISE_SCHEMA] == {"department": "Sales", "manager": manager}


def test_an_extension_is_removed_as_a_whole():
    assert patched(remove(ENTERPRISE_SCHEMA)) == {k: v for k, v in ALICE.items() if k != ENTERPRISE_SCHEMA}


def test_the_core_schema_stands_for_the_user():
    assert patched(replace(USER_SCHEMA, {"title": "CTO"})) == ALICE | {"title": "CTO"}


def test_a_manager_given_as_text_leaves_nothing_of_the_one_before():
    assert patched(replace(f"{ENTERPRISE_SCHEMA}:manager", "chief"))[ENTERPRISE_SCHEMA]["manager"] == {"value": "chief"}
    merged = patched(replace(f"{ENTERPRISE_SCHEMA}:manager.value", "chief"))[ENTERPRISE_SCHEMA]["manager"]
    assert merged == {"value": "chief", "$ref": "../Users/boss", "displayName": "Boss"}


# --- Multi-valued attributes --------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [[{"value": "o@x.io"}], {"value": "o@x.io"}, '[{"value": "o@x.io"}]'])
def test_elements_are_added_to_an_array(value: Any):
    assert patched(add("emails", value))["emails"] == [WORK, HOME, {"value": "o@x.io"}]
    assert patched(add("ims", value))["ims"] == [{"value": "o@x.io"}]


def test_adding_a_pair_of_type_and_value_that_is_there_only_adds_what_else_it_says():
    same = {"value": "ALICE@HOME.IO", "type": "HOME"}
    assert patched(add("emails", [same])) == ALICE
    assert patched(add("emails", [same | {"display": "Alice"}]))["emails"] == [
        WORK,
        {"value": "alice@home.io", "display": "Alice", "type": "home"},
    ]


@pytest.mark.parametrize("nothing", [None, "", [], [{}], {}])
def test_adding_nothing_to_an_array_changes_nothing(nothing: Any):
    assert patched(add("emails", nothing)) == ALICE


def test_an_array_is_replaced_as_a_whole():
    assert patched(replace("emails", [HOME]))["emails"] == [HOME]
    assert patched({"op": "replace", "value": {"emails": HOME}})["emails"] == [HOME]


def test_the_element_marked_last_is_the_only_primary_one():
    demoted = WORK | {"primary": False}
    promoted = HOME | {"primary": True}
    assert patched(replace('emails[type eq "home"].primary', "True"))["emails"] == [demoted, promoted]
    assert patched(replace('emails[type eq "home"]', {"primary": True}))["emails"] == [demoted, promoted]
    assert patched(add("emails", [promoted]))["emails"] == [demoted, promoted]
    other = {"value": "o@x.io", "type": "other", "primary": True}
    assert patched(add("emails", other))["emails"] == [demoted, HOME, other]
    assert patched(add("emails", promoted), add("emails", other))["emails"] == [
        demoted,
        HOME | {"primary": False},
        other,
    ]


def test_the_first_of_several_marked_elements_is_the_primary_one_however_often_they_are_sent():
    both = add("emails", [WORK | {"primary": False}, HOME | {"primary": True}, {"value": "o@x.io", "primary": True}])
    once = patched(both)
    assert [each.get("primary") for each in once["emails"]] == [False, True, False]
    assert patched(both, user=once) == once
    assert patched(add("emails", [HOME | {"primary": True}, {"primary": True}]), user=once) == once


def test_an_element_completed_by_a_later_operation_keeps_its_mark():
    after = patched(
        add("emails", [{"type": "other", "primary": True}]), replace('emails[type eq "other"].value', "o@x.io")
    )
    assert after["emails"] == [
        WORK | {"primary": False},
        HOME,
        {"value": "o@x.io", "type": "other", "primary": True},
    ]
    assert patched(add("emails", [{"type": "other", "primary": True}])) == ALICE


def test_an_element_that_is_not_made_takes_no_primary_away():
    assert patched(replace('emails[type eq "other" and primary eq true].value', "")) == ALICE


def test_a_value_filter_selects_every_element_it_matches():
    user = ALICE | {"emails": [{"value": "a@x.io", "type": "work"}, {"value": "b@x.io", "type": "Work"}, HOME]}
    after = patched(replace('emails[TYPE EQ "WORK"].display', "Alice"), user=user)
    assert [each.get("display") for each in after["emails"]] == ["Alice", "Alice", None]
    assert patched(remove('emails[type eq "work"]'), user=user)["emails"] == [HOME]


@pytest.mark.parametrize(
    ("value_filter", "left"),
    [
        ('type eq "work"', ["home"]),
        ('type ne "work"', ["work"]),
        ("primary eq true", ["home"]),
        ("primary ne true", ["work"]),
        ("primary eq null", ["work"]),
        ("primary ne null", ["home"]),
        ("primary pr", ["home"]),
        ("not (primary pr)", ["work"]),
        ('value co "@HOME"', ["work"]),
        ('value sw "alice@w"', ["home"]),
        ('value ew ".io"', []),
        ('value gt "alice@i"', ["home"]),
        ('value le "alice@i"', ["work"]),
        ("type gt null", ["work", "home"]),
        ('type eq "work" or type eq "home"', []),
        ('type eq "work" and primary eq false', ["work", "home"]),
        ('type eq "home" and (primary eq true or value pr)', ["work"]),
        ('value eq "a]b"', ["work", "home"]),
        (r'value eq "alice@work.io"', ["home"]),
    ],
)
def test_value_filters_mean_what_filters_mean(value_filter: str, left: list[str]):
    assert [each["type"] for each in patched(remove(f"emails[{value_filter}]")).get("emails", [])] == left


def test_identifiers_in_value_filters_are_compared_exactly():
    user = ALICE | {"photos": [{"value": "https://x.io/A", "type": "photo"}]}
    assert patched(remove('photos[value eq "https://x.io/a"]'), user=user) == user
    assert "photos" not in patched(remove('photos[value eq "https://x.io/A"]'), user=user)


@pytest.mark.parametrize("op", ["add", "replace"])
@pytest.mark.parametrize(
    "value_filter",
    ['value eq "x"', 'display eq "x"', 'type sw "x"', "not (value pr)", 'type eq "x" or type eq "y"', "type eq null"],
)
def test_a_value_filter_that_selects_nothing_has_no_target(op: str, value_filter: str):
    refusal = refused({"op": op, "path": f"emails[{value_filter}].value", "value": "x"})
    assert (refusal.scim_type, refusal.field) == ("noTarget", "emails")


@pytest.mark.parametrize("op", ["add", "replace"])
@pytest.mark.parametrize(
    ("value_filter", "made"),
    [
        ('type eq "other"', {"value": "x", "type": "other"}),
        ('TYPE eq "other" and primary eq "False"', {"value": "x", "type": "other", "primary": False}),
    ],
)
def test_eq_on_type_and_primary_makes_the_element_it_describes(op: str, value_filter: str, made: dict[str, Any]):
    assert patched({"op": op, "path": f"emails[{value_filter}].value", "value": "x"})["emails"][2:] == [made]
    assert patched({"op": op, "path": f"emails[{value_filter}]", "value": {"value": "x"}})["emails"][2:] == [made]


def test_the_primary_element_is_made_where_there_is_none():
    user = ALICE | {"emails": [HOME]}
    after = patched(replace("emails[primary eq true].value", "x"), user=user)
    assert after["emails"] == [HOME, {"value": "x", "primary": True}]


@pytest.mark.parametrize("op", ["add", "replace"])
def test_what_an_object_for_selected_elements_leaves_out_stays(op: str):
    after = patched({"op": op, "path": 'addresses[type eq "work"]', "value": {"locality": "Lyon"}})
    assert after["addresses"] == [{"locality": "Lyon", "country": "FR", "type": "work"}]


@pytest.mark.parametrize("nothing", [None, ""])
def test_selected_elements_replaced_with_nothing_go(nothing: Any):
    assert patched(replace('emails[type eq "work"]', nothing))["emails"] == [HOME]


def test_a_sub_attribute_without_a_filter_is_that_of_every_element():
    assert [each["display"] for each in patched(replace("emails.display", "A"))["emails"]] == ["A", "A"]
    assert patched(replace("ims.value", "x"))["ims"] == [{"value": "x"}]
    assert patched(remove("emails.type"))["emails"] == [
        {"value": "alice@work.io", "primary": True},
        {"value": "alice@home.io"},
    ]


def test_an_element_that_says_nothing_but_its_type_goes():
    assert patched(remove('emails[type eq "work"].value'))["emails"] == [HOME]
    assert "emails" not in patched(remove("emails.value"))


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ([{"value": "alice@work.io"}], [HOME]),
        ([{"$ref": None, "value": "ALICE@WORK.IO", "type": "work"}], [HOME]),
        ([{"value": "alice@work.io", "type": "home"}], [WORK, HOME]),
        ([{"type": "home"}], [WORK]),
        ([WORK, HOME], []),
        ([], [WORK, HOME]),
        ([{"value": "nobody"}], [WORK, HOME]),
        (None, []),
    ],
)
def test_a_remove_with_a_value_removes_what_it_lists(value: Any, left: list[Any]):
    assert patched({"op": "remove", "path": "emails", "value": value}).get("emails", []) == left


@pytest.mark.parametrize("op", ["add", "replace"])
@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.path)
def test_every_advertised_attribute_can_be_written_and_removed_by_its_path(op: str, leaf: Leaf):
    user = {"userName": "alice", "active": True}
    if leaf.path.endswith((".type", ".primary")):
        attribute = leaf.keys[0]
        kept = {"addresses": {"locality": "Paris"}, "x509Certificates": {"value": "QUJD"}}
        user[attribute] = [kept.get(attribute, {"value": "x"})]
    after = patched({"op": op, "path": leaf.path, "value": leaf.value}, user=user)
    assert leaf.read(after) == leaf.value
    if leaf.path not in ("userName", "active"):
        assert leaf.read(patched(remove(leaf.path), user=after)) is None
