"""A tenant with one of everything, and where each of its pages is."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from kestra_iam.actions.bindings import create_binding
from kestra_iam.actions.groups import add_member
from kestra_iam.actions.service_accounts import create_token
from kestra_iam.models import AuditEvent, User
from kestra_iam.principals import operator
from provisioning.models import Integration, PullRun
from tenants.models import Tenant
from tests.factories import GroupFactory, RoleFactory, ServiceAccountFactory, role_of
from tests.pushes import Push

IAM = "/administration/iam"


@pytest.fixture
def console(client_for: Callable[[User], Client], admin: User) -> Client:
    """The browser of an Admin of acme."""
    return client_for(admin)


@pytest.fixture
def everything(acme: Tenant, integration: Integration, admin: User) -> dict[str, Any]:
    """One thing for each page of acme, by the page's address."""
    push = Push(integration)
    anna = push.user("anna", name={"givenName": "Anna", "familyName": "Becker"})
    push.group("Engineering", anna)
    role = RoleFactory(tenant=acme, name="Auditor", permissions={"AUDITLOGS": ["READ"]})
    group = GroupFactory(tenant=acme, name="On-call")
    add_member(by=operator, group=group, user=anna.account)
    program = ServiceAccountFactory(tenant=acme, name="nightly-export")
    create_token(by=operator, tenant=acme, holder=program, name="production")
    # Its id is that of its integration, so that one id stands for both in addresses.
    PullRun.objects.create(pk=integration.pk, integration=integration, started_by="anna", ended_at=timezone.now())
    return {
        "users": anna.account,
        "groups": group,
        "roles": role,
        "bindings": create_binding(by=operator, tenant=acme, role=role_of(acme, "Viewer"), subject=group),
        "service-accounts": program,
        "provisioning": integration,
        "audit-logs": AuditEvent.objects.filter(tenant=acme).first(),
    }


def listed(page: str, tenant: str = "acme") -> str:
    """The address of a list."""
    return f"/ui/{tenant}{IAM}/{page}/"


def shown(page: str, thing: Any, operation: str = "change", tenant: str = "acme") -> str:
    """The address of a thing's page, or of what is POSTed to it."""
    return f"/ui/{tenant}{IAM}/{page}/{thing.pk}/{operation}/"
