"""Removing an integration, and what the next one makes of what it left behind."""

from datetime import timedelta

import pytest
from django.db.models import Q

from kestra_iam import access
from kestra_iam.actions.bindings import create_binding
from kestra_iam.actions.groups import add_member, delete_group, update_group
from kestra_iam.actions.people import let_in
from kestra_iam.errors import Conflict, NotFound
from kestra_iam.models import AccessSource, AuditEvent, Binding, Group, Membership, Role, ServiceAccount, User
from kestra_iam.principals import operator
from provisioning.actions.integrations import enable_integration, rotate_token, update_integration
from provisioning.actions.removal import Adoption, adopt_groups, adoptable, left_behind, remove_integration
from provisioning.models import Integration, ProvisionedUser, RefusedRequest
from tenants.models import Tenant
from tests.clients import ScimClient
from tests.factories import GroupFactory, IntegrationFactory, RoleFactory, person, role_of
from tests.pushes import Push


def held_roles(tenant: Tenant) -> dict[str, set[str]]:
    """Who holds which roles now, by username."""
    counts = Q(source=None) | Q(source__active=True)
    bound = Membership.objects.filter(counts, group__tenant=tenant, group__bindings__isnull=False)
    given = [
        *bound.values_list("user__username", "group__bindings__role__name"),
        *Binding.objects.filter(tenant=tenant, user__isnull=False).values_list("user__username", "role__name"),
    ]
    held: dict[str, set[str]] = {user.username: set() for user in access.people_let_in(tenant)}
    for username, role in given:
        if username in held:
            held[username].add(role)
    return held


@pytest.fixture
def push(integration: Integration) -> Push:
    """An integration with two people, one of whom has access otherwise too, and a group bound to a role."""
    push = Push(integration)
    alice, bob = push.user("alice"), push.user("bob")
    let_in(by=operator, tenant=integration.tenant, user=bob.account)
    group = push.group("Staff", alice, bob)
    create_binding(by=operator, tenant=integration.tenant, role=role_of(integration.tenant, "Viewer"), subject=group)
    return push


def remove(push: Push, *, keep_access: bool) -> None:
    remove_integration(by=operator, integration=push.integration, keep_access=keep_access)


def test_the_confirmation_says_with_counts_what_stays(push: Push, other_integration: Integration):
    Push(other_integration).user("carol")
    assert left_behind(push.integration) == (2, 1, 1, 2, 1)
    assert left_behind(push.integration)._asdict() == {
        "users": 2,
        "only_here": 1,
        "groups": 1,
        "members": 2,
        "bindings": 1,
    }


def test_keeping_access_changes_nothing_for_people(push: Push, acme: Tenant):
    before = held_roles(acme)
    remove(push, keep_access=True)
    assert held_roles(acme) == before == {"alice": {"Viewer"}, "bob": {"Viewer"}}
    source = AccessSource.objects.get(user__username="alice")
    assert (source.owner_key, source.owner_name, source.managed_by) == (push.integration.pk, "Corporate Keycloak", None)


def test_taking_access_away_ends_what_only_this_integration_gave(push: Push, acme: Tenant):
    remove(push, keep_access=False)
    assert held_roles(acme) == {"bob": set()}
    assert not AccessSource.objects.filter(user__username="alice").exists()
    assert Membership.objects.count() == 0
    assert Group.objects.get().bindings.count() == 1


@pytest.mark.parametrize("keep_access", [True, False])
def test_the_integration_its_account_and_what_it_knew_are_gone(keep_access: bool, push: Push, acme: Tenant):
    RefusedRequest.objects.create(integration=push.integration, method="GET", resource="/", status=404, detail="")
    pk = push.integration.pk
    remove(push, keep_access=keep_access)
    assert not Integration.objects.exists()
    assert not ServiceAccount.objects.exists()
    assert not ProvisionedUser.objects.exists()
    assert not RefusedRequest.objects.exists()
    event = AuditEvent.objects.get(verb="integration.delete")
    assert (event.resource_id, event.resource_name) == (pk, "Corporate Keycloak")
    assert event.details == {
        "keep_access": keep_access,
        "users": 2,
        "only_here": 1,
        "groups": 1,
        "members": 2,
        "bindings": 1,
    }


def test_what_has_been_removed_cannot_be_removed_rotated_or_enabled(push: Push):
    gone = Integration.objects.select_related("tenant").get()
    remove(push, keep_access=True)
    for change in (
        lambda: remove_integration(by=operator, integration=gone, keep_access=True),
        lambda: enable_integration(by=operator, integration=gone),
        lambda: rotate_token(by=operator, integration=gone, overlap=timedelta(0)),
    ):
        with pytest.raises(NotFound, match="removed"):
            change()


def test_the_groups_keep_the_former_owner_and_can_be_changed_by_hand(push: Push, acme: Tenant):
    update_integration(by=operator, integration=push.integration, name="Old Keycloak", description="")
    remove(push, keep_access=True)
    group = Group.objects.get()
    assert group.left_behind
    assert (group.owner_key, group.owner_name) == (push.by.integration_id, "Old Keycloak")
    update_group(by=operator, group=group, name="Former staff", description="")
    delete_group(by=operator, group=group)


def test_the_next_integrations_groups_never_clash_with_groups_left_behind(push: Push, acme: Tenant):
    remove(push, keep_access=True)
    successor = Push(IntegrationFactory(tenant=acme, name="Corporate Keycloak"))
    group = successor.group("Staff", successor.user("alice"))
    assert Group.objects.filter(name="Staff").count() == 2
    assert group.bindings.count() == 0


# --- Adopting -----------------------------------------------------------------------------------------------


def successor_of(push: Push) -> Push:
    remove(push, keep_access=True)
    return Push(IntegrationFactory(tenant=push.integration.tenant, name="Successor"))


def test_adopting_moves_the_bindings_and_removes_the_group_left_behind(push: Push, acme: Tenant):
    successor = successor_of(push)
    group = successor.group("STAFF", successor.user("alice"), successor.user("bob"))
    before = held_roles(acme)
    assert [left.name for left in adoptable(successor.integration)] == ["Staff"]
    adoption = adopt_groups(by=operator, integration=successor.integration, names=["staff"])
    assert adoption == Adoption(["Staff"], [], [])
    assert list(Group.objects.all()) == [group]
    assert held_roles(acme) == before
    assert AuditEvent.objects.get(verb="integration.adopt").details == {"groups": ["Staff"]}
    assert not adoptable(successor.integration).exists()


def test_adopting_does_not_bind_twice(push: Push, acme: Tenant):
    successor = successor_of(push)
    group = successor.group("Staff")
    create_binding(by=operator, tenant=acme, role=role_of(acme, "Viewer"), subject=group)
    helpdesk = RoleFactory(tenant=acme)
    create_binding(by=operator, tenant=acme, role=helpdesk, subject=adoptable(successor.integration).get())
    adopt_groups(by=operator, integration=successor.integration, names=None)
    assert {binding.role for binding in group.bindings.all()} == {role_of(acme, "Viewer"), helpdesk}
    assert Binding.objects.filter(group__isnull=False).count() == 2


def test_names_that_are_not_unique_are_refused_and_listed(push: Push, acme: Tenant):
    push.group("Twins", external_id="a")
    push.group("Twins", external_id="b")
    push.group("Pair")
    push.group("Alone")
    successor = successor_of(push)
    successor.group("Staff")
    successor.group("Twins")
    successor.group("Pair", external_id="c")
    successor.group("Pair", external_id="d")
    adoption = adopt_groups(by=operator, integration=successor.integration, names=None)
    assert adoption.adopted == ["Staff"]
    assert set(adoption.ambiguous) == {"Twins", "Pair"}
    assert adoption.unmatched == ["Alone"]
    assert set(adoptable(successor.integration).values_list("name", flat=True)) == {"Twins", "Pair", "Alone"}


def test_two_removed_integrations_with_one_name_are_ambiguous(push: Push, other_integration: Integration, acme: Tenant):
    other = Push(other_integration)
    other.group("Staff")
    remove(other, keep_access=True)
    successor = successor_of(push)
    successor.group("Staff")
    assert adopt_groups(by=operator, integration=successor.integration, names=None) == Adoption([], ["Staff"], [])


def test_only_what_is_named_is_adopted_and_unknown_names_are_listed(push: Push):
    push.group("People")
    successor = successor_of(push)
    successor.group("Staff")
    successor.group("People")
    adoption = adopt_groups(by=operator, integration=successor.integration, names=["Staff", "Nobody"])
    assert adoption == Adoption(["Staff"], [], ["Nobody"])
    assert adoptable(successor.integration).get().name == "People"


def test_groups_made_by_hand_or_of_others_are_never_adopted(
    push: Push, acme: Tenant, other_integration: Integration, globex_integration: Integration
):
    elsewhere = Push(globex_integration)
    elsewhere.group("Team")
    remove(elsewhere, keep_access=True)
    GroupFactory(tenant=acme, name="Team")
    Push(other_integration).group("Team")
    successor = successor_of(push)
    successor.group("Team")
    adoption = adopt_groups(by=operator, integration=successor.integration, names=["Team"])
    assert adoption == Adoption([], [], ["Team"])
    assert Group.objects.filter(name="Team").count() == 4


def test_adopting_ends_what_only_the_group_left_behind_gave(push: Push, acme: Tenant):
    """Somebody added to it by hand, or no longer pushed, holds nothing afterwards: the push decides."""
    successor = successor_of(push)
    carol = successor.user("carol").account
    add_member(by=operator, group=adoptable(successor.integration).get(), user=carol)
    successor.group("Staff", successor.user("alice"))
    adopt_groups(by=operator, integration=successor.integration, names=None)
    assert held_roles(acme) == {"alice": {"Viewer"}, "bob": set(), "carol": set()}


# --- The whole way ------------------------------------------------------------------------------------------


USERS, GROUPS = 500, 20


def full_push(integration: Integration) -> None:
    """Push everybody and 20 groups through the SCIM endpoint; whatever is not 201 fails."""
    scim = ScimClient(integration)
    ids = [
        scim.user(f"user{number}", externalId=f"id-{number}", emails=[{"value": f"user{number}@example.org"}])["id"]
        for number in range(USERS)
    ]
    for number in range(GROUPS):
        scim.group(f"Group {number}", *ids[number::GROUPS], externalId=f"group-{number}")


def test_removed_created_again_and_pushed_in_full_the_same_people_hold_the_same_roles(acme: Tenant):
    first = IntegrationFactory(tenant=acme, name="Keycloak")
    full_push(first)
    roles = [RoleFactory(tenant=acme, name=f"Role {number}") for number in range(3)]
    for number, group in enumerate(Group.objects.order_by("name_key")):
        create_binding(by=operator, tenant=acme, role=roles[number % 3], subject=group)
    create_binding(by=operator, tenant=acme, role=role_of(acme, "Admin"), subject=User.objects.get(username="user7"))
    before = held_roles(acme)
    assert len(before) == USERS
    assert all(before.values())
    counted = left_behind(first)
    assert counted == (USERS, USERS, GROUPS, USERS, GROUPS)

    remove_integration(by=operator, integration=first, keep_access=True)
    assert held_roles(acme) == before

    second = IntegrationFactory(tenant=acme, name="Keycloak")
    full_push(second)
    assert held_roles(acme) == before
    assert User.objects.count() == AccessSource.objects.count() == ProvisionedUser.objects.count() == USERS
    assert set(AccessSource.objects.values_list("owner_key", flat=True)) == {second.pk}

    adoption = adopt_groups(by=operator, integration=second, names=None)
    assert (len(adoption.adopted), adoption.ambiguous, adoption.unmatched) == (GROUPS, [], [])
    assert held_roles(acme) == before
    assert Group.objects.count() == GROUPS
    assert Membership.objects.count() == USERS
    assert Role.objects.count() == 3 + 3

    with pytest.raises(Conflict):
        remove_integration(by=operator, integration=second, keep_access=False)
    create_binding(by=operator, tenant=acme, role=role_of(acme, "Admin"), subject=person(acme, username="boss"))
    remove_integration(by=operator, integration=second, keep_access=False)
    assert set(held_roles(acme)) == {"boss"}
