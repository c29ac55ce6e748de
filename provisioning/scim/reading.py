"""The rows behind users and groups, and what is computed on reading: a user's groups, a group's members."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import orjson

from kestra_iam.models import Group, Membership
from provisioning.compiled import CompiledQuery
from provisioning.endpoints import scim_base
from provisioning.models import ProvisionedUser
from provisioning.provisioner import Provisioner


class UserRow(NamedTuple):
    """What rendering a user takes."""

    pk: str
    version: int
    created_at: datetime
    updated_at: datetime
    document: str


class GroupRow(NamedTuple):
    """What rendering a group takes, but its members."""

    pk: str
    version: int
    created_at: datetime
    updated_at: datetime
    name: str
    external_id: str | None


USER_COLUMNS, GROUP_COLUMNS = UserRow._fields, GroupRow._fields

find_user = CompiledQuery(
    lambda integration_id, id: ProvisionedUser.objects.filter(integration_id=integration_id, pk=id).values_list(
        *USER_COLUMNS
    )
)
find_group = CompiledQuery(
    lambda owner_key, id: Group.objects.filter(owner_key=owner_key, pk=id).order_by().values_list(*GROUP_COLUMNS)
)
find_groups_of = CompiledQuery(
    lambda owner_key, id: (
        Membership.objects.filter(source_id=id, group__owner_key=owner_key)
        .order_by("group__name_key", "group_id")
        .values_list("source_id", "group_id", "group__name")
    )
)
find_members = CompiledQuery(
    lambda id: (
        Membership.objects.filter(group_id=id)
        .order_by("pk")
        .values_list("group_id", "source_id", "source__provisioned_user__user_name")
    )
)


def users(provisioner: Provisioner):
    """Return the users of this integration, lazily."""
    return ProvisionedUser.objects.filter(integration_id=provisioner.integration_id)


def groups(provisioner: Provisioner):
    """Return the groups of this integration, lazily."""
    return Group.objects.filter(owner_key=provisioner.integration_id)


def user(provisioner: Provisioner, id: str) -> UserRow | None:
    """Return one user of this integration, none if it has no such user."""
    rows = find_user.rows(integration_id=provisioner.integration_id, id=id)
    return UserRow(*rows[0]) if rows else None


def group(provisioner: Provisioner, id: str) -> GroupRow | None:
    """Return one group of this integration, none if it has no such group."""
    rows = find_group.rows(owner_key=provisioner.integration_id, id=id)
    return GroupRow(*rows[0]) if rows else None


def groups_of(provisioner: Provisioner, user_ids: list[str]) -> dict[str, str]:
    """Return the groups of users as JSON arrays (RFC 7643 §4.1.2); who is in none is missing."""
    if len(user_ids) == 1:
        rows: Iterable = find_groups_of.rows(owner_key=provisioner.integration_id, id=user_ids[0])
    else:
        rows = (
            Membership.objects.filter(source_id__in=user_ids, group__owner_key=provisioner.integration_id)
            .order_by("group__name_key", "group_id")
            .values_list("source_id", "group_id", "group__name")
        )
    return _arrays(rows, f"{_base(provisioner)}/Groups/", "direct")


def members_of(provisioner: Provisioner, group_ids: list[str]) -> dict[str, str]:
    """Return the members of groups as JSON arrays; groups without any are missing."""
    if len(group_ids) == 1:
        rows: Iterable = find_members.rows(id=group_ids[0])
    else:
        rows = (
            Membership.objects.filter(group_id__in=group_ids)
            .order_by("pk")
            .values_list("group_id", "source_id", "source__provisioned_user__user_name")
        )
    return _arrays(rows, f"{_base(provisioner)}/Users/", "User")


def more_members_than(group_id: str, limit: int) -> bool:
    """Return whether a group has more than ``limit`` members, at a cost that does not grow with it."""
    return Membership.objects.filter(group_id=group_id)[limit : limit + 1].exists()


def _arrays(rows: Iterable[tuple[str, str, str]], below: str, kind: str) -> dict[str, str]:
    parts: dict[str, list[str]] = {}
    for holder, value, display in rows:
        text = orjson.dumps(display).decode()
        parts.setdefault(holder, []).append(
            f'{{"value":"{value}","$ref":"{below}{value}","display":{text},"type":"{kind}"}}'
        )
    return {holder: f"[{','.join(each)}]" for holder, each in parts.items()}


def _base(provisioner: Provisioner) -> str:
    return scim_base(provisioner.tenant.slug, provisioner.integration_id)
