"""Integrations: create, change, enable, disable, rotate, remove."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from kestra_iam import access, audit, permissions
from kestra_iam.actions import guards
from kestra_iam.actions.service_accounts import delete_tokens, issue
from kestra_iam.errors import Conflict, Forbidden, Invalid, NotFound
from kestra_iam.models import AccessSource, Group, ServiceAccount
from kestra_iam.principals import Principal
from provisioning.actions.opening import SECRET_TOKEN, record
from provisioning.endpoints import TENANTS_DISABLED
from provisioning.models import Activity, Integration
from tenants.fields import fold
from tenants.models import Tenant

# What a rotation may keep the old Secret Token valid for.
OVERLAPS = {"0": timedelta(0), "1h": timedelta(hours=1), "24h": timedelta(hours=24), "7d": timedelta(days=7)}
PROVISIONER = permissions.granted(permissions.MANAGED_ROLES[permissions.SCIM_PROVISIONER])


@guards.one_transaction()
def create_integration(
    *,
    by: Principal,
    tenant: Tenant,
    name: str,
    description: str = "",
    type: str = Integration.Type.SCIM,
    enabled: bool = True,
) -> Integration:
    """Create an integration; the Secret Token is ``secret_token`` of the returned instance and nowhere else.

    Raises ``Forbidden`` while tenants are disabled or if ``by`` does not hold everything that the
    integration may do, ``Invalid`` for a name or type, ``Conflict`` for a name taken in this tenant.
    """
    if not settings.KESTRA_EE_TENANTS_ENABLED:
        raise Forbidden(TENANTS_DISABLED)
    guards.must_hold(by, tenant, PROVISIONER, "An integration")
    if type not in Integration.Type.values:
        raise Invalid(f"{type[:60]!r} is no provisioning type: use {', '.join(Integration.Type.values)}.", field="type")
    integration = Integration(tenant=tenant, type=type, enabled=enabled)
    integration.opened_by = by
    _describe(integration, name, description)
    with guards.taken(_taken(integration)):
        integration.save(force_insert=True)
    return integration


@guards.one_transaction()
def update_integration(*, by: Principal, integration: Integration, name: str, description: str) -> Integration:
    """Rename or describe an integration; endpoint and token stay.

    Raises as ``create_integration`` for the name.
    """
    integration = lock_integration(integration)
    _describe(integration, name, description)
    with guards.taken(_taken(integration)):
        integration.save(update_fields=["name", "name_key", "description"])
    ServiceAccount.objects.filter(pk=integration.pk).update(
        description=f"Pushes people and groups through the integration {integration.name}."[:1024]
    )
    Group.objects.filter(owner_key=integration.pk).update(owner_name=integration.name)
    AccessSource.objects.filter(owner_key=integration.pk).update(owner_name=integration.name)
    record(by, integration, "integration.update", {"description": integration.description})
    return integration


@guards.one_transaction()
def enable_integration(*, by: Principal, integration: Integration) -> Integration:
    """Accept requests again, from the next one on.

    Raises ``Forbidden`` if ``by`` does not hold everything that the integration gives.
    """
    integration = lock_integration(integration)
    must_hold_what_it_gives(by, integration)
    return _switch(by, integration, enabled=True)


@guards.one_transaction()
def disable_integration(*, by: Principal, integration: Integration) -> Integration:
    """Refuse every request, from the next one on."""
    return _switch(by, lock_integration(integration), enabled=False)


@guards.one_transaction()
def rotate_token(*, by: Principal, integration: Integration, overlap: timedelta) -> Integration:
    """Make a new Secret Token; older ones stay valid for ``overlap`` and never longer than they were.

    The plaintext is ``secret_token`` of the returned instance and nowhere else. Raises ``Forbidden`` if
    ``by`` does not hold everything that the integration gives, ``Invalid`` for an overlap not offered.
    """
    if overlap not in OVERLAPS.values():
        raise Invalid(f"Use one of {', '.join(OVERLAPS)}.", field="overlap")
    integration = lock_integration(integration)
    must_hold_what_it_gives(by, integration)
    account: ServiceAccount = integration.service_account  # type: ignore[assignment]
    older, now = account.api_tokens.all(), timezone.now()
    if overlap:
        older.filter(Q(expires_at=None) | Q(expires_at__gt=now + overlap)).update(expires_at=now + overlap)
    audit.write(delete_tokens(by, older.filter(expires_at__lte=now) if overlap else older))
    _, integration.secret_token = issue(by=by, tenant=integration.tenant, holder=account, name=SECRET_TOKEN)
    record(by, integration, "integration.rotate", {"overlap_seconds": int(overlap.total_seconds())})
    return integration


def _describe(integration: Integration, name: str, description: str) -> None:
    integration.name = guards.text(name, field="name")
    integration.description = guards.text(description, field="description", longest=1024, required=False)
    same = Integration.objects.filter(tenant=integration.tenant, name_key=fold(integration.name)[:255])
    if same.exclude(pk=integration.pk).exists():
        raise Conflict(_taken(integration), field="name")


def _taken(integration: Integration) -> str:
    return f"There is an integration '{integration.name}' in this tenant already."


def lock_integration(integration: Integration) -> Integration:
    """Return the integration, locked until the transaction ends; raises ``NotFound`` if it has been removed.

    What is pushed or pulled meanwhile does not wait.
    """
    found = (
        Integration.objects.select_for_update(of=("self",), no_key=True)
        .select_related("tenant", "service_account")
        .filter(pk=integration.pk)
        .first()
    )
    if found is None:
        raise NotFound("This integration has been removed.")
    return found


def must_hold_what_it_gives(by: Principal, integration: Integration) -> None:
    """Raise ``Forbidden`` unless ``by`` holds what the integration may do and all that is bound to its groups."""
    given = PROVISIONER | access.of_groups_managed_by(integration.pk)
    guards.must_hold(by, integration.tenant, given, f"The integration {integration.name}")


def _switch(by: Principal, integration: Integration, *, enabled: bool) -> Integration:
    if integration.enabled != enabled:
        integration.enabled = enabled
        integration.save(update_fields=["enabled"])
        Activity.objects.filter(pk=integration.pk).update(
            disabled_since=None if enabled else timezone.now(), refused_while_disabled=0, refused_from=""
        )
        record(by, integration, "integration.enable" if enabled else "integration.disable")
    return integration
