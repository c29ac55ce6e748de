"""The operations of a Bulk request and how they refer to each other (RFC 7644 §3.7.1, §3.7.2).

``bulkId:NAME`` stands for the id that the operation of that name will give: in any order, in values, in
paths and inside value filters.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from provisioning.scim.errors import ScimError

METHODS = ("POST", "PUT", "PATCH", "DELETE")
# A value is a reference as a whole. Inside a text one stands between quotes (value filters, JSON as text) or slashes.
_WHOLE = re.compile(r"(?s:bulkId:(?P<name>.+))")
_QUOTED = re.compile(r'(?<=")bulkId:(?P<name>[^"]+)(?=")')
_SEGMENT = re.compile(r"(?<=/)bulkId:(?P<name>[^/?]+)")


@dataclass(frozen=True, slots=True)
class BulkOperation:
    """One operation; ``id`` is None for a create, ``version`` an If-Match condition or ``''``.

    ``refers_to`` are the names of operations whose ids it needs.
    """

    position: int
    method: str
    path: str
    endpoint: str
    id: str | None
    bulk_id: str
    version: str
    data: Any
    refers_to: frozenset[str]

    def result(self, status: int, **more: Any) -> dict[str, Any]:
        """Return this operation's entry of the answer; some clients need the id that the RFC leaves out."""
        named = {"bulkId": self.bulk_id} if self.bulk_id else {}
        return {"method": self.method, **named, "status": str(status), **more}


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
    stop = named.get("failonerrors") or 0
    if isinstance(stop, bool) or not isinstance(stop, int) or stop < 0:
        raise ScimError(400, "'failOnErrors' must be a number of errors.", "invalidValue")
    operations = [_operation(position, each) for position, each in enumerate(listed)]
    for name, times in Counter(operation.bulk_id for operation in operations).items():
        if name and times > 1:
            raise ScimError(400, f"The bulkId '{name[:64]}' stands twice in this request.", "invalidValue")
    return operations, stop


def in_order(operations: list[BulkOperation]) -> tuple[list[BulkOperation], set[int]]:
    """Return the operations in the order in which they are carried out, and the positions of those in a circle.

    They keep the client's order, but what an operation refers to comes before it.
    """
    by_name = {each.bulk_id: each.position for each in operations if each.bulk_id}
    referred = {each.position: [by_name[name] for name in each.refers_to if name in by_name] for each in operations}
    order: dict[int, None] = {}
    circular: set[int] = set()
    for first in referred:
        trail = {} if first in order else {first: None}
        while trail:
            last = next(reversed(trail))
            before = next((each for each in referred[last] if each not in order), None)
            if before is None:
                order[last] = trail.pop(last)
            elif before in trail:
                circle = list(trail)
                circular.update(circle[circle.index(before) :])
                order[last] = trail.pop(last)
            else:
                trail[before] = None
    return [operations[position] for position in order], circular


def resolved(operation: BulkOperation, ids: dict[str, str]) -> BulkOperation:
    """Return the operation with every reference replaced by the id it stands for.

    Raises ``ScimError`` 409 for a reference to an operation that failed or is not there.
    """
    if not operation.refers_to:
        return operation

    def fill(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in ids:
            raise ScimError(409, f"bulkId:{name[:64]} stands for no resource: its operation failed or is missing.")
        return ids[name]

    id = _filled(operation.id, fill) if operation.id else None
    return replace(operation, id=id, data=_filled(operation.data, fill))


def _names(*values: Any) -> frozenset[str]:
    """Return the names that an operation with these values refers to."""
    names: set[str] = set()

    def note(found: re.Match[str]) -> str:
        names.add(found["name"])
        return ""

    for value in values:
        _filled(value, note)
    return frozenset(names)


def _filled(value: Any, fill: Callable[[re.Match[str]], str], key: str = "") -> Any:
    """Return a value with what ``fill`` says in the place of every reference."""
    if isinstance(value, str):
        if "bulkId:" not in value:
            return value
        whole = _WHOLE.fullmatch(value)
        if whole:
            return fill(whole)
        if key == "$ref":
            return _SEGMENT.sub(fill, value)
        return _QUOTED.sub(fill, value) if key in ("path", "value") else value
    if isinstance(value, list):
        return [_filled(each, fill) for each in value]
    if isinstance(value, dict):
        return {name: _filled(each, fill, name.lower()) for name, each in value.items()}
    return value


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
    data = None if method == "DELETE" else named.get("data")
    return BulkOperation(
        position=position,
        method=method,
        path=path,
        endpoint=endpoint.lower(),
        id=id or None,
        bulk_id=bulk_id,
        version=str(named.get("version") or ""),
        data=data,
        refers_to=_names(id, data),
    )
