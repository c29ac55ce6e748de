"""Audit Logs: filters and readable details."""

from django.test import Client
from django.utils import timezone

from kestra_iam.models import AuditEvent, User
from provisioning.models import Integration
from tenants.models import Tenant
from tests.console.conftest import listed, shown
from tests.factories import RoleFactory
from tests.pushes import Push


def text(console: Client, query: str = "") -> str:
    return console.get(listed("audit-logs") + query).content.decode()


def test_events_are_told_in_words(console: Client, acme: Tenant, integration: Integration):
    push = Push(integration)
    push.group("Engineering", push.user("anna"))
    RoleFactory(tenant=acme, name="Auditor", permissions={"AUDITLOGS": ["READ"]})
    page = text(console)
    assert "Membership added" in page
    assert "People: anna" in page
    assert "Role created" in page
    assert "Permissions: AUDITLOGS READ" in page
    assert "Integration created" in page


def test_an_event_has_a_page_with_everything(console: Client, integration: Integration):
    console.post(shown("provisioning", integration, "disable"))
    event = AuditEvent.objects.get(verb="integration.disable")
    page = console.get(shown("audit-logs", event)).content.decode()
    assert all(part in page for part in ("Integration disabled", "Corporate Keycloak", "127.0.0.1", event.request_id))


def test_events_are_found_by_resource_actor_day_and_name(console: Client, acme: Tenant, integration: Integration):
    Push(integration).user("anna")
    today = timezone.now().date().isoformat()
    assert "Integration created" in text(console, "?resource=PROVISIONING")
    assert "Role created" not in text(console, "?resource=PROVISIONING")
    assert "User created" in text(console, "?actor=scim-corporate")
    assert "Integration created" not in text(console, "?actor=scim-corporate")
    assert "User created" in text(console, f"?from={today}&to={today}")
    assert "Nothing matches" in text(console, "?to=2020-01-01")
    assert "User created" in text(console, "?q=anna")


def test_no_other_tenant_s_events_are_shown(console: Client, outsider: User, globex: Tenant):
    RoleFactory(tenant=globex, name="Globex role")
    assert "Globex role" not in text(console)
    event = AuditEvent.objects.filter(tenant=globex).first()
    assert console.get(shown("audit-logs", event)).status_code == 404
