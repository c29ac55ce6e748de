"""Counting related rows beside each row of a list."""

from django.db.models import Count, IntegerField, QuerySet, Subquery
from django.db.models.functions import Coalesce


def count_of(rows: QuerySet, by: str) -> Coalesce:
    """Count ``rows`` (already narrowed by an ``OuterRef``), grouped by their column ``by``.

    A join would multiply one count by the other.
    """
    counted = rows.order_by().values(by).annotate(n=Count("pk"))
    return Coalesce(Subquery(counted.values("n"), output_field=IntegerField()), 0)
