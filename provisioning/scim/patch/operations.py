"""The operations of a PATCH request, read leniently (RFC 7644 §3.5.2)."""

from typing import Any, NamedTuple

import orjson
from django_scim.constants import VALID_PATCH_OPS, SchemaURI

from provisioning.errors import Refused, shown


class Operation(NamedTuple):
    """One operation: ``op`` is ``add``, ``remove`` or ``replace``; ``value`` is None where there is none.

    Without a ``path`` the value is an object of paths and values.
    """

    op: str
    path: str | None
    value: Any


def parse_operations(body: Any) -> list[Operation]:
    """Return the operations of a PATCH body; an empty array is no change.

    Names and ``op`` count in any letter case, an array of one or JSON text stands for the object that a
    path-less operation needs. Raises ``Refused``: ``invalidSyntax`` for a body or operation of another shape,
    ``invalidValue`` for ``schemas`` without PatchOp or a missing value, ``noTarget`` for a remove without a
    path, ``invalidPath`` for a path that is no text.
    """
    if not isinstance(body, dict):
        raise Refused("invalidSyntax", f"The body is {shown(body)}: it must be a PatchOp as an object.")
    members = {name.lower(): value for name, value in body.items()}
    given = members.get("schemas")
    if given and SchemaURI.PATCH_OP.lower() not in _lower(given):
        raise Refused("invalidValue", f"schemas lacks {SchemaURI.PATCH_OP}.", field="schemas")
    operations = members.get("operations")
    if not isinstance(operations, list):
        raise Refused("invalidSyntax", "Operations is missing: it must be an array of operations.", field="Operations")
    return [_operation(each) for each in operations]


def _operation(given: Any) -> Operation:
    if not isinstance(given, dict):
        raise Refused("invalidSyntax", f"An operation is {shown(given)}: it must be an object.", field="Operations")
    members = {name.lower(): value for name, value in given.items()}
    op, path = members.get("op"), members.get("path")
    if not isinstance(op, str) or (op := op.lower()) not in VALID_PATCH_OPS:
        raise Refused(
            "invalidSyntax", f"op is {shown(members.get('op'))}: it must be add, replace or remove.", field="op"
        )
    if path is not None and not isinstance(path, str):
        raise Refused("invalidPath", f"path is {shown(path)}: it must be a string.", field="path")
    if op == "remove" and not path:
        raise Refused("noTarget", "A remove needs a path that says what to remove.", field="path")
    if op != "remove" and "value" not in members:
        raise Refused("invalidValue", f"A value is missing: {op} needs one.", field="value")
    value = members.get("value")
    return Operation(op, path, value) if path else Operation(op, None, _named_values(value))


def _named_values(value: Any) -> dict[str, Any]:
    """Return the value of a path-less operation: an object of attributes and values."""
    decoded = decoded_json(value)
    if isinstance(decoded, list) and len(decoded) == 1:
        decoded = decoded[0]
    if not isinstance(decoded, dict):
        raise Refused(
            "invalidValue",
            f"value is {shown(value)}: without a path it must be an object of attributes and values.",
            field="value",
        )
    return decoded


def decoded_json(value: Any) -> Any:
    """Return what JSON text stands for, also inside an array: a Keycloak plugin sends objects so."""
    if isinstance(value, list):
        return [decoded_json(each) if isinstance(each, str) else each for each in value]
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def _lower(schemas: Any) -> list[Any]:
    given = schemas if isinstance(schemas, list) else [schemas]
    return [urn.lower() if isinstance(urn, str) else urn for urn in given]
