"""Administration → IAM → Provisioning."""

import pytest
from django.test import Client

from kestra_iam.actions.bindings import create_binding
from kestra_iam.models import AuditEvent, Binding, Group, User
from kestra_iam.permissions import MATRIX
from kestra_iam.principals import operator
from provisioning.actions.removal import remove_integration
from provisioning.models import Integration
from tenants.models import Tenant
from tests.clients import ScimClient
from tests.console.conftest import listed, shown
from tests.factories import IntegrationFactory, RoleFactory, person, role_of
from tests.pushes import Push


def text(console: Client, address: str) -> str:
    return console.get(address).content.decode()


def test_the_create_form_asks_for_name_description_and_type_with_one_choice(console: Client, acme: Tenant):
    form = console.get(listed("provisioning") + "add/").context["form"]
    assert [form[name].label for name in form.fields] == ["Name", "Description", "Provisioning Type"]
    assert form.fields["type"].choices == [("SCIM", "SCIM 2.0")]
    page = text(console, listed("provisioning") + "add/")
    assert page.count('<button type="submit" class="k-button k-primary">Save</button>') == 1


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"name": "", "type": "SCIM"}, 400, "This field is required."),
        ({"name": "x" * 300, "type": "SCIM"}, 400, "at most 255 characters"),
        ({"name": "corporate KEYCLOAK", "type": "SCIM"}, 409, "There is an integration"),
        ({"name": "Another", "type": "LDAP"}, 400, "Select a valid choice"),
        ({"name": "Nul\0", "type": "SCIM"}, 400, "Null characters are not allowed."),
    ],
)
def test_what_cannot_be_saved_is_told_at_its_field(
    console: Client, integration: Integration, body: dict, status: int, told: str
):
    answer = console.post(listed("provisioning") + "add/", body)
    assert answer.status_code == status
    assert told in answer.content.decode()
    assert Integration.objects.count() == 1


def test_a_role_of_the_managed_name_made_by_hand_is_told_in_the_form(console: Client, acme: Tenant):
    RoleFactory(tenant=acme, name="SCIMProvisioner")
    answer = console.post(listed("provisioning") + "add/", {"name": "Keycloak", "type": "SCIM"})
    assert answer.status_code == 409
    assert "SCIMProvisioner" in answer.content.decode()
    assert not Integration.objects.exists()


def test_names_of_every_script_are_kept(console: Client, acme: Tenant):
    for name in ("協同キーコーク", "مزود الهوية", "n" * 255):
        assert console.post(listed("provisioning") + "add/", {"name": name, "type": "SCIM"}).status_code == 200
        assert Integration.objects.filter(name=name).exists()


def test_the_list_has_a_switch_that_works_where_it_stands(console: Client, integration: Integration):
    disable = shown("provisioning", integration, "disable")
    page = text(console, listed("provisioning"))
    assert f'formaction="{disable}"' in page
    assert "Enabled" in page
    answer = console.post(disable, {"back": "list"}, follow=True)
    assert answer.redirect_chain == [(listed("provisioning"), 302)]
    assert "Disabled" in answer.content.decode()
    assert f'formaction="{shown("provisioning", integration, "enable")}"' in answer.content.decode()


def test_who_may_not_switch_sees_the_state_in_words(client_for, viewer: User, integration: Integration):
    page = text(client_for(viewer), listed("provisioning"))
    assert "formaction" not in page
    assert '<span class="k-pill k-good">Enabled</span>' in page


def test_a_disabled_integration_refuses_and_its_page_says_how_often_since_when_and_from_where(
    console: Client, integration: Integration
):
    scim = ScimClient(integration)
    console.post(shown("provisioning", integration, "disable"))
    assert [scim.get("/Users").status_code for _ in range(3)] == [403] * 3
    page = text(console, shown("provisioning", integration))
    assert "3 requests refused since then, the last from 127.0.0.1" in page
    assert "<strong>Disabled</strong> <time" in page
    assert "start a full sync in Keycloak" in page


def test_enabling_says_to_start_a_full_sync(console: Client, integration: Integration):
    console.post(shown("provisioning", integration, "disable"))
    page = console.post(shown("provisioning", integration, "enable"), follow=True).content.decode()
    assert "Start a full sync in Keycloak now" in page
    assert ScimClient(integration).get("/Users").status_code == 200


def test_the_page_shows_what_the_integration_did(console: Client, integration: Integration, scim: ScimClient):
    anna = scim.user("anna")
    scim.group("Engineering", anna["id"])
    scim.post("/Users", {"userName": "anna"})
    ScimClient(integration, "wrong").get("/Users")
    answer = console.get(shown("provisioning", integration))
    assert (answer.context["original"].user_count, answer.context["original"].group_count) == (1, 1)
    page = answer.content.decode()
    assert "POST /Users" in page
    assert "409" in page
    assert "<dt>Requests without a valid token</dt><dd>1</dd>" in page
    assert f"?through={integration.pk}" in page
    people = text(console, f"{listed('users')}?through={integration.pk}")
    assert "anna" in people
    assert "Ada" not in people


def test_a_loopback_endpoint_says_to_set_public_url(console: Client, integration: Integration, settings):
    assert "Set <code>PUBLIC_URL</code>" in text(console, shown("provisioning", integration))
    settings.PUBLIC_URL = "https://iam.example.org"
    page = text(console, shown("provisioning", integration))
    assert "PUBLIC_URL" not in page
    assert f"https://iam.example.org/api/v1/acme/integrations/{integration.pk}/scim/v2" in page


def test_name_and_description_are_changed(console: Client, integration: Integration):
    console.post(shown("provisioning", integration), {"name": "Head office", "description": "Everybody"})
    integration.refresh_from_db()
    assert (integration.name, integration.description) == ("Head office", "Everybody")


@pytest.fixture
def brought(integration: Integration, acme: Tenant) -> dict:
    push = Push(integration)
    anna, ben = push.user("anna"), push.user("ben")
    group = push.group("Engineering", anna, ben)
    create_binding(by=operator, tenant=acme, role=role_of(acme, "Viewer"), subject=group)
    return {"anna": anna.account, "group": group}


def test_removing_counts_what_stays_and_offers_two_ways(console: Client, integration: Integration, brought: dict):
    page = text(console, shown("provisioning", integration, "delete"))
    assert "2 people came through it; 2 of them without other access" in page
    assert "1 group with 2 memberships and 1 bound role stay" in page
    assert "Keep their access" in page
    assert "Take away access of the people only this integration brought" in page


@pytest.mark.parametrize(("access", "still"), [("keep", True), ("remove", False)])
def test_removing_does_as_chosen(
    console: Client, client_for, integration: Integration, brought: dict, access: str, still: bool
):
    answer = console.post(shown("provisioning", integration, "delete"), {"access": access})
    assert answer.headers["Location"] == listed("provisioning")
    assert not Integration.objects.exists()
    assert ScimClient(integration).get("/Users").status_code == 404
    anna = client_for(User.objects.get(pk=brought["anna"].pk))
    assert (anna.get("/ui/acme/administration/iam/users/").status_code == 200) is still


def test_removing_without_a_choice_removes_nothing(console: Client, integration: Integration):
    assert console.post(shown("provisioning", integration, "delete")).status_code == 400
    assert Integration.objects.exists()


def test_groups_left_behind_are_adopted(console: Client, acme: Tenant, integration: Integration, brought: dict):
    remove_integration(by=operator, integration=integration, keep_access=True)
    successor = IntegrationFactory(tenant=acme, name="New Keycloak")
    group = Push(successor).group("Engineering")
    page = text(console, shown("provisioning", successor))
    assert "Groups left behind" in page
    assert "Corporate Keycloak" in page
    adopted = console.post(shown("provisioning", successor, "adopt"), {"name": ["Engineering"]})
    assert "Adopted: <bdi>Engineering</bdi>" in adopted.content.decode()
    assert Binding.objects.get(role__name="Viewer", group__isnull=False).group == group
    assert Group.objects.filter(tenant=acme).count() == 1
    assert "Groups left behind" not in text(console, shown("provisioning", successor))


def test_who_holds_less_than_it_gives_cannot_rotate_or_enable(
    console: Client, client_for, acme: Tenant, integration: Integration, brought: dict
):
    create_binding(by=operator, tenant=acme, role=role_of(acme, "Admin"), subject=brought["group"])
    few = {"PROVISIONING": ["READ", "UPDATE"], "USERS": MATRIX["USERS"], "GROUPS": MATRIX["GROUPS"]}
    RoleFactory(tenant=acme, name="Operator", permissions={**few, "BINDINGS": MATRIX["BINDINGS"]})
    clerk = client_for(person(acme, "Operator"))
    assert clerk.post(shown("provisioning", integration, "rotate"), {"overlap": "0"}).status_code == 403
    clerk.post(shown("provisioning", integration, "disable"))
    refused = clerk.post(shown("provisioning", integration, "enable"))
    assert refused.status_code == 403
    assert "permissions that you do not hold" in refused.content.decode()
    assert not Integration.objects.get().enabled


def test_with_tenants_off_the_page_says_what_to_set_and_creates_nothing(console: Client, acme: Tenant, settings):
    settings.KESTRA_EE_TENANTS_ENABLED = False
    page = text(console, listed("provisioning"))
    assert "Tenants are disabled: set kestra.ee.tenants.enabled to true" in page
    assert "KESTRA_EE_TENANTS_ENABLED=true" in page
    assert f'href="{listed("provisioning")}add/"' not in page
    answer = console.post(listed("provisioning") + "add/", {"name": "Keycloak", "type": "SCIM"})
    assert answer.status_code == 403
    assert not Integration.objects.exists()


def test_what_is_done_here_is_audited_with_who_and_from_where(console: Client, admin: User, integration: Integration):
    console.post(shown("provisioning", integration, "disable"))
    event = AuditEvent.objects.get(verb="integration.disable")
    assert (event.actor_id, event.actor_name, event.source_address) == (admin.pk, "admin", "127.0.0.1")
    assert event.request_id
