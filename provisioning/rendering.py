"""Resources as JSON, spliced from what is kept without parsing any of it (RFC 7643 §3, §8).

``id`` comes first: a client is known that finds it with a regular expression.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

import orjson

from provisioning.definitions import GROUP_SCHEMA


def render_user(
    id: str,
    document: str,
    version: int,
    created: datetime,
    modified: datetime,
    location: str,
    groups_json: str | None = None,
) -> bytes:
    """Return a user as JSON; ``document`` is that of ``UserDocument``, ``groups_json`` an array's text."""
    groups = f',"groups":{groups_json}' if groups_json else ""
    return f'{{"id":"{id}",{document[1:-1]}{groups},{_meta("User", version, created, modified, location)}}}'.encode()


def render_group(
    id: str,
    display_name: str,
    external_id: str | None,
    version: int,
    created: datetime,
    modified: datetime,
    location: str,
    members_json: Sequence[bytes] | None = None,
) -> bytes:
    """Return a group as JSON; ``members_json`` is an array in parts, None leaves members out."""
    external = f'"externalId":{_text(external_id)},' if external_id else ""
    head = f'{{"id":"{id}","schemas":["{GROUP_SCHEMA}"],{external}"displayName":{_text(display_name)}'
    tail = f",{_meta('Group', version, created, modified, location)}}}"
    members = (b',"members":', *members_json) if members_json else ()
    return b"".join((head.encode(), *members, tail.encode()))


def instant(moment: datetime) -> str:
    """Return a moment as SCIM writes it: UTC with microseconds, ``2026-11-03T10:20:30.000123Z``."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def _meta(resource_type: str, version: int, created: datetime, modified: datetime, location: str) -> str:
    return (
        f'"meta":{{"resourceType":"{resource_type}","created":"{instant(created)}",'
        f'"lastModified":"{instant(modified)}","version":"W/\\"{version}\\"","location":{_text(location)}}}'
    )


def _text(text: str) -> str:
    return orjson.dumps(text).decode()
