"""The addresses and sentences that every door shows alike."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings

from provisioning.models import Integration

TENANTS_DISABLED = "Tenants are disabled: set kestra.ee.tenants.enabled to true"


def scim_endpoint(integration: Integration) -> str:
    """Return the SCIM endpoint of an integration: an absolute URL without a trailing slash."""
    return scim_base(integration.tenant.slug, integration.pk)


def scim_base(slug: str, integration_id: str) -> str:
    """Return the base of every SCIM URL of one integration, from ``PUBLIC_URL`` and never from Host."""
    return f"{settings.PUBLIC_URL}/api/v1/{slug}/integrations/{integration_id}/scim/v2"


def is_loopback() -> bool:
    """Return whether ``PUBLIC_URL`` names this machine only, so that no other one can reach the endpoint."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
