"""Value filters: which elements of a multi-valued attribute a path means (RFC 7644 §3.4.2.2, ``valFilter``).

The grammar is that of scim2-models; a filter is compiled once into a function over one element.
"""

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

from scim2_models.exceptions import InvalidFilterException
from scim2_models.path import (
    ORDERING_OPERATORS,
    STRING_OPERATORS,
    CompareOperator,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ScimFilter,
    ValuePath,
)

from provisioning.attributes import Attribute
from provisioning.errors import Refused, shown
from tenants.fields import fold

Element = dict[str, Any]
Matches = Callable[[Element], bool]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "co": operator.contains,
    "sw": str.startswith,
    "ew": str.endswith,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
# What an element may be made from where none matches: Entra ID and a Keycloak plugin count on it.
_DESCRIBES = {"type", "primary"}


class Selection(NamedTuple):
    """A compiled value filter.

    ``described`` is the element that the filter describes if it consists of ``eq`` terms on ``type`` or
    ``primary`` joined by ``and``, else None. ``node`` is the syntax tree.
    """

    matches: Matches
    described: Element | None
    node: FilterNode


def selection_of(attribute: Attribute, text: str) -> Selection:
    """Compile the value filter ``text`` on elements of ``attribute``; raises ``Refused`` ``invalidFilter``."""
    try:
        node = ScimFilter(text).ast
    except InvalidFilterException as error:
        raise _refused(f"The filter {shown(text)} cannot be read: {error.detail}.") from None
    compiler = _Compiler(attribute)
    matches = compiler.visit(node)
    return Selection(matches, compiler.described(node), node)


class _Compiler(FilterVisitor[Matches]):
    def __init__(self, attribute: Attribute):
        self.attribute = attribute

    def visit_not(self, node: Not) -> Matches:
        matches = self.visit(node.expr)
        return lambda element: not matches(element)

    def visit_logical_expr(self, node: LogicalExpr) -> Matches:
        terms = [self.visit(term) for term in node.terms]
        if node.op == LogicalOperator.and_:
            return lambda element: all(matches(element) for matches in terms)
        return lambda element: any(matches(element) for matches in terms)

    def visit_present(self, node: Present) -> Matches:
        name = self.sub_attribute(node).name
        return lambda element: element.get(name) is not None

    def visit_value_path(self, node: ValuePath) -> Matches:
        raise _refused("A value filter holds no other value filter.")

    def visit_comparison(self, node: Comparison) -> Matches:
        """Compare as ``scim2_models`` does: what is not there equals null only and differs from any value."""
        sub_attribute = self.sub_attribute(node)
        name, wanted = sub_attribute.name, self.operand(node)
        if node.op == CompareOperator.ne:
            equal = self.visit_comparison(Comparison(node.attr_path, CompareOperator.eq, node.value))
            return lambda element: not equal(element)
        if wanted is None:
            is_eq = node.op == CompareOperator.eq
            return lambda element: is_eq and element.get(name) is None
        compare = _COMPARE[node.op]
        if isinstance(wanted, bool) or sub_attribute.case_exact:
            return lambda element: name in element and compare(element[name], wanted)
        wanted = fold(wanted)
        return lambda element: name in element and compare(fold(element[name]), wanted)

    def sub_attribute(self, node: Comparison | Present) -> Attribute:
        path = node.attr_path
        found = self.attribute.sub_attributes.get(path.attr.lower())
        if found is None or path.sub_attr or path.uri:
            raise _refused(f"{shown(str(path))} is no sub-attribute of {self.attribute.name}.")
        return found

    def operand(self, node: Comparison) -> Any:
        """Return the compared value in the type of its sub-attribute, None for null."""
        sub_attribute, value = self.sub_attribute(node), node.value
        label = f"{self.attribute.name}.{sub_attribute.name}"
        if value is None:
            return None
        if sub_attribute.type == "boolean":
            if isinstance(value, str):  # Entra ID: roles[primary eq "True"]
                value = {"true": True, "false": False}.get(value.lower())
            if not isinstance(value, bool):
                raise _refused(f"{label} is compared with {shown(node.value)}: it is true or false.")
            if node.op not in (CompareOperator.eq, CompareOperator.ne):
                raise _refused(f"{label} is true or false: compare it with eq or ne, not {node.op}.")
        elif not isinstance(value, str):
            raise _refused(f"{label} is compared with {shown(value)}: it is text, in double quotes.")
        elif sub_attribute.type == "binary" and node.op in ORDERING_OPERATORS | STRING_OPERATORS:
            raise _refused(f"{label} is binary: compare it with eq or ne, not {node.op}.")
        return value

    def described(self, node: FilterNode) -> Element | None:
        terms = node.terms if isinstance(node, LogicalExpr) and node.op == LogicalOperator.and_ else (node,)
        described: Element = {}
        for term in terms:
            if not isinstance(term, Comparison) or term.op != CompareOperator.eq or term.value is None:
                return None
            name = self.sub_attribute(term).name
            if name not in _DESCRIBES:
                return None
            if described.setdefault(name, self.operand(term)) != self.operand(term):
                return None
        return described


def _refused(detail: str) -> Refused:
    return Refused("invalidFilter", detail, field="path")
