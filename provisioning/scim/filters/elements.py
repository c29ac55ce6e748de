"""What filters have in common, and those inside the brackets of a value path: on one element of an array."""

from functools import reduce
from operator import and_, or_

from django.db.models import Q
from scim2_models.path import Comparison, FilterVisitor, LogicalExpr, LogicalOperator, Not, Present, ValuePath

from provisioning.attributes import Attribute
from provisioning.errors import shown
from provisioning.scim.filters.arrays import Element
from provisioning.scim.filters.operands import operand, refused
from provisioning.scim.filters.values import Plain, negate


class Translation(FilterVisitor[Q]):
    """From a syntax tree to a condition."""

    def visit_not(self, node: Not) -> Q:
        if isinstance(node.expr, Not):
            return self.visit(node.expr.expr)
        return negate(self.visit(node.expr))

    def visit_logical_expr(self, node: LogicalExpr) -> Q:
        return reduce(and_ if node.op == LogicalOperator.and_ else or_, map(self.visit, node.terms))

    def visit_comparison(self, node: Comparison) -> Q:
        return self.compare(str(node.attr_path), node.op.value, node.value)

    def compare(self, name: str, operator: str, value: object) -> Q:
        """Return the condition for a comparison; ``name`` is as the client writes it, ``value`` as JSON gives it."""
        raise NotImplementedError


class ElementTranslation(Translation):
    """The filter inside brackets; ``label`` names the array to people."""

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
        # Elements that are no objects are their own value.
        sub_attributes = self.attribute.sub_attributes or {"value": self.attribute}
        if (found := sub_attributes.get(name.lower())) is None:
            raise refused(self.label, f"{self.label} has no sub-attribute {shown(name)}.")
        check_readable(f"{self.label}.{found.name}", found)
        return found


def compared(stored: Plain, attribute: Attribute, label: str, operator: str, value: object) -> Q:
    """Return the condition that a single value stands in a relation to the value in a filter."""
    wanted = operand(attribute, label, operator, value)
    if wanted is None:
        return negate(stored.present()) if operator == "eq" else stored.present()
    if operator == "ne":
        return negate(stored.compare("eq", wanted))
    return stored.compare(operator, wanted)


def check_readable(label: str, attribute: Attribute) -> None:
    """Refuse to tell by a filter what no answer tells (RFC 7643 §7)."""
    if attribute.returned == "never":
        raise refused(label, f"{label} is never returned: no filter may ask for it.")
