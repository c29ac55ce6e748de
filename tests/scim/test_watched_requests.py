"""What a watched integration's requests leave behind, and that unwatched ones leave nothing."""

import json

import pytest

from kestra_iam.principals import operator
from provisioning.actions.integrations import disable_integration
from provisioning.actions.watching import end_watch, watch
from provisioning.models import Integration, WatchedRequest
from tests.clients import ScimClient


@pytest.fixture
def watched(integration: Integration) -> Integration:
    return watch(by=operator, integration=integration, purpose=Integration.Watch.FULL_SYNC, minutes=10)


def seen() -> list[tuple[str, str, str, int]]:
    return list(WatchedRequest.objects.values_list("method", "resource", "resource_id", "status"))


def test_each_request_leaves_method_path_id_and_status(watched: Integration, scim: ScimClient):
    anna = scim.user("anna")["id"]
    staff = scim.group("Staff", anna)["id"]
    scim.get("/Users", {"count": 1})
    scim.get(f"/Users/{anna}")
    scim.put(f"/Users/{anna}", {"userName": "anna"})
    scim.operations(f"/Groups/{staff}", {"op": "remove", "path": "members"})
    scim.delete(f"/Groups/{staff}")
    assert seen() == [
        ("POST", "/Users", anna, 201),
        ("POST", "/Groups", staff, 201),
        ("GET", "/Users", "", 200),
        ("GET", f"/Users/{anna}", anna, 200),
        ("PUT", f"/Users/{anna}", anna, 200),
        ("PATCH", f"/Groups/{staff}", staff, 200),
        ("DELETE", f"/Groups/{staff}", staff, 204),
    ]


def test_refused_requests_are_kept_too(watched: Integration, scim: ScimClient):
    anna = scim.user("anna")["id"]
    scim.user("ben")
    scim.put(f"/Users/{anna}", {"userName": "ben"})
    scim.get("/Nothing")
    scim.put("/Users", {})
    scim.post("/Users", b"{")
    assert seen()[2:] == [
        ("PUT", f"/Users/{anna}", anna, 409),
        ("GET", "/Nothing", "", 404),
        ("PUT", "/Users", "", 405),
        ("POST", "/Users", "", 400),
    ]


def test_requests_to_a_disabled_integration_are_kept(watched: Integration, scim: ScimClient):
    disable_integration(by=operator, integration=watched)
    scim.get("/Users")
    assert seen() == [("GET", "/Users", "", 403)]


def test_a_request_without_a_valid_token_leaves_nothing(watched: Integration, other_integration: Integration):
    assert ScimClient(watched, "").get("/Users").status_code == 401
    assert ScimClient(watched, other_integration.secret_token).get("/Users").status_code == 401
    assert seen() == []


def test_operations_of_a_bulk_are_kept_one_by_one(watched: Integration, scim: ScimClient):
    results = scim.bulk(
        {"method": "POST", "path": "/Users", "bulkId": "1", "data": {"userName": "anna"}},
        {"method": "POST", "path": "/Groups", "bulkId": "2", "data": {"displayName": "Staff"}},
        {"method": "POST", "path": "/Users", "bulkId": "3", "data": {"userName": "ANNA"}},
        {"method": "DELETE", "path": "/Groups/bulkId:2"},
    )
    anna, staff = results[0]["id"], results[1]["id"]
    assert seen() == [
        ("POST", f"/Bulk/Users/{anna}", anna, 201),
        ("POST", f"/Bulk/Groups/{staff}", staff, 201),
        ("POST", "/Bulk", "", 409),
        ("DELETE", f"/Bulk/Groups/{staff}", staff, 204),
        ("POST", "/Bulk", "", 200),
    ]


def test_an_integration_that_is_not_watched_leaves_nothing(
    integration: Integration, other_integration: Integration, scim: ScimClient, other_scim: ScimClient
):
    watch(by=operator, integration=other_integration, purpose=Integration.Watch.CONNECTION, minutes=10)
    scim.user("anna")
    assert seen() == []
    end_watch(by=operator, integration=other_integration)
    other_scim.user("anna")
    assert seen() == []


def test_watching_costs_nobody_else_a_statement(
    integration: Integration, other_integration: Integration, scim: ScimClient, django_assert_max_num_queries
):
    watch(by=operator, integration=other_integration, purpose=Integration.Watch.CONNECTION, minutes=10)
    anna = json.loads(scim.post("/Users", {"userName": "anna"}).content)["id"]
    # One that authenticates, one that reads.
    with django_assert_max_num_queries(2):
        assert scim.get(f"/Users/{anna}").status_code == 200
