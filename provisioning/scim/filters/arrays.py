"""The multi-valued attributes of a resource: what holds their elements, and how one of them is found."""

from collections.abc import Callable, Mapping
from functools import reduce
from operator import or_

from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.expressions import Combinable

from kestra_iam.models import Membership
from provisioning.attributes import Attribute
from provisioning.models import ProvisionedEmail
from provisioning.scim.filters.json_conditions import AnyElement, ChosenElement, ElementText
from provisioning.scim.filters.values import NEVER, Base64, Constant, JsonBoolean, Missing, Plain, Text

# From the name of a sub-attribute to its value in the element at hand.
Element = Callable[[str], Plain]
Condition = Callable[[Element], Q]


class NoArray:
    """An attribute that resources of this type do not have."""

    def any(self, condition: Condition) -> Q:
        """Return the condition that an element fulfils ``condition``."""
        condition(lambda name: Missing())
        return NEVER

    def rows(self, condition: Condition) -> Q | None:
        """Return the same for a condition on ``value`` alone that an index serves; None where there is none."""
        return None

    def sort_key(self, name: str) -> Combinable | None:
        """Return the sub-attribute of the primary element, else of the first (RFC 7644 §3.4.2.3)."""
        return None


class DocumentArray(NoArray):
    """An array of objects in a user's document."""

    def __init__(self, attribute: Attribute):
        self.attribute = attribute
        self.keys = (attribute.name,)

    def any(self, condition: Condition) -> Q:
        return Q(AnyElement(self.keys, condition(self.element)))

    def element(self, name: str) -> Plain:
        sub_attribute = self.attribute.sub_attributes[name.lower()]
        keys = (*self.keys, sub_attribute.name)
        if sub_attribute.type == "boolean":
            return JsonBoolean(ElementText(keys, folded=True, boolean=True))
        text = ElementText(keys, folded=not sub_attribute.case_exact)
        return (
            Base64(text)
            if sub_attribute.type == "binary"
            else Text(text, exact=sub_attribute.case_exact, optional=True)
        )

    def sort_key(self, name: str) -> Combinable:
        return ChosenElement(self.keys, self.element(name).expression)


class EmailArray(DocumentArray):
    """``emails``, whose addresses are rows too."""

    def __init__(self, attribute: Attribute, integration_id: str):
        super().__init__(attribute)
        self.integration_id = integration_id

    def rows(self, condition: Condition) -> Q:
        found = ProvisionedEmail.objects.filter(integration_id=self.integration_id)
        return Q(pk__in=found.filter(condition(self.row)).values("user_id"))

    def row(self, name: str) -> Plain:
        return Text(F("value_key"), column=F("value_key"))


class Memberships(NoArray):
    """The groups of a user or the members of a group: rows, in the order in which they are answered."""

    def __init__(self, owner_key: str, holder: str, values: Mapping[str, Plain], order: tuple[str, ...]):
        self.holder, self.values, self.order = holder, values, order
        self.memberships = Membership.objects.filter(group__owner_key=owner_key, source__isnull=False)

    def any(self, condition: Condition) -> Q:
        return Q(pk__in=self.memberships.filter(condition(self.values.__getitem__)).values(self.holder))

    def sort_key(self, name: str) -> Combinable | None:
        if (key := self.values[name].sort_key) is None:
            return None
        first = self.memberships.filter(**{self.holder: OuterRef("pk")}).order_by(*self.order)
        return Subquery(first.annotate(sort_key=key).values("sort_key")[:1])


class UrnArray(NoArray):
    """``schemas``: URNs, each with the condition under which a resource has it."""

    def __init__(self, conditions: Mapping[str, Q]):
        self.conditions = conditions

    def any(self, condition: Condition) -> Q:
        return reduce(or_, (has & condition(_only(urn)) for urn, has in self.conditions.items()))


def _only(urn: str) -> Element:
    return lambda name: Constant(urn, exact=True)
