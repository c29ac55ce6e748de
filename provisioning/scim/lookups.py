"""``userName eq "x"`` and the like, compiled once: what clients ask before most of their changes.

A fast path: without it lists find the same.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db.models import QuerySet

from kestra_iam.models import Group
from provisioning import reading
from provisioning.models import ProvisionedUser
from provisioning.scim.filters.grammar import equality
from provisioning.scim.list_query import ListQuery
from tenants.compiled import CompiledQuery
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


def _users(integration_id: str, **columns: str) -> QuerySet[Any]:
    found = ProvisionedUser.objects.filter(integration_id=integration_id, **columns).order_by("pk")
    return found.values_list(*reading.USER_COLUMNS)[: _FEW + 1]


def _groups(integration_id: str, **columns: str) -> QuerySet[Any]:
    found = Group.objects.filter(owner_key=integration_id, **columns).order_by("pk")
    return found.values_list(*reading.GROUP_COLUMNS)[: _FEW + 1]


_LOOKUPS = {
    ("User", "username"): Lookup(
        CompiledQuery(lambda integration_id, key: _users(integration_id, user_name_key=key)), fold
    ),
    ("User", "externalid"): Lookup(
        CompiledQuery(lambda integration_id, key: _users(integration_id, external_id=key)), str
    ),
    ("Group", "displayname"): Lookup(
        CompiledQuery(lambda integration_id, key: _groups(integration_id, name_key=key)), fold
    ),
    ("Group", "externalid"): Lookup(
        CompiledQuery(lambda integration_id, key: _groups(integration_id, external_id_key=key)), str
    ),
}
