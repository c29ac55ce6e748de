"""Ending what lets a person into a tenant, and all that goes with the last of it."""

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import F
from django.utils import timezone

from kestra_iam import audit
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


def end_source(by: Principal, tenant: Tenant, source: AccessSource, user: User) -> list[audit.AuditEvent]:
    """Remove one source and the memberships it brought; with the last one everything the person has here.

    Returns the events, to be written by the caller.
    """
    events = leave_groups(by, tenant, Membership.objects.filter(source=source))
    events.append(audit.of_access(by, "end", tenant, source, user.username))
    source.delete()
    return events + forget_unless_let_in(by, tenant, user)


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


def forget_unless_let_in(by: Principal, tenant: Tenant, user: User) -> list[audit.AuditEvent]:
    """Take away all that somebody without any source has in a tenant: a new person of that name starts with
    nothing."""
    if AccessSource.objects.filter(tenant=tenant, user=user).exists():
        return []
    bindings = Binding.objects.filter(tenant=tenant, user=user).select_related("role", "user")
    events = unbind(by, tenant, list(bindings))
    events += leave_groups(by, tenant, Membership.objects.filter(group__tenant=tenant, user=user))
    events += delete_tokens(by, ApiToken.objects.filter(tenant=tenant, user=user))
    if Suspension.objects.filter(tenant=tenant, user=user).delete()[0]:
        events.append(audit.event(by, tenant, "person.resume", "USERS", user.pk, user.username))
    if user.home_id == tenant.pk:
        SignInLink.objects.filter(user=user).delete()
        if not user.password.startswith(UNUSABLE_PASSWORD_PREFIX):
            # A session is bound to the password it began with, so this ends every session too.
            user.set_unusable_password()
            user.save(update_fields=["password"])
    return events
