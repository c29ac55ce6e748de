"""The order of a list (RFC 7644 §3.4.2.3), and where in it a page begins."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.expressions import Combinable

from provisioning.attributes import resolve
from provisioning.errors import Refused, shown
from provisioning.scim.filters.homes import OTHER, Home, compared_attribute


@dataclass(frozen=True, slots=True)
class Order:
    """Resources by ``key`` and id; without a key, or where theirs is missing, by id alone and last."""

    key: Combinable | None = None
    optional: bool = False
    descending: bool = False

    def apply(self, rows: QuerySet) -> QuerySet:
        """Return the rows in this order, with what they are ordered by as ``sort_key``."""
        if self.key is None:
            return rows.order_by("-pk" if self.descending else "pk")
        rows = rows.annotate(sort_key=self.key)
        # Only what may be missing is told to go last: else an index serves the order.
        last = True if self.optional else None
        if self.descending:
            return rows.order_by(F("sort_key").desc(nulls_last=last), "-pk")
        return rows.order_by(F("sort_key").asc(nulls_last=last), "pk")

    def after(self, value: Any, id: str) -> Q:
        """Return the condition of the rows after the one with that sort key and id (keyset paging)."""
        beyond = Q(pk__lt=id) if self.descending else Q(pk__gt=id)
        if self.key is None:
            return beyond
        if value is None:
            return Q(sort_key__isnull=True) & beyond
        at_or_after, after = ("lte", "lt") if self.descending else ("gte", "gt")
        # The first half is what an index can use of the second.
        rest = Q(**{f"sort_key__{at_or_after}": value}) & (Q(**{f"sort_key__{after}": value}) | beyond)
        return rest | Q(sort_key__isnull=True) if self.optional else rest


def order_of(home: Home, sort_by: str | None, *, descending: bool, mixed: bool = False) -> Order:
    """Return the order of the resources of a type.

    An attribute whose elements are several sorts by the primary or first one; text ignores letter case unless its
    attribute is caseExact. What only the other type of a ``mixed`` list has is missing in all of these. Raises
    ``Refused`` invalidValue for what is unknown or has no order.
    """
    if sort_by is None:
        return Order()
    path = resolve(home.type, sort_by)
    if path is None:
        if mixed and resolve(OTHER[home.type], sort_by):
            return Order(descending=descending)
        raise _refused(sort_by, f"{shown(sort_by)} is no attribute of a {home.type.name}.")
    attribute, target = path.attribute, compared_attribute(path)
    if "never" in (attribute.returned, target.returned):
        raise _refused(sort_by, f"{sort_by} is never returned: no list is sorted by it.")
    if target.type == "complex":
        raise _refused(sort_by, f"{sort_by} is complex: sort by one of its sub-attributes.")
    if target.type == "binary":
        raise _refused(sort_by, f"{sort_by} is binary: it has no order.")
    if attribute.multi_valued:
        return Order(home.array(path).sort_key(target.name), optional=True, descending=descending)
    value = home.value(path)
    return Order(value.sort_key, optional=value.optional, descending=descending)


def _refused(sort_by: str, sentence: str) -> Refused:
    return Refused("invalidValue", f"sortBy: {sentence}", field="sortBy")
