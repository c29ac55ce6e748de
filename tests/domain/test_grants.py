"""Whoever gives something must hold everything thereby given; each way of giving is a row of one table."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from kestra_iam import access, permissions
from kestra_iam.actions.bindings import create_binding, delete_binding
from kestra_iam.actions.groups import add_member, remove_member
from kestra_iam.actions.passwords import issue_sign_in_link
from kestra_iam.actions.people import end_access, let_in, resume_person, suspend_person
from kestra_iam.actions.roles import create_role, delete_role, update_role
from kestra_iam.actions.service_accounts import create_token
from kestra_iam.errors import Forbidden
from kestra_iam.models import (
    AccessSource,
    ApiToken,
    AuditEvent,
    Binding,
    Membership,
    Role,
    SignInLink,
    Suspension,
    User,
)
from kestra_iam.permissions import Permissions
from kestra_iam.principals import Principal, operator
from provisioning.actions.integrations import (
    create_integration,
    disable_integration,
    enable_integration,
    rotate_token,
)
from provisioning.actions.removal import adopt_groups, remove_integration
from provisioning.models import Integration
from tenants.models import Tenant
from tests.factories import GroupFactory, IntegrationFactory, RoleFactory, ServiceAccountFactory, person
from tests.pushes import Push

GIVEN = {"AUDITLOGS": ["READ"], "ROLES": ["READ", "UPDATE"]}
OF_ROLE = permissions.granted(GIVEN)
OF_PROVISIONER = permissions.granted(permissions.MANAGED_ROLES[permissions.SCIM_PROVISIONER])

Give = Callable[[Principal], Any]


def holder(tenant: Tenant, held: Permissions) -> Principal:
    """Somebody of the tenant who holds exactly these permissions."""
    user = person(tenant)
    role = RoleFactory(tenant=tenant, permissions=permissions.stored(held))
    create_binding(by=operator, tenant=tenant, role=role, subject=user)
    return access.principal_of(user)


def given_role(tenant: Tenant) -> Role:
    return RoleFactory(tenant=tenant, name="Given", permissions=GIVEN)


def bound_group(tenant: Tenant):
    group = GroupFactory(tenant=tenant)
    create_binding(by=operator, tenant=tenant, role=given_role(tenant), subject=group)
    return group


def pushed_and_bound(tenant: Tenant, **attributes: Any) -> User:
    """A person at home in the tenant who has the role directly."""
    account = Push(IntegrationFactory(tenant=tenant)).user("alice", **attributes).account
    create_binding(by=operator, tenant=tenant, role=given_role(tenant), subject=account)
    return account


def binding_to_a_person(tenant: Tenant) -> Give:
    role, user = given_role(tenant), person(tenant)
    return lambda by: create_binding(by=by, tenant=tenant, role=role, subject=user)


def binding_to_a_group(tenant: Tenant) -> Give:
    role, group = given_role(tenant), GroupFactory(tenant=tenant)
    return lambda by: create_binding(by=by, tenant=tenant, role=role, subject=group)


def binding_to_a_pushed_group(tenant: Tenant) -> Give:
    role, group = given_role(tenant), Push(IntegrationFactory(tenant=tenant)).group("Staff")
    return lambda by: create_binding(by=by, tenant=tenant, role=role, subject=group)


def binding_to_a_service_account(tenant: Tenant) -> Give:
    role, account = given_role(tenant), ServiceAccountFactory(tenant=tenant)
    return lambda by: create_binding(by=by, tenant=tenant, role=role, subject=account)


def creating_a_role(tenant: Tenant) -> Give:
    return lambda by: create_role(by=by, tenant=tenant, name="New", permissions=GIVEN)


def widening_a_role(tenant: Tenant) -> Give:
    before = {"GROUPS": ["READ", "DELETE"]}
    role = RoleFactory(tenant=tenant, permissions=before)
    return lambda by: update_role(by=by, role=role, name="Wider", description="", permissions={**before, **GIVEN})


def adding_a_member_by_hand(tenant: Tenant) -> Give:
    group, user = bound_group(tenant), person(tenant)
    return lambda by: add_member(by=by, group=group, user=user)


def letting_in_a_suspended_person(tenant: Tenant) -> Give:
    account = pushed_and_bound(tenant, active=False)
    return lambda by: let_in(by=by, tenant=tenant, user=account)


def resuming_a_person(tenant: Tenant) -> Give:
    account = pushed_and_bound(tenant)
    suspend_person(by=operator, tenant=tenant, user=account)
    return lambda by: resume_person(by=by, tenant=tenant, user=account)


def resuming_a_member(tenant: Tenant) -> Give:
    group, user = bound_group(tenant), person(tenant)
    add_member(by=operator, group=group, user=user)
    suspend_person(by=operator, tenant=tenant, user=user)
    return lambda by: resume_person(by=by, tenant=tenant, user=user)


def a_sign_in_link(tenant: Tenant) -> Give:
    account = pushed_and_bound(tenant)
    return lambda by: issue_sign_in_link(by=by, tenant=tenant, user=account)


def a_sign_in_link_of_a_suspended_person(tenant: Tenant) -> Give:
    account = pushed_and_bound(tenant)
    suspend_person(by=operator, tenant=tenant, user=account)
    return lambda by: issue_sign_in_link(by=by, tenant=tenant, user=account)


def a_sign_in_link_of_somebody_in_a_pushed_group(tenant: Tenant) -> Give:
    push = Push(IntegrationFactory(tenant=tenant))
    alice = push.user("alice", active=False)
    create_binding(by=operator, tenant=tenant, role=given_role(tenant), subject=push.group("Staff", alice))
    return lambda by: issue_sign_in_link(by=by, tenant=tenant, user=alice.account)


def a_token_of_a_service_account(tenant: Tenant) -> Give:
    account = ServiceAccountFactory(tenant=tenant)
    create_binding(by=operator, tenant=tenant, role=given_role(tenant), subject=account)
    return lambda by: create_token(by=by, tenant=tenant, holder=account, name="nightly")


def creating_an_integration(tenant: Tenant) -> Give:
    return lambda by: create_integration(by=by, tenant=tenant, name="Keycloak")


def integration_with_a_bound_group(tenant: Tenant) -> Integration:
    integration = IntegrationFactory(tenant=tenant)
    create_binding(by=operator, tenant=tenant, role=given_role(tenant), subject=Push(integration).group("Staff"))
    return integration


def enabling_an_integration(tenant: Tenant) -> Give:
    integration = integration_with_a_bound_group(tenant)
    disable_integration(by=operator, integration=integration)
    return lambda by: enable_integration(by=by, integration=integration)


def rotating_an_integration(tenant: Tenant) -> Give:
    integration = integration_with_a_bound_group(tenant)
    return lambda by: rotate_token(by=by, integration=integration, overlap=timedelta(hours=1))


def adopting_groups(tenant: Tenant) -> Give:
    remove_integration(by=operator, integration=integration_with_a_bound_group(tenant), keep_access=True)
    successor = IntegrationFactory(tenant=tenant)
    Push(successor).group("Staff")
    return lambda by: adopt_groups(by=by, integration=successor, names=None)


class Grant(NamedTuple):
    prepare: Callable[[Tenant], Give]
    given: Permissions


TABLE = [
    Grant(binding_to_a_person, OF_ROLE),
    Grant(binding_to_a_group, OF_ROLE),
    Grant(binding_to_a_pushed_group, OF_ROLE),
    Grant(binding_to_a_service_account, OF_ROLE),
    Grant(creating_a_role, OF_ROLE),
    Grant(widening_a_role, OF_ROLE),
    Grant(adding_a_member_by_hand, OF_ROLE),
    Grant(letting_in_a_suspended_person, OF_ROLE),
    Grant(resuming_a_person, OF_ROLE),
    Grant(resuming_a_member, OF_ROLE),
    Grant(a_sign_in_link, OF_ROLE),
    Grant(a_sign_in_link_of_a_suspended_person, OF_ROLE),
    Grant(a_sign_in_link_of_somebody_in_a_pushed_group, OF_ROLE),
    Grant(a_token_of_a_service_account, OF_ROLE),
    Grant(creating_an_integration, OF_PROVISIONER),
    Grant(enabling_an_integration, OF_PROVISIONER | OF_ROLE),
    Grant(rotating_an_integration, OF_PROVISIONER | OF_ROLE),
    Grant(adopting_groups, OF_ROLE),
]
ONE_MISSING = [
    pytest.param(grant, lacking, id=f"{grant.prepare.__name__} without {' '.join(lacking)}")
    for grant in TABLE
    for lacking in sorted(grant.given)
]


def everything_given() -> list[Any]:
    """What a refused grant must leave as it was."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (
            AccessSource,
            ApiToken,
            AuditEvent,
            Binding,
            Integration,
            Membership,
            Role,
            SignInLink,
            Suspension,
        )
    ]


@pytest.mark.parametrize("grant", [pytest.param(grant, id=grant.prepare.__name__) for grant in TABLE])
def test_who_holds_everything_given_may_give_it(grant: Grant, acme: Tenant):
    give = grant.prepare(acme)
    by = holder(acme, grant.given)
    before = everything_given()
    give(by)
    assert everything_given() != before


@pytest.mark.parametrize(("grant", "lacking"), ONE_MISSING)
def test_who_lacks_one_permission_gives_nothing(grant: Grant, lacking: tuple[str, str], acme: Tenant):
    give = grant.prepare(acme)
    by = holder(acme, permissions.ALL - {lacking})
    before = everything_given()
    with pytest.raises(Forbidden, match=" ".join(lacking)):
        give(by)
    assert everything_given() == before


def test_holding_everything_in_another_tenant_counts_for_nothing(acme: Tenant, globex: Tenant):
    for grant in TABLE:
        tenant = Tenant.objects.create(slug=f"{grant.prepare.__name__.replace('_', '-')}"[:63], name="A tenant")
        give = grant.prepare(tenant)
        with pytest.raises(Forbidden):
            give(holder(globex, permissions.ALL))


def test_what_an_integration_pushes_into_its_own_groups_is_no_grant_of_its_own(acme: Tenant, integration: Integration):
    push = Push(integration)
    group = push.group("Administrators")
    create_binding(by=operator, tenant=acme, role=acme.roles.get(name="Admin"), subject=group)
    alice = push.user("alice")
    push.change_group(group, add=[alice])
    assert access.held(access.principal_of(alice.account), acme) == permissions.ALL


def test_taking_away_is_no_grant(acme: Tenant):
    nobody_much = holder(acme, permissions.NONE)
    group, user, role = bound_group(acme), person(acme), RoleFactory(tenant=acme, permissions=GIVEN)
    add_member(by=operator, group=group, user=user)
    binding = create_binding(by=operator, tenant=acme, role=role, subject=user)
    remove_member(by=nobody_much, group=group, user=user)
    delete_binding(by=nobody_much, binding=binding)
    update_role(by=nobody_much, role=role, name="Less", description="", permissions={"ROLES": ["READ"]})
    delete_role(by=nobody_much, role=role)
    suspend_person(by=nobody_much, tenant=acme, user=user)
    end_access(by=nobody_much, tenant=acme, user=user)
    assert not access.people_known(acme).filter(pk=user.pk).exists()


def test_a_token_of_a_person_is_made_by_that_person_alone(acme: Tenant, admin: User, viewer: User):
    with pytest.raises(Forbidden):
        create_token(by=access.principal_of(admin), tenant=acme, holder=viewer, name="mine")
    assert create_token(by=access.principal_of(viewer), tenant=acme, holder=viewer, name="mine")


def test_a_suspended_person_makes_no_token(acme: Tenant, viewer: User):
    suspend_person(by=operator, tenant=acme, user=viewer)
    with pytest.raises(Forbidden):
        create_token(by=access.principal_of(viewer), tenant=acme, holder=viewer, name="mine")
