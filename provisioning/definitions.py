"""The schemas of User, Enterprise User and Group in the JSON shape of RFC 7643 §7.

The definitions are the RFC's as django-scim2 ships them, corrected where that JSON is incomplete or where
this server does something else. Everything else is compiled from them (``provisioning.attributes``), so that
what ``/Schemas`` advertises is what works.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from django_scim.constants import SchemaURI
from django_scim.schemas import ALL

USER_SCHEMA = SchemaURI.USER
ENTERPRISE_SCHEMA = SchemaURI.ENTERPRISE_USER
GROUP_SCHEMA = SchemaURI.GROUP

MEMBERS_ARE_USERS = "Members are users: groups cannot be members of a group."

_IDENTIFIER = {"caseExact": True}
_PRIMARY = {
    "name": "primary",
    "type": "boolean",
    "multiValued": False,
    "description": "A Boolean value indicating the preferred address. The value 'true' appears no more than once.",
    "required": False,
    "mutability": "readWrite",
    "returned": "default",
    "uniqueness": "none",
}
# Schema-driven clients build members from this definition and give them a name (Canaille cannot do without).
_MEMBER_DISPLAY = {
    "name": "display",
    "type": "string",
    "multiValued": False,
    "description": "Accepted and discarded: the name of a member is that of the User.",
    "required": False,
    "caseExact": False,
    "mutability": "readOnly",
    "returned": "never",
    "uniqueness": "none",
}
# What the shipped definitions have otherwise: {schema: {path: characteristics}}.
_CORRECTIONS: dict[str, dict[str, dict[str, Any]]] = {
    USER_SCHEMA: {
        # Every user has it: what leaves it out on creating means true, and nothing removes it.
        "active": {"required": True},
        "groups": {"description": "The groups of this integration to which the user belongs; change it at the group."},
        "groups.value": _IDENTIFIER,
        "groups.$ref": {"referenceTypes": ["Group"]},
        "groups.type": {"canonicalValues": ["direct"]},
        "password": {"description": "Accepted and discarded: this server never sets a password from it."},
    },
    ENTERPRISE_SCHEMA: {
        "manager.value": _IDENTIFIER,
        # Clients map it and compare what they read, so it is kept rather than read-only and never there.
        "manager.displayName": {
            "mutability": "readWrite",
            "description": "The displayName of the User's manager, kept as the client sends it.",
        },
    },
    GROUP_SCHEMA: {
        "displayName": {"required": True},
        "members": {"description": f"The members of the Group. {MEMBERS_ARE_USERS}"},
        "members.value": _IDENTIFIER | {"description": "The id of the User who is a member of this Group."},
        "members.$ref": {"referenceTypes": ["User"], "description": "The URI of the User; follows from value."},
        "members.type": {"canonicalValues": ["User"], "description": "The type of the member: always 'User'."},
    },
}
_ADDITIONS = {USER_SCHEMA: {"addresses": _PRIMARY}, GROUP_SCHEMA: {"members": _MEMBER_DISPLAY}}


def _definitions() -> dict[str, dict[str, Any]]:
    """Return the corrected definitions by URN, in the JSON shape of RFC 7643 §7, without ``meta``."""
    shipped = {definition["id"]: definition for definition in deepcopy(ALL)}
    corrected = {}
    for urn in (USER_SCHEMA, ENTERPRISE_SCHEMA, GROUP_SCHEMA):
        definition = {key: shipped[urn][key] for key in ("id", "name", "description", "attributes")}
        for path, attribute in _walk(definition["attributes"]):
            if addition := _ADDITIONS.get(urn, {}).get(path):
                attribute["subAttributes"].append(dict(addition))
            _correct(attribute)
            attribute.update(_CORRECTIONS[urn].get(path, {}))
        corrected[urn] = definition
    return corrected


def _walk(attributes: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for attribute in attributes:
        yield attribute["name"], attribute
        for sub_attribute in attribute.get("subAttributes", ()):
            yield f"{attribute['name']}.{sub_attribute['name']}", sub_attribute


def _correct(attribute: dict[str, Any]) -> None:
    """Complete one shipped definition by the rules that hold for every attribute."""
    attribute.setdefault("uniqueness", "none")
    if attribute["type"] in ("complex", "boolean"):
        attribute.pop("caseExact", None)
    elif attribute["type"] in ("reference", "binary"):
        attribute["caseExact"] = True  # RFC 7643 §2.3.6 and §2.3.7
    if attribute.get("canonicalValues") == []:
        del attribute["canonicalValues"]
    if attribute["mutability"] == "readWrite":
        attribute["description"] = attribute["description"].removesuffix("  READ-ONLY.")


DEFINITIONS = _definitions()
