"""Who asks, and may they: one statement decides it for every SCIM request.

In this order: no such integration in that tenant 404; no valid token of this integration 401; tenants
disabled 403; integration disabled 403. What the token may do comes with the same statement, is evaluated
by ``kestra_iam.access`` and never kept past the request.
"""

from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import F, FilteredRelation, Q
from django.http import HttpRequest
from django.utils import timezone

from kestra_iam import origin, permissions, tokens
from kestra_iam.principals import SERVICE_ACCOUNT, Principal
from provisioning.actions import activity
from provisioning.endpoints import TENANTS_DISABLED
from provisioning.models import Integration
from provisioning.provisioner import Provisioner
from provisioning.scim.errors import ScimError
from tenants.compiled import CompiledQuery
from tenants.fields import could_be_id
from tenants.models import Tenant
from tenants.mount import Mount
from tenants.statements import run_first

DISABLED = "This integration is disabled: enable it under Administration, IAM, Provisioning"


class Grant(NamedTuple):
    """What the statement found: the integration, the token presented and one role's permissions."""

    tenant_id: str
    tenant_name: str
    name: str
    enabled: bool
    watched_until: datetime | None
    account_id: str | None
    account_name: str | None
    token_id: str | None
    digest: str | None
    expires_at: datetime | None
    last_used_at: datetime | None
    permissions: dict[str, list[str]] | None


def _grants(slug: str, integration_id: str, lookup: str):
    return (
        Integration.objects.filter(pk=integration_id, tenant__slug=slug)
        .annotate(
            token=FilteredRelation(
                "service_account__api_tokens", condition=Q(service_account__api_tokens__lookup=lookup)
            )
        )
        .order_by()
        .values_list(
            "tenant_id",
            "tenant__name",
            "name",
            "enabled",
            "watched_until",
            "service_account_id",
            "service_account__name",
            "token__id",
            "token__digest",
            "token__expires_at",
            "token__last_used_at",
            F("service_account__bindings__role__permissions"),
        )
    )


find_grants = CompiledQuery(_grants)


class Caller(NamedTuple):
    """An authenticated integration and when its token was last used."""

    provisioner: Provisioner
    last_used_at: datetime | None


def authenticate(request: HttpRequest) -> Caller:
    """Return the integration that sent this request.

    Raises ``ScimError`` 404, 401 or 403 as above.
    """
    mount = request.mount
    presented = tokens.bearer(request.META.get("HTTP_AUTHORIZATION", ""))
    rows = _look_up(mount, tokens.lookup_of(presented))
    if not rows:
        raise ScimError(404, "There is no such integration in this tenant.")
    grant = Grant(*rows[0])
    if grant.digest is None or not tokens.matches(presented, grant.digest) or _expired(grant.expires_at):
        activity.note_unauthenticated(integration_id=mount.integration)
        raise ScimError(
            401,
            "Send this integration's Secret Token as 'Authorization: Bearer …'.",
            headers={"WWW-Authenticate": 'Bearer realm="SCIM"'},
        )
    request.provisioner = provisioner = _provisioner(request, [Grant(*row) for row in rows])
    if grant.watched_until is not None and grant.watched_until > timezone.now():
        request.heard = []
    if not settings.KESTRA_EE_TENANTS_ENABLED:
        raise ScimError(403, TENANTS_DISABLED)
    if not grant.enabled:
        request.refused_as_disabled = True
        raise ScimError(403, DISABLED)
    return Caller(provisioner, grant.last_used_at)


def _look_up(mount: Mount, lookup: str) -> list[tuple[Any, ...]]:
    if not mount.slug or not could_be_id(mount.integration):
        return []
    return run_first(lambda: find_grants.rows(slug=mount.slug, integration_id=mount.integration, lookup=lookup))


def _expired(expires_at: datetime | None) -> bool:
    return expires_at is not None and expires_at <= timezone.now()


def _provisioner(request: HttpRequest, grants: list[Grant]) -> Provisioner:
    grant = grants[0]
    held = frozenset().union(*(permissions.granted(each.permissions or {}) for each in grants))
    principal = Principal(
        kind=SERVICE_ACCOUNT,
        id=grant.account_id or "",
        name=grant.account_name or "",
        token_id=grant.token_id or "",
        source_address=origin.source_address(request),
        request_id=origin.request_id(request),
        grants={grant.tenant_id: held},
    )
    tenant = Tenant(id=grant.tenant_id, slug=request.mount.slug, name=grant.tenant_name)
    return Provisioner(principal, tenant, request.mount.integration, grant.name)
