"""Validators of simple values: text, booleans, references and base64 (RFC 7643 §2.3).

A validator takes a value as JSON gives it and returns it canonically, or None where the attribute is thereby
unassigned (null, "", an empty array: RFC 7643 §2.5). Whatever cannot be kept raises ``Refused`` invalidValue.
Lenient where real clients need it: booleans as text, an array of one for a single value.
"""

import re
from collections.abc import Callable
from typing import Any

from provisioning.errors import Refused, shown
from tenants.fields import fold

Validator = Callable[[Any], Any]

# What columns hold, by type of resource and path.
LONGEST = {
    "User:userName": 255,
    "User:externalId": 255,
    "User:name.givenName": 255,
    "User:name.familyName": 255,
    "User:displayName": 1024,
    "User:emails.value": 320,
    "Group:displayName": 255,
    "Group:externalId": 255,
}
# Columns hold their folded key too, which may be longer than the text; spaces alone are no value.
KEYS = {"User:userName", "User:emails.value", "Group:displayName"}
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")


def invalid(label: str, value: Any, right: str) -> Refused:
    """Return the refusal of a value of the attribute ``label``; ``right`` says what it must be."""
    return Refused("invalidValue", f"{label} is {shown(value)}: it must be {right}.", field=label)


def only(value: Any, label: str) -> Any:
    """Return the one value of an array of at most one: some clients wrap single values."""
    if not isinstance(value, list):
        return value
    if len(value) > 1:
        raise invalid(label, value, "a single value")
    return value[0] if value else None


def check_text(label: str, text: str) -> None:
    """Refuse what neither the database nor a JSON document can hold: NUL and lone surrogates."""
    if "\x00" in text:
        raise invalid(label, text, "text without NUL characters")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise invalid(label, text, "text without lone surrogates") from None


def text(label: str, path: str) -> Validator:
    """Return the validator of text; ``path`` finds its limits, ``label`` names it to people."""
    longest, is_key = LONGEST.get(path), path in KEYS

    def validate(value: Any) -> str | None:
        if type(value) is not str:
            value = only(value, label)
            if value is None:
                return None
            if not isinstance(value, str):
                raise invalid(label, value, "a string")
        if not value or (is_key and value.isspace()):
            return None
        check_text(label, value)
        if longest and (len(value) > longest or (is_key and len(fold(value)) > longest)):
            raise invalid(label, value, f"at most {longest} characters long")
        return value

    return validate


def boolean(label: str, path: str) -> Validator:
    """Return the validator of true and false, which several clients send as text."""

    def validate(value: Any) -> bool | None:
        if value is True or value is False:
            return value
        value = only(value, label)
        if isinstance(value, str):
            value = {"true": True, "false": False, "": None}.get(value.strip().lower(), value)
        if value is None or isinstance(value, bool):
            return value
        raise invalid(label, value, "true or false")

    return validate


def binary(label: str, path: str) -> Validator:
    """Return the validator of base64 (RFC 4648 §4 or §5), kept as it was sent, line breaks included."""
    text_of = text(label, path)

    def validate(value: Any) -> str | None:
        value = text_of(value)
        if value is not None:
            encoded = "".join(value.split())
            if len(encoded) % 4 or not _BASE64.fullmatch(encoded):
                raise invalid(label, value, "binary data in base64 with its padding")
        return value

    return validate


# A reference is any text: clients send relative URIs and worse, and none of that should keep a person out.
SIMPLE = {"string": text, "reference": text, "boolean": boolean, "binary": binary}
