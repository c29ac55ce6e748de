"""What named clients do to groups and their members: a test for each quirk."""

import pytest

from kestra_iam.models import Membership
from tests.clients import ScimClient


def patched(scim: ScimClient, path: str, *operations: dict) -> dict:
    answer = scim.operations(path, *operations)
    assert answer.status_code == 200, answer.content
    return answer.json()


def put(scim: ScimClient, path: str, name: str, ids: list[str] | None) -> dict:
    """Replace a group; None sends no members at all."""
    members = {} if ids is None else {"members": [{"value": id} for id in ids]}
    answer = scim.put(path, {"displayName": name, **members})
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.mark.parametrize(
    "member",
    [{"$ref": "Users/{id}"}, {"$ref": None}, {}, {"type": None}, {"display": "alice@example.org"}, {"type": "user"}],
    ids=["mitodl", "entra", "authentik", "null type", "okta", "lower case"],
)
def test_mitodl_entra_okta_name_members_by_value_alone(scim: ScimClient, member: dict):
    alice = scim.user("alice")["id"]
    given = {name: value.replace("{id}", alice) if value else value for name, value in member.items()}
    made = scim.post("/Groups", {"displayName": "staff", "members": [{"value": alice, **given}]})
    [shown] = made.json()["members"]
    assert shown["value"] == alice
    assert shown["type"] == "User"
    assert shown["$ref"].endswith(f"/scim/v2/Users/{alice}")
    assert shown["$ref"].startswith("http")


def test_mitodl_authentik_replace_a_group_and_all_its_members(scim: ScimClient):
    ids = [scim.user(f"person-{number}")["id"] for number in range(5)]
    path = f"/Groups/{scim.group('staff', *ids[:3])['id']}"
    for nobody in ([], None):
        assert [each["value"] for each in put(scim, path, "staff", ids[2:])["members"]] == ids[2:]
        assert "members" not in put(scim, path, "staff", nobody)


def test_mitodl_authentik_replace_a_large_group_and_only_the_difference_is_written(scim: ScimClient):
    ids = [scim.user(f"person-{number}")["id"] for number in range(40)]
    path = f"/Groups/{scim.group('staff', *ids[:-1])['id']}"
    before = dict(Membership.objects.values_list("source_id", "pk"))
    put(scim, path, "staff", ids[1:])
    after = dict(Membership.objects.values_list("source_id", "pk"))
    assert after.keys() == set(ids[1:])
    assert {id: before[id] for id in ids[1:-1]} == {id: after[id] for id in ids[1:-1]}


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [(None, None, 409), ("1", "1", 409), ("1", None, 409), (None, "1", 409), ("1", "2", 201)],
)
def test_entra_keycloak_duplicate_groups_are_409_unless_both_have_different_external_ids(
    scim: ScimClient, first: str | None, second: str | None, status: int
):
    scim.group("staff", externalId=first)
    answer = scim.post("/Groups", {"displayName": "Staff", "externalId": second})
    assert answer.status_code == status
    if status == 409:
        assert answer.json()["scimType"] == "uniqueness"


def removals(id: str) -> dict[str, dict]:
    return {
        "entra": {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": id}]},
        "jumpcloud": {"op": "remove", "path": "members", "value": [{"value": id}]},
        "okta": {"op": "remove", "path": f'members[value eq "{id}"]'},
        "suvera": {"op": "remove", "path": f'members[value eq "{id}"]', "value": None},
    }


@pytest.mark.parametrize("client", ["entra", "jumpcloud", "okta", "suvera"])
def test_entra_jumpcloud_okta_suvera_remove_the_members_they_list_and_no_others(scim: ScimClient, client: str):
    alice, bob = (scim.user(name)["id"] for name in ("alice", "bob"))
    path = f"/Groups/{scim.group('staff', alice, bob)['id']}"
    removal = removals(alice)[client]
    assert [each["value"] for each in patched(scim, path, removal)["members"]] == [bob]
    again = patched(scim, path, removal)
    assert [each["value"] for each in again["members"]] == [bob]
    assert again["meta"]["version"] == 'W/"2"'


def test_mitodl_removes_all_members_without_a_value(scim: ScimClient):
    alice, bob = (scim.user(name)["id"] for name in ("alice", "bob"))
    path = f"/Groups/{scim.group('staff', alice, bob)['id']}"
    assert "members" not in patched(scim, path, {"op": "remove", "path": "members"})
    assert patched(scim, path, {"op": "remove", "path": "members"})["meta"]["version"] == 'W/"2"'


def test_all_clients_add_a_member_twice(scim: ScimClient):
    alice = scim.user("alice")["id"]
    path = f"/Groups/{scim.group('staff')['id']}"
    addition = {"op": "add", "path": "members", "value": [{"value": alice}, {"value": alice}]}
    for _ in range(2):
        answer = patched(scim, path, addition)
        assert [each["value"] for each in answer["members"]] == [alice]
        assert answer["meta"]["version"] == 'W/"2"'
