"""Lists as clients see them: counters, cursors, projections, refusals, and the quick way for simple lookups."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse

from kestra_iam.principals import operator
from provisioning.actions.removal import remove_integration
from provisioning.models import Integration
from tests.clients import ScimClient
from tests.scim.directories import START, Directory

SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


def find(condition: str) -> dict[str, Any]:
    return {"filter": condition, "count": 1}


def body(response: HttpResponse) -> dict[str, Any]:
    assert response.status_code == 200, response.content
    return json.loads(response.content)


@pytest.fixture
def directory(integration: Integration, other_integration: Integration) -> Directory:
    for each in (other_integration, integration):
        # scim2-models, which reads every answer, writes whole seconds in another way.
        directory = Directory(each, START + timedelta(microseconds=1))
        alice = directory.user("Alice", externalId="same", displayName="Größe")
        directory.user("bob", externalId="same")
        for number in range(12):
            directory.user(f"user-{number}", externalId="many")
        directory.group("Staff", alice, external_id="g-1")
        directory.group("staff", external_id="g-2")
        directory.write()
    return directory


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/Users", 'userName eq "{}"'),
        ("/Users", 'USERNAME Eq "{}"'),
        ("/Users", 'externalId eq "{}"'),
        ("/Groups", 'displayName eq "{}"'),
        ("/Groups", 'externalId eq "{}"'),
    ],
)
@pytest.mark.parametrize("value", ["ALICE", "alice", "STAFF", "same", "many", "g-1", "G-1", "nobody", "", "%"])
@pytest.mark.parametrize("more", [{}, {"count": 1}, {"count": 0}, {"startIndex": 2}, {"attributes": "userName"}])
def test_simple_lookups_answer_like_any_other_list(directory, scim: ScimClient, path: str, text: str, value: str, more):
    simple = body(scim.get(path, {"filter": text.format(value), **more}))
    # Parentheses mean nothing but are no simple lookup.
    assert simple == body(scim.get(path, {"filter": f"({text.format(value)})", **more}))


def test_a_simple_lookup_answers_with_the_groups_of_the_user(directory: Directory, scim: ScimClient):
    (alice,) = body(scim.get("/Users", {"filter": 'userName eq "alice"'}))["Resources"]
    assert [group["display"] for group in alice["groups"]] == ["Staff"]
    assert alice == body(scim.get(f"/Users/{alice['id']}"))


def test_a_list_without_parameters(directory: Directory, scim: ScimClient):
    listed = body(scim.get("/Users"))
    assert listed["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]
    assert (listed["totalResults"], listed["itemsPerPage"], listed["startIndex"]) == (14, 14, 1)
    assert "nextCursor" not in listed
    assert [each["id"] for each in listed["Resources"]] == sorted(user.pk for user in directory.users)


def test_nothing_found_is_an_empty_page(directory: Directory, scim: ScimClient):
    for query in ({"filter": 'userName eq "nobody"'}, {"filter": 'title eq "x"'}, {"startIndex": 99}, {"count": 0}):
        listed = body(scim.get("/Users", query))
        assert listed["Resources"] == []
        assert listed["itemsPerPage"] == 0
    assert body(scim.get("/Users", {"startIndex": 99}))["startIndex"] == 99


def test_every_list_of_everybody_counts_the_same_people(scim: ScimClient, other_scim: ScimClient):
    def totals() -> set[int]:
        lists = ({"count": 1}, {"count": 1, "startIndex": 2}, {"count": 0}, {"count": 1, "cursor": ""}, find("id pr"))
        return {body(scim.get("/Users", query))["totalResults"] for query in lists}

    other_scim.user("alice")
    remove_integration(by=operator, integration=other_scim.integration, keep_access=True)
    # One is taken over from the removed integration, one is moved to another account.
    moved = [scim.user(name)["id"] for name in ("alice", "bob", "carol")][1]
    assert totals() == {3}
    scim.put(f"/Users/{moved}", {"userName": "dave"})
    assert totals() == {3}
    scim.delete(f"/Users/{moved}")
    assert totals() == {2}


def test_pages_by_cursor_have_no_index(directory: Directory, scim: ScimClient):
    seen, cursor = [], ""
    while cursor is not None:
        listed = body(scim.get("/Users", {"cursor": cursor, "count": 4, "sortBy": "userName"}))
        assert "startIndex" not in listed
        assert listed["totalResults"] == 14
        seen += [each["userName"] for each in listed["Resources"]]
        cursor = listed.get("nextCursor")
    assert seen == sorted(seen, key=str.casefold)
    assert len(seen) == 14


def test_a_cursor_without_a_value_is_the_first_page(directory: Directory, scim: ScimClient):
    response = scim.get("/Users?filter=userName%20sw%20%22user%22&cursor&count=10")
    assert "nextCursor" in body(response)


@pytest.mark.parametrize("path", ["/Users/.search", "/Groups/.search", "/.search"])
def test_a_search_request_is_a_list_too(directory: Directory, scim: ScimClient, path: str):
    query = {"schemas": [SEARCH_REQUEST], "sortBy": "displayName", "count": "3", "startIndex": "2", "filter": "id pr"}
    by_index = body(scim.post(path, query))
    assert by_index["startIndex"] == 2
    first = body(scim.post(path, {"schemas": [SEARCH_REQUEST], "cursor": "", "count": 1, "sortBy": "displayName"}))
    second = body(scim.post(path, {"cursor": first["nextCursor"], "sortBy": "displayName"}))
    assert second["Resources"][0] == by_index["Resources"][0]


def test_the_root_lists_users_and_groups_with_what_was_asked_for(directory: Directory, scim: ScimClient):
    query = {"filter": 'displayName eq "STAFF" or userName eq "alice"', "attributes": ["displayName", "meta.location"]}
    listed = body(scim.post("/.search", query))
    assert listed["totalResults"] == 3
    alice, *groups = listed["Resources"]
    assert alice["displayName"] == "Größe"
    assert {group["displayName"] for group in groups} == {"Staff", "staff"}
    assert all(set(each) == {"id", "schemas", "displayName", "meta"} for each in listed["Resources"])


@pytest.mark.parametrize(
    ("query", "scim_type", "culprit"),
    [
        ({"filter": 'nope eq "x"'}, "invalidFilter", "nope"),
        ({"filter": 'userName eq "x" and password eq "y"'}, "invalidFilter", "password"),
        ({"filter": "userName eq 5"}, "invalidFilter", "5"),
        ({"sortBy": "nope"}, "invalidValue", "nope"),
        ({"count": "many"}, "invalidValue", "many"),
        ({"cursor": "nonsense"}, "invalidCursor", "cursor"),
        ({"cursor": "", "count": "0"}, "invalidCount", "count"),
    ],
)
def test_a_refusal_is_a_scim_error_with_its_type(scim: ScimClient, query, scim_type: str, culprit: str):
    for response in (scim.get("/Users", query), scim.post("/Users/.search", query), scim.post("/.search", query)):
        assert response.status_code == 400
        error = json.loads(response.content)
        assert (error["status"], error["scimType"]) == ("400", scim_type)
        assert culprit in error["detail"]


def test_what_is_written_is_found_at_once_and_in_any_letter_case(scim: ScimClient):
    user = scim.user("alice", title="plain", name={"familyName": "Smith"})
    for title in ("Größe", "GRÜN", "plain again"):
        scim.operations(f"/Users/{user['id']}", {"op": "replace", "path": "title", "value": title})
        for text in (f'title eq "{title.upper()}"', f'title sw "{title.lower()[:3]}"', 'name.familyName eq "SMITH"'):
            assert body(scim.get("/Users", {"filter": text}))["totalResults"] == 1
        assert body(scim.get("/Users", {"filter": 'title eq "plain"'}))["totalResults"] == 0


def test_neither_filters_nor_cursors_lead_to_another_integration(
    directory: Directory, scim: ScimClient, other_scim: ScimClient, other_integration: Integration
):
    own = {user.pk for user in directory.users}
    for text in ('userName eq "alice"', 'userName eq "alice" or id pr', "not (title pr)"):
        assert {each["id"] for each in body(scim.get("/Users", {"filter": text}))["Resources"]} <= own
    cursor = body(scim.get("/Users", {"cursor": "", "count": 2}))["nextCursor"]
    assert other_scim.get("/Users", {"cursor": cursor, "count": 2}).status_code == 400
