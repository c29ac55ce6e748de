"""What belongs to an integration or to the product is changed by nobody else."""

from collections.abc import Callable
from typing import Any

import pytest

from kestra_iam import access, permissions
from kestra_iam.actions.bindings import create_binding, delete_binding
from kestra_iam.actions.groups import add_member, delete_group, remove_member, update_group
from kestra_iam.actions.roles import delete_role, update_role
from kestra_iam.actions.service_accounts import create_token, delete_service_account, delete_token
from kestra_iam.errors import Forbidden, NotFound
from kestra_iam.models import ApiToken, AuditEvent, Binding, Group, Membership, Role, ServiceAccount, User
from kestra_iam.principals import operator
from provisioning.models import Integration
from tenants.models import Tenant
from tests.factories import ServiceAccountFactory, person, role_of
from tests.pushes import Push

MANAGED = [permissions.ADMIN, permissions.VIEWER, permissions.SCIM_PROVISIONER]


def rows() -> list[Any]:
    models = (ApiToken, AuditEvent, Binding, Group, Membership, Role, ServiceAccount)
    return [list(model.objects.order_by("pk").values()) for model in models]


def another_token(tenant: Tenant, account: ServiceAccount) -> None:
    create_token(by=operator, tenant=tenant, holder=account, name="another")


def another_binding(tenant: Tenant, account: ServiceAccount) -> None:
    create_binding(by=operator, tenant=tenant, role=role_of(tenant, "Viewer"), subject=account)


def losing_its_binding(tenant: Tenant, account: ServiceAccount) -> None:
    delete_binding(by=operator, binding=account.bindings.get())


def losing_its_token(tenant: Tenant, account: ServiceAccount) -> None:
    delete_token(by=operator, token=account.api_tokens.get())


def being_deleted(tenant: Tenant, account: ServiceAccount) -> None:
    delete_service_account(by=operator, service_account=account)


@pytest.mark.parametrize(
    "change", [another_token, another_binding, losing_its_binding, losing_its_token, being_deleted]
)
def test_the_service_account_of_an_integration_is_left_alone_even_by_the_operator(
    change: Callable[[Tenant, ServiceAccount], None], acme: Tenant, integration: Integration
):
    before = rows()
    with pytest.raises(Forbidden, match="managed"):
        change(acme, integration.service_account)
    assert rows() == before


def test_a_service_account_is_no_member_of_a_group(acme: Tenant, integration: Integration):
    assert {field.name for field in Membership._meta.get_fields() if field.is_relation} == {"group", "user", "source"}
    assert not User.objects.filter(pk=integration.service_account.pk).exists()


@pytest.mark.parametrize("name", MANAGED)
def test_a_managed_role_is_read_only(name: str, acme: Tenant, integration: Integration):
    role = role_of(acme, name)
    before = rows()
    with pytest.raises(Forbidden, match="managed by the product"):
        update_role(by=operator, role=role, name=name, description="", permissions={})
    with pytest.raises(Forbidden, match="managed by the product"):
        delete_role(by=operator, role=role)
    assert rows() == before


@pytest.mark.parametrize("name", MANAGED)
def test_a_managed_role_can_be_bound_to_others(name: str, acme: Tenant, integration: Integration):
    somebody = person(acme)
    create_binding(by=operator, tenant=acme, role=role_of(acme, name), subject=somebody)
    held = access.held(access.principal_of(somebody), acme)
    assert held == permissions.granted(permissions.MANAGED_ROLES[name])


def test_the_provisioner_role_gives_these_eleven_permissions_and_no_other(acme: Tenant, integration: Integration):
    held = access.held(access.principal_of(integration.service_account), acme)
    assert permissions.stored(held) == {
        "USERS": ["CREATE", "READ", "UPDATE"],
        "GROUPS": ["CREATE", "READ", "UPDATE", "DELETE"],
        "BINDINGS": ["CREATE", "READ", "UPDATE", "DELETE"],
    }
    assert len(held) == 11


def renaming(group: Group, member: User, other: User) -> None:
    update_group(by=operator, group=group, name="Mine", description="")


def deleting(group: Group, member: User, other: User) -> None:
    delete_group(by=operator, group=group)


def adding(group: Group, member: User, other: User) -> None:
    add_member(by=operator, group=group, user=other)


def removing(group: Group, member: User, other: User) -> None:
    remove_member(by=operator, group=group, user=member)


@pytest.mark.parametrize("change", [renaming, deleting, adding, removing])
def test_a_pushed_group_is_changed_by_its_integration_alone(
    change: Callable[[Group, User, User], None], acme: Tenant, integration: Integration
):
    push = Push(integration)
    alice = push.user("alice")
    group, somebody = push.group("Staff", alice), person(acme)
    before = rows()
    with pytest.raises(Forbidden, match="Corporate Keycloak"):
        change(group, alice.account, somebody)
    assert rows() == before


def test_an_integration_does_not_get_hold_of_groups_made_by_hand_or_by_another_one(
    acme: Tenant, integration: Integration, other_integration: Integration
):
    push, other = Push(integration), Push(other_integration)
    group = push.group("Staff")
    before = rows()
    for change in (
        lambda: other.change_group(group, name="Taken"),
        lambda: other.delete_group(group),
    ):
        with pytest.raises(NotFound):
            change()
    assert rows() == before


def test_what_is_given_in_one_tenant_belongs_to_that_tenant(acme: Tenant, globex: Tenant, outsider: User):
    """Roles, subjects and holders of another tenant do not exist here."""
    account, somebody = ServiceAccountFactory(tenant=globex), person(acme)
    viewer_here, viewer_there = role_of(acme, "Viewer"), role_of(globex, "Viewer")
    before = rows()
    for give in (
        lambda: create_binding(by=operator, tenant=acme, role=viewer_here, subject=account),
        lambda: create_binding(by=operator, tenant=acme, role=viewer_here, subject=outsider),
        lambda: create_binding(by=operator, tenant=globex, role=viewer_here, subject=outsider),
        lambda: create_binding(by=operator, tenant=acme, role=viewer_there, subject=somebody),
        lambda: create_token(by=operator, tenant=acme, holder=account, name="nightly"),
    ):
        with pytest.raises(NotFound):
            give()
    assert rows() == before
