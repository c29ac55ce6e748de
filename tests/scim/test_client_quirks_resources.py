"""What named clients put into resources they create and replace, and what they read back: a test for each quirk."""

import pytest

from provisioning.models import ProvisionedUser
from tests.clients import ScimClient
from tests.conversations import Peer

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def made(scim: ScimClient, kind: str, body: dict) -> dict:
    answer = scim.post(f"/{kind}", body)
    assert answer.status_code == 201, answer.content
    return answer.json()


def put(scim: ScimClient, path: str, body: dict) -> dict:
    answer = scim.put(path, body)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_mitodl_pelotech_keep_36_characters_of_id_and_need_user_name_display_name_and_active(scim: ScimClient):
    answer = made(scim, "Users", {"schemas": [USER], "userName": "alice", "displayName": "Alice Doe", "name": {}})
    assert len(answer["id"]) <= 36
    assert (answer["userName"], answer["displayName"], answer["active"]) == ("alice", "Alice Doe", True)
    group = made(scim, "Groups", {"displayName": "staff"})
    assert len(group["id"]) <= 36


def test_mitodl_pelotech_get_no_display_name_that_they_did_not_send(scim: ScimClient):
    answer = made(scim, "Users", {"userName": "alice", "name": {"givenName": "Alice"}})
    assert "displayName" not in answer


def test_okta_reads_what_it_created_at_once(scim: ScimClient):
    body = {"userName": "alice", "name": {"givenName": "Alice", "familyName": "Doe"}, "active": True}
    answer = made(scim, "Users", body)
    assert answer["name"] == body["name"]
    assert scim.get(f"/Users/{answer['id']}").json() == answer


@pytest.mark.parametrize("kind", ["Users", "Groups"])
def test_scim_for_keycloak_entra_suvera_okta_send_read_only_attributes(scim: ScimClient, kind: str):
    sent = {
        "schemas": [f"urn:ietf:params:scim:schemas:core:2.0:{kind[:-1]}"],
        "userName": "alice",
        "displayName": "Alice",
        "id": "2f9d8e41-7c6b-4a53-9e21-0d8c7b6a5f01",
        "meta": {"resourceType": "Group", "version": 'W/"99"', "location": "http://elsewhere.example/", "created": 1},
    }
    if kind == "Users":
        sent["groups"] = [{"value": "5e4d3c2b-1a09-4f8e-9d7c-6b5a4f3e2d01", "display": "Admin"}]
    first = made(scim, kind, sent)
    second = put(scim, f"/{kind}/{first['id']}", sent)
    patched = scim.operations(f"/{kind}/{first['id']}", {"op": "replace", "value": sent})
    assert patched.status_code == 200
    for answer in (first, second, patched.json()):
        assert answer["id"] == first["id"] != sent["id"]
        assert answer["meta"]["location"].endswith(f"/{kind}/{first['id']}")
        assert answer["meta"]["version"] == 'W/"1"'
        assert "groups" not in answer


def test_termindiego25_scim_for_keycloak_send_no_external_id(scim: ScimClient):
    for name in ("alice", "bob"):
        assert "externalId" not in made(scim, "Users", {"userName": name})
    assert scim.post("/Users", {"userName": "alice"}).status_code == 409


def test_entra_reads_booleans_as_booleans_wherever_they_are(scim: ScimClient):
    answer = made(
        scim,
        "Users",
        {
            "userName": "alice",
            "active": "True",
            "roles": [{"value": "dev", "primary": "True"}, {"value": "ops", "primary": "False"}],
            "emails": [{"value": "a@example.org", "primary": "true"}],
        },
    )
    assert answer["active"] is True
    assert [role["primary"] for role in answer["roles"]] == [True, False]
    assert answer["emails"][0]["primary"] is True


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ([{"value": "a@example.org"}], [{"value": "a@example.org"}]),
        ([{"value": "", "type": "work", "primary": True}], None),
        ([{"value": "a@example.org", "type": "other"}], [{"value": "a@example.org", "type": "other"}]),
        ([{"value": "", "type": "home"}, {"value": "b@example.org"}], [{"value": "b@example.org"}]),
    ],
    ids=["mitodl", "termindiego25", "authentik", "blank beside another"],
)
def test_mitodl_termindiego25_authentik_send_emails_without_type_blank_or_of_other_types(
    scim: ScimClient, sent: list, kept: list | None
):
    user = made(scim, "Users", {"userName": "alice", "emails": sent})
    assert user.get("emails") == kept
    account = ProvisionedUser.objects.get(pk=user["id"]).account
    assert account.email == (kept[0]["value"] if kept else "")


def test_mitodl_authentik_primary_or_else_first_email_becomes_the_account_s(scim: ScimClient):
    for name, emails, chosen in (
        ("alice", [{"value": "a@example.org"}, {"value": "b@example.org"}], "a@example.org"),
        ("bob", [{"value": "a@example.org"}, {"value": "b@example.org", "primary": True}], "b@example.org"),
    ):
        assert ProvisionedUser.objects.get(pk=scim.user(name, emails=emails)["id"]).account.email == chosen
    for filter, count in (('emails[type eq "work"]', 0), ('emails.value eq "A@example.org"', 2)):
        assert scim.get("/Users", {"filter": filter}).json()["totalResults"] == count


def test_entra_names_schemas_that_nobody_knows(scim: ScimClient):
    legacy = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
    group = made(
        scim, "Groups", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group", legacy], "displayName": "staff"}
    )
    assert group["schemas"] == ["urn:ietf:params:scim:schemas:core:2.0:Group"]
    user = made(scim, "Users", {"schemas": [USER, ENTERPRISE, "urn:x:y"], "userName": "alice"})
    assert user["schemas"] == [USER]


@pytest.mark.parametrize("client_sends", ["1mz050nq", "", None])
def test_okta_canaille_send_a_password_that_is_dropped_and_never_returned(scim: ScimClient, client_sends: str | None):
    user = made(scim, "Users", {"userName": "alice", "password": client_sends})
    assert "password" not in user
    path = f"/Users/{user['id']}"
    assert put(scim, path, {"userName": "alice", "password": "another"})["meta"]["version"] == 'W/"1"'
    known = ProvisionedUser.objects.get(pk=user["id"])
    assert "password" not in known.document
    assert not known.account.has_usable_password()


def test_entra_maps_password_and_its_comparison_never_sees_it(scim: ScimClient):
    path = f"/Users/{scim.user('alice')['id']}"
    answer = scim.operations(path, {"op": "Replace", "path": "password", "value": "secret"})
    assert answer.status_code == 200
    assert answer.json()["meta"]["version"] == 'W/"1"'
    assert b"secret" not in scim.get(f"{path}?attributes=password").content


@pytest.mark.parametrize("name", ["alice", "ALICE", "Alice"])
def test_all_clients_get_409_for_a_user_name_that_is_taken(peer: Peer, scim: ScimClient, name: str):
    scim.user("alice")
    answer = peer.send("POST", "/Users", body={"userName": name})
    assert answer.status == 409
    assert answer.body["scimType"] == "uniqueness"


def test_okta_entra_termindiego25_read_find_and_reactivate_a_deactivated_user(scim: ScimClient):
    path = f"/Users/{scim.user('alice', active=False)['id']}"
    assert scim.get(path).json()["active"] is False
    found = scim.get("/Users", {"filter": 'userName eq "alice"'}).json()
    assert [each["active"] for each in found["Resources"]] == [False]
    answer = scim.operations(path, {"op": "replace", "path": "active", "value": True})
    assert answer.json()["active"] is True
