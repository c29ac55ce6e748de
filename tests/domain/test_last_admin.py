"""A tenant that has an active Admin keeps one, whatever people do; what integrations push is carried out."""

from collections.abc import Callable

import pytest

from kestra_iam import access
from kestra_iam.actions.bindings import create_binding, delete_binding
from kestra_iam.actions.groups import add_member, delete_group, remove_member
from kestra_iam.actions.people import end_access, let_in, suspend_person
from kestra_iam.errors import Conflict
from kestra_iam.models import AccessSource, AuditEvent, Binding, Group, Membership, Suspension, User
from kestra_iam.principals import operator
from provisioning.actions.removal import adopt_groups, remove_integration
from provisioning.models import Integration
from tenants.models import Tenant
from tests.factories import GroupFactory, IntegrationFactory, RoleFactory, person, role_of
from tests.pushes import Push

Change = Callable[[], None]


def rows():
    return [
        list(model.objects.order_by("pk").values())
        for model in (AccessSource, AuditEvent, Binding, Group, Integration, Membership, Suspension)
    ]


def make_admin(tenant: Tenant, subject) -> Binding:
    return create_binding(by=operator, tenant=tenant, role=role_of(tenant, "Admin"), subject=subject)


def in_an_admin_group(tenant: Tenant) -> tuple[Group, User]:
    group, user = GroupFactory(tenant=tenant), person(tenant)
    add_member(by=operator, group=group, user=user)
    make_admin(tenant, group)
    return group, user


def deleting_the_binding(tenant: Tenant) -> Change:
    binding = make_admin(tenant, person(tenant))
    return lambda: delete_binding(by=operator, binding=binding)


def deleting_the_binding_of_a_group(tenant: Tenant) -> Change:
    group, _ = in_an_admin_group(tenant)
    return lambda: delete_binding(by=operator, binding=group.bindings.get())


def deleting_the_binding_of_a_pushed_group(tenant: Tenant) -> Change:
    push = Push(IntegrationFactory(tenant=tenant))
    binding = make_admin(tenant, push.group("Administrators", push.user("alice")))
    return lambda: delete_binding(by=operator, binding=binding)


def removing_from_a_group(tenant: Tenant) -> Change:
    group, user = in_an_admin_group(tenant)
    return lambda: remove_member(by=operator, group=group, user=user)


def deleting_a_group(tenant: Tenant) -> Change:
    group, _ = in_an_admin_group(tenant)
    return lambda: delete_group(by=operator, group=group)


def suspending(tenant: Tenant) -> Change:
    user = person(tenant, "Admin")
    return lambda: suspend_person(by=operator, tenant=tenant, user=user)


def suspending_a_member(tenant: Tenant) -> Change:
    _, user = in_an_admin_group(tenant)
    return lambda: suspend_person(by=operator, tenant=tenant, user=user)


def ending_access(tenant: Tenant) -> Change:
    user = person(tenant, "Admin")
    return lambda: end_access(by=operator, tenant=tenant, user=user)


def removing_an_integration(tenant: Tenant) -> Change:
    integration = IntegrationFactory(tenant=tenant)
    make_admin(tenant, Push(integration).user("alice").account)
    return lambda: remove_integration(by=operator, integration=integration, keep_access=False)


def removing_an_integration_whose_group_has_the_role(tenant: Tenant) -> Change:
    push = Push(IntegrationFactory(tenant=tenant))
    make_admin(tenant, push.group("Administrators", push.user("alice")))
    return lambda: remove_integration(by=operator, integration=push.integration, keep_access=False)


def adopting_into_an_empty_group(tenant: Tenant) -> Change:
    push = Push(IntegrationFactory(tenant=tenant))
    make_admin(tenant, push.group("Administrators", push.user("alice")))
    remove_integration(by=operator, integration=push.integration, keep_access=True)
    successor = IntegrationFactory(tenant=tenant)
    Push(successor).group("Administrators")
    return lambda: adopt_groups(by=operator, integration=successor, names=None)


REFUSED = [
    deleting_the_binding,
    deleting_the_binding_of_a_group,
    deleting_the_binding_of_a_pushed_group,
    removing_from_a_group,
    deleting_a_group,
    suspending,
    suspending_a_member,
    ending_access,
    removing_an_integration,
    removing_an_integration_whose_group_has_the_role,
    adopting_into_an_empty_group,
]


@pytest.mark.parametrize("prepare", REFUSED)
def test_what_would_leave_no_admin_is_refused_and_changes_nothing(prepare: Callable[[Tenant], Change], acme: Tenant):
    change = prepare(acme)
    before = rows()
    with pytest.raises(Conflict, match="without an active Admin"):
        change()
    assert rows() == before


@pytest.mark.parametrize("prepare", REFUSED)
def test_with_another_active_admin_it_is_carried_out(prepare: Callable[[Tenant], Change], acme: Tenant):
    change = prepare(acme)
    person(acme, "Admin", username="another")
    change()
    assert [user.username for user in access.active_admins(acme)] == ["another"]


def suspended(tenant: Tenant) -> None:
    another = person(tenant, "Admin")
    suspend_person(by=operator, tenant=tenant, user=another)


def inactive(tenant: Tenant) -> None:
    push = Push(IntegrationFactory(tenant=tenant))
    make_admin(tenant, push.user("bob", active=False).account)


def member_by_an_inactive_source(tenant: Tenant) -> None:
    push = Push(IntegrationFactory(tenant=tenant))
    bob = push.user("bob", active=False)
    let_in(by=operator, tenant=tenant, user=bob.account)
    make_admin(tenant, push.group("Administrators", bob))


def same_permissions_in_a_role_made_by_hand(tenant: Tenant) -> None:
    role = RoleFactory(tenant=tenant, permissions=role_of(tenant, "Admin").permissions)
    create_binding(by=operator, tenant=tenant, role=role, subject=person(tenant))


def admin_of_another_tenant(tenant: Tenant) -> None:
    globex = Tenant.objects.get(slug="globex")
    let_in(by=operator, tenant=tenant, user=person(globex, "Admin"))


@pytest.mark.parametrize(
    "somebody",
    [
        suspended,
        inactive,
        member_by_an_inactive_source,
        same_permissions_in_a_role_made_by_hand,
        admin_of_another_tenant,
    ],
)
def test_who_is_no_active_admin_of_this_tenant_does_not_count(
    somebody: Callable[[Tenant], None], acme: Tenant, globex: Tenant, admin: User
):
    somebody(acme)
    assert list(access.active_admins(acme)) == [admin]
    with pytest.raises(Conflict):
        end_access(by=operator, tenant=acme, user=admin)


def test_a_tenant_that_has_no_admin_yet_refuses_nothing(acme: Tenant, viewer: User):
    suspend_person(by=operator, tenant=acme, user=viewer)
    end_access(by=operator, tenant=acme, user=viewer)


def test_keeping_access_keeps_the_admin(acme: Tenant, integration: Integration):
    make_admin(acme, Push(integration).user("alice").account)
    remove_integration(by=operator, integration=integration, keep_access=True)
    assert access.active_admins(acme).count() == 1


def test_an_admin_with_another_source_of_access_stays(acme: Tenant, integration: Integration):
    account = Push(integration).user("alice").account
    let_in(by=operator, tenant=acme, user=account)
    make_admin(acme, account)
    remove_integration(by=operator, integration=integration, keep_access=False)
    assert access.active_admins(acme).count() == 1


def inactive_by_push(push: Push, alice, group) -> None:
    push.change(alice, active=False)


def deleted_by_push(push: Push, alice, group) -> None:
    push.delete(alice)


def taken_out_by_push(push: Push, alice, group) -> None:
    push.change_group(group, remove=[alice])


def replaced_by_push(push: Push, alice, group) -> None:
    push.change_group(group, replace=[])


def group_deleted_by_push(push: Push, alice, group) -> None:
    push.delete_group(group)


@pytest.mark.parametrize(
    "pushed", [inactive_by_push, deleted_by_push, taken_out_by_push, replaced_by_push, group_deleted_by_push]
)
def test_a_leaver_never_stays_in_even_as_the_last_admin(pushed, acme: Tenant, integration: Integration):
    push = Push(integration)
    alice = push.user("alice")
    group = push.group("Administrators", alice)
    make_admin(acme, group)
    assert access.active_admins(acme).count() == 1
    events = AuditEvent.objects.count()
    pushed(push, alice, group)
    assert access.active_admins(acme).count() == 0
    assert AuditEvent.objects.count() > events
