"""PATCH of a multi-valued attribute: elements added, merged, selected and removed (RFC 7644 §3.5.2)."""

from typing import Any

from provisioning.attributes import Attribute
from provisioning.errors import Refused
from provisioning.scim.patch.paths import Target
from provisioning.scim.patch.selection import Selection
from provisioning.validation import ArrayRule, joined, keep_one_primary
from provisioning.values import invalid, only
from tenants.fields import fold

Element = dict[str, Any]


def patched_array(elements: list[Element], op: str, target: Target, value: Any, rule: ArrayRule) -> list[Element]:
    """Return what one operation makes of the elements of an array; elements may be changed in place.

    The element that the operation marks as primary is the only one afterwards. Elements need not be complete
    yet: the attribute's rule puts the array in order when all operations are done. Raises ``Refused``.
    """
    primary = [element for element in elements if element.get("primary")]
    if target.selection:
        elements = _selected(elements, op, target.selection, target, value, rule)
    elif target.sub_attribute:
        elements = _everywhere(elements, op, target.sub_attribute.name, value, rule)
    elif op == "remove":
        elements = _without(elements, value, target.attribute, rule)
    else:
        elements = _added([] if op == "replace" else elements, rule.elements(value), rule)
    marked = (
        element for element in elements if element.get("primary") and not any(element is each for each in primary)
    )
    keep_one_primary(elements, next(marked, None))
    return elements


def _added(elements: list[Element], given: list[Element], rule: ArrayRule) -> list[Element]:
    """Add elements; one whose type and value are there already only adds what else it says."""
    known = {rule.pair(element): element for element in elements}
    for element in given:
        there = known.setdefault(rule.pair(element), element)
        if there is element:
            elements.append(element)
        else:
            there.update(joined(there, element))
    return elements


def _without(elements: list[Element], value: Any, attribute: Attribute, rule: ArrayRule) -> list[Element]:
    """Remove all elements, or with a value those it lists, as Entra ID does."""
    if value is None:
        return []
    given = rule.elements(value)
    return [element for element in elements if not any(_is_meant(element, each, attribute) for each in given)]


def _is_meant(element: Element, given: Element, attribute: Attribute) -> bool:
    names = [name for name in ("value", "type") if name in given] if "value" in given else given
    for name in names:
        here, there = element.get(name), given[name]
        if isinstance(here, str) and not attribute.sub_attributes[name.lower()].case_exact:
            here, there = fold(here), fold(there)
        if here != there:
            return False
    return True


def _everywhere(elements: list[Element], op: str, name: str, value: Any, rule: ArrayRule) -> list[Element]:
    """Write a sub-attribute of every element; where there is none, of a new one."""
    if op != "remove" and not elements:
        elements = [{}]
    for element in elements:
        _write(element, {name: None if op == "remove" else value}, rule)
    return elements


def _selected(
    elements: list[Element], op: str, selection: Selection, target: Target, value: Any, rule: ArrayRule
) -> list[Element]:
    """Write to the elements that a value filter selects, or remove them.

    Where it selects none, a remove changes nothing, and a value makes the element that the filter describes.
    """
    matching = [element for element in elements if selection.matches(element)]
    name = target.sub_attribute.name if target.sub_attribute else None
    value = None if op == "remove" else only(value, rule.label)
    if not matching and op != "remove":
        if selection.described is None:
            raise Refused(
                "noTarget",
                f"No element of {target.attribute.name} matches the filter of the path.",
                field=target.attribute.name,
            )
        if value is None or value == "":
            return elements
        made = dict(selection.described)
        _write(made, {name: value} if name else rule.named(value), rule)
        if not selection.matches(made):
            raise invalid(rule.label, value, "what the filter of the path describes")
        return [*elements, made]
    if name is None and (value is None or value == ""):
        return [element for element in elements if not any(element is each for each in matching)]
    for element in matching:
        _write(element, {name: value} if name else rule.named(value), rule)
    return elements


def _write(element: Element, values: Element, rule: ArrayRule) -> None:
    for name, value in values.items():
        if (valid := rule.sub_attributes[name](value)) is None:
            element.pop(name, None)
        else:
            element[name] = valid
