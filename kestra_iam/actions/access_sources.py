"""Ending what lets a person into a tenant, and all that goes with the last of it."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet
from django.utils import timezone

from kestra_iam import audit
from kestra_iam.actions import guards
from kestra_iam.actions.bindings import unbind
from kestra_iam.actions.service_accounts import delete_tokens
from kestra_iam.models import (
    AccessSource,
    ApiToken,
    Binding,
    Group,
    Membership,
    SignInLink,
    Suspension,
    User,
)
from kestra_iam.principals import Principal
from tenants.compiled import CompiledQuery, CompiledWrites
from tenants.models import Tenant


def end_sources(by: Principal, tenant: Tenant, sources: Sequence[AccessSource]) -> list[audit.Event]:
    """Remove sources and the memberships they brought; with a person's last one all that the person has here.

    Their users are loaded; what it costs grows with the groups concerned, not with the people. Returns the
    events, to be written by the caller.
    """
    ids = [source.pk for source in sources]
    guards.hold_access(tenant, [source.user for source in sources])
    events = leave_groups(by, tenant, Membership.objects.filter(source__in=ids))
    events += [audit.of_access(by, "end", tenant, source, source.user.username) for source in sources]
    AccessSource.objects.filter(pk__in=ids).delete()
    return events + forget_unless_let_in(by, tenant, [source.user for source in sources])


def end_source(by: Principal, tenant: Tenant, source: AccessSource) -> tuple[list[audit.Event], bool]:
    """Remove one source and the memberships it brought, in few statements; ``source`` need not be loaded.

    Returns the events, to be written by the caller, and whether the person has anything left here for
    ``forget_unless_let_in`` to take away: few have.
    """
    guards.hold_access(tenant, [User(pk=source.user_id)])
    [(username, in_groups, has_more)] = _leaver.rows(tenant_id=tenant.pk, id=source.user_id, source_id=source.pk)
    events: list[audit.Event] = []
    if in_groups:
        groups = [Group(pk=id, name=name) for id, name in _groups_of.rows(source_id=source.pk)]
        for group in groups:
            events += audit.people(by, "remove", group, tenant, [(source.user_id, username)])
        _count_changes(groups)
        _memberships.delete("source", source.pk)
    _sources.delete("id", source.pk)
    return [*events, audit.of_access(by, "end", tenant, source, username)], has_more


_sources, _memberships = CompiledWrites(AccessSource), CompiledWrites(Membership)
_groups_of = CompiledQuery(
    lambda source_id: Membership.objects.filter(source=source_id).order_by("group").values_list("group", "group__name")
)


def _leavers(tenant_id: str, id: str, source_id: str) -> QuerySet[User]:
    here: dict[str, Any] = {"tenant": tenant_id, "user": OuterRef("pk")}
    memberships = Membership.objects.filter(user=OuterRef("pk"), group__tenant=tenant_id)
    signs_in_here = Q(home=tenant_id) & (
        Exists(SignInLink.objects.filter(user=OuterRef("pk"))) | ~Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    )
    has_more = ~Exists(AccessSource.objects.filter(**here).exclude(pk=source_id)) & (
        Exists(Binding.objects.filter(**here))
        | Exists(memberships.filter(Q(source=None) | ~Q(source=source_id)))
        | Exists(ApiToken.objects.filter(**here))
        | Exists(Suspension.objects.filter(**here))
        | signs_in_here
    )
    return User.objects.filter(pk=id).values_list(
        "username",
        Exists(Membership.objects.filter(source=source_id)),
        ExpressionWrapper(has_more, BooleanField()),
    )


_leaver = CompiledQuery(_leavers)


def leave_groups(by: Principal, tenant: Tenant, memberships) -> list[audit.Event]:
    """Delete memberships of a queryset; each group counts a new version."""
    left: dict[str, list[tuple[str, str]]] = {}
    for group_id, user_id, username in memberships.values_list("group_id", "user_id", "user__username"):
        left.setdefault(group_id, []).append((user_id, username))
    if not left:
        return []
    memberships.delete()
    groups = Group.objects.in_bulk(left)
    _count_changes(groups.values())
    return [
        event
        for group_id, named in left.items()
        for event in audit.people(by, "remove", groups[group_id], tenant, named)
    ]


def _count_changes(groups: Iterable[Group]) -> None:
    """Give groups a new version each."""
    some = Group.objects.filter(pk__in=sorted(group.pk for group in groups))
    some.update(version=F("version") + 1, updated_at=timezone.now())


def forget_unless_let_in(by: Principal, tenant: Tenant, users: Sequence[User]) -> list[audit.Event]:
    """Take away all that people without any source have in a tenant: a new person of such a name starts with
    nothing."""
    known = set(AccessSource.objects.filter(tenant=tenant, user__in=users).values_list("user_id", flat=True))
    gone = {user.pk: user for user in users if user.pk not in known}
    if not gone:
        return []
    bindings = Binding.objects.filter(tenant=tenant, user__in=gone).select_related("role", "user")
    events = unbind(by, tenant, list(bindings))
    events += leave_groups(by, tenant, Membership.objects.filter(group__tenant=tenant, user__in=gone))
    events += delete_tokens(by, ApiToken.objects.filter(tenant=tenant, user__in=gone))
    suspensions = Suspension.objects.filter(tenant=tenant, user__in=gone)
    for user_id in suspensions.values_list("user_id", flat=True):
        events.append(audit.event(by, tenant, "person.resume", "USERS", user_id, gone[user_id].username))
    suspensions.delete()
    at_home = User.objects.filter(pk__in=gone, home=tenant)
    SignInLink.objects.filter(user__in=at_home).delete()
    # A session is bound to the password it began with, so this ends every session too.
    at_home.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).update(password=make_password(None))
    return events
