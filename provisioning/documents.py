"""Users and groups as SCIM attributes: from a request's body to canonical attributes, columns and JSON text.

Attributes are a dict in the shape and order of the resource without ``schemas``, ``id``, ``meta`` and
``groups``, unassigned ones absent: ``{"externalId": …, "userName": …, "emails": [{…}], URN: {…}}``. A resource
is rendered once, when it is written; reading splices text (``provisioning.rendering``).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from provisioning.attributes import GROUP, USER, ResourceType
from provisioning.definitions import ENTERPRISE_SCHEMA, GROUP_SCHEMA, MEMBERS_ARE_USERS, USER_SCHEMA
from provisioning.errors import Refused, shown
from provisioning.rendering import render_group as render_group
from provisioning.rendering import render_user as render_user
from provisioning.validation import GROUP_RULES, USER_RULES, Rule, object_validator
from provisioning.values import Validator, check_text, invalid
from tenants.fields import fold

Attributes = dict[str, Any]
KEY_LENGTH = 255


@dataclass(frozen=True, slots=True)
class UserDocument:
    """What is kept of a user: columns, the keys of the e-mail rows, and the JSON text of the resource.

    ``external_id`` and ``display_name_key`` are ``''`` for none; keys are folded. ``document`` has
    ``schemas`` and every attribute, without ``id``, ``meta`` and ``groups``; ``folded`` is the same with every
    name and text folded, or None where that is the same as its lower case: where it is ASCII.
    """

    user_name: str
    user_name_key: str
    external_id: str
    display_name_key: str
    active: bool
    email_keys: tuple[str, ...]
    document: str
    folded: str | None


class GroupAttributes(NamedTuple):
    """What a body says of a group; ``external_id`` is None for none, ``member_ids`` holds each id once."""

    display_name: str
    external_id: str | None
    member_ids: tuple[str, ...]


def user_attributes(body: Any, current: Attributes | None = None) -> Attributes:
    """Return the canonical attributes that the body of a POST, or of a PUT on ``current``, describes.

    What the body leaves out is unassigned, but ``active``: true at first, and afterwards as it is, so that
    nobody is let in again by omission. Unknown and read-only attributes and ``password`` are ignored.
    Raises ``Refused`` (RFC 7643 §2, §4.1; RFC 7644 §3.3, §3.5.1).
    """
    _check_schemas(body, USER)
    attributes: Attributes = _user(body) or {}
    if "userName" not in attributes:
        raise Refused("invalidValue", "userName is missing: it must be a non-empty string.", field="userName")
    if "active" in attributes:
        return attributes
    return _user(attributes | {"active": (current or {}).get("active", True)}) or {}


def group_attributes(body: Any) -> GroupAttributes:
    """Return what the body of a POST or PUT says of a group; without ``members`` it has none.

    Raises ``Refused`` (RFC 7643 §4.2).
    """
    _check_schemas(body, GROUP)
    given = _group(body) or {}
    if "displayName" not in given:
        raise Refused("invalidValue", "displayName is missing: it must be a non-empty string.", field="displayName")
    return GroupAttributes(given["displayName"], given.get("externalId"), given.get("members", ()))


def member_ids(value: Any) -> tuple[str, ...] | None:
    """Return the ids in a value of ``members``, each once; None for null and the like.

    Only ``value`` counts: ``$ref`` and ``display`` follow from it. Raises ``Refused`` invalidValue, also
    where a member is said to be a group.
    """
    if value is None or value == "":
        return None
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        raise invalid("members", value, _MEMBERS_LIKE)
    return tuple(dict.fromkeys(map(_member_id, value))) or None


_MEMBERS_LIKE = 'an array of objects such as {"value": "ID of a user"}'


def _member_id(member: Any) -> str:
    if not isinstance(member, dict):
        raise invalid("members", member, _MEMBERS_LIKE)
    if "value" not in member or len(member) > 1:
        member = {name.lower(): each for name, each in member.items()}
        type_ = member.get("type")
        if type_ and (not isinstance(type_, str) or type_.lower() != "user"):
            raise Refused("invalidValue", f"members.type is {shown(type_)}. {MEMBERS_ARE_USERS}", field="members")
    id = member.get("value")
    if not isinstance(id, str) or not id:
        raise invalid("members.value", id, "the id of a user, a string")
    check_text("members.value", id)
    return id


def user_document(attributes: Attributes) -> UserDocument:
    """Return what is kept of a user with these canonical attributes."""
    schemas = [USER_SCHEMA, ENTERPRISE_SCHEMA] if ENTERPRISE_SCHEMA in attributes else [USER_SCHEMA]
    user_name = attributes["userName"]
    resource = {"schemas": schemas, **attributes}
    document = orjson.dumps(resource).decode()
    return UserDocument(
        user_name=user_name,
        user_name_key=fold(user_name),
        external_id=attributes.get("externalId", ""),
        display_name_key=fold(attributes.get("displayName", ""))[:KEY_LENGTH],
        active=attributes["active"],
        email_keys=email_keys(attributes),
        document=document,
        folded=None if document.isascii() else orjson.dumps(_folded(resource)).decode(),
    )


def _folded(value: Any) -> Any:
    # Each text by itself: in JSON text a combining character would join the letter of an escape before it.
    match value:
        case str():
            return fold(value)
        case dict():
            return {name.lower(): _folded(each) for name, each in value.items()}
        case list():
            return [_folded(each) for each in value]
    return value


def email_keys(attributes: Attributes) -> tuple[str, ...]:
    """Return the folded addresses of a user, each once, in their order."""
    emails = attributes.get("emails", ())
    return tuple(dict.fromkeys(fold(email["value"]) for email in emails if "value" in email))


def _check_schemas(body: Any, resource_type: ResourceType) -> None:
    """Refuse a body that is no object or says that it describes something else; ``schemas`` may be absent."""
    if not isinstance(body, dict):
        raise Refused("invalidSyntax", f"The body is {shown(body)}: it must be a {resource_type.name} as an object.")
    given = body.get("schemas") or next((each for name, each in body.items() if name.lower() == "schemas"), None)
    if not given:
        return
    named = given if isinstance(given, list) else [given]
    if not any(isinstance(urn, str) and resource_type.schema_named(urn) == resource_type.schema for urn in named):
        raise Refused(
            "invalidValue", f"schemas lacks {resource_type.schema}, the schema of the resource.", field="schemas"
        )


def _whole(rules: dict[str, dict[str, Rule]], core: str) -> dict[str, Validator]:
    """Return the validators of a resource's members: its own attributes, then its extensions by URN."""
    members = {name: rule.validate for name, rule in rules[core].items()}
    for urn, extension in rules.items():
        if urn != core:
            members[urn] = object_validator(urn, {name: rule.validate for name, rule in extension.items()})
    return members


_user = object_validator("The user", _whole(USER_RULES, USER_SCHEMA))
_group = object_validator("The group", _whole(GROUP_RULES, GROUP_SCHEMA) | {"members": member_ids})
