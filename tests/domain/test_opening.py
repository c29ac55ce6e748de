"""What comes with an integration, all of it or nothing, and what goes with the last one."""

import json
from pathlib import Path

import pytest
from django.core.management import call_command

from kestra_iam import permissions, tokens
from kestra_iam.actions.bindings import create_binding
from kestra_iam.errors import Conflict, Forbidden, Invalid
from kestra_iam.models import ApiToken, AuditEvent, Binding, Role, ServiceAccount
from kestra_iam.principals import operator
from provisioning.actions.integrations import create_integration, disable_integration, update_integration
from provisioning.actions.removal import remove_integration
from provisioning.models import Activity, Integration
from tenants.models import Tenant
from tests.factories import IntegrationFactory, RoleFactory, ServiceAccountFactory, person, role_of

OPENED = (Integration, Role, ServiceAccount, Binding, ApiToken, AuditEvent, Activity)


def counts() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in OPENED}


def made(before: dict[str, int]) -> dict[str, int]:
    return {name: count - before[name] for name, count in counts().items() if count != before[name]}


def provisioner_roles(tenant: Tenant):
    return Role.objects.filter(tenant=tenant, name=permissions.SCIM_PROVISIONER)


@pytest.mark.parametrize("door", ["action", "model"])
def test_saving_an_integration_opens_it(door: str, acme: Tenant):
    before = counts()
    if door == "action":
        integration = create_integration(by=operator, tenant=acme, name="Corporate Keycloak")
    else:
        integration = Integration(tenant=acme, name="Corporate Keycloak")
        integration.save()
    account = integration.service_account
    assert made(before) == {
        "Integration": 1,
        "Role": 1,
        "ServiceAccount": 1,
        "Binding": 1,
        "ApiToken": 1,
        "Activity": 1,
        "AuditEvent": 5,
    }
    assert provisioner_roles(acme).get().managed
    assert Integration.objects.get().service_account == account
    assert account.managed
    assert account.pk == integration.pk
    assert account.bindings.get().role == provisioner_roles(acme).get()
    assert tokens.matches(integration.secret_token, account.api_tokens.get().digest)
    assert set(AuditEvent.objects.filter(tenant=acme).values_list("verb", flat=True)[:5]) == {
        "role.create",
        "service-account.create",
        "binding.create",
        "token.create",
        "integration.create",
    }


def test_the_service_account_has_a_dns_label_as_name(acme: Tenant):
    name = IntegrationFactory(tenant=acme, name="Corporate Keycloak (Übersee)").service_account.name
    assert name.startswith("scim-corporate-keycloak-bersee-")
    for awkward in ("日本", "---", "x" * 255, "🙂"):
        name = IntegrationFactory(tenant=acme, name=awkward).service_account.name
        assert name.startswith("scim-")
        assert len(name) <= 63
        assert "--" not in name


def test_a_second_integration_shares_the_role_and_nothing_else(integration: Integration):
    before = counts()
    other = IntegrationFactory(tenant=integration.tenant, name="Partner Keycloak")
    assert made(before) == {
        "Integration": 1,
        "ServiceAccount": 1,
        "Binding": 1,
        "ApiToken": 1,
        "Activity": 1,
        "AuditEvent": 4,
    }
    assert other.secret_token != integration.secret_token


def test_saving_again_and_editing_open_nothing(integration: Integration):
    before = counts()
    again = Integration.objects.get()
    again.description = "Changed"
    again.save()
    assert made(before) == {}
    assert not hasattr(again, "secret_token")
    changed = update_integration(by=operator, integration=again, name="Renamed", description="")
    assert made(before) == {"AuditEvent": 1}
    assert not hasattr(changed, "secret_token")


def test_loading_a_fixture_opens_nothing(acme: Tenant, tmp_path: Path):
    fixture = tmp_path / "integrations.json"
    fields = {"tenant": acme.pk, "name": "Loaded", "name_key": "loaded", "enabled": True}
    fixture.write_text(json.dumps([{"model": "provisioning.integration", "pk": "x" * 36, "fields": fields}]))
    before = counts()
    call_command("loaddata", str(fixture), verbosity=0)
    assert made(before) == {"Integration": 1}


@pytest.mark.parametrize("name", ["SCIMProvisioner", "scimprovisioner"])
@pytest.mark.parametrize("door", ["action", "model"])
def test_a_role_of_that_name_made_by_hand_makes_saving_fail_and_nothing_stays(door: str, name: str, acme: Tenant):
    RoleFactory(tenant=acme, name=name, permissions={"USERS": ["READ"]})
    before = counts()
    with pytest.raises(Conflict, match="made by hand: rename it"):
        if door == "action":
            create_integration(by=operator, tenant=acme, name="Corporate Keycloak")
        else:
            Integration(tenant=acme, name="Corporate Keycloak").save()
    assert made(before) == {}


def test_a_role_of_that_name_in_another_tenant_does_not_matter(acme: Tenant, globex: Tenant):
    RoleFactory(tenant=globex, name="SCIMProvisioner")
    assert IntegrationFactory(tenant=acme).service_account.bindings.get().role.tenant == acme


def test_with_tenants_off_nothing_is_opened(acme: Tenant, settings):
    settings.KESTRA_EE_TENANTS_ENABLED = False
    before = counts()
    with pytest.raises(Forbidden, match="^Tenants are disabled: set kestra.ee.tenants.enabled to true$"):
        create_integration(by=operator, tenant=acme, name="Corporate Keycloak")
    assert made(before) == {}


@pytest.mark.parametrize("name", ["", "   ", "x" * 256, "nul\0", "half\ud800"])
def test_a_name_that_cannot_be_kept_is_refused(name: str, acme: Tenant):
    before = counts()
    with pytest.raises(Invalid) as refusal:
        create_integration(by=operator, tenant=acme, name=name)
    assert refusal.value.field == "name"
    assert made(before) == {}


@pytest.mark.parametrize(
    "name", ["x" * 255, "ﬃ" * 255, "شركة", "株式会社", "<script>alert(1)</script>", "'; DROP TABLE"]
)
def test_any_other_name_is_kept_unharmed(name: str, acme: Tenant):
    create_integration(by=operator, tenant=acme, name=name)
    assert Integration.objects.get().name == name


def test_a_name_is_taken_once_per_tenant_in_any_letter_case(integration: Integration, globex: Tenant):
    before = counts()
    with pytest.raises(Conflict):
        create_integration(by=operator, tenant=integration.tenant, name="corporate KEYCLOAK")
    assert made(before) == {}
    assert create_integration(by=operator, tenant=globex, name="corporate KEYCLOAK")


def test_another_type_than_scim_is_refused(acme: Tenant):
    with pytest.raises(Invalid) as refusal:
        create_integration(by=operator, tenant=acme, name="Directory", type="LDAP")
    assert refusal.value.field == "type"


def test_the_last_integration_takes_the_role_along(integration: Integration, other_integration: Integration):
    acme = integration.tenant
    remove_integration(by=operator, integration=integration, keep_access=True)
    assert provisioner_roles(acme).exists()
    remove_integration(by=operator, integration=other_integration, keep_access=True)
    assert not provisioner_roles(acme).exists()
    assert AuditEvent.objects.filter(verb="role.delete", resource_name="SCIMProvisioner").count() == 1


@pytest.mark.parametrize("bound", [person, lambda tenant: ServiceAccountFactory(tenant=tenant)])
def test_a_role_that_somebody_else_is_bound_to_stays(bound, integration: Integration):
    acme = integration.tenant
    create_binding(by=operator, tenant=acme, role=role_of(acme, "SCIMProvisioner"), subject=bound(acme))
    remove_integration(by=operator, integration=integration, keep_access=True)
    assert provisioner_roles(acme).get().managed
    assert IntegrationFactory(tenant=acme).service_account.bindings.get().role == provisioner_roles(acme).get()


def test_the_role_of_a_tenant_is_not_taken_along_by_another_tenants_last_integration(
    integration: Integration, globex_integration: Integration
):
    remove_integration(by=operator, integration=globex_integration, keep_access=True)
    assert provisioner_roles(integration.tenant).exists()


def test_removing_leaves_no_service_account_and_no_token(integration: Integration):
    account = integration.service_account
    remove_integration(by=operator, integration=integration, keep_access=True)
    assert not ServiceAccount.objects.filter(pk=account.pk).exists()
    assert not ApiToken.objects.exists()
    assert not Activity.objects.exists()
    verbs = set(AuditEvent.objects.filter(actor_name="operator").values_list("verb", flat=True))
    assert {"integration.delete", "binding.delete", "token.delete", "service-account.delete", "role.delete"} <= verbs


def test_switching_counts_only_when_something_changes(integration: Integration):
    disable_integration(by=operator, integration=integration)
    disable_integration(by=operator, integration=integration)
    assert AuditEvent.objects.filter(verb="integration.disable").count() == 1
    assert not Integration.objects.get().enabled
