"""What named clients write into PATCH: a test for each quirk."""

import json

import pytest

from tests.clients import ScimClient

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def patched(scim: ScimClient, path: str, *operations: dict) -> dict:
    answer = scim.operations(path, *operations)
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.fixture
def alice(scim: ScimClient) -> str:
    """The path of a user with names and a work e-mail."""
    name = {"givenName": "Alice", "familyName": "Doe"}
    emails = [{"type": "work", "value": "alice@example.org", "primary": True}]
    return f"/Users/{scim.user('alice', name=name, emails=emails, displayName='Alice Doe')['id']}"


@pytest.mark.parametrize("op", ["Replace", "REPLACE", "Add", "replace"])
def test_entra_writes_ops_in_any_case(scim: ScimClient, alice: str, op: str):
    assert patched(scim, alice, {"op": op, "path": "title", "value": "Engineer"})["title"] == "Engineer"
    assert "title" not in patched(scim, alice, {"op": "Remove", "path": "title"})


def test_entra_sends_no_operations_and_nothing_changes(scim: ScimClient, alice: str):
    assert patched(scim, alice)["meta"]["version"] == 'W/"1"'


def test_entra_okta_mitodl_send_several_operations_applied_in_order_the_last_one_wins(scim: ScimClient, alice: str):
    answer = patched(
        scim,
        alice,
        {"op": "replace", "path": "active", "value": "true"},
        {"op": "replace", "path": "displayName", "value": "First"},
        {"op": "replace", "path": "displayName", "value": "Last"},
        {"op": "replace", "path": "active", "value": "false"},
    )
    assert (answer["displayName"], answer["active"]) == ("Last", False)
    assert answer["meta"]["version"] == 'W/"2"'


def test_entra_okta_mitodl_get_all_of_a_request_or_nothing(scim: ScimClient, alice: str):
    answer = scim.operations(
        alice,
        {"op": "replace", "path": "displayName", "value": "Half"},
        {"op": "replace", "path": "userName", "value": ""},
    )
    assert answer.status_code == 400
    read = scim.get(alice).json()
    assert (read["displayName"], read["meta"]["version"]) == ("Alice Doe", 'W/"1"')


@pytest.mark.parametrize("operation", [{"path": "userName", "value": "bob"}, {"value": {"userName": "bob"}}])
def test_entra_renames_with_and_without_a_path(scim: ScimClient, alice: str, operation: dict):
    assert patched(scim, alice, {"op": "Replace", **operation})["userName"] == "bob"
    carol = f"/Users/{scim.user('carol')['id']}"
    taken = scim.operations(carol, {"op": "Replace", **operation})
    assert taken.status_code == 409
    assert taken.json()["scimType"] == "uniqueness"
    assert scim.get(carol).json()["userName"] == "carol"


@pytest.mark.parametrize(("text", "value"), [("False", False), ("false", False), ("True", True), ("true", True)])
def test_entra_mitodl_send_booleans_as_text(scim: ScimClient, alice: str, text: str, value: bool):
    patched(scim, alice, {"op": "replace", "path": "active", "value": not value})
    assert patched(scim, alice, {"op": "Replace", "path": "active", "value": text})["active"] is value
    primary = patched(scim, alice, {"op": "Replace", "path": 'emails[type eq "work"].primary', "value": text})
    assert primary["emails"][0]["primary"] is value


def test_scim_for_keycloak_sends_json_text_as_the_value(scim: ScimClient, alice: str):
    text = json.dumps({"active": False, "name": {"givenName": "Alicia"}, "emails": [{"value": "b@example.org"}]})
    answer = patched(scim, alice, {"op": "replace", "value": text})
    assert answer["active"] is False
    assert answer["name"] == {"givenName": "Alicia", "familyName": "Doe"}
    assert answer["emails"] == [{"value": "b@example.org"}]
    nested = patched(scim, alice, {"op": "replace", "path": "name", "value": '{"familyName": "Smith"}'})
    assert nested["name"]["familyName"] == "Smith"


@pytest.mark.parametrize(
    ("path", "value"), [("active", False), ("displayName", "Al"), ("name.familyName", "Smith"), ("userName", "al")]
)
def test_scim_sdk_wraps_single_values_into_lists(scim: ScimClient, alice: str, path: str, value: object):
    answer = patched(scim, alice, {"op": "replace", "path": path, "value": [value]})
    for key in path.split("."):
        answer = answer[key]
    assert answer == value


@pytest.mark.parametrize("op", ["replace", "add", "Add"])
def test_okta_entra_authentik_send_no_path_and_keys_with_dots_and_urns(scim: ScimClient, alice: str, op: str):
    answer = patched(
        scim,
        alice,
        {
            "op": op,
            "value": {
                "displayName": "Alice A. Doe",
                "name.givenName": "Alicia",
                f"{ENTERPRISE}:employeeNumber": "4711",
                f"{ENTERPRISE}:manager": "26118915-6090-4610-87e4-49d8ca9f808d",
                ENTERPRISE: {"department": "Engineering"},
            },
        },
    )
    assert answer["displayName"] == "Alice A. Doe"
    assert answer["name"] == {"givenName": "Alicia", "familyName": "Doe"}
    assert answer[ENTERPRISE] == {
        "employeeNumber": "4711",
        "department": "Engineering",
        "manager": {"value": "26118915-6090-4610-87e4-49d8ca9f808d"},
    }


@pytest.mark.parametrize("op", ["Replace", "Add"])
def test_entra_sets_an_email_of_a_type_that_is_not_there(scim: ScimClient, op: str):
    path = f"/Users/{scim.user('alice')['id']}"
    answer = patched(scim, path, {"op": op, "path": 'emails[type eq "work"].value', "value": "a@example.org"})
    assert answer["emails"] == [{"type": "work", "value": "a@example.org"}]


def test_termindiego25_sets_the_primary_email_whether_there_is_one_or_not(scim: ScimClient, alice: str):
    operation = {"op": "replace", "path": "emails[primary eq true].value", "value": "b@example.org"}
    assert patched(scim, alice, operation)["emails"] == [{"type": "work", "value": "b@example.org", "primary": True}]
    bob = f"/Users/{scim.user('bob')['id']}"
    assert patched(scim, bob, operation)["emails"] == [{"value": "b@example.org", "primary": True}]


def test_entra_adds_where_there_is_a_value_and_means_replace(scim: ScimClient, alice: str):
    patched(scim, alice, {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "Engineering"})
    answer = patched(
        scim,
        alice,
        {"op": "Add", "path": "displayName", "value": "Al"},
        {"op": "Add", "path": "name.familyName", "value": "Smith"},
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "b@example.org"},
        {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "Sales"},
    )
    assert answer["displayName"] == "Al"
    assert answer["name"] == {"givenName": "Alice", "familyName": "Smith"}
    assert answer["emails"] == [{"type": "work", "value": "b@example.org", "primary": True}]
    assert answer[ENTERPRISE] == {"department": "Sales"}


@pytest.mark.parametrize("nothing", [None, "", []])
def test_entra_clears_by_null_and_empty_text_also_one_after_the_other(scim: ScimClient, alice: str, nothing: object):
    for path, name in (("displayName", "displayName"), ("emails", "emails"), ("name", "name")):
        answer = patched(scim, alice, {"op": "Replace", "path": path, "value": nothing})
        assert name not in answer
    sub_attribute = patched(
        scim,
        alice,
        {"op": "Add", "path": "name.givenName", "value": "Alice"},
        {"op": "Replace", "path": "name.givenName", "value": None},
        {"op": "Replace", "path": "name.givenName", "value": ""},
        {"op": "Replace", "path": "title", "value": ""},
    )
    assert "name" not in sub_attribute
    assert "title" not in sub_attribute


@pytest.mark.parametrize("manager", ["1", {"value": "1"}, [{"value": "1"}], {"$ref": "../Users/1", "value": "1"}])
def test_entra_adds_replaces_and_removes_a_manager_in_every_form(scim: ScimClient, alice: str, manager: object):
    path = f"{ENTERPRISE}:manager"
    assert patched(scim, alice, {"op": "Add", "path": path, "value": manager})[ENTERPRISE]["manager"]["value"] == "1"
    replaced = patched(scim, alice, {"op": "Replace", "path": path, "value": "2"})
    assert replaced[ENTERPRISE]["manager"]["value"] == "2"
    assert ENTERPRISE not in patched(scim, alice, {"op": "Remove", "path": path})
    patched(scim, alice, {"op": "Add", "path": path, "value": manager})
    assert ENTERPRISE not in patched(scim, alice, {"op": "Replace", "path": path, "value": ""})
