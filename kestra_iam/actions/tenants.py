"""Tenants and the managed roles that each of them has."""

from django.core.exceptions import ValidationError

from kestra_iam import audit, permissions
from kestra_iam.actions import guards
from kestra_iam.errors import Conflict, Invalid
from kestra_iam.models import Role
from kestra_iam.principals import Principal
from tenants.fields import fold
from tenants.models import Tenant, validate_slug


@guards.one_transaction()
def create_tenant(*, by: Principal, slug: str, name: str = "") -> Tenant:
    """Create a tenant with its managed roles ``Admin`` and ``Viewer``; the name defaults to the slug.

    Raises ``Forbidden`` for anybody but an instance owner, ``Invalid`` for a slug that is no address,
    ``Conflict`` for one that is taken.
    """
    guards.must_own_instance(by, "Creating a tenant")
    try:
        validate_slug(slug)
    except ValidationError as error:
        raise Invalid(error.messages[0], field="slug") from None
    if Tenant.objects.filter(slug=slug).exists():
        raise Conflict(f"There is a tenant '{slug}' already.", field="slug")
    with guards.taken(f"There is a tenant '{slug}' already.", field="slug"):
        tenant = Tenant.objects.create(slug=slug, name=guards.text(name or slug, field="name"))
    audit.record(by=by, tenant=tenant, verb="tenant.create", resource="TENANTS", id=tenant.pk, name=tenant.name)
    for role in (permissions.ADMIN, permissions.VIEWER):
        managed_role(by=by, tenant=tenant, name=role)
    return tenant


@guards.one_transaction()
def managed_role(*, by: Principal, tenant: Tenant, name: str) -> Role:
    """Return the tenant's managed role of that name, creating it when it is missing.

    Raises ``Conflict`` if a role made by hand has the name: its permissions would not be ours.
    """
    role = Role.objects.filter(tenant=tenant, name_key=fold(name)).first()
    if role is None:
        role = Role.objects.create(
            tenant=tenant,
            name=name,
            name_key=fold(name),
            description="Managed by the product.",
            permissions=permissions.MANAGED_ROLES[name],
            managed=True,
        )
        audit.write([audit.of_role(by, "create", tenant, role)])
    elif not role.managed:
        raise Conflict(f"There is a role '{role.name}' made by hand: rename it, {name} is made by the product.")
    return role
