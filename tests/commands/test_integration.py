from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.utils import timezone

from kestra_iam.actions.bindings import create_binding
from kestra_iam.models import AccessSource, ApiToken, Binding, Group, ServiceAccount
from kestra_iam.principals import operator
from provisioning.models import Integration
from tests.clients import ScimClient
from tests.factories import IntegrationFactory, role_of


def test_create_prints_endpoint_and_token_that_work(run, acme, settings):
    made = run("integration", "create", "Corporate Keycloak", "--tenant", "acme", "--description", "Staff")
    integration = Integration.objects.get()
    assert made == {
        "id": integration.pk,
        "name": "Corporate Keycloak",
        "tenant": "acme",
        "enabled": True,
        "endpoint": f"{settings.PUBLIC_URL}/api/v1/acme/integrations/{integration.pk}/scim/v2",
        "token": made["token"],
    }
    assert integration.description == "Staff"
    assert ScimClient(integration, made["token"]).get("/Users").status_code == 200


def test_people_are_told_that_the_token_is_shown_once(read, acme):
    text = read("integration", "create", "Corporate Keycloak", "--tenant", "acme")
    assert "only time" in text
    assert "kiam_" in text


def test_an_integration_can_be_created_disabled(run, acme):
    made = run("integration", "create", "Corporate Keycloak", "--tenant", "acme", "--disabled")
    assert made["enabled"] is False
    assert ScimClient(Integration.objects.get(), made["token"]).get("/Users").status_code == 403


def test_a_name_is_taken_once_in_a_tenant_in_any_letter_case(run, integration, globex):
    with pytest.raises(CommandError, match="already"):
        run("integration", "create", "CORPORATE keycloak", "--tenant", "acme")
    assert run("integration", "create", "CORPORATE keycloak", "--tenant", "globex")["tenant"] == "globex"


def test_with_tenants_off_creating_is_refused(run, acme, settings):
    settings.KESTRA_EE_TENANTS_ENABLED = False
    sentence = "^Tenants are disabled: set kestra.ee.tenants.enabled to true$"
    with pytest.raises(CommandError, match=sentence):
        run("integration", "create", "Corporate Keycloak", "--tenant", "acme")
    assert not Integration.objects.exists()


def test_list_and_show_print_no_token(run, integration, other_integration, globex_integration):
    listed = run("integration", "list")
    assert {entry["id"] for entry in listed} == {integration.pk, other_integration.pk, globex_integration.pk}
    assert {entry["tenant"] for entry in run("integration", "list", "--tenant", "globex")} == {"globex"}
    shown = run("integration", "show", integration.pk)
    assert shown in listed
    assert set(shown) == {"id", "name", "tenant", "enabled", "endpoint"}


def test_disable_and_enable_count_from_the_next_request_on(run, integration, scim):
    assert run("integration", "disable", integration.pk)["enabled"] is False
    assert scim.get("/Users").status_code == 403
    assert run("integration", "enable", integration.pk)["enabled"] is True
    assert scim.get("/Users").status_code == 200


def test_rotate_prints_a_new_token_and_ends_the_old_one(run, integration, scim):
    made = run("integration", "rotate", integration.pk)
    assert ScimClient(integration, made["token"]).get("/Users").status_code == 200
    assert scim.get("/Users").status_code == 401


def test_rotate_can_keep_the_old_token_for_a_while(run, integration, scim):
    made = run("integration", "rotate", integration.pk, "--overlap", "24h")
    assert ScimClient(integration, made["token"]).get("/Users").status_code == 200
    assert scim.get("/Users").status_code == 200
    ends = ApiToken.objects.exclude(expires_at=None).get().expires_at
    assert timedelta(hours=23) < ends - timezone.now() <= timedelta(hours=24)


def test_an_overlap_that_is_not_offered_is_a_usage_error(run, integration):
    with pytest.raises(CommandError, match="invalid choice"):
        run("integration", "rotate", integration.pk, "--overlap", "2h")


def test_delete_takes_account_and_token_along_and_keeps_access(run, integration, scim):
    scim.user("ada")
    assert run("integration", "delete", integration.pk)["id"] == integration.pk
    assert not Integration.objects.exists()
    assert not ServiceAccount.objects.exists()
    assert scim.get("/Users").status_code == 404
    assert AccessSource.objects.filter(user__username="ada", active=True).exists()


def test_delete_can_end_the_access_of_the_people_that_it_brought(run, integration, scim):
    scim.user("ada")
    run("integration", "delete", integration.pk, "--remove-access")
    assert not AccessSource.objects.exists()


@pytest.mark.parametrize("which", [["--all-left"], ["--groups", "Staff"]])
def test_adopt_moves_the_bindings_of_groups_left_behind(run, acme, integration, scim, which):
    scim.group("Staff")
    scim.group("Gone")
    create_binding(by=operator, tenant=acme, role=role_of(acme, "Viewer"), subject=Group.objects.get(name="Staff"))
    run("integration", "delete", integration.pk)
    successor = IntegrationFactory(tenant=acme, name="Successor")
    ScimClient(successor).group("Staff")
    adoption = run("integration", "adopt", successor.pk, *which)
    assert adoption == {"adopted": ["Staff"], "ambiguous": [], "unmatched": ["Gone"] if which == ["--all-left"] else []}
    assert Binding.objects.get(role__name="Viewer").group.owner_key == successor.pk


@pytest.mark.parametrize("verb", ["show", "enable", "disable", "delete", "rotate"])
@pytest.mark.parametrize("id", ["", "nothing", "../../etc", "00000000-0000-4000-8000-000000000000"])
def test_an_unknown_id_is_named(run, db, verb, id):
    with pytest.raises(CommandError, match="There is no integration"):
        run("integration", verb, id)
