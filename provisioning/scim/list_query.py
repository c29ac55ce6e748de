"""Which page of a list a client asks for (RFC 7644 §3.4.2, §3.4.3; RFC 9865 §2)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.errors import Refused, shown
from provisioning.scim.schemas import MOST_RESULTS


@dataclass(frozen=True, slots=True)
class ListQuery:
    """One page of a list.

    ``cursor`` is None for paging by index and ``''`` for the first page by cursor; ``count`` is None where the
    client does not say.
    """

    filter: str | None = None
    sort_by: str | None = None
    descending: bool = False
    start_index: int = 1
    count: int | None = None
    cursor: str | None = None

    @property
    def limit(self) -> int:
        """How many resources the page may have."""
        return MOST_RESULTS if self.count is None else self.count


def parse_query(parameters: Mapping[str, Any]) -> ListQuery:
    """Return the query in the parameters of a URL or in the body of a search request.

    Numbers may be text; an index below 1 is 1, a count below 0 is 0, no count exceeds what is announced. What is
    empty counts as not given, but ``cursor``; unknown names are ignored. Raises ``Refused``: ``invalidFilter``,
    ``invalidCursor``, ``invalidCount`` (by cursor only: a page of no resources has no next one) or ``invalidValue``.
    """
    given = {name.lower(): value for name, value in parameters.items()}
    cursor = given.get("cursor")
    if cursor is not None and not isinstance(cursor, str):
        raise Refused("invalidCursor", f"cursor is {shown(cursor)}: it must be a string.", field="cursor")
    return ListQuery(
        filter=_text(given, "filter", "invalidFilter"),
        sort_by=_text(given, "sortBy", "invalidValue"),
        descending=_descending(given),
        start_index=min(max(1, _integer(given, "startIndex", "invalidValue") or 1), _LAST),
        count=_count(given, by_cursor=cursor is not None),
        cursor=cursor,
    )


# As far as everybody counts exactly (RFC 8259 §6): behind every list, and no database or JSON library fails.
_LAST = 2**53 - 1


def _text(given: Mapping[str, Any], name: str, scim_type: str) -> str | None:
    value = given.get(name.lower())
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if not isinstance(value, str):
        raise Refused(scim_type, f"{name} is {shown(value)}: it must be a string.", field=name)
    return value.strip() if name == "sortBy" else value


def _descending(given: Mapping[str, Any]) -> bool:
    order = _text(given, "sortOrder", "invalidValue") or "ascending"
    if order.lower() not in ("ascending", "descending"):
        raise Refused(
            "invalidValue", f"sortOrder is {shown(order)}: it must be ascending or descending.", field="sortOrder"
        )
    return order.lower() == "descending"


_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,1000}\s*", re.ASCII)


def _integer(given: Mapping[str, Any], name: str, scim_type: str) -> int | None:
    value = given.get(name.lower())
    if value is None or value == "":
        return None
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1:
        return int(value)
    raise Refused(scim_type, f"{name} is {shown(value)}: it must be an integer.", field=name)


def _count(given: Mapping[str, Any], *, by_cursor: bool) -> int | None:
    count = _integer(given, "count", "invalidCount" if by_cursor else "invalidValue")
    if count is None:
        return None
    if by_cursor and count < 1:
        raise Refused(
            "invalidCount", f"count is {count}: with a cursor it must be between 1 and {MOST_RESULTS}.", field="count"
        )
    return min(max(0, count), MOST_RESULTS)
