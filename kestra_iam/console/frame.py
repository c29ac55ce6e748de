"""What is around every page: who is signed in, what they may do, and which tenants they may go to."""

from typing import Any

from django.urls import get_script_prefix, reverse

from kestra_iam import access, permissions
from kestra_iam.console.request import ConsoleRequest

# The switcher lists so many tenants; instance owners find the others on the page of all tenants.
TENANTS_LISTED = 30
THEMES = {"light": "Light", "dark": "Dark", "system": "System"}


def frame(request: ConsoleRequest) -> dict[str, Any]:
    """Return the context that the frame needs, in a tenant's area and in the instance's."""
    principal = request.principal
    held: dict[str, list[str]] = {resource: [] for resource in permissions.MATRIX}
    if request.tenant is not None:
        held |= permissions.stored(access.held(principal, request.tenant))
    tenants = access.tenants_of(principal)[: TENANTS_LISTED + 1]
    return {
        "root_address": get_script_prefix(),
        "may": held,
        "owns_instance": access.owns_instance(principal),
        "tenants": [(tenant, tenant_address(request, tenant.slug)) for tenant in tenants[:TENANTS_LISTED]],
        "more_tenants": len(tenants) > TENANTS_LISTED,
        "tenants_address": instance_address(request, "instance/tenants/"),
        "account_address": reverse("account") if request.tenant else "",
        "themes": THEMES,
    }


def instance_address(request: ConsoleRequest, path: str = "") -> str:
    """Return an address outside every tenant; ``reverse()`` would put it under the request's mount."""
    prefix = get_script_prefix()
    if request.tenant is not None:
        prefix = prefix.removesuffix(request.mount.prefix.lstrip("/") + "/")
    return prefix + path


def tenant_address(request: ConsoleRequest, slug: str) -> str:
    """Return where a tenant's console begins."""
    return instance_address(request, f"ui/{slug}/")
