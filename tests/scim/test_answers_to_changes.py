"""What a change is answered with: the whole resource, a part of it, nothing, or whom a name belongs to."""

from typing import Any

import pytest

from tests.clients import ScimClient

PARTS = [
    ({"attributes": "externalId"}, {"externalId"}),
    ({"attributes": "EXTERNALID,meta.version"}, {"externalId", "meta"}),
    ({"excludedAttributes": "meta,externalId,emails,active"}, {"NAME", "RELATED"}),
    ({"attributes": "externalId", "excludedAttributes": "externalId"}, set()),
]


@pytest.fixture(params=["Users", "Groups"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize(("parameters", "names"), PARTS, ids=lambda given: "+".join(sorted(given)))
def test_attributes_are_chosen_wherever_a_resource_comes_back(
    scim: ScimClient, kind: str, parameters: dict[str, str], names: set[str]
):
    """``id`` and ``schemas`` always come (RFC 7644 §3.9)."""
    name, related = {"Users": ("userName", "groups"), "Groups": ("displayName", "members")}[kind]
    bob = scim.user("bob")["id"]
    body: dict[str, Any] = {name: "alice", "externalId": "x"}
    body |= {"emails": [{"value": "a@example.org"}]} if kind == "Users" else {"members": [{"value": bob}]}
    query = "&".join(f"{key}={value}" for key, value in parameters.items())
    made = scim.post(f"/{kind}?{query}", body)
    path = f"/{kind}/{made.json()['id']}"
    if kind == "Users":
        scim.group("Staff", made.json()["id"])
    patch = {"op": "add", "path": "externalId", "value": "y"}
    wanted = {"filter": f'id eq "{made.json()["id"]}"', **parameters}
    answers = [
        scim.put(f"{path}?{query}", body).json(),
        scim.operations(f"{path}?{query}", patch).json(),
        scim.get(path, parameters).json(),
        *scim.get(f"/{kind}", wanted).json()["Resources"],
        *scim.post(f"/{kind}/.search", wanted).json()["Resources"],
        *scim.post("/.search", wanted).json()["Resources"],
    ]
    expected = {{"NAME": name, "RELATED": related}.get(each, each) for each in names} | {"id", "schemas"}
    assert made.json().keys() == expected - ({"groups"} if kind == "Users" else set())
    assert [each.keys() for each in answers] == [expected] * 6


def test_a_patch_of_a_user_is_answered_with_all_of_it(scim: ScimClient):
    path = f"/Users/{scim.user('alice', title='Engineer')['id']}"
    answer = scim.operations(path, {"op": "add", "path": "nickName", "value": "Al"})
    assert answer.status_code == 200
    assert answer.json() == scim.get(path).json()


def test_a_patch_of_a_group_is_answered_with_all_of_it_up_to_a_hundred_members(scim: ScimClient):
    creates = [
        {"method": "POST", "path": "/Users", "bulkId": f"u{number}", "data": {"userName": f"u{number}"}}
        for number in range(101)
    ]
    ids = [result["id"] for result in scim.bulk(*creates)]
    path = f"/Groups/{scim.group('Staff', *ids[:99])['id']}"
    add = [{"op": "add", "path": "members", "value": [{"value": id}]} for id in ids[99:]]
    hundred = scim.operations(path, add[0])
    assert (hundred.status_code, len(hundred.json()["members"])) == (200, 100)
    more = scim.operations(path, add[1])
    assert (more.status_code, more.content) == (204, b"")
    assert (more["ETag"], more["Content-Location"]) == ('W/"3"', hundred["Content-Location"])
    assert scim.operations(path, add[1])["ETag"] == 'W/"3"'
    for query in ("attributes=displayName", "excludedAttributes=members"):
        part = scim.operations(f"{path}?{query}", add[1])
        assert (part.status_code, part.json()["displayName"], "members" in part.json()) == (200, "Staff", False)
    assert len(scim.operations(f"{path}?attributes=members", add[1]).json()["members"]) == 101
    fewer = scim.operations(path, {"op": "remove", "path": f'members[value eq "{ids[0]}"]'})
    assert (fewer.status_code, len(fewer.json()["members"])) == (200, 100)


def test_a_name_that_is_taken_is_told_with_whom_it_belongs_to_if_that_is_one_s_own(
    scim: ScimClient, other_scim: ScimClient
):
    alice, staff = scim.user("alice")["id"], scim.group("Staff")["id"]
    user = scim.post("/Users", {"userName": "ALICE"})
    group = scim.post("/Groups", {"displayName": "STAFF"})
    for answer, name, id in ((user, "ALICE", alice), (group, "STAFF", staff)):
        assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
        assert name in answer.json()["detail"]
        assert id in answer.json()["detail"]
    assert other_scim.post("/Users", {"userName": "alice"}).status_code == 201
    assert other_scim.post("/Groups", {"displayName": "Staff"}).status_code == 201


def test_nobody_is_let_in_again_by_omission(scim: ScimClient):
    alice = scim.user("alice")
    assert alice["active"] is True
    path = f"/Users/{alice['id']}"
    assert scim.operations(path, {"op": "replace", "path": "active", "value": False}).json()["active"] is False
    assert scim.put(path, {"userName": "alice", "title": "x"}).json()["active"] is False
    assert scim.operations(path, {"op": "remove", "path": "active"}).json()["active"] is False
    assert scim.get(path).json()["active"] is False


def test_a_put_leaves_nothing_of_what_it_does_not_name_and_makes_nothing_up(scim: ScimClient):
    alice = scim.user("alice", displayName="Alice", name={"givenName": "Al"}, emails=[{"value": "a@example.org"}])
    path = f"/Users/{alice['id']}"
    replaced = scim.put(path, {"userName": "alice", "id": "mine", "groups": [{"value": "x"}], "meta": {"version": "9"}})
    assert replaced.json().keys() == {"schemas", "id", "userName", "active", "meta"}
    assert (replaced.json()["id"], replaced["ETag"]) == (alice["id"], 'W/"2"')
    staff = scim.group("Staff", alice["id"], externalId="x")
    cleared = scim.put(f"/Groups/{staff['id']}", {"displayName": "Staff"}).json()
    assert cleared.keys() == {"schemas", "id", "displayName", "meta"}


def test_a_patch_that_makes_a_large_group_small_is_answered_with_all_of_it(scim: ScimClient):
    creates = [
        {"method": "POST", "path": "/Users", "bulkId": f"u{number}", "data": {"userName": f"u{number}"}}
        for number in range(210)
    ]
    ids = [result["id"] for result in scim.bulk(*creates)]
    path = f"/Groups/{scim.group('Staff', *ids)['id']}"
    remove = [
        {"op": "remove", "path": "members", "value": [{"value": id} for id in ids[:number]]} for number in (9, 110)
    ]
    assert scim.operations(path, remove[0]).status_code == 204
    small = scim.operations(path, remove[1])
    assert (small.status_code, [each["value"] for each in small.json()["members"]]) == (200, ids[110:])
    replaced = scim.operations(path, {"op": "replace", "path": "members", "value": [{"value": id} for id in ids]})
    assert replaced.status_code == 204
    replaced = scim.operations(path, {"op": "replace", "path": "members", "value": [{"value": ids[5]}]})
    assert [each["value"] for each in replaced.json()["members"]] == [ids[5]]
