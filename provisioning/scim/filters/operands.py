"""The values that a filter compares with, by the type of their attribute (RFC 7643 §2.3)."""

from datetime import UTC, datetime
from typing import Any

from provisioning.attributes import Attribute
from provisioning.errors import Refused, shown
from provisioning.values import binary, check_text

SUBSTRING = {"co", "sw", "ew"}
ORDER = {"gt", "ge", "lt", "le"}
# RFC 7644 §3.4.2.2 forbids ordering booleans and binaries; parts of what is no text mean nothing.
_FORBIDDEN = {"boolean": SUBSTRING | ORDER, "binary": SUBSTRING | ORDER, "dateTime": SUBSTRING}


def operand(attribute: Attribute, label: str, operator: str, value: Any) -> str | bool | datetime | None:
    """Return what an attribute is compared with; None stands for null.

    ``label`` is the attribute as the client writes it. Raises ``Refused`` invalidFilter if its type has no such
    operator or no such value.
    """
    if operator in _FORBIDDEN.get(attribute.type, ()):
        raise refused(label, f"{label} is a {attribute.type}: {operator} cannot be used with it.")
    if value is None:
        if operator not in ("eq", "ne"):
            raise refused(label, f"{label} is compared with null: use eq, ne or pr.")
        return None
    match attribute.type:
        case "boolean":
            return _boolean(label, value)
        case "dateTime":
            return _moment(label, value)
    return _text(attribute, label, value)


def refused(label: str, sentence: str) -> Refused:
    return Refused("invalidFilter", sentence, field=label)


def _text(attribute: Attribute, label: str, value: Any) -> str:
    if not isinstance(value, str):
        raise refused(label, f"{label} is a {attribute.type}: put {shown(value)} in double quotes.")
    try:
        check_text(label, value)
        if attribute.type == "binary":
            binary(label, "")(value)
    except Refused as error:
        raise refused(label, error.detail) from None
    return value


def _boolean(label: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    # Entra ID sends booleans as text.
    named = {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None
    if named is None:
        raise refused(label, f"{label} is a boolean: compare it with true or false, not with {shown(value)}.")
    return named


def _moment(label: str, value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value.upper())
        # xsd:dateTime allows no time zone; then it is UTC, as everything here.
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (AttributeError, ValueError, OverflowError):
        raise refused(
            label,
            f'{label} is a dateTime: compare it with one such as "2026-11-03T10:20:30Z", not with {shown(value)}.',
        ) from None
