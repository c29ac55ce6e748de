"""Groups that an integration pushes, and who is in them.

Only their integration writes them. Membership follows the push without asking who holds what: that right
was given when a role was bound to the group. Every function expects to run inside one transaction, and a
name that is taken meanwhile breaks a constraint (``guards.taken``).
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.db.models import BooleanField, ExpressionWrapper, OuterRef, Q, Subquery
from django.utils import timezone

from kestra_iam import audit
from kestra_iam.actions.linking import Owner
from kestra_iam.errors import Conflict, NotFound
from kestra_iam.models import AccessSource, Group, Membership
from kestra_iam.principals import Principal
from tenants.compiled import USING, CompiledQuery, CompiledWrites, exactly
from tenants.fields import could_be_id, fold
from tenants.models import Tenant


class Person(NamedTuple):
    """Somebody an integration knows: the source's id (SCIM id), the account's id and username, None for no member."""

    source_id: str
    user_id: str
    username: str
    membership_id: int | None


def _membership_of(source_id: Any, group_id: str) -> Any:
    of_one = exactly("source_id", source_id) & exactly("group_id", group_id)
    return Membership.objects.filter(of_one).order_by("source_id")


def _known(owner_key: str, group_id: str) -> Any:
    present = Subquery(_membership_of(OuterRef("pk"), group_id).values("pk")[:1])
    return AccessSource.objects.filter(owner_key=owner_key).values_list("pk", "user_id", "user__username", present)


def _in_group(group_id: str) -> Any:
    return Membership.objects.filter(group=group_id).order_by().values_list(*_MEMBER)


MANY = 200
_MEMBER = ("pk", "user_id", "user__username")
_groups, _memberships = CompiledWrites(Group), CompiledWrites(Membership)
_CHANGED = ("version", "updated_at")
_RENAMED = (*_CHANGED, "name", "name_key", "external_id", "external_id_key")
_COLUMNS = [field.attname for field in Group._meta.concrete_fields]
# The group of the member after many, counted from this group's first one on through all groups: so much is never read
# further than that, whatever PostgreSQL takes a group's size for.
_group_after_many = (
    Membership.objects.filter(group_id__gte=OuterRef("pk")).order_by("group_id", "pk").values("group_id")[MANY:][:1]
)
_locked_group = CompiledQuery(
    lambda owner_key, id: (
        Group.objects.select_for_update()
        .filter(pk=id, owner_key=owner_key)
        .order_by()
        .values_list(*_COLUMNS, ExpressionWrapper(Q(pk=Subquery(_group_after_many)), BooleanField()))
    )
)
_one_person = CompiledQuery(
    lambda owner_key, group_id, id: _known(owner_key, group_id).filter(exactly("pk", id)).order_by("pk")
)
_one_member = CompiledQuery(lambda group_id, id: _membership_of(id, group_id).values_list(*_MEMBER))
_all_members = CompiledQuery(lambda group_id: Membership.in_order(group_id).values_list("source_id"))
_same_name = CompiledQuery(
    lambda owner_key, name_key, id: (
        Group.objects.filter(owner_key=owner_key, name_key=name_key)
        .exclude(pk=id)
        .order_by()
        .values_list("pk", "external_id_key")
    )
)


def create_group(by: Principal, tenant: Tenant, owner: Owner, name: str, external_id: str | None) -> Group:
    """Create a group of this integration.

    Raises ``Conflict`` if it has one of that name already, unless both carry different external ids.
    """
    group = Group(
        tenant_id=tenant.pk,
        managed_by_id=owner.service_account_id,
        owner_key=owner.key,
        owner_name=owner.name,
    )
    group.updated_at = group.created_at
    _name(group, name, external_id)
    _groups.insert([group])
    audit.write([audit.event(by, tenant, "group.create", "GROUPS", group.pk, group.name, _details(group))])
    return group


def lock_group(owner: Owner, group_id: str) -> Group:
    """Return a group of this integration, locked until the transaction ends; ``has_many`` tells of more than ``MANY``
    members. Raises ``NotFound``."""
    rows = _locked_group.rows(owner_key=owner.key, id=group_id)
    if not rows:
        raise NotFound("There is no such group.")
    *columns, has_many = rows[0]
    group = Group.from_db(USING, _COLUMNS, columns)
    group.has_many = bool(has_many)
    return group


def rename_group(by: Principal, tenant: Tenant, group: Group, name: str, external_id: str | None) -> bool:
    """Give the group another name or external id; return whether it is one. ``count_change`` writes it.

    Id, members and bindings stay. Raises ``Conflict`` as ``create_group``.
    """
    if (name, external_id) == (group.name, group.external_id):
        return False
    before = _details(group)
    _name(group, name, external_id)
    details = {**_details(group), "before": before}
    audit.write([audit.event(by, tenant, "group.update", "GROUPS", group.pk, name, details)])
    return True


def count_change(group: Group, *, renamed: bool) -> None:
    """Write one change of the group: a new version, and its name if that is new."""
    group.version += 1
    group.updated_at = timezone.now()
    _groups.update(group, _RENAMED if renamed else _CHANGED)


def join(by: Principal, tenant: Tenant, group: Group, source_ids: Iterable[str]) -> bool:
    """Add people by the ids of their sources; return whether somebody was no member yet.

    Raises ``NotFound`` naming the first id that is no person of the group's integration.
    """
    wanted = list(dict.fromkeys(source_ids))
    if not wanted:
        return False
    found = {person.source_id: person for person in _people(group, [id for id in wanted if could_be_id(id)])}
    for source_id in wanted:
        if source_id not in found:
            raise NotFound(f"There is no user {source_id[:64]} in this integration.", field="members")
    new = [found[source_id] for source_id in wanted if found[source_id].membership_id is None]
    if not new:
        return False
    _memberships.insert(
        [Membership(group_id=group.pk, user_id=person.user_id, source_id=person.source_id) for person in new]
    )
    audit.write(audit.people(by, "add", group, tenant, [(each.user_id, each.username, each.source_id) for each in new]))
    return True


def leave(by: Principal, tenant: Tenant, group: Group, source_ids: Iterable[str] | None) -> bool:
    """Remove people by the ids of their sources, everybody for None; return whether somebody was a member."""
    gone = _members(group, source_ids)
    if not gone:
        return False
    if len(gone) == 1:
        _memberships.delete("id", gone[0][0])
    else:
        for some in _batches([pk for pk, *_ in gone]):
            Membership.objects.filter(pk__in=some).delete()
    audit.write(audit.people(by, "remove", group, tenant, [(user_id, username) for _, user_id, username in gone]))
    return True


def replace_members(by: Principal, tenant: Tenant, group: Group, source_ids: Iterable[str]) -> bool:
    """Let exactly these people be members, writing the difference only; return whether there was one.

    Raises ``NotFound`` as ``join``.
    """
    wanted = dict.fromkeys(source_ids)
    present = {source_id for (source_id,) in _all_members.rows(group_id=group.pk)}
    gone = present - wanted.keys()
    left = leave(by, tenant, group, gone) if gone else False
    return join(by, tenant, group, [one for one in wanted if one not in present]) or left


def _people(group: Group, ids: list[str]) -> list[Person]:
    if len(ids) == 1:
        rows = _one_person.rows(owner_key=group.owner_key, group_id=group.pk, id=ids[0])
    else:
        known = _known(group.owner_key, group.pk)
        rows = [row for some in _batches(ids) for row in known.filter(pk__in=some)]
    return [Person(*row) for row in rows]


def _members(group: Group, source_ids: Iterable[str] | None) -> list[tuple[int, str, str]]:
    """Return the memberships of people by the ids of their sources, of everybody for None: id, account, username."""
    if source_ids is None:
        return list(_in_group(group.pk))
    ids = [id for id in source_ids if could_be_id(id)]
    if len(ids) == 1:
        return _one_member.rows(group_id=group.pk, id=ids[0])
    return [row for some in _batches(ids) for row in _in_group(group.pk).filter(source__in=some)]


def _batches(ids: list) -> Iterator[list]:
    """Cut a list into pieces that every database takes as parameters of one statement."""
    return (ids[start : start + 10_000] for start in range(0, len(ids), 10_000))


def _name(group: Group, name: str, external_id: str | None) -> None:
    group.name = name
    group.name_key = fold(name)[:255]
    group.external_id = external_id
    group.external_id_key = external_id or ""
    same = _same_name.rows(owner_key=group.owner_key, name_key=group.name_key, id=group.pk)
    # Keycloak's subgroups share bare names but not external ids; everybody else expects names to be unique.
    for id, other in same:
        if not external_id or other in ("", external_id):
            raise Conflict(f"{taken(name)} It is the group {id}.", field="displayName")


def taken(name: str) -> str:
    """Return the sentence for a name that another group of the integration has."""
    return f"This integration has a group '{name}' already."


def _details(group: Group) -> dict[str, str | None]:
    return {
        "name": group.name,
        "external_id": group.external_id,
        "owner": group.owner_key,
        "owner_name": group.owner_name,
    }
