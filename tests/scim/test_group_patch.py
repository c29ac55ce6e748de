"""PATCH of groups: what every known client sends, as steps that need not know who is a member (RFC 7644 §3.5.2)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.actions.groups import MemberStep
from provisioning.definitions import GROUP_SCHEMA
from provisioning.errors import Refused
from provisioning.scim.patch import GroupChange, GroupFields, parse_operations, patch_group
from tests.scim.vocabulary import patch

DEVS = GroupFields("devs", "kc-1")


def patched(*operations: dict[str, Any]) -> GroupChange:
    return patch_group(DEVS, parse_operations(patch(*operations)))


def refused(*operations: dict[str, Any]) -> Refused:
    with pytest.raises(Refused) as refusal:
        patched(*operations)
    return refusal.value


def change(*steps: MemberStep, name: str = "devs", external_id: str | None = "kc-1") -> GroupChange:
    return GroupChange(name, external_id, steps)


def step(kind: str, *ids: str) -> MemberStep:
    return MemberStep(kind, ids)


CLIENTS = {
    "mitodl": (
        [
            {"path": "members", "op": "replace", "value": [{"value": "u1"}, {"value": "u2"}]},
            {"path": "displayName", "op": "replace", "value": "ops"},
            {"path": "externalId", "op": "replace", "value": "kc-2"},
        ],
        change(step("replace", "u1", "u2"), name="ops", external_id="kc-2"),
    ),
    "mitodl with an empty group": ([{"path": "members", "op": "remove"}], change(step("replace"))),
    "authentik with the whole group": (
        [
            {
                "op": "replace",
                "value": {"id": "g1", "schemas": [GROUP_SCHEMA], "externalId": "kc-1", "displayName": "ops"},
            }
        ],
        change(name="ops"),
    ),
    "authentik adds one by one": (
        [{"op": "add", "path": "members", "value": [{"value": id}]} for id in ("u1", "u2")],
        change(step("add", "u1", "u2")),
    ),
    "authentik removes by filter": (
        [{"op": "remove", "path": f'members[value eq "{id}"]'} for id in ("u1", "u2")],
        change(step("remove", "u1", "u2")),
    ),
    "authentik removes by value": (
        [{"op": "remove", "path": "members", "value": [{"value": "u1"}]}],
        change(step("remove", "u1")),
    ),
    "Okta renames": ([{"op": "replace", "value": {"id": "g1", "displayName": "ops"}}], change(name="ops")),
    "Okta removes and adds": (
        [
            {"op": "remove", "path": 'members[value eq "u1"]'},
            {"op": "add", "path": "members", "value": [{"value": "u2", "display": "alice@x.io"}]},
        ],
        change(step("remove", "u1"), step("add", "u2")),
    ),
    "Okta replaces": (
        [{"op": "replace", "path": "members", "value": [{"value": "u1", "display": "alice@x.io"}]}],
        change(step("replace", "u1")),
    ),
    "Okta replaces without a path": (
        [{"op": "replace", "value": {"members": [{"value": "u1"}]}}],
        change(step("replace", "u1")),
    ),
    "Entra ID adds": (
        [{"op": "Add", "path": "members", "value": [{"$ref": None, "value": "u1"}]}],
        change(step("add", "u1")),
    ),
    "Entra ID removes": (
        [{"op": "Remove", "path": "members", "value": [{"$ref": None, "value": "u1"}]}],
        change(step("remove", "u1")),
    ),
    "Entra ID with the flag": ([{"op": "remove", "path": 'members[value eq "u1"]'}], change(step("remove", "u1"))),
    "JumpCloud": ([{"op": "remove", "path": "members", "value": {"value": "u1"}}], change(step("remove", "u1"))),
    "scim-for-keycloak with JSON as text": (
        [{"op": "add", "value": '{"members": [{"value": "u1"}]}'}],
        change(step("add", "u1")),
    ),
    "members as JSON text": (
        [{"op": "add", "path": "members", "value": ['{"value": "u1"}']}],
        change(step("add", "u1")),
    ),
}


@pytest.mark.parametrize(("operations", "expected"), CLIENTS.values(), ids=CLIENTS.keys())
def test_the_operations_of_every_client_are_carried_out(operations: list[dict[str, Any]], expected: GroupChange):
    assert patched(*operations) == expected


@pytest.mark.parametrize(
    "operations",
    [
        [],
        [{"op": "replace", "value": {}}],
        [{"op": "add", "path": "members", "value": []}],
        [{"op": "remove", "path": "members", "value": []}],
        [{"op": "add", "path": "members", "value": None}],
        [{"op": "add", "path": "schemas", "value": [GROUP_SCHEMA]}],
        [{"op": "replace", "value": {"meta": {}, "unknown": 1, "members.display": "x", "urn:example:a:b": 1}}],
    ],
)
def test_nothing_asked_for_changes_nothing(operations: list[dict[str, Any]]):
    assert patched(*operations) == change()


@pytest.mark.parametrize("nothing", [[], None, ""])
def test_members_replaced_with_nothing_are_none(nothing: Any):
    assert patched({"op": "replace", "path": "members", "value": nothing}) == change(step("replace"))
    assert patched({"op": "replace", "value": {"Members": nothing}}) == change(step("replace"))


@pytest.mark.parametrize("path", ["members", "MEMBERS", f"{GROUP_SCHEMA}:members"])
def test_a_path_counts_in_any_letter_case_and_qualified_or_not(path: str):
    assert patched({"op": "add", "path": path, "value": [{"value": "u1"}]}) == change(step("add", "u1"))
    assert patched({"op": "remove", "path": f'{path}[VALUE EQ "u1"]'}) == change(step("remove", "u1"))


def test_the_schema_stands_for_the_group():
    value = {"displayName": "ops", "members": [{"value": "u1"}]}
    for operation in (
        {"op": "replace", "path": GROUP_SCHEMA, "value": value},
        {"op": "replace", "value": {GROUP_SCHEMA: value}},
    ):
        assert patched(operation) == change(step("replace", "u1"), name="ops")


@pytest.mark.parametrize(
    "value_filter",
    ['value eq "u1" or value eq "u2"', '(value eq "u1") OR VALUE eq "u2"', r'value eq "u1" or value eq "\u00752"'],
)
def test_several_members_are_removed_by_one_filter(value_filter: str):
    assert patched({"op": "remove", "path": f"members[{value_filter}]"}) == change(step("remove", "u1", "u2"))


@pytest.mark.parametrize(
    "value_filter",
    [
        'value ne "u1"',
        'value eq "u1" and value eq "u2"',
        "value pr",
        'type eq "User"',
        'not (value eq "u1")',
        "value eq null",
    ],
)
def test_other_filters_on_members_are_refused(value_filter: str):
    refusal = refused({"op": "remove", "path": f"members[{value_filter}]"})
    assert refusal.scim_type == "invalidFilter"
    assert 'members[value eq "ID of a user"]' in refusal.detail


@pytest.mark.parametrize("value_filter", ["", "value", "value eq u1", 'nope eq "u1"', "value eq 7"])
def test_a_filter_that_cannot_be_read_is_refused(value_filter: str):
    assert refused({"op": "remove", "path": f"members[{value_filter}]"}).scim_type == "invalidFilter"


@pytest.mark.parametrize(
    "path", ["nope", "userName", "members.nope", 'displayName[value eq "x"]', "members[", "emails"]
)
def test_a_path_that_names_nothing_is_refused(path: str):
    assert refused({"op": "replace", "path": path, "value": "x"}).scim_type == "invalidPath"


@pytest.mark.parametrize(
    ("op", "path"),
    [
        ("replace", "id"),
        ("replace", "meta.version"),
        ("remove", "schemas"),
        ("remove", "displayName"),
        ("remove", GROUP_SCHEMA),
        ("replace", "members.value"),
        ("add", "members.display"),
        ("replace", 'members[value eq "u1"]'),
        ("add", 'members[value eq "u1"].value'),
        ("remove", 'members[value eq "u1"].display'),
    ],
)
def test_what_cannot_be_changed_is_refused(op: str, path: str):
    assert refused({"op": op, "path": path, "value": [{"value": "u1"}]}).scim_type == "mutability"


@pytest.mark.parametrize("nothing", [None, "", " ", []])
def test_a_display_name_cannot_be_unassigned(nothing: Any):
    assert refused({"op": "replace", "path": "displayName", "value": nothing}).scim_type == "mutability"
    assert refused({"op": "replace", "value": {"displayName": nothing}}).scim_type == "mutability"


@pytest.mark.parametrize(
    "operation", [{"op": "remove", "path": "externalId"}, {"op": "replace", "path": "externalId", "value": ""}]
)
def test_an_external_id_can_be_unassigned(operation: dict[str, Any]):
    assert patched(operation) == change(external_id=None)


@pytest.mark.parametrize("op", ["add", "replace", "remove"])
def test_a_group_cannot_be_a_member(op: str):
    refusal = refused({"op": op, "path": "members", "value": [{"value": "g2", "type": "Group"}]})
    assert refusal.scim_type == "invalidValue"
    assert "groups cannot be members" in refusal.detail


@pytest.mark.parametrize("value", ["u1", ["u1"], 7, [{}], [{"value": 7}], [{"value": "a\x00"}]])
def test_a_member_needs_the_id_of_a_user(value: Any):
    assert refused({"op": "add", "path": "members", "value": value}).scim_type == "invalidValue"


@pytest.mark.parametrize("value", [7, {"a": 1}, "x" * 256, "a\x00"])
def test_a_display_name_that_cannot_be_kept_is_refused(value: Any):
    refusal = refused({"op": "replace", "path": "displayName", "value": value})
    assert (refusal.scim_type, refusal.field) == ("invalidValue", "displayName")


ids = st.sets(st.sampled_from("abcde"))
member_operations = st.one_of(
    st.tuples(st.sampled_from(["add", "remove", "replace"]), ids),
    st.tuples(st.just("remove"), st.none()),
)


@given(ids, st.lists(member_operations, max_size=6))
def test_the_steps_make_the_members_that_the_operations_make(before: set[str], operations: list[tuple[str, Any]]):
    expected, bodies = set(before), []
    for op, named in operations:
        body: dict[str, Any] = {"op": op, "path": "members"}
        if named is not None:
            body["value"] = [{"value": id} for id in sorted(named)]
        bodies.append(body)
        if op == "add":
            expected |= named
        elif op == "remove":
            expected -= before | expected if named is None else named
        else:
            expected = set(named)
    members = set(before)
    steps = patched(*bodies).member_steps
    for kind, listed in steps:
        members = {"add": members | set(listed), "remove": members - set(listed), "replace": set(listed)}[kind]
    assert members == expected
    assert len(steps) <= 2
