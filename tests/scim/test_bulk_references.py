"""How the operations of one Bulk request refer to each other (RFC 7644 §3.7.1, §3.7.2)."""

import itertools
import json
from typing import Any

import pytest

from provisioning.definitions import ENTERPRISE_SCHEMA
from provisioning.models import ProvisionedUser
from provisioning.scim.bulk_references import in_order, parse
from tests.clients import ScimClient
from tests.scim.refusals import rows

REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


def post(bulk_id: str, *, path: str = "/Users", **data: Any) -> dict[str, Any]:
    attributes = data or {"userName" if path == "/Users" else "displayName": bulk_id}
    return {"method": "POST", "path": path, "bulkId": bulk_id, "data": attributes}


def patch(path: str, *operations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"method": "PATCH", "path": path, "data": {"Operations": list(operations)}, **more}


def manager(value: Any) -> dict[str, Any]:
    return {ENTERPRISE_SCHEMA: {"manager": value}}


def statuses(results: list[dict[str, Any]]) -> list[str]:
    return [result["status"] for result in results]


def members(scim: ScimClient, group_id: str) -> set[str]:
    return {each["value"] for each in scim.get(f"/Groups/{group_id}").json().get("members", [])}


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
def test_what_is_referred_to_may_stand_anywhere(scim: ScimClient, order: tuple[int, ...]):
    operations = [
        post("alice"),
        post("bob", userName="bob", **manager({"value": "bulkId:alice"})),
        post("staff", path="/Groups", displayName="Staff", members=[{"value": "bulkId:alice"}]),
        patch("/Groups/bulkId:staff", {"op": "add", "path": "members", "value": [{"value": "bulkId:bob"}]}),
    ]
    results = dict(zip(order, scim.bulk(*[operations[each] for each in order]), strict=True))
    assert statuses([results[each] for each in range(4)]) == ["201", "201", "201", "200"]
    alice, bob, staff, patched = (results[each]["id"] for each in range(4))
    assert patched == staff
    assert members(scim, staff) == {alice, bob}
    assert scim.get(f"/Users/{bob}").json()[ENTERPRISE_SCHEMA]["manager"]["value"] == alice


def added(bulk_id: str) -> dict[str, Any]:
    return {"op": "add", "path": "members", "value": [{"value": f"bulkId:{bulk_id}"}]}


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "add", "path": "members", "value": [{"value": "bulkId:bob", "$ref": "../Users/bulkId:bob"}]}],
        [{"op": "add", "value": {"members": [{"value": "bulkId:bob"}]}}],
        [{"op": "add", "value": json.dumps({"members": [{"value": "bulkId:bob"}]})}],
        [added("bob"), {"op": "remove", "path": 'members[value eq "bulkId:carol"]'}],
        [added("bob"), {"op": "remove", "path": "members", "value": [{"value": "bulkId:carol"}]}],
        [added("bob"), {"op": "remove", "path": 'members[value eq "bulkId:carol" or value eq "bulkId:dave"]'}],
    ],
    ids=json.dumps,
)
def test_a_patch_refers_in_paths_value_filters_and_nested_values(scim: ScimClient, operations: list[dict[str, Any]]):
    staff = scim.group("Staff")["id"]
    patched, bob, _, _ = scim.bulk(patch(f"/Groups/{staff}", *operations), post("bob"), post("carol"), post("dave"))
    assert patched["status"] == "200", patched
    assert members(scim, staff) == {bob["id"]}


def test_put_and_delete_refer_by_their_path(scim: ScimClient):
    alice, bob, replaced, deleted = scim.bulk(
        post("alice"),
        post("bob"),
        {"method": "PUT", "path": "/Users/bulkId:alice", "data": {"userName": "alice", "title": "Engineer"}},
        {"method": "DELETE", "path": "/Users/bulkId:bob"},
    )
    assert statuses([alice, bob, replaced, deleted]) == ["201", "201", "200", "204"]
    assert (replaced["id"], deleted["id"]) == (alice["id"], bob["id"])
    assert scim.get(f"/Users/{alice['id']}").json()["title"] == "Engineer"
    assert scim.get(f"/Users/{bob['id']}").status_code == 404


def test_a_text_that_only_mentions_a_reference_is_kept_as_it_is(scim: ScimClient):
    text = 'see bulkId:nobody and "bulkId:nobody"'
    (made,) = scim.bulk(post("alice", userName="alice", title=text))
    assert scim.get(f"/Users/{made['id']}").json()["title"] == text


def test_operations_keep_their_order_but_for_what_they_refer_to(scim: ScimClient):
    """The last title is the last one, though the first operation had to wait for what stands at the end."""
    bob = scim.user("bob")["id"]
    first = {"op": "replace", "value": {"title": "first", **manager({"value": "bulkId:alice"})}}
    last = {"op": "replace", "path": "title", "value": "last"}
    results = scim.bulk(patch(f"/Users/{bob}", first), patch(f"/Users/{bob}", last), post("alice"))
    assert statuses(results) == ["200", "200", "201"]
    assert scim.get(f"/Users/{bob}").json()["title"] == "last"


def test_a_thousand_operations_in_a_row_each_referring_to_the_next_one():
    names = [f"u{number}" for number in range(1000)]
    operations = [
        post(name, userName=name, **manager({"value": f"bulkId:{after}"} if after else None))
        for name, after in itertools.zip_longest(names, names[1:])
    ]
    parsed, _ = parse({"schemas": [REQUEST], "Operations": operations}, most=1000, schema=REQUEST)
    order, circular = in_order(parsed)
    assert [each.bulk_id for each in order] == names[::-1]
    assert not circular


@pytest.mark.parametrize(
    ("operations", "circular"),
    [
        ([post("a", **manager("bulkId:a"), userName="a")], {"a"}),
        ([post(n, userName=n, **manager(f"bulkId:{m}")) for n, m in ("ab", "ba")], {"a", "b"}),
        ([post(n, userName=n, **manager(f"bulkId:{m}")) for n, m in ("ab", "bc", "ca")], {"a", "b", "c"}),
    ],
    ids=["itself", "two", "three"],
)
def test_what_refers_to_itself_in_a_circle_is_409_and_the_others_are_carried_out(
    scim: ScimClient, operations: list[dict[str, Any]], circular: set[str]
):
    before = rows()
    outside = [post("outside"), post("waiting", userName="waiting", **manager("bulkId:a"))]
    results = {result["bulkId"]: result for result in scim.bulk(*operations, *outside)}
    assert {name for name, result in results.items() if result["status"] == "409"} == circular | {"waiting"}
    for name in circular:
        assert "refers to itself" in results[name]["response"]["detail"]
    assert results["outside"]["status"] == "201"
    assert rows()["ProvisionedUser"] == before["ProvisionedUser"] + 1


def test_what_depends_on_a_failed_operation_is_409_and_leaves_nothing(scim: ScimClient):
    scim.user("taken")
    staff = scim.group("Staff")["id"]
    before = rows()
    results = scim.bulk(
        post("failing", userName="TAKEN"),
        post("boss", userName="boss", **manager({"value": "bulkId:failing"})),
        post("crew", path="/Groups", displayName="Crew", members=[{"value": "bulkId:boss"}]),
        patch(f"/Groups/{staff}", {"op": "replace", "path": "displayName", "value": "Renamed"}, added("boss")),
        patch("/Groups/bulkId:crew", {"op": "remove", "path": "members"}),
        {"method": "PUT", "path": "/Users/bulkId:missing", "data": {"userName": "x"}},
    )
    assert statuses(results) == ["409"] * 6
    assert results[0]["response"]["scimType"] == "uniqueness"
    assert "bulkId:failing" in results[1]["response"]["detail"]
    assert "bulkId:boss" in results[2]["response"]["detail"]
    assert rows() == before
    assert scim.get(f"/Groups/{staff}").json()["displayName"] == "Staff"


def test_a_bulk_id_that_stands_twice_refuses_the_request(scim: ScimClient):
    body = {"schemas": [REQUEST], "Operations": [post("alice"), post("alice", userName="bob")]}
    answer = scim.post("/Bulk", body)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidValue")
    assert "alice" in answer.json()["detail"]
    assert not ProvisionedUser.objects.exists()
