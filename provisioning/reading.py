"""The rows behind users and groups, and what is computed on reading: a user's groups, a group's members.

Neither belongs to a version. The statements of single resources are compiled once (``tenants.compiled``).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from django.db.models import OuterRef, Subquery, TextField
from django.db.models.functions import Concat

from kestra_iam.models import Group, Membership
from provisioning.endpoints import scim_base
from provisioning.models import ProvisionedUser
from provisioning.provisioner import Provisioner
from tenants.compiled import CompiledQuery
from tenants.fields import fold


class UserRow(NamedTuple):
    """What rendering a user takes; ``groups`` is the text of an array of [id, owner's key and name], in any order."""

    pk: str
    version: int
    created_at: datetime
    updated_at: datetime
    document: str
    groups: str


class GroupRow(NamedTuple):
    """What rendering a group takes, but its members."""

    pk: str
    version: int
    created_at: datetime
    updated_at: datetime
    name: str
    external_id: str | None


class _RowsAsText(Subquery):
    """All rows of a subquery as one text, which the database makes of their columns."""

    output_field = TextField()
    on_sqlite: str
    on_postgresql: str

    def __init__(self, queryset: Any, *columns: str):
        self.columns = columns
        super().__init__(queryset.values_list(*columns))

    def as_sql(self, compiler, connection, template=None, **context):
        whole = self.on_postgresql if connection.vendor == "postgresql" else self.on_sqlite
        columns = (f"row_as_text.{connection.ops.quote_name(column)}" for column in self.columns)
        template = f"(SELECT {whole.format(*columns)} FROM (%(subquery)s) AS row_as_text)"
        return super().as_sql(compiler, connection, template=template, **context)


class RowsAsJson(_RowsAsText):
    """A subquery of two columns as a JSON array of arrays, ``[]`` for no rows."""

    on_sqlite = "json_group_array(json_array({}, {}))"
    on_postgresql = "coalesce(json_agg(json_build_array({}, {}))::text, '[]')"


class RowsAsList(_RowsAsText):
    """A subquery of one column, in its order, with commas between the rows; ``''`` for no rows."""

    on_sqlite = "coalesce(group_concat({}, ','), '')"
    on_postgresql = "coalesce(string_agg({}, ','), '')"


def memberships_of(user_id: Any) -> Any:
    """Return the memberships of one integration's user with ``owned_name``: the key of the group's owner and its name.

    Each group is looked up by its id and nothing is joined or sorted: PostgreSQL without statistics takes the groups of
    an integration for few and walks through all of them for each user.
    """
    group = Group.objects.filter(pk=OuterRef("group_id")).order_by()
    named = group.annotate(owned_name=Concat("owner_key", "name")).values("owned_name")
    return Membership.objects.filter(source_id=user_id).annotate(owned_name=Subquery(named))


USER_COLUMNS = (
    *UserRow._fields[:5],
    RowsAsJson(memberships_of(OuterRef("pk")), "group_id", "owned_name"),
)
GROUP_COLUMNS = GroupRow._fields

find_user = CompiledQuery(
    lambda integration_id, id: ProvisionedUser.objects.filter(integration_id=integration_id, pk=id).values_list(
        *USER_COLUMNS
    )
)
find_group = CompiledQuery(
    lambda owner_key, id: Group.objects.filter(owner_key=owner_key, pk=id).order_by().values_list(*GROUP_COLUMNS)
)


# Who is in a group, in the order of joining: as one text, since many thousands of rows would take several times the
# memory.
_MEMBERS = RowsAsList(Membership.in_order(OuterRef("pk")), "source_id")
# As many are rendered at a time.
_BATCH = 1000
# As many members as a PATCH is answered with.
FEW = 100
find_members = CompiledQuery(lambda id: Group.objects.filter(pk=id).order_by().values_list("pk", _MEMBERS))
find_few_members = CompiledQuery(lambda id: Membership.in_order(id).values_list("source_id")[: FEW + 1])


def users(provisioner: Provisioner) -> Any:
    """Return the users of this integration, lazily."""
    return ProvisionedUser.objects.filter(integration_id=provisioner.integration_id)


def groups(provisioner: Provisioner) -> Any:
    """Return the groups of this integration, lazily."""
    return Group.objects.filter(owner_key=provisioner.integration_id)


def user(provisioner: Provisioner, id: str) -> UserRow | None:
    """Return one user of this integration with its groups, none if it has no such user."""
    rows = find_user.rows(integration_id=provisioner.integration_id, id=id)
    return UserRow(*rows[0]) if rows else None


def group(provisioner: Provisioner, id: str) -> GroupRow | None:
    """Return one group of this integration, none if it has no such group."""
    rows = find_group.rows(owner_key=provisioner.integration_id, id=id)
    return GroupRow(*rows[0]) if rows else None


def groups_json(provisioner: Provisioner, found: str) -> str | None:
    """Return the JSON array for those groups that came with a row and are the integration's own, by name.

    None for none; a group that a removed integration left behind is another owner's.
    """
    if found == "[]":
        return None
    owner = provisioner.integration_id
    own = [(id, named.removeprefix(owner)) for id, named in orjson.loads(found) if named.startswith(owner)]
    own.sort(key=lambda group: (fold(group[1]), group[0]))
    return _group_array(provisioner, own) if own else None


def members_json(provisioner: Provisioner, ids: Sequence[str]) -> list[bytes] | None:
    """Return the JSON array for members known by their ids (RFC 7643 §4.2), None for nobody.

    In parts, so that what may be large is put together once, with all around it.
    """
    if not ids:
        return None
    below = f"{_base(provisioner)}/Users/"
    batches = (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))
    texts = (",".join([f'{{"value":"{id}","$ref":"{below}{id}","type":"User"}}' for id in batch]) for batch in batches)
    return [f"{',' if number else '['}{text}".encode() for number, text in enumerate(texts)] + [b"]"]


def members_of(provisioner: Provisioner, group_ids: list[str]) -> dict[str, list[bytes] | None]:
    """Return the members of groups as JSON arrays, None for nobody."""
    if len(group_ids) == 1:
        rows = find_members.rows(id=group_ids[0])
    else:
        rows = list(Group.objects.filter(pk__in=group_ids).order_by().values_list("pk", _MEMBERS))
    return {id: members_json(provisioner, members.split(",") if members else ()) for id, members in rows}


def few_members_of(provisioner: Provisioner, group_id: str) -> tuple[bool, list[bytes] | None]:
    """Return whether a group has at most ``FEW`` members, and these as a JSON array (None for nobody).

    What it costs does not grow with the group.
    """
    members = find_few_members.rows(id=group_id)
    if len(members) > FEW:
        return False, None
    return True, members_json(provisioner, [member for (member,) in members])


def _group_array(provisioner: Provisioner, found: Iterable[Sequence[str]]) -> str:
    below = f"{_base(provisioner)}/Groups/"
    parts = (
        f'{{"value":"{id}","$ref":"{below}{id}","display":{orjson.dumps(name).decode()},"type":"direct"}}'
        for id, name in found
    )
    return f"[{','.join(parts)}]"


def _base(provisioner: Provisioner) -> str:
    return scim_base(provisioner.tenant.slug, provisioner.integration_id)
