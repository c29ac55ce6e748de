"""From the syntax tree of a filter to a condition on rows, agreeing with ``scim2_models``' evaluation."""

from collections.abc import Callable
from functools import reduce
from operator import and_, or_

from django.db.models import Q
from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)

from provisioning.attributes import Attribute, AttributePath, resolve
from provisioning.errors import shown
from provisioning.scim.filters.arrays import Element, NoArray
from provisioning.scim.filters.grammar import equality, parse
from provisioning.scim.filters.homes import OTHER, GroupHome, Home, UserHome
from provisioning.scim.filters.operands import operand, refused
from provisioning.scim.filters.values import ALWAYS, Plain, negate


def filter_users(integration_id: str, text: str, *, mixed: bool = False) -> Q:
    """Return the condition under which a user of this integration fulfils a filter.

    It goes with the users of that integration: ``ProvisionedUser.objects.filter(integration_id=…).filter(q)``.
    In a ``mixed`` list of both types, what only groups have is without value here (RFC 7644 §3.4.2.1).
    Raises ``Refused`` invalidFilter with a sentence that names the culprit.
    """
    return condition_of(UserHome(integration_id), text, mixed=mixed)


def filter_groups(integration_id: str, text: str, *, mixed: bool = False) -> Q:
    """Return the same for groups: ``Group.objects.filter(owner_key=integration_id).filter(q)``."""
    return condition_of(GroupHome(integration_id), text, mixed=mixed)


def condition_of(home: Home, text: str, *, mixed: bool = False) -> Q:
    """Return the same for resources of whatever type ``home`` holds."""
    translation = ResourceTranslation(home, mixed)
    if simple := equality(text):
        return translation.compare(simple[0], "eq", simple[1])
    return translation.visit(parse(text))


class Translation(FilterVisitor[Q]):
    """What holds inside brackets and outside."""

    def visit_not(self, node: Not) -> Q:
        if isinstance(node.expr, Not):
            return self.visit(node.expr.expr)
        return negate(self.visit(node.expr))

    def visit_logical_expr(self, node: LogicalExpr) -> Q:
        return reduce(and_ if node.op == LogicalOperator.and_ else or_, map(self.visit, node.terms))

    def visit_comparison(self, node: Comparison) -> Q:
        return self.compare(str(node.attr_path), node.op.value, node.value)

    def compare(self, name: str, operator: str, value: object) -> Q:
        raise NotImplementedError


class ElementTranslation(Translation):
    """The filter inside the brackets of a value path, on one element of an array."""

    def __init__(self, attribute: Attribute, label: str, element: Element):
        self.attribute, self.label, self.element = attribute, label, element

    def visit_present(self, node: Present) -> Q:
        return self.element(self.resolve(str(node.attr_path)).name).present()

    def compare(self, name: str, operator: str, value: object) -> Q:
        attribute = self.resolve(name)
        return compared(self.element(attribute.name), attribute, f"{self.label}.{attribute.name}", operator, value)

    def visit_value_path(self, node: ValuePath) -> Q:
        raise refused(self.label, f"{node.attr_path}[…] stands inside {self.label}[…]: value paths do not nest.")

    def resolve(self, name: str) -> Attribute:
        sub_attributes = self.attribute.sub_attributes or {"value": self.attribute}
        if (found := sub_attributes.get(name.lower())) is None:
            raise refused(self.label, f"{self.label} has no sub-attribute {shown(name)}.")
        _readable(f"{self.label}.{found.name}", found)
        return found


class ResourceTranslation(Translation):
    """A filter on the attributes of one type of resource."""

    def __init__(self, home: Home, mixed: bool):
        self.home, self.mixed = home, mixed

    def visit_present(self, node: Present) -> Q:
        home, path = self.resolve(str(node.attr_path))
        if not path.attribute.multi_valued:
            return home.value(path).present()
        sub_attribute = path.sub_attribute
        return home.array(path).any(lambda element: element(sub_attribute.name).present() if sub_attribute else ALWAYS)

    def visit_value_path(self, node: ValuePath) -> Q:
        label = str(node.attr_path)
        home, path = self.resolve(label)
        if not path.attribute.multi_valued:
            raise refused(label, f"{label} has a single value: a filter in brackets selects among several.")
        return self.any(home.array(path), path.attribute, label, node.val_filter)

    def compare(self, name: str, operator: str, value: object) -> Q:
        home, path = self.resolve(name)
        attribute, sub_attribute = path.attribute, path.sub_attribute
        if sub_attribute is None and (attribute.multi_valued or attribute.type == "complex"):
            # RFC 7643 §2.4: comparing a multi-valued attribute compares the value of its elements.
            sub_attribute = attribute.sub_attributes.get("value") if attribute.multi_valued else None
            if sub_attribute is None and attribute.type == "complex":
                raise refused(name, f"{name} is complex: compare one of its sub-attributes, such as {_like(path)}.")
        if not attribute.multi_valued:
            return compared(home.value(path), path.target, name, operator, value)
        sub_name = sub_attribute.name if sub_attribute else "value"
        if operator == "ne":
            # No element is equal: the RFC is silent, scim2-models reads it so.
            return negate(self.compare(name, "eq", value))
        array = home.array(path)
        term = Comparison(AttrPath(sub_name), CompareOperator(operator), value)
        found = self.any(array, attribute, path.attribute.name, term)
        return found | negate(array.any(lambda element: ALWAYS)) if value is None else found

    def any(self, array: NoArray, attribute: Attribute, label: str, condition: FilterNode) -> Q:
        """Return the condition that an element fulfils what stands in brackets."""

        def some(node: FilterNode) -> Callable[[Element], Q]:
            return lambda element: ElementTranslation(attribute, label, element).visit(node)

        terms = _conjuncts(condition)
        on_value = [term for term in terms if _on_value(term)]
        if on_value and (rows := array.rows(some(LogicalExpr(LogicalOperator.and_, tuple(on_value))))) is not None:
            return rows if len(on_value) == len(terms) else rows & array.any(some(condition))
        return array.any(some(condition))

    def resolve(self, name: str) -> tuple[Home, AttributePath]:
        """Return what a name stands for, and where that is kept."""
        home, path = self.home, resolve(self.home.type, name)
        if path is None and self.mixed:
            home, path = Home(self.home.integration_id), resolve(OTHER[self.home.type], name)
        if path is None:
            raise refused(name, f"{shown(name)} is no attribute of a {self.home.type.name}.")
        _readable(name, path.attribute)
        _readable(name, path.target)
        return home, path


def compared(stored: Plain, attribute: Attribute, label: str, operator: str, value: object) -> Q:
    """Return the condition that a single value stands in a relation to the value in a filter."""
    wanted = operand(attribute, label, operator, value)
    if wanted is None:
        return negate(stored.present()) if operator == "eq" else stored.present()
    if operator == "ne":
        return negate(stored.compare("eq", wanted))
    return stored.compare(operator, wanted)


def _readable(label: str, attribute: Attribute) -> None:
    """Refuse to tell by a filter what no answer tells (RFC 7643 §7)."""
    if attribute.returned == "never":
        raise refused(label, f"{label} is never returned: no filter may ask for it.")


def _conjuncts(node: FilterNode) -> tuple[FilterNode, ...]:
    if isinstance(node, LogicalExpr) and node.op == LogicalOperator.and_:
        return node.terms
    return (node,)


def _on_value(node: FilterNode) -> bool:
    """Return whether a term holds only for elements with a value, and asks for nothing else."""
    return (
        isinstance(node, Comparison)
        and str(node.attr_path).lower() == "value"
        and node.op != CompareOperator.ne
        and node.value is not None
    )


def _like(path: AttributePath) -> str:
    return f"{path.attribute.name}.{next(iter(path.attribute.sub_attributes.values())).name}"
