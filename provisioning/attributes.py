"""The schema vocabulary as lookups: what attributes Users and Groups have, and how a path names one (RFC 7643).

Compiled once from ``provisioning.definitions``. Validation, filters, sorting, PATCH and projection resolve
their names here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from provisioning.definitions import DEFINITIONS, ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """One attribute with its characteristics (RFC 7643 §2.2); ``sub_attributes`` by lower-case name."""

    name: str
    type: str = "string"
    multi_valued: bool = False
    required: bool = False
    case_exact: bool = False
    mutability: str = "readWrite"
    returned: str = "default"
    sub_attributes: Mapping[str, "Attribute"] = field(default_factory=dict)

    @property
    def read_only(self) -> bool:
        return self.mutability == "readOnly"


class AttributePath(NamedTuple):
    """What a path such as ``emails.value`` names.

    ``schema`` is the URN of the schema that holds the attribute (for the common attributes ``id``,
    ``externalId``, ``schemas`` and ``meta`` that of the resource type itself); ``sub_attribute`` is None
    where the path ends at the attribute.
    """

    schema: str
    attribute: Attribute
    sub_attribute: Attribute | None

    @property
    def target(self) -> Attribute:
        """The attribute in which the path ends: its type and ``case_exact`` decide comparisons."""
        return self.sub_attribute or self.attribute

    @property
    def extension(self) -> bool:
        """Whether a resource holds the attribute inside the object of its extension's URN."""
        return self.schema == ENTERPRISE_SCHEMA

    @property
    def keys(self) -> tuple[str, ...]:
        """The member names that lead there in a resource: ``("emails", "value")``, ``(URN, "manager")``."""
        names = (self.attribute.name, self.sub_attribute.name) if self.sub_attribute else (self.attribute.name,)
        return (self.schema, *names) if self.extension else names


@dataclass(frozen=True, slots=True, eq=False)
class ResourceType:
    """A type of resource: ``attributes`` by URN and lower-case name, in the order of the schema."""

    name: str
    endpoint: str
    schema: str
    extensions: tuple[str, ...]
    attributes: Mapping[str, Mapping[str, Attribute]]

    def schema_named(self, text: str) -> str | None:
        """Return the URN of this type's schema or extension that ``text`` is in any letter case, or None."""
        return _URNS[self.name].get(text.lower())


def resolve(resource_type: ResourceType, path: str) -> AttributePath | None:
    """Return what ``path`` names in resources of that type, or None if it names nothing.

    A path is an attribute name, or a name and a sub-attribute with a dot between, in any letter case,
    plain or qualified by its schema's URN (RFC 7644 §3.10): ``userName``, ``NAME.familyname``, ``meta.created``,
    ``urn:ietf:params:scim:schemas:core:2.0:User:emails.value``. Attributes of an extension need its URN:
    ``urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName``.

    Value filters (``emails[type eq "work"]``) are not part of such a path: resolve what stands before the
    bracket, then look names inside it up in ``attribute.sub_attributes`` (keys in lower case). A URN alone
    is no attribute; ask ``resource_type.schema_named``. The caller raises: invalidFilter or invalidPath.
    """
    return _resolve(resource_type, path) if len(path) <= _LONGEST_PATH else None


_LONGEST_PATH = 256


@lru_cache(maxsize=1024)
def _resolve(resource_type: ResourceType, path: str) -> AttributePath | None:
    schema, names = resource_type.schema, path.lower()
    if names.startswith("urn:"):
        prefix, _, names = names.rpartition(":")
        # URNs hold dots themselves, so the last colon decides first.
        schema = resource_type.schema_named(prefix) or ""
    name, dot, sub_name = names.partition(".")
    attribute = resource_type.attributes.get(schema, {}).get(name)
    if attribute is None:
        return None
    if not dot:
        return AttributePath(schema, attribute, None)
    sub_attribute = attribute.sub_attributes.get(sub_name)
    return AttributePath(schema, attribute, sub_attribute) if sub_attribute else None


def _compile(definition: dict[str, Any]) -> Attribute:
    return Attribute(
        name=definition["name"],
        type=definition["type"],
        multi_valued=definition["multiValued"],
        required=definition["required"],
        case_exact=definition.get("caseExact", False),
        mutability=definition["mutability"],
        returned=definition["returned"],
        sub_attributes=_by_name(_compile(each) for each in definition.get("subAttributes", ())),
    )


def _by_name(attributes: Iterator[Attribute]) -> dict[str, Attribute]:
    return {attribute.name.lower(): attribute for attribute in attributes}


def _read_only(name: str, type_: str = "string", **characteristics: Any) -> Attribute:
    return Attribute(name, type_, case_exact=type_ != "dateTime", mutability="readOnly", **characteristics)


# RFC 7643 §3.1; no schema lists them, every resource has them.
COMMON_ATTRIBUTES = (
    _read_only("schemas", "reference", multi_valued=True, returned="always"),
    _read_only("id", returned="always"),
    Attribute("externalId", case_exact=True),
    Attribute(
        "meta",
        "complex",
        mutability="readOnly",
        sub_attributes=_by_name(
            iter(
                (
                    _read_only("resourceType"),
                    _read_only("created", "dateTime"),
                    _read_only("lastModified", "dateTime"),
                    _read_only("location", "reference"),
                    _read_only("version"),
                )
            )
        ),
    ),
)
_COMPILED = {
    urn: _by_name(_compile(each) for each in definition["attributes"]) for urn, definition in DEFINITIONS.items()
}
_COMMON = _by_name(iter(COMMON_ATTRIBUTES))

USER = ResourceType(
    "User",
    "/Users",
    USER_SCHEMA,
    (ENTERPRISE_SCHEMA,),
    {USER_SCHEMA: _COMMON | _COMPILED[USER_SCHEMA], ENTERPRISE_SCHEMA: _COMPILED[ENTERPRISE_SCHEMA]},
)
GROUP = ResourceType("Group", "/Groups", GROUP_SCHEMA, (), {GROUP_SCHEMA: _COMMON | _COMPILED[GROUP_SCHEMA]})
RESOURCE_TYPES = {each.name: each for each in (USER, GROUP)}
_URNS = {each.name: {urn.lower(): urn for urn in each.attributes} for each in RESOURCE_TYPES.values()}
