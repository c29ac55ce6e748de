"""Roles made by hand."""

from collections.abc import Iterable, Mapping

from kestra_iam import audit, permissions
from kestra_iam.actions import guards
from kestra_iam.errors import Conflict, NotFound
from kestra_iam.models import Role
from kestra_iam.principals import Principal
from tenants.fields import fold
from tenants.models import Tenant

Matrix = Mapping[str, Iterable[str]]


@guards.one_transaction()
def create_role(*, by: Principal, tenant: Tenant, name: str, description: str = "", permissions: Matrix) -> Role:
    """Create a role with a matrix ``{resource: [action, …]}``.

    Raises ``Invalid`` for an unknown resource or action, ``Forbidden`` if ``by`` does not hold all of it,
    ``Conflict`` for a name that is taken in this tenant.
    """
    role = Role(tenant=tenant)
    return _write(by, role, "create", name, description, permissions)


@guards.one_transaction()
def update_role(*, by: Principal, role: Role, name: str, description: str, permissions: Matrix) -> Role:
    """Change a role; whoever is bound to it holds the new matrix from the next request on.

    Raises as ``create_role``, and ``Forbidden`` for a managed role.
    """
    role = _lock(role)
    return _write(by, role, "update", name, description, permissions)


@guards.one_transaction()
def delete_role(*, by: Principal, role: Role) -> None:
    """Delete a role that is bound to nobody.

    Raises ``Forbidden`` for a managed role, ``Conflict`` while somebody is bound to it.
    """
    role = _lock(role)
    bound = role.bindings.count()
    if bound:
        raise Conflict(f"The role {role.name} is still bound {bound} time(s): delete these bindings first.")
    audit.write([audit.of_role(by, "delete", role.tenant, role)])
    role.delete()


def _lock(role: Role) -> Role:
    found = Role.objects.select_for_update(of=("self",)).select_related("tenant").filter(pk=role.pk).first()
    if found is None:
        raise NotFound(f"The role {role.name} has been deleted.")
    guards.must_be_unmanaged(found)
    return found


def _write(by: Principal, role: Role, verb: str, name: str, description: str, matrix: Matrix) -> Role:
    had = permissions.granted(role.permissions)
    role.permissions = permissions.checked(matrix)
    guards.must_hold(by, role.tenant, permissions.granted(role.permissions) - had, "This role")
    role.name = guards.text(name, field="name")
    role.name_key = fold(role.name)[:255]
    role.description = guards.text(description, field="description", longest=1024, required=False)
    message = f"There is a role '{role.name}' in this tenant already."
    if Role.objects.filter(tenant=role.tenant, name_key=role.name_key).exclude(pk=role.pk).exists():
        raise Conflict(message, field="name")
    with guards.taken(message):
        role.save()
    audit.write([audit.of_role(by, verb, role.tenant, role)])
    return role
