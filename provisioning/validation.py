"""Validators of whole attributes, compiled once from the schemas (RFC 7643 §2.4, §2.5).

What holds for simple values (``provisioning.values``) holds for objects and arrays too: an object or array
with nothing in it leaves its attribute unassigned. Names count in any letter case; unknown and read-only
ones are ignored; one object stands for an array of one.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioning.attributes import GROUP, USER, Attribute, ResourceType
from provisioning.values import SIMPLE, Validator, invalid, only
from tenants.fields import fold


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """How one attribute is validated.

    ``validate`` takes its whole value. A complex attribute has ``sub_attributes``: the validators of those
    that can be written, by canonical name in order.
    """

    label: str
    validate: Validator
    sub_attributes: Mapping[str, Validator] = field(default_factory=dict)

    def named(self, value: Any) -> dict[str, Any]:
        """Return the members of an object under their canonical names; unknown and read-only ones left out."""
        if not isinstance(value, dict):
            raise invalid(self.label, value, _object_like(self.sub_attributes))
        return canonical_names(value, self.sub_attributes)


@dataclass(frozen=True, slots=True, eq=False)
class ArrayRule(Rule):
    """How a multi-valued attribute is validated.

    ``elements`` takes the same as ``validate`` and leaves the elements as they are given; ``pair`` returns
    the key under which the array holds an element once.
    """

    elements: Callable[[Any], list[dict[str, Any]]] = field(kw_only=True)
    pair: Callable[[dict[str, Any]], tuple] = field(kw_only=True)


def canonical_names(value: dict[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``value`` with only ``known`` names, however their letters were cased."""
    if value.keys() <= known.keys():
        return value
    by_key = {name.lower(): name for name in known}
    return {by_key[key.lower()]: each for key, each in value.items() if key.lower() in by_key}


def _object_like(names: Iterable[str]) -> str:
    return f"an object such as {{{', '.join(f'{name!r}: …' for name in list(names)[:2])}}}".replace("'", '"')


def object_validator(label: str, validators: Mapping[str, Validator]) -> Callable[[Any], dict[str, Any] | None]:
    """Return the validator of one object whose members have these validators, in their order."""
    items = tuple(validators.items())
    names = validators.keys()
    bare = validators.get("value")

    def validate(value: Any) -> dict[str, Any] | None:
        if type(value) is not dict:
            value = only(value, label)
            if value is None or value == "":
                return None
            if isinstance(value, str) and bare:
                value = {"value": value}
            if not isinstance(value, dict):
                raise invalid(label, value, _object_like(validators))
        if not value.keys() <= names:
            value = canonical_names(value, validators)
        found = {}
        for name, validate_member in items:
            if name in value and (member := validate_member(value[name])) is not None:
                found[name] = member
        return found or None

    return validate


def _elements(label: str, validators: Mapping[str, Validator]) -> Callable[[Any], list[dict[str, Any]]]:
    """Return the validator of the elements of an array, each taken by itself."""
    element = object_validator(label, validators)
    right = f"an array of objects, {_object_like(validators)}"

    def validate(value: Any) -> list[dict[str, Any]]:
        if value is None or value == "":
            return []
        if isinstance(value, dict):
            value = [value]
        if not isinstance(value, list):
            raise invalid(label, value, right)
        for each in value:
            if each and not isinstance(each, dict):
                raise invalid(label, each, right)
        return [found for each in value if (found := element(each)) is not None]

    return validate


def _array(attribute: Attribute, label: str, validators: Mapping[str, Validator]) -> ArrayRule:
    """Return the rule of a multi-valued complex attribute.

    It holds a pair of type and value once, has at most one primary value (RFC 7643 §2.4), and no element
    that says nothing but its type or that it is primary.
    """
    elements, pair = _elements(label, validators), _pair(attribute)

    def validate(value: Any) -> list[dict[str, Any]] | None:
        kept: dict[tuple, dict[str, Any]] = {}
        for found in elements(value):
            if says_something(found):
                key = pair(found)
                kept[key] = elements(joined(kept[key], found))[0] if key in kept else found
        keep_one_primary(kept.values())
        return list(kept.values()) or None

    return ArrayRule(label, validate, validators, elements=elements, pair=pair)


def says_something(element: dict[str, Any]) -> bool:
    """Return whether an element says more than its type and whether it is primary."""
    return not element.keys() <= _LABELS


_LABELS = {"type", "primary"}


def _pair(attribute: Attribute) -> Callable[[dict[str, Any]], tuple]:
    """Return the function that says under which key an array of this attribute holds an element once."""
    exact = {each.name for each in attribute.sub_attributes.values() if each.case_exact}

    def compared(name: str, value: Any) -> Any:
        return fold(value) if isinstance(value, str) and name not in exact else value

    def pair(element: dict[str, Any]) -> tuple:
        if (value := element.get("value")) is None:
            return tuple(sorted((name, compared(name, each)) for name, each in element.items() if name != "primary"))
        return fold(element.get("type", "")), compared("value", value)

    return pair


def joined(known: dict[str, Any], same: dict[str, Any]) -> dict[str, Any]:
    """Return ``known`` with what ``same``, an element of the same type and value, says beyond them.

    Without a value everything but ``primary`` is what makes them the same.
    """
    same_in = ("type", "value") if "value" in known else known.keys() - {"primary"}
    return {**known, **same, **{name: known[name] for name in same_in if name in known}}


def keep_one_primary(elements: Iterable[dict[str, Any]], keep: dict[str, Any] | None = None) -> None:
    """Leave ``keep``, else the first that is primary, as the only primary element (RFC 7644 §3.5.2)."""
    for element in elements:
        if element.get("primary"):
            keep = keep or element
            if element is not keep:
                element["primary"] = False


def _rule(attribute: Attribute, prefix: str, resource_type: ResourceType) -> Rule:
    label, path = f"{prefix}{attribute.name}", f"{resource_type.name}:{attribute.name}"
    if attribute.type != "complex":
        return Rule(label, SIMPLE[attribute.type](label, path))
    validators = {
        each.name: SIMPLE[each.type](f"{label}.{each.name}", f"{path}.{each.name}")
        for each in attribute.sub_attributes.values()
        if not each.read_only
    }
    if attribute.multi_valued:
        return _array(attribute, label, validators)
    return Rule(label, object_validator(label, validators), validators)


def _rules(resource_type: ResourceType) -> dict[str, dict[str, Rule]]:
    """Return the rules of everything that is stored, by URN and canonical name, in the order of documents."""
    return {
        urn: {
            attribute.name: _rule(attribute, "" if urn == resource_type.schema else f"{urn}:", resource_type)
            for attribute in attributes.values()
            if attribute.mutability == "readWrite"
        }
        for urn, attributes in resource_type.attributes.items()
    }


USER_RULES = _rules(USER)
USER_ARRAYS = {
    urn: {name: rule for name, rule in rules.items() if isinstance(rule, ArrayRule)}
    for urn, rules in USER_RULES.items()
}
GROUP_RULES = _rules(GROUP)
