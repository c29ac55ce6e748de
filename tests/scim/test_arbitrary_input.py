"""Whatever JSON a client sends, the answer is SCIM and never a failure of the server (property tests)."""

import json
from typing import Any

from django.http import HttpResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.attributes import RESOURCE_TYPES
from tests.clients import ScimClient

EXAMPLES = 30
PARAMETERS = ["filter", "sortBy", "sortOrder", "startIndex", "count", "attributes", "excludedAttributes", "cursor"]
ATTRIBUTES = [
    attribute
    for kind in RESOURCE_TYPES.values()
    for schema in kind.attributes.values()
    for attribute in schema.values()
]
NAMES = sorted(
    {attribute.name for attribute in ATTRIBUTES}
    | {below for attribute in ATTRIBUTES for below in attribute.sub_attributes}
    | {urn for kind in RESOURCE_TYPES.values() for urn in kind.attributes}
    | {"Operations", "op", "path", "value", "method", "bulkId", "data", "version", "failOnErrors"}
    | set(PARAMETERS)
)
PATHS = [
    "userName",
    "name.familyName",
    "emails",
    'emails[type eq "work"].value',
    "emails[primary eq true]",
    "members",
    'members[value eq "x"]',
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
    "displayName",
    "active",
    "meta.version",
    "id",
]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from([*PATHS, "add", "remove", "replace", "true", "bulkId:1", "/Users", "POST", "PATCH", '{"a": 1}'])
)
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), inner, max_size=6)
    ),
    max_leaves=12,
)
bodies = st.dictionaries(st.sampled_from(NAMES), documents, max_size=8)
operations = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "Replace", "remove"])},
    optional={"path": st.sampled_from(PATHS) | st.text(max_size=12), "value": documents},
)
bulk_operations = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["POST", "PUT", "PATCH", "DELETE"]),
        "path": st.sampled_from(["/Users", "/Groups/x"]) | st.text(max_size=12),
    },
    optional={"bulkId": scalars, "data": bodies, "version": scalars},
)
many = settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check(answer: HttpResponse, what: Any) -> None:
    assert answer.status_code < 500, (what, answer.content)
    if answer.status_code >= 400:
        body = answer.json()
        assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        assert body["status"] == str(answer.status_code)
        assert body["detail"]
        json.dumps(body).encode()


@many
@given(body=documents)
def test_any_json_as_any_body(scim: ScimClient, body: Any):
    for path in ("/Users", "/Groups", "/Users/.search", "/Groups/.search", "/.search", "/Bulk"):
        check(scim.post(path, body), (path, body))


@many
@given(body=bodies)
def test_known_names_with_any_values_to_create_and_replace(scim: ScimClient, body: dict):
    for kind in ("Users", "Groups"):
        made = scim.post(f"/{kind}", {**body, "schemas": None})
        check(made, body)
        if made.status_code == 201:
            path = f"/{kind}/{made.json()['id']}"
            read = scim.get(path)
            assert read.json() == made.json()
            check(scim.put(path, body), body)
            assert scim.delete(path).status_code == 204


@many
@given(ops=st.lists(operations, max_size=4))
def test_any_operations_to_patch(scim: ScimClient, ops: list):
    user = scim.user("alice", emails=[{"type": "work", "value": "a@example.org"}])
    group = scim.group("staff", user["id"])
    for path in (f"/Users/{user['id']}", f"/Groups/{group['id']}"):
        before = scim.get(path).json()
        answer = scim.operations(path, *ops)
        check(answer, ops)
        after = scim.get(path).json()
        if answer.status_code >= 400:
            assert after == before
        else:
            assert answer.json() == after
        assert scim.delete(path).status_code == 204


@many
@given(ops=st.lists(bulk_operations, max_size=5), stop=scalars)
def test_any_operations_in_bulk(scim: ScimClient, ops: list, stop: Any):
    schema = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
    answer = scim.post("/Bulk", {"schemas": [schema], "failOnErrors": stop, "Operations": ops})
    check(answer, ops)
    if answer.status_code == 200:
        assert all(int(each["status"]) < 500 for each in answer.json()["Operations"])


@many
@given(body=st.binary(max_size=40))
def test_any_bytes_as_a_body(scim: ScimClient, body: bytes):
    for path in ("/Users", "/Bulk", "/.search"):
        assert scim.post(path, body).status_code == 400


@many
@given(
    parameters=st.dictionaries(
        st.sampled_from(PARAMETERS),
        st.text(max_size=20) | st.sampled_from([*PATHS, 'userName eq "a"', "emails pr", "descending", "1", "-1"]),
        max_size=5,
    )
)
def test_any_query_parameters(scim: ScimClient, parameters: dict):
    for kind in ("Users", "Groups"):
        check(scim.get(f"/{kind}", parameters), parameters)


@many
@given(condition=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20))
def test_any_precondition(scim: ScimClient, condition: str):
    path = f"/Users/{scim.user('alice')['id']}"
    check(scim.get(path, if_none_match=condition), condition)
    check(scim.put(path, {"userName": "alice"}, if_match=condition), condition)
    scim.delete(path)
