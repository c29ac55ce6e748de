"""What a Bulk request is answered with, and what it may not ask for (RFC 7644 §3.7.3, §3.7.4)."""

import json
from typing import Any

import pytest

from kestra_iam.models import Group, Role
from kestra_iam.permissions import SCIM_PROVISIONER, stored
from provisioning.endpoints import scim_endpoint
from provisioning.models import Integration, ProvisionedUser
from tests.clients import ScimClient
from tests.scim.refusals import rows

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
MEBIBYTE = 1024 * 1024
NOBODY = "7e9b6c1a-1111-4a3b-9c6d-2f5e8a7b9c01"
PATCH = {"Operations": [{"op": "replace", "path": "title", "value": "Engineer"}]}


def create(name: str, **attributes: Any) -> dict[str, Any]:
    return {"method": "POST", "path": "/Users", "bulkId": name, "data": {"userName": name, **attributes}}


def statuses(results: list[dict[str, Any]]) -> list[str]:
    return [result["status"] for result in results]


def test_every_result_says_what_became_of_its_operation(scim: ScimClient, integration: Integration):
    base = scim_endpoint(integration)
    alice, bob = (scim.user(name)["id"] for name in ("alice", "bob"))
    response = scim.post(
        "/Bulk",
        {
            "schemas": [REQUEST],
            "Operations": [
                create("carol"),
                {"method": "PUT", "path": f"/Users/{alice}", "bulkId": "put", "data": {"userName": "alice2"}},
                {"method": "PATCH", "path": f"/Users/{alice}", "data": PATCH},
                {"method": "DELETE", "path": f"/Users/{bob}"},
                {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"displayName": "Staff"}},
            ],
        },
    )
    body = response.json()
    assert (response.status_code, body["schemas"]) == (200, [RESPONSE])
    carol, group = ProvisionedUser.objects.get(user_name="carol").pk, Group.objects.get().pk

    def of(path: str, id: str, version: int) -> dict[str, str]:
        return {"location": f"{base}/{path}/{id}", "id": id, "version": f'W/"{version}"'}

    assert body["Operations"] == [
        {"method": "POST", "bulkId": "carol", "status": "201", **of("Users", carol, 1)},
        {"method": "PUT", "bulkId": "put", "status": "200", **of("Users", alice, 2)},
        {"method": "PATCH", "status": "200", **of("Users", alice, 3)},
        {"method": "DELETE", "status": "204", "location": f"{base}/Users/{bob}", "id": bob},
        {"method": "POST", "bulkId": "g", "status": "201", **of("Groups", group, 1)},
    ]


def test_the_result_of_a_removed_group_still_says_which_it_was(scim: ScimClient):
    staff = scim.group("Staff")["id"]
    (result,) = scim.bulk({"method": "DELETE", "path": f"/Groups/{staff}"})
    assert (result["id"], result["location"].rpartition("/scim/v2")[2]) == (staff, f"/Groups/{staff}")


FAILING = [
    ("POST", "/Users", {"userName": "ALICE"}, "409", "uniqueness"),
    ("POST", "/Users", {}, "400", "invalidValue"),
    ("PUT", "/Users/ALICE", {"title": "x"}, "400", "invalidValue"),
    ("PUT", f"/Users/{NOBODY}", {"userName": "x"}, "404", None),
    ("PATCH", "/Users/ALICE", {"Operations": [{"op": "remove", "path": "userName"}]}, "400", "mutability"),
    ("PATCH", f"/Groups/{NOBODY}", PATCH, "404", None),
    ("DELETE", f"/Users/{NOBODY}", None, "404", None),
    ("DELETE", "/Groups/no%20id ü", None, "404", None),
    ("DELETE", "/Users", None, "400", "invalidPath"),
    ("PUT", "/Nothing/1", {}, "400", "invalidPath"),
    ("POST", "/Users/.search", {}, "400", "invalidPath"),
    ("POST", "/Bulk", {"schemas": [REQUEST], "Operations": []}, "400", "invalidPath"),
    ("POST", "/Users", None, "400", "invalidSyntax"),
    ("PATCH", "/Users/ALICE", [], "400", "invalidSyntax"),
]


@pytest.mark.parametrize(("method", "path", "data", "status", "scim_type"), FAILING, ids=str)
def test_a_failed_operation_has_its_error_and_all_but_a_post_their_location(
    scim: ScimClient, integration: Integration, method: str, path: str, data: Any, status: str, scim_type: str | None
):
    alice = scim.user("alice")["id"]
    path = path.replace("ALICE", alice)
    operation = {"method": method, "path": path, "bulkId": "b", **({} if data is None else {"data": data})}
    before = rows()
    (result,) = scim.bulk(operation)
    assert rows() == before
    error = result.pop("response")
    assert (error["schemas"], error["status"], error.get("scimType")) == ([ERROR], status, scim_type)
    assert error["detail"]
    assert (result.pop("method"), result.pop("bulkId"), result.pop("status")) == (method, "b", status)
    if method == "POST":
        assert result == {}
    else:
        place = path.replace("%", "%25").replace(" ", "%20").replace("ü", "%C3%BC")
        assert result.pop("location") == f"{scim_endpoint(integration)}{place}"
        named = path.rpartition("/")[2]
        assert result == ({"id": named} if named in (alice, NOBODY) else {})


def test_one_bad_operation_undoes_no_good_one(scim: ScimClient):
    alice = scim.user("alice")["id"]
    two_steps = {"Operations": [*PATCH["Operations"], {"op": "remove", "path": "userName"}]}
    results = scim.bulk(
        create("bob"),
        create("ALICE"),
        {"method": "PATCH", "path": f"/Users/{alice}", "data": two_steps},
        {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"displayName": "G", "members": [{"value": "x"}]}},
        create("carol"),
    )
    assert statuses(results) == ["201", "409", "400", "400", "201"]
    assert set(ProvisionedUser.objects.values_list("user_name", flat=True)) == {"alice", "bob", "carol"}
    assert "title" not in scim.get(f"/Users/{alice}").json()
    assert not Group.objects.exists()


@pytest.mark.parametrize(
    ("most", "carried_out"), [(1, 2), (2, 4), (3, 5), (0, 5), (None, 5)], ids=lambda value: str(value)
)
def test_fail_on_errors_ends_the_request_and_keeps_what_was_done(scim: ScimClient, most: int | None, carried_out: int):
    scim.user("taken")
    operations = [create("a"), create("TAKEN"), create("b"), create("taken"), create("c")]
    results = scim.bulk(*operations, failOnErrors=most)
    assert statuses(results) == ["201", "409", "201", "409", "201"][:carried_out]
    made = {result["bulkId"] for result in results if result["status"] == "201"}
    assert set(ProvisionedUser.objects.values_list("user_name", flat=True)) == {"taken", *made}


def test_the_version_of_an_operation_is_a_condition(scim: ScimClient):
    alice, bob = scim.user("alice"), scim.user("bob")
    old, path = alice["meta"]["version"], f"/Users/{alice['id']}"
    results = scim.bulk(
        {"method": "PATCH", "path": path, "version": old, "data": PATCH},
        {"method": "PATCH", "path": path, "version": old, "data": PATCH},
        {"method": "PUT", "path": path, "version": old, "data": {"userName": "x"}},
        {"method": "DELETE", "path": path, "version": old},
        {"method": "PUT", "path": path, "version": 'W/"2"', "data": {"userName": "alice2"}},
        {"method": "DELETE", "path": f"/Users/{bob['id']}", "version": bob["meta"]["version"]},
    )
    assert statuses(results) == ["200", "412", "412", "412", "200", "204"]
    assert [result["version"] for result in results if result["status"] == "200"] == ['W/"2"', 'W/"3"']
    assert all('W/"2"' in result["response"]["detail"] for result in results[1:4])
    assert ProvisionedUser.objects.get().user_name == "alice2"


def test_what_changes_nothing_changes_no_version(scim: ScimClient):
    alice = scim.user("alice", title="Engineer")
    (result,) = scim.bulk({"method": "PATCH", "path": f"/Users/{alice['id']}", "data": PATCH})
    assert (result["status"], result["version"]) == ("200", alice["meta"]["version"])
    assert scim.get(f"/Users/{alice['id']}").json() == alice


def test_a_thousand_operations_are_taken_and_one_more_is_not(scim: ScimClient):
    missing = {"method": "DELETE", "path": f"/Users/{NOBODY}"}
    assert len(scim.bulk(*[missing] * 1000)) == 1000
    answer = scim.post("/Bulk", {"schemas": [REQUEST], "Operations": [create("alice"), *[missing] * 1000]})
    assert (answer.status_code, answer.json()["scimType"]) == (413, "tooMany")
    assert "1000" in answer.json()["detail"]
    assert not ProvisionedUser.objects.exists()


def test_ten_mebibytes_are_taken_and_one_byte_more_is_not(scim: ScimClient):
    text = json.dumps({"schemas": [REQUEST], "Operations": [create("alice")]}).encode()
    largest = text[:-1] + b" " * (10 * MEBIBYTE - len(text)) + b"}"
    assert len(largest) == 10 * MEBIBYTE
    answer = scim.post("/Bulk", largest + b" ")
    assert (answer.status_code, answer.json()["status"]) == (413, "413")
    assert str(10 * MEBIBYTE) in answer.json()["detail"]
    assert not ProvisionedUser.objects.exists()
    assert scim.post("/Bulk", largest).status_code == 200
    assert ProvisionedUser.objects.count() == 1


@pytest.mark.parametrize(
    ("request_", "scim_type"),
    [
        ({"Operations": []}, "invalidValue"),
        ({"schemas": [], "Operations": []}, "invalidValue"),
        ({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": []}, "invalidValue"),
        ({"schemas": [REQUEST]}, "invalidSyntax"),
        ({"schemas": [REQUEST], "Operations": {}}, "invalidSyntax"),
        ({"schemas": [REQUEST], "Operations": ["POST"]}, "invalidSyntax"),
        ({"schemas": [REQUEST], "Operations": [create("alice"), {}]}, "invalidSyntax"),
        ({"schemas": [REQUEST], "Operations": [create("alice"), create("x") | {"method": "GET"}]}, "invalidSyntax"),
        ({"schemas": [REQUEST], "Operations": [create("alice"), create("x") | {"bulkId": None}]}, "invalidSyntax"),
        ({"schemas": [REQUEST], "Operations": [create("alice"), create("x") | {"path": 1}]}, "invalidPath"),
        ({"schemas": [REQUEST], "Operations": [create("alice")], "failOnErrors": -1}, "invalidValue"),
        ({"schemas": [REQUEST], "Operations": [create("alice")], "failOnErrors": True}, "invalidValue"),
        ({"schemas": [REQUEST], "Operations": [create("alice")], "failOnErrors": "one"}, "invalidValue"),
    ],
    ids=lambda value: json.dumps(value)[-60:],
)
def test_what_is_no_bulk_request_is_refused_as_a_whole(scim: ScimClient, request_: dict[str, Any], scim_type: str):
    answer = scim.post("/Bulk", request_)
    assert (answer.status_code, answer.json()["scimType"]) == (400, scim_type)
    assert not ProvisionedUser.objects.exists()


def test_names_count_in_any_letter_case_and_no_operations_are_an_empty_answer(scim: ScimClient):
    assert scim.bulk() == []
    operation = {"METHOD": "post", "Path": "users/", "BULKID": "b", "Data": {"userName": "alice"}}
    answer = scim.post("/Bulk", {"SCHEMAS": [REQUEST], "operations": [operation], "failonerrors": None})
    assert statuses(answer.json()["Operations"]) == ["201"]


def test_each_operation_needs_its_own_permission(scim: ScimClient):
    """Users may be created, nothing else may be done."""
    group = scim.group("Staff")["id"]
    Role.objects.filter(name=SCIM_PROVISIONER).update(permissions=stored(frozenset({("USERS", "CREATE")})))
    results = scim.bulk(
        create("alice"),
        {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"displayName": "Crew"}},
        {"method": "DELETE", "path": "/Users/bulkId:alice"},
        {"method": "PATCH", "path": f"/Groups/{group}", "data": {"Operations": []}},
    )
    assert statuses(results) == ["201", "403", "403", "403"]
    assert ["GROUPS CREATE" in each["response"]["detail"] for each in results[1:2]] == [True]
    assert Group.objects.count() == 1
