"""How the body of a PATCH is read (RFC 7644 §3.5.2)."""

from typing import Any

import pytest

from provisioning.definitions import USER_SCHEMA
from provisioning.errors import Refused
from provisioning.scim.patch import Operation, parse_operations
from tests.scim.vocabulary import PATCH_OP


@pytest.mark.parametrize(
    ("body", "operation"),
    [
        ({"op": "Replace", "path": "active", "value": "False"}, Operation("replace", "active", "False")),
        ({"OP": "ADD", "Path": "active", "VALUE": False}, Operation("add", "active", False)),
        ({"op": "remove", "path": "title"}, Operation("remove", "title", None)),
        ({"op": "replace", "value": {"active": False}}, Operation("replace", None, {"active": False})),
        ({"op": "replace", "path": "", "value": {"active": False}}, Operation("replace", None, {"active": False})),
        ({"op": "replace", "path": None, "value": {"a": 1}}, Operation("replace", None, {"a": 1})),
        ({"op": "replace", "value": '{"active": false}'}, Operation("replace", None, {"active": False})),
        ({"op": "replace", "value": ['{"active": false}']}, Operation("replace", None, {"active": False})),
        ({"op": "replace", "value": [{"active": False}]}, Operation("replace", None, {"active": False})),
    ],
    ids=["Entra ID", "any letters", "remove", "Okta", "empty path", "null path", "scim-for-keycloak", "SDK", "array"],
)
def test_every_form_of_an_operation_is_read(body: dict[str, Any], operation: Operation):
    assert parse_operations({"schemas": [PATCH_OP], "Operations": [body]}) == [operation]


@pytest.mark.parametrize("name", ["Operations", "operations", "OPERATIONS"])
@pytest.mark.parametrize(
    "schemas", [{}, {"schemas": []}, {"schemas": [PATCH_OP.lower(), "urn:x"]}, {"Schemas": PATCH_OP}]
)
def test_no_operations_are_no_change(name: str, schemas: dict[str, Any]):
    assert parse_operations({name: []} | schemas) == []


@pytest.mark.parametrize(
    ("body", "scim_type", "field"),
    [
        (None, "invalidSyntax", ""),
        ([], "invalidSyntax", ""),
        ({}, "invalidSyntax", "Operations"),
        ({"Operations": None}, "invalidSyntax", "Operations"),
        ({"Operations": {"op": "add"}}, "invalidSyntax", "Operations"),
        ({"Operations": ["add"]}, "invalidSyntax", "Operations"),
        ({"Operations": [{"path": "title", "value": "x"}]}, "invalidSyntax", "op"),
        ({"Operations": [{"op": "move", "path": "title", "value": "x"}]}, "invalidSyntax", "op"),
        ({"Operations": [{"op": 7, "path": "title", "value": "x"}]}, "invalidSyntax", "op"),
        ({"Operations": [{"op": "add", "path": 7, "value": "x"}]}, "invalidPath", "path"),
        ({"Operations": [{"op": "add", "path": "title"}]}, "invalidValue", "value"),
        ({"Operations": [{"op": "replace"}]}, "invalidValue", "value"),
        ({"Operations": [{"op": "replace", "value": "x"}]}, "invalidValue", "value"),
        ({"Operations": [{"op": "replace", "value": "{not json"}]}, "invalidValue", "value"),
        ({"Operations": [{"op": "replace", "value": None}]}, "invalidValue", "value"),
        ({"Operations": [{"op": "replace", "value": [{}, {}]}]}, "invalidValue", "value"),
        ({"Operations": [{"op": "remove"}]}, "noTarget", "path"),
        ({"Operations": [{"op": "remove", "value": {"title": "x"}}]}, "noTarget", "path"),
        ({"schemas": [USER_SCHEMA], "Operations": []}, "invalidValue", "schemas"),
        ({"schemas": [7], "Operations": []}, "invalidValue", "schemas"),
    ],
)
def test_what_is_no_patch_is_refused_by_name(body: Any, scim_type: str, field: str):
    with pytest.raises(Refused) as refusal:
        parse_operations(body)
    assert (refusal.value.scim_type, refusal.value.field) == (scim_type, field)
    assert refusal.value.detail
