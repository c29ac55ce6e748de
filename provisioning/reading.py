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


class RowsAsJson(Subquery):
    """A subquery of two columns as one text: a JSON array of arrays, ``[]`` for no rows."""

    output_field = TextField()

    def __init__(self, queryset: Any, first: str, second: str):
        self.columns = first, second
        super().__init__(queryset.values_list(first, second))

    def as_sql(self, compiler, connection, template=None, **context):
        return self._wrapped(compiler, connection, "json_group_array(json_array({}, {}))", **context)

    def as_postgresql(self, compiler, connection, **context):
        whole = "coalesce(json_agg(json_build_array({}, {}))::text, '[]')"
        return self._wrapped(compiler, connection, whole, **context)

    def _wrapped(self, compiler, connection, whole, **context):
        columns = (f"rows_as_json.{connection.ops.quote_name(column)}" for column in self.columns)
        template = f"(SELECT {whole.format(*columns)} FROM (%(subquery)s) AS rows_as_json)"
        return super().as_sql(compiler, connection, template=template, **context)


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


def memberships_in(group_id: str) -> Any:
    """Return the ids of who is in a group, in the order of joining."""
    return Membership.objects.filter(group_id=group_id).order_by("pk").values_list("source_id")


# As many members as a PATCH is answered with.
FEW = 100
find_members = CompiledQuery(lambda id: memberships_in(id))
# Put in order afterwards: to sort them, the database would read all members of a large group.
find_few_members = CompiledQuery(
    lambda id: Membership.objects.filter(group_id=id).order_by().values_list("pk", "source_id")[: FEW + 1]
)


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


def members_json(provisioner: Provisioner, ids: Sequence[str]) -> str | None:
    """Return the JSON array for members known by their ids, None for nobody."""
    return _member_array(provisioner, [(id,) for id in ids]) if ids else None


def members_of(provisioner: Provisioner, group_ids: list[str]) -> dict[str, str]:
    """Return the members of groups as JSON arrays (RFC 7643 §4.2); groups without any are missing."""
    if len(group_ids) == 1:
        members = find_members.rows(id=group_ids[0])
        return {group_ids[0]: _member_array(provisioner, members)} if members else {}
    found: dict[str, list[tuple[str]]] = {}
    rows = Membership.objects.filter(group_id__in=group_ids).order_by("pk").values_list("group_id", "source_id")
    for group_id, member in rows:
        found.setdefault(group_id, []).append((member,))
    return {group_id: _member_array(provisioner, members) for group_id, members in found.items()}


def few_members_of(provisioner: Provisioner, group_id: str) -> tuple[bool, str | None]:
    """Return whether a group has at most ``FEW`` members, and these as a JSON array (None for nobody).

    What it costs does not grow with the group.
    """
    members = find_few_members.rows(id=group_id)
    if len(members) > FEW:
        return False, None
    return True, members_json(provisioner, [member for _, member in sorted(members)])


def _group_array(provisioner: Provisioner, found: Iterable[Sequence[str]]) -> str:
    below = f"{_base(provisioner)}/Groups/"
    parts = (
        f'{{"value":"{id}","$ref":"{below}{id}","display":{orjson.dumps(name).decode()},"type":"direct"}}'
        for id, name in found
    )
    return f"[{','.join(parts)}]"


def _member_array(provisioner: Provisioner, members: Iterable[Sequence[str]]) -> str:
    below = f"{_base(provisioner)}/Users/"
    parts = [f'{{"value":"{id}","$ref":"{below}{id}","type":"User"}}' for (id,) in members]
    return f"[{','.join(parts)}]"


def _base(provisioner: Provisioner) -> str:
    return scim_base(provisioner.tenant.slug, provisioner.integration_id)
