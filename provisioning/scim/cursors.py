"""Cursors: where the next page of a query begins, signed, for an hour (RFC 9865)."""

import hashlib
import json
from datetime import datetime
from typing import Any, NamedTuple

from django.core import signing

from provisioning.errors import Refused
from provisioning.scim.list_query import ListQuery
from provisioning.scim.schemas import CURSOR_SECONDS

# RFC 9865 §2 allows no other sign in a cursor that is none of base64's own.
_signer = signing.TimestampSigner(salt="provisioning.scim.cursors", sep="~")


class Position(NamedTuple):
    """The last row that was answered: its list, its sort key and id; no id for the beginning of that list."""

    part: int = 0
    value: Any = None
    id: str = ""


class Progress(NamedTuple):
    """Where a page begins, how many resources it has, and how many the first page has counted; None on that one."""

    position: Position
    limit: int
    total: int | None


def write_cursor(position: Position, query: ListQuery, scope: list[str], *, total: int) -> str:
    """Return the cursor with which the page after ``position`` is asked for.

    It opens nothing but that query (``scope`` names the integration and types; filter, sorting and count count too).
    """
    value = position.value.isoformat() if isinstance(position.value, datetime) else position.value
    progress = [query.limit, total, position.part, value, position.id]
    return _signer.sign_object([_query(query, scope), *progress], compress=True)


def read_cursor(query: ListQuery, scope: list[str]) -> Progress:
    """Return how far the query's cursor has come.

    A request may leave out ``count``: then it is as it was. Raises ``Refused``: ``invalidCursor`` for another
    query's or a damaged cursor, ``expiredCursor``, ``invalidCount`` for another count than before.
    """
    if not query.cursor:
        return Progress(Position(), query.limit, None)
    try:
        of_query, limit, total, part, value, id = _signer.unsign_object(query.cursor, max_age=CURSOR_SECONDS)
    except signing.SignatureExpired:
        raise Refused(
            "expiredCursor",
            f"The cursor is older than {CURSOR_SECONDS} seconds: start again with an empty one.",
            field="cursor",
        ) from None
    except (signing.BadSignature, ValueError):
        raise _invalid("This is no cursor of this server") from None
    if of_query != _query(query, scope):
        raise _invalid("The cursor belongs to another query: filter, sorting and endpoint must stay as they were")
    if query.count not in (None, limit):
        raise Refused(
            "invalidCount", f"count is {query.count}: the query of this cursor began with {limit}.", field="count"
        )
    return Progress(Position(part, value, id), limit, total)


def _invalid(reason: str) -> Refused:
    return Refused("invalidCursor", f"{reason}; an empty cursor starts again.", field="cursor")


def _query(query: ListQuery, scope: list[str]) -> str:
    whole = json.dumps([*scope, query.filter, query.sort_by, query.descending])
    return hashlib.sha256(whole.encode()).hexdigest()[:32]
