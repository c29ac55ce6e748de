"""From the text of a filter to a condition on rows, agreeing with ``scim2_models``' own evaluation."""

from collections.abc import Callable

from django.db.models import Q
from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    Present,
    ValuePath,
)

from provisioning.attributes import Attribute, AttributePath, resolve
from provisioning.errors import shown
from provisioning.scim.filters.arrays import Element, NoArray
from provisioning.scim.filters.elements import ElementTranslation, Translation, check_readable, compared
from provisioning.scim.filters.grammar import equality, parse
from provisioning.scim.filters.homes import OTHER, Home, compared_attribute
from provisioning.scim.filters.operands import refused
from provisioning.scim.filters.values import ALWAYS, negate


def condition_of(home: Home, text: str, *, mixed: bool = False) -> Q:
    """Return the condition under which a resource of an integration fulfils a filter.

    It goes with the rows that ``home`` is for: ``ProvisionedUser.objects.filter(integration_id=…).filter(q)`` or
    ``Group.objects.filter(owner_key=…).filter(q)``. In a ``mixed`` list of both types, what only the other type has is
    without value here (RFC 7644 §3.4.2.1). Raises ``Refused`` invalidFilter with a sentence that names the culprit.
    """
    translation = ResourceTranslation(home, mixed)
    if simple := equality(text):
        return translation.compare(simple[0], "eq", simple[1])
    return translation.visit(parse(text))


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
        attribute, target = path.attribute, compared_attribute(path)
        if target.type == "complex":
            like = next(iter(attribute.sub_attributes.values())).name
            raise refused(name, f"{name} is complex: compare one of its sub-attributes, such as {name}.{like}.")
        if not attribute.multi_valued:
            return compared(home.value(path), target, name, operator, value)
        if operator == "ne":
            # No element is equal: the RFC is silent, scim2-models reads it so.
            return negate(self.compare(name, "eq", value))
        array = home.array(path)
        sub_name = "value" if target is attribute else target.name
        term = Comparison(AttrPath(sub_name), CompareOperator(operator), value)
        found = self.any(array, attribute, attribute.name, term)
        return found | negate(array.any(lambda element: ALWAYS)) if value is None else found

    def any(self, array: NoArray, attribute: Attribute, label: str, condition: FilterNode) -> Q:
        """Return the condition that an element fulfils what stands in brackets."""

        def fulfils(node: FilterNode) -> Callable[[Element], Q]:
            return lambda element: ElementTranslation(attribute, label, element).visit(node)

        terms = _conjuncts(condition)
        on_value = tuple(term for term in terms if _on_value(term))
        rows = array.rows(fulfils(LogicalExpr(LogicalOperator.and_, on_value))) if on_value else None
        if rows is None:
            return array.any(fulfils(condition))
        # An index finds the few elements with that value; what else is asked of them is asked of these only.
        return rows if len(on_value) == len(terms) else rows & array.any(fulfils(condition))

    def resolve(self, name: str) -> tuple[Home, AttributePath]:
        """Return what a name stands for, and where that is kept."""
        home, path = self.home, resolve(self.home.type, name)
        if path is None and self.mixed:
            home, path = Home(self.home.integration_id), resolve(OTHER[self.home.type], name)
        if path is None:
            raise refused(name, f"{shown(name)} is no attribute of a {self.home.type.name}.")
        check_readable(name, path.attribute)
        check_readable(name, path.target)
        return home, path


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
