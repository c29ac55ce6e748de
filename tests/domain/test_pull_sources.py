"""Where an integration pulls from: its secret is kept sealed and goes nowhere else than where it was meant for."""

from typing import Any

import pytest

from kestra_iam.access import principal_of
from kestra_iam.actions.bindings import create_binding
from kestra_iam.errors import Forbidden, IamError, Invalid, NotFound
from kestra_iam.models import AuditEvent
from kestra_iam.permissions import MANAGED_ROLES, SCIM_PROVISIONER
from kestra_iam.principals import Principal, operator
from provisioning.actions.pull_runs import begin_run
from provisioning.actions.pull_sources import remove_source, save_source
from provisioning.models import Integration, PullRun, PullSource
from provisioning.sealing import unseal
from tenants.models import Tenant
from tests.factories import RoleFactory, person
from tests.pushes import Push

GIVEN: dict[str, Any] = {
    "base_url": "https://keycloak.example.org",
    "realm": "app",
    "client_id": "puller",
    "client_secret": "puller-secret",
}


@pytest.fixture(autouse=True)
def _reachable(settings: Any):
    """Tests resolve no names: the example's host is one that the operator has allowed."""
    settings.OUTBOUND_ALLOW = ["keycloak.example.org", "other.example.org"]


def save(integration: Integration, **given: Any) -> PullSource:
    return save_source(by=operator, integration=integration, **{**GIVEN, **given})


def refusal(integration: Integration, **given: Any) -> IamError:
    with pytest.raises(Invalid) as caught:
        save(integration, **given)
    return caught.value


def test_the_secret_is_kept_sealed(integration: Integration):
    save(integration)
    source = PullSource.objects.get()
    assert "puller-secret" not in source.sealed_secret
    assert unseal(source.sealed_secret) == "puller-secret"


def test_no_audit_event_knows_the_secret(integration: Integration):
    save(integration)
    save(integration, client_secret="another-secret", realm="other")
    remove_source(by=operator, integration=integration)
    events = AuditEvent.objects.filter(verb__startswith="pull-source.").order_by("at", "id")
    assert sorted(event.verb for event in events) == ["pull-source.create", "pull-source.delete", "pull-source.update"]
    assert "-secret" not in str([event.details for event in events])


def test_an_empty_secret_keeps_the_one_that_is_there(integration: Integration):
    save(integration)
    for nothing in (None, "", "  "):
        save(integration, client_secret=nothing, group_filter="/staff", loss_limit=5)
    source = PullSource.objects.get()
    assert (source.group_filter, source.loss_limit, unseal(source.sealed_secret)) == ("/staff", 5, "puller-secret")


@pytest.mark.parametrize("changed", [{"base_url": "https://other.example.org"}, {"realm": "b"}, {"client_id": "c"}])
def test_a_stored_secret_never_goes_anywhere_else(integration: Integration, changed: dict[str, str]):
    save(integration)
    assert refusal(integration, client_secret="", **changed).field == "client_secret"
    source = PullSource.objects.get()
    assert (source.base_url, source.realm, source.client_id) == tuple(GIVEN.values())[:3]
    save(integration, client_secret="new", **changed)
    assert unseal(PullSource.objects.get().sealed_secret) == "new"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_url", ""),
        ("base_url", "http://keycloak.example.net"),
        ("base_url", "keycloak.example.org"),
        ("realm", " "),
        ("realm", "a" * 256),
        ("client_id", ""),
        ("client_id", "a\0b"),
        ("client_secret", ""),
        ("client_secret", "a" * 1025),
        ("group_filter", "staff"),
        ("group_filter", "/staff\n/"),
        ("loss_limit", -1),
        ("loss_limit", 101),
        ("loss_limit", True),
        ("loss_limit", 2.5),
    ],
)
def test_what_cannot_be_right_is_refused_by_its_field(integration: Integration, field: str, value: Any):
    assert refusal(integration, **{field: value}).field == field
    assert not PullSource.objects.exists()


def test_a_filter_is_one_path_a_line(integration: Integration):
    save(integration, group_filter=" /staff/ \n\n/a/b c\n/staff\n")
    assert PullSource.objects.get().group_filter == "/staff\n/a/b c"


def test_saving_the_same_again_changes_nothing(integration: Integration):
    save(integration)
    save(integration, client_secret=None)
    assert AuditEvent.objects.filter(verb__startswith="pull-source.").count() == 1


def clerk_of(acme: Tenant, permissions: dict[str, list[str]]) -> Principal:
    clerk = person(acme)
    create_binding(by=operator, tenant=acme, role=RoleFactory(tenant=acme, permissions=permissions), subject=clerk)
    return principal_of(clerk)


def test_whoever_lets_an_integration_pull_must_hold_what_it_gives(integration: Integration, acme: Tenant):
    clerk = clerk_of(acme, {"PROVISIONING": ["READ", "UPDATE"]})
    with pytest.raises(Forbidden, match="USERS"):
        save_source(by=clerk, integration=integration, **GIVEN)
    save(integration)
    with pytest.raises(Forbidden, match="USERS"):
        begin_run(by=clerk, integration=integration)


def test_what_is_bound_to_its_groups_is_something_that_it_gives(integration: Integration, acme: Tenant):
    clerk = clerk_of(acme, MANAGED_ROLES[SCIM_PROVISIONER])
    save_source(by=clerk, integration=integration, **GIVEN)
    role = RoleFactory(tenant=acme, permissions={"AUDITLOGS": ["READ"]})
    create_binding(by=operator, tenant=acme, role=role, subject=Push(integration).group("Staff"))
    clerk.grants.clear()
    with pytest.raises(Forbidden, match="AUDITLOGS"):
        save_source(by=clerk, integration=integration, **{**GIVEN, "realm": "other"})
    assert PullSource.objects.get().realm == "app"


def test_removing_a_source_ends_its_run_and_leaves_what_it_pulled(integration: Integration):
    alice = Push(integration).user("alice")
    save(integration)
    begin_run(by=operator, integration=integration)
    remove_source(by=operator, integration=integration)
    run = PullRun.objects.get()
    assert (run.state, run.message) == ("interrupted", "Its source was removed while it ran.")
    assert Push(integration).again(alice).active
    with pytest.raises(NotFound):
        remove_source(by=operator, integration=integration)


def test_every_integration_has_its_own_source(integration, other_integration, globex_integration):
    for number, each in enumerate((integration, other_integration, globex_integration)):
        save(each, realm=f"realm-{number}")
    remove_source(by=operator, integration=other_integration)
    assert dict(PullSource.objects.values_list("integration", "realm")) == {
        integration.pk: "realm-0",
        globex_integration.pk: "realm-2",
    }
