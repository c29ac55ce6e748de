"""How named clients look for resources and read lists: a test for each quirk."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.clients import ScimClient
from tests.conversations import Peer
from tests.wire import check_essentials, first_id


def found(peer: Peer, query: str, kind: str = "Users") -> list[str]:
    answer = peer.send("GET", f"/{kind}?filter={query}")
    assert answer.status == 200, answer.text
    check_essentials(answer.body, peer.base)
    assert answer.body["totalResults"] == len(answer.body["Resources"])
    return [each["id"] for each in answer.body["Resources"]]


def test_okta_reads_complete_users_in_lists(scim: ScimClient, peer: Peer):
    names = {"givenName": "Alice", "familyName": "Doe"}
    made = scim.user("alice", name=names, emails=[{"value": "alice@example.org"}])
    listed = peer.send("GET", "/Users?startIndex=1&count=100").body["Resources"]
    assert listed == [made]
    assert listed[0]["name"] == names
    assert listed[0]["emails"][0]["value"] == "alice@example.org"
    assert listed[0]["active"] is True


@pytest.mark.parametrize("kind", ["Users", "Groups"])
def test_okta_entra_need_integer_counters_and_the_start_index_they_sent(peer: Peer, kind: str):
    answer = peer.send("GET", f"/{kind}?startIndex=3&count=100")
    assert answer.body["startIndex"] == 3
    for counter in ("totalResults", "startIndex", "itemsPerPage"):
        assert type(answer.body[counter]) is int


def test_termindiego25_finds_the_first_id_in_the_text_of_a_list(scim: ScimClient, peer: Peer):
    member = scim.user(
        "alice", name={"givenName": "Alice"}, emails=[{"value": "a@example.org"}], roles=[{"value": "r"}]
    )
    scim.group("staff", member["id"])
    answer = peer.send("GET", "/Users?filter=userName+eq+%22alice%22", headers={"Accept": "application/scim+json"})
    assert first_id(answer.text) == member["id"]


@pytest.mark.parametrize(
    "query",
    [
        "userName+eq+%22alice%22",
        "userName%20eq%20%22alice%22",
        "userName+eq+%22ALICE%22",
        "USERNAME+EQ+%22alice%22",
        "userName+eq+alice",
        "emails.value+EQ+%22alice@example.org%22+OR+emails.value+EQ+%22nobody@example.org%22",
        "userName+eq+%22x%22+or+userName+eq+%22y%22+or+userName+eq+%22alice%22",
        "userName+eq+%22alice%22+and+active+eq+true",
        "externalId+eq+%22Ext-1%22",
        "urn:ietf:params:scim:schemas:core:2.0:User:userName+eq+%22alice%22",
    ],
)
def test_all_clients_write_filters_their_own_way(scim: ScimClient, peer: Peer, query: str):
    alice = scim.user("alice", externalId="Ext-1", emails=[{"value": "alice@example.org"}])["id"]
    scim.user("bob", externalId="Ext-2", emails=[{"value": "bob@example.org"}])
    assert found(peer, query) == [alice]


@pytest.mark.parametrize(
    "query", ["externalId+eq+%22ext-1%22", "userName+eq+%22nobody%22", "id+eq+%22nobody%22", "userName+eq+%22%22"]
)
def test_all_clients_get_an_empty_list_where_nothing_matches(scim: ScimClient, peer: Peer, query: str):
    scim.user("alice", externalId="Ext-1")
    assert found(peer, query) == []


def test_entra_authentik_find_groups_in_any_case_of_their_name(scim: ScimClient, peer: Peer):
    staff = scim.group("Staff")["id"]
    assert found(peer, "displayName+eq+%22staff%22", "Groups") == [staff]
    assert found(peer, f"id+eq+%22{staff}%22", "Groups") == [staff]
    assert found(peer, f"id+eq+%22{staff.upper()}%22", "Groups") == []


def test_scim_for_keycloak_sends_numbers_as_text(scim: ScimClient):
    for name in ("alice", "bob", "carol"):
        scim.user(name)
    answer = scim.post("/Users/.search", {"startIndex": "2", "count": "1", "sortBy": "userName"}).json()
    assert [each["userName"] for each in answer["Resources"]] == ["bob"]
    assert (answer["startIndex"], answer["itemsPerPage"], answer["totalResults"]) == (2, 1, 3)
    assert type(answer["startIndex"]) is int


def test_pelotech_authentik_ask_without_parameters_and_page_on_until_they_have_all(scim: ScimClient, peer: Peer):
    wanted = {scim.user(f"person-{number}")["id"] for number in range(7)}
    whole = peer.send("GET", "/Users").body
    assert {each["id"] for each in whole["Resources"]} == wanted
    collected: list[str] = []
    while True:
        page = peer.send("GET", f"/Users?startIndex={len(collected) + 1}&count=3").body
        assert page["totalResults"] == 7
        collected += [each["id"] for each in page["Resources"]]
        if len(collected) >= page["totalResults"]:
            break
        assert page["Resources"], "An empty page with more to come makes authentik ask for ever."
    assert collected == [each["id"] for each in whole["Resources"]]


@pytest.mark.parametrize(
    ("parameters", "start", "names"),
    [
        ({"startIndex": 0}, 1, ["alice", "bob"]),
        ({"startIndex": -5}, 1, ["alice", "bob"]),
        ({"count": 0}, 1, []),
        ({"count": -1}, 1, []),
        ({"count": 10**9}, 1, ["alice", "bob"]),
        ({"startIndex": 10**9}, 10**9, []),
        ({"startIndex": 2**64}, 2**53 - 1, []),
        ({"startIndex": 2, "count": 10**18}, 2, ["bob"]),
    ],
)
def test_any_client_sends_indexes_out_of_range(scim: ScimClient, parameters: dict, start: int, names: list):
    for name in ("alice", "bob"):
        scim.user(name)
    for answer in (
        scim.get("/Users", {**parameters, "sortBy": "userName"}),
        scim.post("/Users/.search", {**parameters, "sortBy": "userName"}),
    ):
        assert answer.status_code == 200, answer.content
        page = answer.json()
        assert [each["userName"] for each in page["Resources"]] == names
        assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (2, start, len(names))


def test_entra_reads_groups_without_their_members(scim: ScimClient, peer: Peer):
    path = f"/Groups/{scim.group('staff', scim.user('alice')['id'])['id']}"
    for query in (f"{path}?excludedAttributes=members", "/Groups?excludedAttributes=members"):
        with CaptureQueriesContext(connection) as queries:
            answer = peer.send("GET", query)
        shown = answer.body if "id" in answer.body else answer.body["Resources"][0]
        assert "members" not in shown
        assert shown["displayName"] == "staff"
        assert not any("kestra_iam_membership" in each["sql"] for each in queries)
    filtered = peer.send("GET", "/Groups?excludedAttributes=members&filter=displayName+eq+%22staff%22")
    assert "members" not in filtered.body["Resources"][0]


def test_okta_lists_groups_at_a_number_of_queries_that_does_not_grow(scim: ScimClient, peer: Peer):
    def queries() -> int:
        with CaptureQueriesContext(connection) as counted:
            assert peer.send("GET", "/Groups").status == 200
        return len(counted)

    people = [scim.user(f"person-{number}")["id"] for number in range(3)]
    scim.group("group-0", *people)
    queries()
    few = queries()
    for number in range(1, 20):
        scim.group(f"group-{number}", *people)
    assert queries() == few
