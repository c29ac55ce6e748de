"""Versions and conditional requests (RFC 7644 §3.14, RFC 9110 §13)."""

from typing import Any

import pytest

from provisioning.definitions import ENTERPRISE_SCHEMA
from tests.clients import ScimClient

CHANGES: dict[str, list[dict[str, Any]]] = {
    "Users": [
        {"op": "add", "path": "emails", "value": [{"value": "alice@example.org"}]},
        {"op": "replace", "path": "active", "value": False},
        {"op": "add", "path": f"{ENTERPRISE_SCHEMA}:department", "value": "Sales"},
        {"op": "replace", "path": "userName", "value": "ALICE"},
        {"op": "remove", "path": "title"},
    ],
    "Groups": [
        {"op": "replace", "path": "displayName", "value": "STAFF"},
        {"op": "add", "path": "externalId", "value": "g"},
        {"op": "remove", "path": "members"},
    ],
}


@pytest.fixture(params=["Users", "Groups"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def made(scim: ScimClient, kind: str) -> dict[str, Any]:
    """A user with a title, or a group with a member."""
    if kind == "Users":
        return scim.user("alice", title="Engineer")
    return scim.group("staff", scim.user("bob")["id"])


@pytest.fixture
def path(made: dict[str, Any], kind: str) -> str:
    return f"/{kind}/{made['id']}"


def body(made: dict[str, Any], **attributes: Any) -> dict[str, Any]:
    return {**made, **attributes}


def test_a_version_is_weak_and_stands_in_header_and_body_of_every_answer(
    scim: ScimClient, kind: str, made: dict[str, Any], path: str
):
    assert made["meta"]["version"] == 'W/"1"'
    replaced = scim.put(path, body(made, externalId="x"))
    patched = scim.operations(path, {"op": "add", "path": "externalId", "value": "y"})
    read = scim.get(path)
    versions = [(each["ETag"], each.json()["meta"]["version"]) for each in (replaced, patched, read)]
    assert versions == [('W/"2"', 'W/"2"'), ('W/"3"', 'W/"3"'), ('W/"3"', 'W/"3"')]
    listed = scim.get(f"/{kind}", {"filter": f'id eq "{made["id"]}"'}).json()["Resources"]
    assert [each["meta"]["version"] for each in listed] == ['W/"3"']


def test_every_change_counts_one_version_and_a_moment(scim: ScimClient, kind: str, path: str, made: dict[str, Any]):
    before = made["meta"]
    for number, operation in enumerate(CHANGES[kind], start=2):
        meta = scim.operations(path, operation).json()["meta"]
        assert meta["version"] == f'W/"{number}"', operation
        assert meta["lastModified"] > before["lastModified"]
        assert meta["created"] == before["created"]
        before = meta


def test_what_changes_nothing_changes_neither_version_nor_moment(
    scim: ScimClient, kind: str, path: str, made: dict[str, Any]
):
    for operation in CHANGES[kind]:
        once = scim.operations(path, operation).json()
        again = scim.operations(path, operation, operation).json()
        assert again["meta"] == once["meta"], operation
        assert scim.put(path, once).json()["meta"] == once["meta"], operation
    assert scim.patch(path, {"Operations": []}).json()["meta"] == once["meta"]


def test_a_refused_change_changes_no_version(scim: ScimClient, kind: str, path: str, made: dict[str, Any]):
    required = {"Users": "userName", "Groups": "displayName"}[kind]
    refused = scim.operations(path, CHANGES[kind][0], {"op": "remove", "path": required})
    assert (refused.status_code, refused.json()["scimType"]) == (400, "mutability")
    assert scim.put(path, {required: ""}).status_code == 400
    assert scim.get(path).json() == made


def test_memberships_belong_to_the_version_of_the_group_and_to_none_of_the_user(scim: ScimClient):
    alice = scim.user("alice")
    staff = scim.group("Staff")
    added = scim.operations(
        f"/Groups/{staff['id']}", {"op": "add", "path": "members", "value": [{"value": alice["id"]}]}
    )
    assert added["ETag"] == 'W/"2"'
    read = scim.get(f"/Users/{alice['id']}").json()
    assert [each["value"] for each in read["groups"]] == [staff["id"]]
    assert read["meta"] == alice["meta"]


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        ('W/"1"', True),
        ('"1"', True),
        ("*", True),
        ('W/"7", W/"1"', True),
        ('W/"2"', False),
        ('W/"11"', False),
        ("1", False),
        ("nonsense", False),
    ],
)
def test_if_match_lets_a_change_through_only_for_the_version_that_is_there(
    scim: ScimClient, path: str, made: dict[str, Any], condition: str, matches: bool
):
    change = {"op": "add", "path": "externalId", "value": "x"}
    if matches:
        assert scim.operations(path, change, if_match=condition).status_code == 200
        assert scim.put(path, made, if_match=condition.replace("1", "2")).status_code == 200
        assert scim.delete(path, if_match=condition.replace("1", "3")).status_code == 204
    else:
        answers = [
            scim.operations(path, change, if_match=condition),
            scim.put(path, body(made, externalId="x"), if_match=condition),
            scim.delete(path, if_match=condition),
        ]
        assert [(each.status_code, 'W/"1"' in each.json()["detail"]) for each in answers] == [(412, True)] * 3
        assert scim.get(path).json() == made


def test_if_match_of_something_that_is_not_there_is_404(scim: ScimClient, kind: str, path: str, made: dict[str, Any]):
    scim.delete(path)
    assert scim.put(path, made, if_match="*").status_code == 404
    assert scim.delete(path, if_match='W/"1"').status_code == 404


@pytest.mark.parametrize(
    ("condition", "status"),
    [('W/"1"', 304), ('"1"', 304), ("*", 304), ('W/"3", W/"1"', 304), ('W/"2"', 200), ("nonsense", 200), ("", 200)],
)
def test_if_none_match_spares_what_the_client_has(
    scim: ScimClient, path: str, made: dict[str, Any], condition: str, status: int
):
    answer = scim.get(path, if_none_match=condition)
    assert answer.status_code == status
    assert answer["ETag"] == 'W/"1"'
    assert answer["Content-Location"] == made["meta"]["location"]
    if status == 304:
        assert answer.content == b""
    else:
        assert answer.json() == made


def test_a_condition_of_the_past_is_fulfilled_no_more(scim: ScimClient, path: str, made: dict[str, Any]):
    scim.operations(path, {"op": "add", "path": "externalId", "value": "x"})
    answer = scim.get(path, if_none_match=made["meta"]["version"])
    assert (answer.status_code, answer["ETag"], answer.json()["externalId"]) == (200, 'W/"2"', "x")
