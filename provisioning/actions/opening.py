"""What comes with a new integration: its role, its service account and its Secret Token."""

import re
import secrets

from kestra_iam import audit, permissions, principals
from kestra_iam.actions import guards
from kestra_iam.actions.bindings import bind
from kestra_iam.actions.service_accounts import create_service_account, issue
from kestra_iam.actions.tenants import managed_role
from kestra_iam.principals import Principal
from provisioning.models import Activity, Integration

SECRET_TOKEN = "secret-token"
_RANDOM = "abcdefghijkmnpqrstuvwxyz23456789"


@guards.one_transaction()
def open_integration(*, integration: Integration) -> None:
    """Give a new integration the role ``SCIMProvisioner`` and a service account whose token opens it.

    The plaintext of that token stays on this instance only, as ``secret_token``, for the page, command or
    answer that shows it once. Raises ``Conflict`` if a role made by hand has the managed role's name.
    """
    by: Principal = getattr(integration, "opened_by", principals.operator)
    tenant = integration.tenant
    guards.hold_tenant(tenant)
    role = managed_role(by=by, tenant=tenant, name=permissions.SCIM_PROVISIONER)
    account = create_service_account(
        by=by,
        tenant=tenant,
        name=account_name(integration.name),
        description=f"Pushes people and groups through the integration {integration.name}."[:1024],
        managed_as=integration.pk,
    )
    bind(by=by, tenant=tenant, role=role, subject=account)
    _, integration.secret_token = issue(by=by, tenant=tenant, holder=account, name=SECRET_TOKEN)
    integration.service_account = account
    Integration.objects.filter(pk=integration.pk).update(service_account=account)
    Activity.objects.create(
        integration=integration, disabled_since=None if integration.enabled else integration.created_at
    )
    record(by, integration, "integration.create", {"enabled": integration.enabled, "type": integration.type})


def account_name(name: str) -> str:
    """Return a service account's name for an integration: ``scim-corporate-keycloak-x7k2``."""
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:50].strip("-")
    suffix = "".join(secrets.choice(_RANDOM) for _ in range(4))
    return "-".join(part for part in ("scim", label, suffix) if part)


def record(by: Principal, integration: Integration, verb: str, details: dict | None = None) -> None:
    """Write the audit event of something done to an integration, as in ``integration.update``."""
    audit.record(
        by=by,
        tenant=integration.tenant,
        verb=verb,
        resource="PROVISIONING",
        id=integration.pk,
        name=integration.name,
        details=details,
    )
