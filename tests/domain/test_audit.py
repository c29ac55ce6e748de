"""Audit events: what they hold, and that nothing but they is needed to know who held which role at any past moment."""

import random
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kestra_iam import access
from kestra_iam.actions import bindings, groups, people, roles
from kestra_iam.actions.service_accounts import create_token
from kestra_iam.errors import IamError
from kestra_iam.models import AuditEvent, Binding, Group, Membership, Role, User
from kestra_iam.principals import operator
from provisioning.actions.integrations import create_integration
from provisioning.actions.removal import adopt_groups, remove_integration
from provisioning.models import Integration, ProvisionedUser
from tenants.models import Tenant
from tests.factories import AccountFactory, GroupFactory, IntegrationFactory, RoleFactory, TenantFactory, role_of
from tests.pushes import Push

Held = dict[str, set[str]]


# --- What an event holds ------------------------------------------------------------------------------------


def test_an_event_holds_names_at_that_time_and_the_circumstances(acme: Tenant, admin: User, viewer: User):
    by = access.principal_of(admin).seen_from(source_address="203.0.113.9", request_id="r-1", token_id="t" * 36)
    group = groups.create_group(by=by, tenant=acme, name="Staff")
    groups.add_member(by=by, group=group, user=viewer)
    role = roles.create_role(by=by, tenant=acme, name="Reader", permissions={"USERS": ["READ"]})
    bindings.create_binding(by=by, tenant=acme, role=role, subject=group)
    groups.update_group(by=by, group=group, name="People", description="")
    roles.update_role(by=by, role=role, name="Looker", description="", permissions={})
    User.objects.filter(pk=viewer.pk).update(username="renamed")
    events = list(AuditEvent.objects.filter(actor_id=admin.pk).order_by("at"))
    assert [(event.verb, event.resource, event.resource_name) for event in events] == [
        ("group.create", "GROUPS", "Staff"),
        ("membership.add", "GROUPS", "Staff"),
        ("role.create", "ROLES", "Reader"),
        ("binding.create", "BINDINGS", "Reader → Staff"),
        ("group.update", "GROUPS", "People"),
        ("role.update", "ROLES", "Looker"),
    ]
    for event in events:
        assert (event.actor_kind, event.actor_name) == ("user", "admin")
        assert (event.token_id, event.source_address, event.request_id) == ("t" * 36, "203.0.113.9", "r-1")
        assert (event.tenant, event.tenant_slug) == (acme, "acme")
    assert events[1].details == {"people": [[viewer.pk, "viewer"]]}
    assert events[3].details["role"] == {"id": role.pk, "name": "Reader"}


def test_events_outlive_what_they_tell_of(acme: Tenant, integration: Integration):
    push = Push(integration)
    alice = push.user("alice")
    push.delete_group(push.group("Staff", alice))
    push.delete(alice)
    remove_integration(by=operator, integration=integration, keep_access=False)
    User.objects.filter(username="alice").delete()
    events = AuditEvent.objects.count()
    acme.delete()
    assert AuditEvent.objects.count() == events
    assert set(AuditEvent.objects.values_list("tenant_slug", flat=True)) == {"acme"}
    told = AuditEvent.objects.get(verb="user.create")
    assert (told.actor_kind, told.resource_name) == ("service account", "alice")


def test_what_is_refused_or_undone_is_not_told(acme: Tenant, viewer: User):
    events = AuditEvent.objects.count()
    with pytest.raises(IamError):
        bindings.create_binding(
            by=access.principal_of(viewer), tenant=acme, role=role_of(acme, "Admin"), subject=viewer
        )
    with pytest.raises(IamError):
        create_token(by=access.principal_of(viewer), tenant=acme, holder=viewer, name="No label")
    assert AuditEvent.objects.count() == events


def test_many_members_are_told_in_several_events(acme: Tenant, integration: Integration):
    push = Push(integration)
    group = push.group("Everybody", *(push.user(f"user{number}") for number in range(1001)))
    told = AuditEvent.objects.filter(verb="membership.add", resource_id=group.pk)
    assert sorted(len(event.details["people"]) for event in told) == [1, 1000]
    push.delete_group(group)
    gone = AuditEvent.objects.filter(verb="membership.remove", resource_id=group.pk)
    assert sum(len(event.details["people"]) for event in gone) == 1001


# --- Who held which role ------------------------------------------------------------------------------------


def held_now(tenant: Tenant) -> Held:
    """The roles that everybody who is let in holds now, by id."""
    return {
        user.pk: {binding.role_id for binding in access.effective_bindings(tenant, user.pk)}
        for user in access.people_let_in(tenant)
    }


def held_at(tenant: Tenant, moment: datetime) -> Held:
    """The same for a past moment, from audit events alone."""
    subjects: dict[str, tuple[str, str, str]] = {}
    sources: dict[str, list[Any]] = {}
    members: dict[tuple[str, str], str] = {}
    stopped: set[str] = set()
    for event in AuditEvent.objects.filter(tenant=tenant, at__lte=moment).order_by("at"):
        told, id = event.details, event.resource_id
        match event.verb:
            case "binding.create":
                subjects[id] = (told["subject"]["kind"], told["subject"]["id"], told["role"]["id"])
            case "binding.delete":
                del subjects[id]
            case "membership.add":
                for user, _, *source in told["people"]:
                    members[id, user] = source[0] if source else ""
            case "membership.remove":
                for user, _ in told["people"]:
                    del members[id, user]
            case "access.grant":
                sources[told["source"]["id"]] = [id, True]
            case "access.suspend" | "access.resume":
                sources[told["source"]["id"]][1] = event.verb == "access.resume"
            case "access.end":
                gone = told["source"]["id"]
                del sources[gone]
                if "into" in told:
                    members = {key: told["into"] if by == gone else by for key, by in members.items()}
            case "person.suspend":
                stopped.add(id)
            case "person.resume":
                stopped.remove(id)
    held: Held = {user: set() for user, active in sources.values() if active and user not in stopped}
    for kind, subject, role in subjects.values():
        if kind == "user" and subject in held:
            held[subject].add(role)
        if kind == "group":
            for (group, user), source in members.items():
                if group == subject and user in held and (not source or sources[source][1]):
                    held[user].add(role)
    return held


class NothingThere(Exception):
    """A step has nothing to do it with."""


class World:
    """A tenant with a few of everything; rows are picked by number."""

    names = ("alice", "bob", "carol", "dave")

    def __init__(self) -> None:
        self.tenant = TenantFactory(slug=f"t{uuid.uuid4().hex}")
        # Instance accounts are of the whole installation: each world has its own.
        self.names = [f"{name}-{self.tenant.slug}" for name in World.names]
        self.accounts = [AccountFactory(username=name) for name in self.names]
        for number in range(2):
            IntegrationFactory(tenant=self.tenant)
            RoleFactory(tenant=self.tenant, name=f"Role {number}")
            GroupFactory(tenant=self.tenant, name=f"Team {number}")

    def pick(self, queryset: Any, number: int) -> Any:
        found = list(queryset)
        if not found:
            raise NothingThere
        return found[number % len(found)]

    def integration(self, number: int) -> Integration:
        chosen = Integration.objects.filter(tenant=self.tenant).select_related("tenant", "service_account")
        return self.pick(chosen.order_by("created_at"), number)

    def push(self, number: int) -> Push:
        return Push(self.integration(number))

    def pushed(self, push: Push, number: int) -> ProvisionedUser:
        return self.pick(ProvisionedUser.objects.filter(integration=push.integration).order_by("created_at"), number)

    def person(self, number: int) -> User:
        return self.pick(access.people_known(self.tenant).order_by("created_at"), number)

    def group(self, number: int, **narrowed: Any) -> Group:
        return self.pick(Group.objects.filter(tenant=self.tenant, **narrowed).order_by("created_at"), number)

    def role(self, number: int) -> Role:
        return self.pick(Role.objects.filter(tenant=self.tenant).order_by("name"), number)


class Steps(World):
    """What may happen, each with two numbers to pick by."""

    def let_in(self, a: int, b: int) -> None:
        people.let_in(by=operator, tenant=self.tenant, user=self.accounts[a % 4])

    def end_access(self, a: int, b: int) -> None:
        people.end_access(by=operator, tenant=self.tenant, user=self.person(a))

    def suspend_person(self, a: int, b: int) -> None:
        people.suspend_person(by=operator, tenant=self.tenant, user=self.person(a))

    def resume_person(self, a: int, b: int) -> None:
        people.resume_person(by=operator, tenant=self.tenant, user=self.person(a))

    def bind_person(self, a: int, b: int) -> None:
        bindings.create_binding(by=operator, tenant=self.tenant, role=self.role(b), subject=self.person(a))

    def bind_group(self, a: int, b: int) -> None:
        bindings.create_binding(by=operator, tenant=self.tenant, role=self.role(b), subject=self.group(a))

    def unbind(self, a: int, b: int) -> None:
        chosen = self.pick(Binding.objects.filter(tenant=self.tenant).order_by("created_at"), a)
        bindings.delete_binding(by=operator, binding=chosen)

    def delete_role(self, a: int, b: int) -> None:
        roles.delete_role(by=operator, role=self.role(a))

    def make_group(self, a: int, b: int) -> None:
        groups.create_group(by=operator, tenant=self.tenant, name=f"Team {a % 4}")

    def add_member(self, a: int, b: int) -> None:
        groups.add_member(by=operator, group=self.group(a), user=self.person(b))

    def remove_member(self, a: int, b: int) -> None:
        groups.remove_member(by=operator, group=self.group(a), user=self.person(b))

    def delete_group(self, a: int, b: int) -> None:
        groups.delete_group(by=operator, group=self.group(a))

    def push_user(self, a: int, b: int) -> None:
        self.push(a).user(self.names[b % 4], active=b % 5 != 0)

    def push_switch(self, a: int, b: int) -> None:
        push = self.push(a)
        push.change(self.pushed(push, b), active=b % 2 == 0)

    def push_rename(self, a: int, b: int) -> None:
        push = self.push(a)
        push.change(self.pushed(push, b), userName=self.names[b // 4 % 4])

    def push_delete(self, a: int, b: int) -> None:
        push = self.push(a)
        push.delete(self.pushed(push, b))

    def push_group(self, a: int, b: int) -> None:
        push = self.push(a)
        push.group(f"Staff {b % 3}", self.pushed(push, b))

    def push_members(self, a: int, b: int) -> None:
        push = self.push(a)
        kind = ("add", "remove", "replace")[b % 3]
        push.change_group(self.group(b, owner_key=push.integration.pk), **{kind: [self.pushed(push, b // 3)]})

    def push_group_away(self, a: int, b: int) -> None:
        push = self.push(a)
        push.delete_group(self.group(b, owner_key=push.integration.pk))

    def make_integration(self, a: int, b: int) -> None:
        create_integration(by=operator, tenant=self.tenant, name=f"Keycloak {a % 3}")

    def remove_integration(self, a: int, b: int) -> None:
        remove_integration(by=operator, integration=self.integration(a), keep_access=b % 3 != 0)

    def adopt(self, a: int, b: int) -> None:
        adopt_groups(by=operator, integration=self.integration(a), names=None)


STEPS = sorted(vars(Steps).keys() - {"__doc__", "__module__"})
NUMBERS = st.integers(0, 11)


def take(world: Steps, name: str, a: int, b: int) -> bool:
    """Take a step; return whether there was something to do and it was not refused."""
    step: Callable[[int, int], None] = getattr(world, name)
    try:
        step(a, b)
    except (IamError, NothingThere):
        return False
    return True


def check(steps: list[tuple[str, int, int]]) -> int:
    """Take steps and compare every moment in between with what the audit events tell; return how many counted."""
    world = Steps()
    snapshots: list[tuple[datetime, Held]] = [(timezone.now(), held_now(world.tenant))]
    taken = 0
    for name, a, b in steps:
        told, held = AuditEvent.objects.count(), snapshots[-1][1]
        if take(world, name, a, b):
            taken += 1
        else:
            assert AuditEvent.objects.count() == told, name
        snapshots.append((timezone.now(), held_now(world.tenant)))
        if AuditEvent.objects.count() == told:
            assert snapshots[-1][1] == held, name
    for moment, held in snapshots:
        assert held_at(world.tenant, moment) == held
    nobody = held_at(world.tenant, snapshots[0][0] - timedelta(days=1))
    assert nobody == {}
    every_membership_can_be_explained(world.tenant)
    return taken


def every_membership_can_be_explained(tenant: Tenant) -> None:
    for membership in Membership.objects.filter(group__tenant=tenant).select_related("source", "group"):
        assert membership.user.access_sources.filter(tenant=tenant).exists()
        if membership.source is None:
            assert membership.group.managed_by is None
        else:
            assert membership.source.user_id == membership.user_id
    for user in ProvisionedUser.objects.filter(integration__tenant=tenant).select_related("account", "source"):
        assert user.account_id == user.source.user_id
        assert user.account.username_key == user.user_name_key
        assert user.source.owner_key == user.integration_id
        assert user.source.active == user.active


@pytest.mark.django_db
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(STEPS), NUMBERS, NUMBERS), min_size=5, max_size=40))
def test_who_held_which_role_at_any_past_moment_is_in_the_audit_events(steps: list[tuple[str, int, int]]):
    check(steps)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(6))
def test_so_it_is_after_a_long_time(seed: int):
    chance = random.Random(seed)  # noqa: S311 - the same steps every time
    steps = [(chance.choice(STEPS), chance.randrange(12), chance.randrange(12)) for _ in range(120)]
    assert check(steps) > 40


def test_so_it_is_where_kept_sources_become_one_and_move(acme: Tenant):
    snapshots: list[tuple[datetime, Held]] = []

    def note() -> None:
        snapshots.append((timezone.now(), held_now(acme)))

    removed = [Push(IntegrationFactory(tenant=acme)) for _ in range(2)]
    for push in removed:
        role, group = RoleFactory(tenant=acme), push.group("Staff", push.user("alice"))
        bindings.create_binding(by=operator, tenant=acme, role=role, subject=group)
        note()
    for push in removed:
        remove_integration(by=operator, integration=push.integration, keep_access=True)
        note()
    first, second = (Push(IntegrationFactory(tenant=acme)) for _ in range(2))
    alice = first.user("alice")
    note()
    alice = first.change(alice, active=False)
    note()
    second.user("bob")
    alice = first.change(alice, active=True)
    note()
    moved = first.change(alice, userName="bob")
    note()
    first.change(moved, active=False)
    note()
    first.delete(moved)
    note()
    roles_held = [sorted(map(len, held.values())) for _, held in snapshots]
    assert roles_held == [[1], [2], [2], [2], [2], [], [0, 2], [2], [0], [0]]
    for moment, held in snapshots:
        assert held_at(acme, moment) == held
