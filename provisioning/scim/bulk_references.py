"""The operations of a Bulk request and how they refer to each other (RFC 7644 §3.7.2).

``bulkId:NAME`` stands for the id that the operation of that name will give: in any order, in values, in
paths and inside value filters.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

from provisioning.scim.errors import ScimError

METHODS = ("POST", "PUT", "PATCH", "DELETE")
_REFERENCE = re.compile(r"bulkId:([^\"'\]\s/]+)")


@dataclass(frozen=True, slots=True)
class BulkOperation:
    """One operation; ``id`` is None for a create, ``version`` an If-Match condition or ``''``."""

    position: int
    method: str
    path: str
    endpoint: str
    id: str | None
    bulk_id: str
    version: str
    data: dict[str, Any]

    def result(self, status: int, **more: Any) -> dict[str, Any]:
        """Return this operation's entry of the answer; some clients need the id that the RFC leaves out."""
        named = {"bulkId": self.bulk_id} if self.bulk_id else {}
        return {"method": self.method, **named, "status": str(status), **more}

    def __hash__(self) -> int:
        return self.position


def parse(body: dict[str, Any], *, most: int, schema: str) -> tuple[list[BulkOperation], int]:
    """Return the operations of a Bulk request and after how many errors to stop (0: never).

    Raises ``ScimError`` 400 for a request that is none, 413 ``tooMany`` for more than ``most`` operations.
    """
    named = {key.lower(): value for key, value in body.items()}
    schemas = named.get("schemas")
    if not isinstance(schemas, list) or schema not in schemas:
        raise ScimError(400, f'A Bulk request names its schema: "schemas": ["{schema}"].', "invalidValue")
    listed = named.get("operations")
    if not isinstance(listed, list):
        raise ScimError(400, "'Operations' must be a list.", "invalidSyntax")
    if len(listed) > most:
        raise ScimError(413, f"{len(listed)} operations are more than {most}.", "tooMany")
    stop = named.get("failonerrors", 0)
    if isinstance(stop, bool) or not isinstance(stop, int) or stop < 0:
        raise ScimError(400, "'failOnErrors' must be a number of errors.", "invalidValue")
    operations = [_operation(position, each) for position, each in enumerate(listed)]
    names = [operation.bulk_id for operation in operations if operation.bulk_id]
    for name in names:
        if names.count(name) > 1:
            raise ScimError(400, f"The bulkId '{name[:64]}' stands twice in this request.", "invalidValue")
    return operations, stop


def in_order(operations: list[BulkOperation]) -> tuple[list[BulkOperation], list[BulkOperation]]:
    """Return the operations so that each comes after those it refers to, and those that refer in a circle."""
    waiting = {each: _referred(each) for each in operations}
    given = {each.bulk_id for each in operations if each.bulk_id}
    order: list[BulkOperation] = []
    while waiting:
        open_names = {each.bulk_id for each in waiting if each.bulk_id}
        ready = [each for each, names in waiting.items() if not names & given & open_names]
        if not ready:
            break
        order += ready
        for each in ready:
            del waiting[each]
    return order, list(waiting)


def resolved(operation: BulkOperation, ids: dict[str, str]) -> BulkOperation:
    """Return the operation with every reference replaced by the id it stands for.

    Raises ``ScimError`` 409 for a reference to an operation that failed or is not there.
    """

    def fill(found: re.Match[str]) -> str:
        if found[1] not in ids:
            raise ScimError(409, f"bulkId:{found[1][:64]} stands for no resource: its operation failed or is missing.")
        return ids[found[1]]

    def walk(value: Any, key: str = "") -> Any:
        if isinstance(value, str):
            reference = _is_reference(value, key)
            return _REFERENCE.sub(fill, value) if reference else value
        if isinstance(value, list):
            return [walk(each, key) for each in value]
        if isinstance(value, dict):
            return {name: walk(each, name) for name, each in value.items()}
        return value

    id = walk(operation.id) if operation.id else None
    return replace(operation, id=id, data=walk(operation.data))


def _is_reference(value: str, key: str) -> bool:
    return value.startswith("bulkId:") or (key in ("path", "$ref") and "bulkId:" in value)


def _referred(operation: BulkOperation) -> set[str]:
    names: set[str] = set()

    def walk(value: Any, key: str = "") -> None:
        if isinstance(value, str) and _is_reference(value, key):
            names.update(_REFERENCE.findall(value))
        elif isinstance(value, list):
            for each in value:
                walk(each, key)
        elif isinstance(value, dict):
            for name, each in value.items():
                walk(each, name)

    walk(operation.id)
    walk(operation.data)
    return names


def _operation(position: int, given: Any) -> BulkOperation:
    if not isinstance(given, dict):
        raise ScimError(400, f"Operation {position + 1} must be an object.", "invalidSyntax")
    named = {key.lower(): value for key, value in given.items()}
    method = str(named.get("method", "")).upper()
    if method not in METHODS:
        raise ScimError(400, f"Operation {position + 1} needs a method: {', '.join(METHODS)}.", "invalidSyntax")
    path = named.get("path")
    if not isinstance(path, str):
        raise ScimError(400, f"Operation {position + 1} needs a path such as /Users.", "invalidPath")
    bulk_id = named.get("bulkid") or ""
    if not isinstance(bulk_id, str) or (method == "POST" and not bulk_id):
        raise ScimError(400, f"Operation {position + 1} needs a bulkId.", "invalidSyntax")
    endpoint, _, id = path.strip("/").partition("/")
    return BulkOperation(
        position=position,
        method=method,
        path=path,
        endpoint=endpoint.lower(),
        id=id or None,
        bulk_id=bulk_id,
        version=str(named.get("version") or ""),
        data=_data(position, method, named.get("data")),
    )


def _data(position: int, method: str, data: Any) -> dict[str, Any]:
    if method == "DELETE":
        return {}
    if not isinstance(data, dict):
        raise ScimError(400, f"Operation {position + 1} needs an object as data.", "invalidSyntax")
    return data
