"""Audit events in words."""

import re
from typing import Any

from kestra_iam import permissions
from kestra_iam.models import AuditEvent

NAMED_AT_ONCE = 5
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DONE = {
    "delete": "removed",
    "end": "ended",
    "add": "added",
    "grant": "granted",
    "resume": "resumed",
    "adopt": "groups adopted",
}


def action(event: AuditEvent) -> str:
    """Return the verb as people say it: ``role.update`` is ``Role updated``."""
    noun, _, verb = event.verb.partition(".")
    done = _DONE.get(verb) or (f"{verb}d" if verb.endswith("e") else f"{verb}ed")
    return f"{noun.replace('-', ' ').capitalize()} {done}"


def details(event: AuditEvent) -> str:
    """Return what changed in one line, without ids: the event's page has them."""
    told = ((label, words) for label, words in rows(event) if not _ID.fullmatch(words))
    return " · ".join(f"{label}: {words}" for label, words in told)


def rows(event: AuditEvent) -> list[tuple[str, str]]:
    """Return what changed as (label, words); empty values are left out."""
    told = [(key.replace("_", " ").capitalize(), _words(key, value)) for key, value in event.details.items()]
    return [(label, words) for label, words in told if words]


def _words(key: str, value: Any) -> str:
    if key == "permissions" and isinstance(value, dict):
        return permissions.sentence(permissions.granted(value)) or "none"
    if key == "people":
        names = [str(person[1]) for person in value]
        more = len(names) - NAMED_AT_ONCE
        return ", ".join(names[:NAMED_AT_ONCE]) + (f" and {more} more" if more > 0 else "")
    if isinstance(value, dict):
        if "owner_name" in value:
            return value["owner_name"] or "by hand"
        return " ".join(str(part) for name, part in value.items() if name in ("kind", "name"))
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
