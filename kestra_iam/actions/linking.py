"""Which account a SCIM userName stands for, and the access source through which an integration knows it.

An integration gives access to its own tenant and to nothing else, so it links only accounts at home in
that tenant and instance accounts that were let in there before; everybody else of that name is a stranger.
"""

from typing import Any, NamedTuple

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from kestra_iam import audit
from kestra_iam.actions import guards
from kestra_iam.actions.access_sources import forget_unless_let_in
from kestra_iam.models import AccessSource, Group, Membership, User
from kestra_iam.principals import Principal
from tenants.compiled import CompiledWrites, exactly
from tenants.fields import fold
from tenants.models import Tenant

Events = list[audit.Event]
_accounts = CompiledWrites(User)
_sources = CompiledWrites(AccessSource)
_FIELDS = ("username", "username_key", "email", "email_verified", "first_name", "last_name")


class Owner(NamedTuple):
    """The integration on whose behalf something is pushed; ``key`` is its id."""

    service_account_id: str
    key: str
    name: str


class Fields(NamedTuple):
    """What an account takes over from the integration that brought it."""

    username: str
    email: str
    first_name: str
    last_name: str


def linked_account(tenant_id: str, username_key: str) -> Any:
    """Return the id of the account that a userName links to in this tenant, as an expression; NULL for none."""
    named = User.objects.filter(exactly("username_key", username_key)).order_by("username_key").values("pk")
    let_in = Exists(AccessSource.objects.filter(tenant=tenant_id, user=OuterRef("pk")))
    return Coalesce(
        Subquery(named.filter(home_key=tenant_id)[:1]),
        Subquery(named.filter(let_in, home_key="", instance_owner=False)[:1]),
    )


def find_account(tenant: Tenant, username: str) -> User | None:
    """Return the account that a userName links to in this tenant, none if one has to be made."""
    return User.objects.filter(pk=linked_account(tenant.pk, fold(username))).first()


def make_account(by: Principal, tenant: Tenant, fields: Fields) -> tuple[User, Events]:
    """Create an account at home in the tenant; it has no password until a sign-in link is used."""
    user = User(home=tenant, home_key=tenant.pk, username_key=fold(fields.username), password="!", **fields._asdict())
    _accounts.insert([user])
    return user, [audit.event(by, tenant, "account.create", "USERS", user.pk, user.username, {"email": user.email})]


def open_source(
    by: Principal, tenant: Tenant, owner: Owner, user: User, *, active: bool, is_new: bool
) -> tuple[AccessSource, Events]:
    """Let ``user`` into the tenant on behalf of an integration.

    Sources that a removed integration left to this account are taken over instead: the person's access
    ends when this integration ends it.
    """
    left = [] if is_new else _left_sources(tenant, user)
    events: Events = []
    if left:
        source, *others = left
        events += [_merge(by, tenant, other, user, into=source) for other in others]
        was_active = source.active
        source.managed_by_id, source.owner_key, source.owner_name = owner
        source.active = active
        source.save(update_fields=["managed_by", "owner_key", "owner_name", "active"])
        events.append(audit.of_access(by, "take-over", tenant, source, user.username))
        if was_active != active:
            events.append(audit.of_access(by, "resume" if active else "suspend", tenant, source, user.username))
        return source, events
    source = AccessSource(
        tenant_id=tenant.pk,
        user_id=user.pk,
        managed_by_id=owner.service_account_id,
        owner_key=owner.key,
        owner_name=owner.name,
        active=active,
    )
    _sources.insert([source])
    events.append(audit.of_access(by, "grant", tenant, source, user.username))
    if not active:
        events.append(audit.of_access(by, "suspend", tenant, source, user.username))
    return source, events


def set_active(by: Principal, tenant: Tenant, source: AccessSource, username: str, active: bool) -> Events:
    """Suspend or resume one source; its memberships stay."""
    source.active = active
    _sources.update(source, ("active",))
    return [audit.of_access(by, "resume" if active else "suspend", tenant, source, username)]


def followers(tenant_id: str, account_id: Any) -> QuerySet[User]:
    """Return an account if its own fields follow its integration: no other one and no person uses it."""
    sources = Count("access_sources", filter=Q(access_sources__tenant=tenant_id))
    return User.objects.filter(pk=account_id, home=tenant_id).order_by().annotate(sources=sources).filter(sources=1)


def write_fields(user: User, fields: Fields) -> None:
    """Write the fields of an account that follows its integration; an e-mail that this sets is unverified."""
    if user.email != fields.email:
        user.email_verified = False
    user.username, user.email, user.first_name, user.last_name = fields
    user.username_key = fold(fields.username)
    _accounts.update(user, _FIELDS)


def move_source(by: Principal, tenant: Tenant, source: AccessSource, old: User, new: User) -> Events:
    """Let a source stand for another account: its id and its memberships stay, the old account loses them."""
    guards.hold_access(tenant, [old, new])
    events = [_merge(by, tenant, other, new, into=source) for other in _left_sources(tenant, new)]
    groups = list(Group.objects.filter(memberships__source=source, memberships__user=old))
    # In a group that a removed integration left behind, the new account may be a member by itself.
    present = set(Membership.objects.filter(user=new, group__in=groups).values_list("group_id", flat=True))
    moving = Membership.objects.filter(source=source, user=old)
    moving.filter(group__in=present).delete()
    moving.update(user=new)
    source.user = new
    source.save(update_fields=["user"])
    for group in groups:
        events += audit.people(by, "remove", group, tenant, [(old.pk, old.username)])
        if group.pk not in present:
            events += audit.people(by, "add", group, tenant, [(new.pk, new.username, source.pk)])
    ended = AccessSource(pk=source.pk, user=old, owner_key=source.owner_key, owner_name=source.owner_name)
    events.append(audit.of_access(by, "end", tenant, ended, old.username))
    events.append(audit.of_access(by, "grant", tenant, source, new.username))
    if not source.active:
        events.append(audit.of_access(by, "suspend", tenant, source, new.username))
    return events + forget_unless_let_in(by, tenant, [old])


def _left_sources(tenant: Tenant, user: User) -> list[AccessSource]:
    """Return the sources that removed integrations left to this account."""
    return list(AccessSource.objects.filter(tenant=tenant, user=user, managed_by=None).exclude(owner_key=""))


def _merge(by: Principal, tenant: Tenant, other: AccessSource, user: User, *, into: AccessSource) -> audit.Event:
    """End a source whose memberships go on with another one."""
    event = audit.of_access(by, "end", tenant, other, user.username)
    event.details["into"] = into.pk
    Membership.objects.filter(source=other).update(source=into)
    other.delete()
    return event
