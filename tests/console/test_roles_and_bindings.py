"""Roles with their matrix, and who gets them."""

import pytest
from django.test import Client

from kestra_iam.models import Binding, Role, User
from provisioning.models import Integration
from tenants.models import Tenant
from tests.console.conftest import listed, shown
from tests.factories import GroupFactory, RoleFactory, ServiceAccountFactory, person, role_of
from tests.pushes import Push

ADD_ROLE, ADD_BINDING = listed("roles") + "add/", listed("bindings") + "add/"


def text(console: Client, address: str) -> str:
    return console.get(address).content.decode()


def test_a_role_is_made_from_the_matrix(console: Client, acme: Tenant):
    page = text(console, ADD_ROLE)
    assert page.count('type="checkbox"') == 24
    body = {"name": "Auditor", "description": "Reads", "permissions": ["AUDITLOGS.READ", "USERS.READ"]}
    answer = console.post(ADD_ROLE, body)
    role = Role.objects.get(tenant=acme, name="Auditor")
    assert answer.headers["Location"] == shown("roles", role)
    assert role.permissions == {"USERS": ["READ"], "AUDITLOGS": ["READ"]}
    assert text(console, shown("roles", role)).count(" checked") == 2


def test_a_role_is_changed_and_removed(console: Client, acme: Tenant):
    role = RoleFactory(tenant=acme, name="Auditor", permissions={"AUDITLOGS": ["READ"]})
    console.post(shown("roles", role), {"name": "Reader", "permissions": ["ROLES.READ"]})
    role.refresh_from_db()
    assert (role.name, role.permissions) == ("Reader", {"ROLES": ["READ"]})
    assert console.post(shown("roles", role, "delete")).status_code == 302
    assert not Role.objects.filter(pk=role.pk).exists()


def test_what_no_role_can_hold_is_refused(console: Client, acme: Tenant):
    assert console.post(ADD_ROLE, {"name": "Odd", "permissions": ["AUDITLOGS.DELETE"]}).status_code == 400
    assert not Role.objects.filter(name="Odd").exists()


@pytest.fixture
def clerk(client_for, acme: Tenant) -> Client:
    """Somebody who manages roles and bindings, and may do little else."""
    few = {"ROLES": ["CREATE", "READ", "UPDATE"], "BINDINGS": ["CREATE", "READ"], "USERS": ["READ"]}
    RoleFactory(tenant=acme, name="Role Keeper", permissions=few)
    return client_for(person(acme, "Role Keeper", username="clerk"))


def test_nobody_gives_what_they_do_not_hold(clerk: Client, acme: Tenant):
    refused = clerk.post(ADD_ROLE, {"name": "More", "permissions": ["GROUPS.DELETE"]})
    assert refused.status_code == 403
    assert "permissions that you do not hold: GROUPS DELETE" in refused.content.decode()
    myself = User.objects.get(username="clerk")
    bound = clerk.post(ADD_BINDING, {"subject": f"user:{myself.pk}", "role": role_of(acme, "Admin").pk})
    assert bound.status_code == 403
    assert Binding.objects.filter(user=myself).count() == 1


def test_the_picker_offers_only_what_its_reader_may_read(clerk: Client, acme: Tenant):
    GroupFactory(tenant=acme, name="Secret society")
    page = text(clerk, ADD_BINDING)
    assert "clerk" in page
    assert "Secret society" not in page


def test_a_role_is_bound_to_a_user_a_group_or_a_service_account(console: Client, acme: Tenant, viewer: User):
    role = RoleFactory(tenant=acme, name="Auditor")
    subjects = {
        "user": viewer,
        "group": GroupFactory(tenant=acme),
        "service_account": ServiceAccountFactory(tenant=acme),
    }
    for kind, subject in subjects.items():
        answer = console.post(ADD_BINDING, {"subject": f"{kind}:{subject.pk}", "role": role.pk})
        assert answer.headers["Location"] == listed("bindings")
        binding = Binding.objects.get(role=role, **{kind: subject})
        assert console.get(shown("bindings", binding)).status_code == 200
        assert "Auditor" in text(console, f"{listed('bindings')}?kind={kind}&role={role.pk}")


def test_the_picker_finds_by_name_and_shows_owners(console: Client, acme: Tenant, integration: Integration):
    Push(integration).group("Finance")
    GroupFactory(tenant=acme, name="Finance")
    page = text(console, f"{ADD_BINDING}?q=fin")
    assert page.count("<bdi>Finance</bdi>") == 2
    assert page.count('<span class="k-pill k-plain">Corporate Keycloak</span>') == 1
    assert "<bdi>admin</bdi>" not in page


def test_a_link_from_a_thing_s_page_picks_it(console: Client, acme: Tenant):
    group = GroupFactory(tenant=acme, name="On-call")
    bind = f"{ADD_BINDING}?group={group.pk}"
    assert bind in text(console, shown("groups", group))
    assert f'value="group:{group.pk}" checked' in text(console, bind)


@pytest.mark.parametrize("subject", ["", "user:", "user:nobody", "tenant:1", "group:" + "0" * 36, "nonsense"])
def test_nobody_in_particular_gets_nothing(console: Client, acme: Tenant, subject: str):
    answer = console.post(ADD_BINDING, {"subject": subject, "role": role_of(acme, "Viewer").pk})
    assert answer.status_code == 400
    assert Binding.objects.filter(role__name="Viewer").count() == 0


def test_nothing_of_another_tenant_is_bound(
    console: Client, acme: Tenant, globex: Tenant, outsider: User, viewer: User, globex_integration: Integration
):
    role = role_of(acme, "Viewer")
    before = Binding.objects.count()
    foreign = [
        {"subject": f"user:{outsider.pk}", "role": role.pk},
        {"subject": f"group:{GroupFactory(tenant=globex).pk}", "role": role.pk},
        {"subject": f"service_account:{ServiceAccountFactory(tenant=globex).pk}", "role": role.pk},
        {"subject": f"user:{viewer.pk}", "role": role_of(globex, "Viewer").pk},
    ]
    assert [console.post(ADD_BINDING, body).status_code for body in foreign] == [400] * 4
    assert Binding.objects.count() == before


def test_an_integration_s_service_account_gets_no_other_role(console: Client, acme: Tenant, integration: Integration):
    body = {"subject": f"service_account:{integration.service_account_id}", "role": role_of(acme, "Viewer").pk}
    assert console.post(ADD_BINDING, body).status_code == 400
    assert integration.service_account.bindings.count() == 1


def test_a_binding_is_removed_but_not_the_last_admin_s(console: Client, acme: Tenant, admin: User, viewer: User):
    assert console.post(shown("bindings", viewer.bindings.get(), "delete")).status_code == 302
    refused = console.post(shown("bindings", admin.bindings.get(), "delete"))
    assert refused.status_code == 409
    assert "without an active Admin" in refused.content.decode()
    assert admin.bindings.exists()


def test_a_second_binding_of_the_same_is_told(console: Client, acme: Tenant, viewer: User):
    answer = console.post(ADD_BINDING, {"subject": f"user:{viewer.pk}", "role": role_of(acme, "Viewer").pk})
    assert answer.status_code == 409
    assert "has the role Viewer already" in answer.content.decode()
