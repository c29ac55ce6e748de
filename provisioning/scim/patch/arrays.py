"""PATCH of a multi-valued attribute: elements added, merged, selected and removed (RFC 7644 §3.5.2)."""

from typing import Any

from provisioning.attributes import Attribute
from provisioning.errors import Refused
from provisioning.scim.patch.paths import Target
from provisioning.scim.patch.selection import Selection
from provisioning.validation import ArrayRule, joined, keep_one_primary, says_something
from provisioning.values import invalid, only
from tenants.fields import fold

Element = dict[str, Any]


def patched_array(elements: list[Element], op: str, target: Target, value: Any, rule: ArrayRule) -> list[Element]:
    """Return what one operation makes of the elements of an array; elements may be changed in place.

    The first element that the operation writes to and that is primary is the only one afterwards. Elements
    need not be complete yet: the attribute's rule puts the array in order when all operations are done.
    Raises ``Refused``.
    """
    elements = list(elements)
    if target.selection:
        written = _select(elements, op, target.selection, target, value, rule)
    elif target.sub_attribute:
        written = _write_all(elements, op, target.sub_attribute.name, value, rule)
    elif op == "remove":
        written = _remove(elements, value, target.attribute, rule)
    else:
        written = _add(elements, op, value, rule)
    if primary := next((element for element in written if element.get("primary")), None):
        keep_one_primary(elements, primary)
    return elements


def _add(elements: list[Element], op: str, value: Any, rule: ArrayRule) -> list[Element]:
    """Add elements, or replace all; one whose type and value are there already only adds what else it says.

    One that says nothing yet stays for a later operation to complete it, and takes nothing from the others.
    """
    if op == "replace":
        elements.clear()
    given = rule.elements(value)
    known = {rule.pair(element): element for element in elements}
    written = []
    for element in given:
        there = known.setdefault(rule.pair(element), element)
        if there is element:
            elements.append(element)
        else:
            there.update(joined(there, element))
        if says_something(there):
            written.append(there)
    return written


def _remove(elements: list[Element], value: Any, attribute: Attribute, rule: ArrayRule) -> list[Element]:
    """Remove all elements, or with a value those it lists, as Entra ID does."""
    given = rule.elements(value)
    _drop(elements, [each for each in elements if value is None or any(_is_meant(each, it, attribute) for it in given)])
    return []


def _is_meant(element: Element, given: Element, attribute: Attribute) -> bool:
    for name in [name for name in ("value", "type") if name in given] if "value" in given else given:
        here, there = element.get(name), given[name]
        if isinstance(here, str) and not attribute.sub_attributes[name.lower()].case_exact:
            here, there = fold(here), fold(there)
        if here != there:
            return False
    return True


def _write_all(elements: list[Element], op: str, name: str, value: Any, rule: ArrayRule) -> list[Element]:
    """Write a sub-attribute of every element; where there is none, of a new one."""
    if op != "remove" and not elements:
        elements.append({})
    for element in elements:
        _write(element, {name: None if op == "remove" else value}, rule)
    return elements


def _select(
    elements: list[Element], op: str, selection: Selection, target: Target, value: Any, rule: ArrayRule
) -> list[Element]:
    """Write to the elements that a value filter selects, or remove them.

    Where it selects none, a remove changes nothing, and a value makes the element that the filter describes.
    """
    matching = [element for element in elements if selection.matches(element)]
    name = target.sub_attribute.name if target.sub_attribute else None
    value = None if op == "remove" else only(value, rule.label)
    is_nothing = value is None or value == ""
    if not matching and op != "remove":
        if selection.described is None:
            detail = f"No element of {target.attribute.name} matches the filter of the path."
            raise Refused("noTarget", detail, field=target.attribute.name)
        if is_nothing:
            return []
        matching = [dict(selection.described)]
        _write(matching[0], {name: value} if name else rule.named(value), rule)
        if not selection.matches(matching[0]):
            raise invalid(rule.label, value, "what the filter of the path describes")
        elements += matching
    elif name is None and is_nothing:
        _drop(elements, matching)
    else:
        for element in matching:
            _write(element, {name: value} if name else rule.named(value), rule)
    return matching


def _write(element: Element, values: Element, rule: ArrayRule) -> None:
    for name, value in values.items():
        if (valid := rule.sub_attributes[name](value)) is None:
            element.pop(name, None)
        else:
            element[name] = valid


def _drop(elements: list[Element], unwanted: list[Element]) -> None:
    """Take elements out by identity: equal ones may stand twice until the array is put in order."""
    elements[:] = [element for element in elements if not any(element is each for each in unwanted)]
