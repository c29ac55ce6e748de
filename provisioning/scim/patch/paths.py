"""Where a PATCH operation points: an attribute, one of its sub-attributes, or elements of an array (RFC 7644 §3.5.2).

``PATH = attrPath / valuePath [subAttr]``: ``name.givenName``, ``emails[type eq "work"].value``, a schema's URN
alone for a whole extension, each plain or qualified, names in any letter case.
"""

from functools import lru_cache
from typing import NamedTuple

from provisioning.attributes import Attribute, AttributePath, ResourceType, resolve
from provisioning.errors import Refused, shown
from provisioning.scim.patch.selection import Selection, selection_of


class WholeSchema(NamedTuple):
    """What the URN of a schema names: all its attributes."""

    schema: str


class Target(NamedTuple):
    """What a path names: an attribute; None stands for all of its sub-attributes and elements."""

    schema: str
    attribute: Attribute
    sub_attribute: Attribute | None
    selection: Selection | None

    @property
    def read_only(self) -> bool:
        return self.attribute.read_only or (self.sub_attribute is not None and self.sub_attribute.read_only)


def target_of(resource_type: ResourceType, path: str) -> Target | WholeSchema:
    """Return what ``path`` names in resources of that type.

    Raises ``Refused``: ``invalidPath`` for what names nothing, ``invalidFilter`` for a value filter that
    cannot be understood or compares what cannot be compared.
    """
    if len(path) <= _LONGEST_CACHED:
        return _cached(resource_type, path)
    if len(path) > _LONGEST:
        raise Refused("invalidPath", f"path is {len(path)} characters long: at most {_LONGEST} are read.", field="path")
    return _target(resource_type, path)


def known_target(resource_type: ResourceType, path: str) -> Target | WholeSchema | None:
    """Return what ``path`` names, None for nothing: a member name of a value, which may be unknown."""
    try:
        return target_of(resource_type, path)
    except Refused:
        return None


_LONGEST = 65_536
_LONGEST_CACHED = 256


def _target(resource_type: ResourceType, path: str) -> Target | WholeSchema:
    if urn := resource_type.schema_named(path):
        return WholeSchema(urn)
    start, end = path.find("["), path.rfind("]")
    if start < 0:
        found = _resolved(resource_type, path, path)
        return Target(*found, None)
    after = path[end + 1 :].strip()
    if end < start or (after and not after.startswith(".")):
        raise Refused("invalidPath", f"path {shown(path)} is no attribute path: see RFC 7644 §3.5.2.", field="path")
    schema, attribute, sub_attribute = _resolved(resource_type, path[:start].strip() + after, path)
    if not attribute.multi_valued or not attribute.sub_attributes or "." in path[:start].rpartition(":")[2]:
        raise Refused(
            "invalidPath", f"path {shown(path)} selects among {attribute.name}, which has one value.", field="path"
        )
    return Target(schema, attribute, sub_attribute, selection_of(attribute, path[start + 1 : end]))


_cached = lru_cache(maxsize=1024)(_target)


def _resolved(resource_type: ResourceType, names: str, path: str) -> AttributePath:
    found = resolve(resource_type, names)
    if found is None:
        raise Refused(
            "invalidPath", f"path {shown(path)} names no attribute of {resource_type.name}: see /Schemas.", field="path"
        )
    return found
