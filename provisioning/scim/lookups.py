"""The lists that clients ask for most, compiled once: ``userName eq "x"`` and the like, and pages of everything.

A fast path: without it lists find the same.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db.models import Func, IntegerField, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from kestra_iam.models import AccessSource, Group
from provisioning import reading
from provisioning.models import ProvisionedUser
from provisioning.scim.filters.grammar import equality
from provisioning.scim.list_query import ListQuery
from tenants.compiled import CompiledQuery, exactly
from tenants.fields import fold

# Nobody gives one externalId to more; if so, the list is paged like any other.
_FEW = 10


class Lookup(NamedTuple):
    """A statement that finds rows by the value of one column, and what makes that of the value in a filter."""

    statement: CompiledQuery
    key: Callable[[str], str]


def find(type_name: str, integration_id: str, query: ListQuery) -> list[tuple[Any, ...]] | None:
    """Return all rows of ``UserRow`` or ``GroupRow`` that a query asks for; None for what is no simple lookup."""
    if query.filter is None or query.sort_by or query.cursor is not None or query.start_index > 1:
        return None
    name, value = equality(query.filter) or ("", "")
    lookup = _LOOKUPS.get((type_name, name.lower()))
    if lookup is None or not value:
        return None
    rows = lookup.statement.rows(integration_id=integration_id, key=lookup.key(value))
    return rows if len(rows) <= min(_FEW, query.limit) else None


def page(type_name: str, integration_id: str, query: ListQuery) -> tuple[int, list[tuple[Any, ...]]] | None:
    """Return how many resources of a type there are, and the rows of one page of them in the order of their ids.

    None for what is no such page, and for an empty one: it does not tell how many there are.
    """
    if query.filter is not None or query.sort_by or query.descending or query.cursor is not None or not query.limit:
        return None
    rows = _PAGES[type_name].rows(integration_id=integration_id, start=query.start_index - 1, limit=query.limit)
    return (rows[0][-1], [row[:-1] for row in rows]) if rows else None


# Django's own Count would group by the owner, which takes as long again.
_COUNT = Func(function="COUNT", template="%(function)s(*)", output_field=IntegerField())


def _page(
    everything: QuerySet[Any], counted: QuerySet[Any], columns: tuple[Any, ...], start: int, limit: int
) -> QuerySet[Any]:
    everything = everything.order_by("pk")
    # What is skipped is read from an index alone.
    found = everything.filter(pk__gte=Subquery(everything.values("pk")[start : start + 1]))
    total = counted.order_by().annotate(total=_COUNT).values("total")
    return found.values_list(*columns, Subquery(total))[:limit]


def _page_of_users(integration_id: str, start: int, limit: int) -> QuerySet[Any]:
    everything = ProvisionedUser.objects.filter(integration_id=integration_id)
    # Each user has its source, and theirs is the smallest index: counting takes half as long.
    sources = AccessSource.objects.filter(owner_key=integration_id)
    return _page(everything, sources, reading.USER_COLUMNS, start, limit)


def _page_of_groups(integration_id: str, start: int, limit: int) -> QuerySet[Any]:
    everything = Group.objects.filter(owner_key=integration_id)
    return _page(everything, everything, reading.GROUP_COLUMNS, start, limit)


def _with(found: QuerySet[Any], *order: str, key: str, **columns: str) -> QuerySet[Any]:
    """Return the first few rows that have ``key`` in the first column of ``order``, and what is said of ``columns``."""
    return found.filter(exactly(order[0], key), **columns).order_by(*order)[: _FEW + 1]


def _users(integration_id: str) -> QuerySet[Any]:
    return ProvisionedUser.objects.filter(integration_id=integration_id).values_list(*reading.USER_COLUMNS)


def _users_by_email(integration_id: str) -> QuerySet[Any]:
    # What is no column has no index: users are looked up by the id that their e-mail address leads to, and by no other.
    owned = ProvisionedUser.objects.annotate(owner=Coalesce("integration_id", Value("")))
    return owned.filter(owner=integration_id).values_list(*reading.USER_COLUMNS)


def _groups(integration_id: str) -> QuerySet[Any]:
    return Group.objects.filter(owner_key=integration_id).values_list(*reading.GROUP_COLUMNS)


_LOOKUPS = {
    ("User", "username"): Lookup(
        CompiledQuery(lambda integration_id, key: _with(_users(integration_id), "user_name_key", key=key)), fold
    ),
    ("User", "externalid"): Lookup(
        CompiledQuery(lambda integration_id, key: _with(_users(integration_id), "external_id", "pk", key=key)), str
    ),
    ("User", "emails.value"): Lookup(
        CompiledQuery(
            lambda integration_id, key: _with(
                _users_by_email(integration_id),
                "emails__value_key",
                "emails__user_id",
                key=key,
                emails__integration_id=integration_id,
            )
        ),
        fold,
    ),
    ("Group", "displayname"): Lookup(
        CompiledQuery(lambda integration_id, key: _with(_groups(integration_id), "name_key", "pk", key=key)), fold
    ),
    ("Group", "externalid"): Lookup(
        CompiledQuery(lambda integration_id, key: _with(_groups(integration_id), "external_id_key", "pk", key=key)), str
    ),
}
_PAGES = {
    "User": CompiledQuery(_page_of_users, numbers=("start", "limit")),
    "Group": CompiledQuery(_page_of_groups, numbers=("start", "limit")),
}
