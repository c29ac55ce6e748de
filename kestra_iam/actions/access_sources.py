"""Ending what lets a person into a tenant, and all that goes with the last of it."""

from collections.abc import Sequence

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.db.models import F
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
from tenants.models import Tenant


def end_sources(by: Principal, tenant: Tenant, sources: Sequence[AccessSource]) -> list[audit.AuditEvent]:
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


def leave_groups(by: Principal, tenant: Tenant, memberships) -> list[audit.AuditEvent]:
    """Delete memberships of a queryset; each group counts a new version."""
    left: dict[str, list[tuple[str, str]]] = {}
    for group_id, user_id, username in memberships.values_list("group_id", "user_id", "user__username"):
        left.setdefault(group_id, []).append((user_id, username))
    if not left:
        return []
    memberships.delete()
    groups = Group.objects.in_bulk(left)
    for group in groups.values():
        count_change(group)
    return [
        event
        for group_id, named in left.items()
        for event in audit.people(by, "remove", groups[group_id], tenant, named)
    ]


def count_change(group: Group) -> None:
    """Give the group a new version in the database and in this instance."""
    now = timezone.now()
    Group.objects.filter(pk=group.pk).update(version=F("version") + 1, updated_at=now)
    group.version += 1
    group.updated_at = now


def forget_unless_let_in(by: Principal, tenant: Tenant, users: Sequence[User]) -> list[audit.AuditEvent]:
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
