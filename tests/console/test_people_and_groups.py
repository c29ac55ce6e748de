"""Users and Groups: sources of access, what comes from where, members, who manages them."""

from django.test import Client

from kestra_iam.actions.bindings import create_binding
from kestra_iam.actions.people import let_in
from kestra_iam.models import AccessSource, Group, Membership, Suspension, User
from kestra_iam.principals import operator
from provisioning.models import Integration
from tenants.models import Tenant
from tests.console.conftest import listed, shown
from tests.factories import PASSWORD, AccountFactory, GroupFactory, RoleFactory, role_of
from tests.pushes import Push


def text(console: Client, address: str) -> str:
    return console.get(address).content.decode()


def test_a_user_page_shows_sources_groups_and_where_permissions_come_from(
    console: Client, acme: Tenant, integration: Integration
):
    push = Push(integration)
    anna = push.user("anna")
    engineering = push.group("Engineering", anna)
    create_binding(by=operator, tenant=acme, role=role_of(acme, "Viewer"), subject=engineering)
    role = RoleFactory(tenant=acme, name="Role Keeper", permissions={"ROLES": ["CREATE"]})
    create_binding(by=operator, tenant=acme, role=role, subject=anna.account)
    let_in(by=operator, tenant=acme, user=anna.account)
    answer = console.get(shown("users", anna.account))
    page = answer.content.decode()
    assert "ROLES" in answer.context["effective"]
    assert answer.context["effective"]["ROLES"] == ["CREATE", "READ"]
    assert "bound directly" in page
    assert "Engineering" in page
    assert "Granted by hand" in page
    assert shown("provisioning", integration) in page


def test_somebody_suspended_by_the_identity_provider_is_inactive(
    console: Client, acme: Tenant, integration: Integration
):
    push = Push(integration)
    anna = push.user("anna", active=False)
    assert "Suspended there" in text(console, shown("users", anna.account))
    assert "Inactive" in text(console, listed("users"))
    assert "anna" in text(console, f"{listed('users')}?state=inactive")
    assert "anna" not in text(console, f"{listed('users')}?state=active")


def test_suspending_and_resuming_over_all_sources(console: Client, acme: Tenant, viewer: User):
    page = console.post(shown("users", viewer, "suspend"), follow=True).content.decode()
    assert "<strong>Suspended.</strong>" in page
    assert Suspension.objects.filter(user=viewer).exists()
    assert "Resume" in page
    console.post(shown("users", viewer, "resume"))
    assert not Suspension.objects.exists()


def test_the_last_admin_is_not_suspended(console: Client, acme: Tenant, admin: User):
    answer = console.post(shown("users", admin, "suspend"))
    assert answer.status_code == 409
    assert "without an active Admin" in answer.content.decode()
    assert not Suspension.objects.exists()


def test_a_tenant_without_active_admin_warns_on_every_page(client_for, owner: User, acme: Tenant):
    browser = client_for(owner)
    assert "This tenant has no active Admin." in text(browser, listed("roles"))
    assert "This tenant has no active Admin." in text(browser, listed("audit-logs"))


def test_access_given_by_hand_is_ended(console: Client, acme: Tenant, viewer: User):
    answer = console.post(shown("users", viewer, "end-access"))
    assert answer.headers["Location"] == listed("users")
    assert not AccessSource.objects.filter(user=viewer).exists()
    assert console.get(shown("users", viewer)).status_code == 404


def test_an_admin_lets_in_by_hand_whom_an_integration_brought(console: Client, integration: Integration):
    pushed = Push(integration).user("carla").account
    form = text(console, listed("users") + "add/")
    assert "password" not in form.split("<form")[-1]
    answer = console.post(listed("users") + "add/", {"username": "Carla"})
    assert answer.headers["Location"] == shown("users", pushed)


def test_an_admin_learns_nothing_of_accounts_elsewhere(console: Client, acme: Tenant):
    AccountFactory(username="carla")
    for username in ("carla", "nobody-here"):
        refused = console.post(listed("users") + "add/", {"username": username})
        assert refused.status_code == 404
        assert "an instance owner can let them in" in refused.content.decode()


def test_an_owner_lets_in_an_account_of_the_instance(client_for, owner: User, acme: Tenant):
    user = AccountFactory(username="carla")
    answer = client_for(owner).post(listed("users") + "add/", {"username": "Carla"})
    assert answer.headers["Location"] == shown("users", user)


def test_an_owner_makes_the_account_on_the_way(client_for, owner: User, acme: Tenant):
    browser = client_for(owner)
    body = {"username": "carla", "first_name": "Carla", "email": "carla@acme.example"}
    refused = browser.post(listed("users") + "add/", body)
    assert refused.status_code == 400
    assert not User.objects.filter(username="carla").exists()
    weak = browser.post(listed("users") + "add/", {**body, "password": "12345"})
    assert weak.status_code == 400
    assert browser.post(listed("users") + "add/", {**body, "password": PASSWORD}).status_code == 302
    carla = User.objects.get(username="carla")
    assert (carla.home_id, carla.instance_owner, carla.check_password(PASSWORD)) == (None, False, True)
    assert AccessSource.objects.filter(user=carla, tenant=acme, owner_key="").exists()


def test_people_of_another_tenant_are_nowhere(console: Client, outsider: User, globex_integration: Integration):
    push = Push(globex_integration)
    push.group("Globex people", push.user("gustav"))
    for page in ("users", "groups", "bindings"):
        found = text(console, listed(page))
        assert "outsider" not in found
        assert "gustav" not in found.lower()
        assert "Globex people" not in found
    offers = text(console, listed("bindings") + "add/")
    assert "outsider" not in offers
    assert "Globex people" not in offers
    assert console.get(shown("users", outsider)).status_code == 404


def test_a_group_by_hand_gets_and_loses_members(console: Client, acme: Tenant, viewer: User):
    console.post(listed("groups") + "add/", {"name": "On-call", "description": "By day"})
    group = Group.objects.get(tenant=acme)
    found = text(console, shown("groups", group) + "?find=view")
    assert f'value="{viewer.pk}"' in found
    console.post(shown("groups", group, "add-member"), {"user": viewer.pk})
    assert Membership.objects.filter(group=group, user=viewer).exists()
    assert "1 person in this group." in text(console, shown("groups", group))
    console.post(shown("groups", group, "remove-member"), {"user": viewer.pk})
    assert not Membership.objects.exists()


def test_members_are_found_in_a_large_group(console: Client, acme: Tenant, integration: Integration):
    push = Push(integration)
    group = push.group("Everybody", *(push.user(f"person-{n:02}") for n in range(30)))
    page = text(console, shown("groups", group))
    assert "30 people in this group." in page
    assert "Page 1 of 2" in page
    assert "person-29" not in page
    assert "person-29" in text(console, shown("groups", group) + "?p=2")
    assert "person-29" in text(console, shown("groups", group) + "?q=29")


def test_a_stranger_is_not_put_into_a_group(console: Client, acme: Tenant, outsider: User):
    group = GroupFactory(tenant=acme)
    assert console.post(shown("groups", group, "add-member"), {"user": outsider.pk}).status_code == 404
    assert not Membership.objects.exists()


def test_groups_say_who_manages_them(console: Client, acme: Tenant, integration: Integration):
    group = Push(integration).group("Engineering")
    by_hand = GroupFactory(tenant=acme, name="On-call")
    page = text(console, listed("groups"))
    assert "Corporate Keycloak" in page
    assert "By hand" in page
    assert "read-only here" in text(console, shown("groups", group))
    assert "read-only here" not in text(console, shown("groups", by_hand))
    assert "On-call" not in text(console, f"{listed('groups')}?managed={integration.pk}")
    assert "Engineering" not in text(console, f"{listed('groups')}?managed=hand")


def test_a_group_is_changed_and_removed(console: Client, acme: Tenant, viewer: User):
    group = GroupFactory(tenant=acme, name="On-call")
    taken = GroupFactory(tenant=acme, name="Standby")
    assert console.post(shown("groups", group), {"name": "STANDBY"}).status_code == 409
    assert console.post(shown("groups", group), {"name": "Night shift"}).status_code == 302
    assert "Roles bound to the group: 0." in text(console, shown("groups", group, "delete"))
    assert console.post(shown("groups", group, "delete")).headers["Location"] == listed("groups")
    assert list(Group.objects.filter(tenant=acme)) == [taken]
