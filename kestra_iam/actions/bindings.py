"""Bindings: giving a role to somebody and taking it away."""

from kestra_iam import audit, permissions
from kestra_iam.actions import guards
from kestra_iam.errors import NotFound
from kestra_iam.models import Binding, Group, Role, ServiceAccount, User
from kestra_iam.principals import Principal
from tenants.models import Tenant

Subject = User | Group | ServiceAccount
_FIELDS = {User: "user", Group: "group", ServiceAccount: "service_account"}


@guards.one_transaction()
def create_binding(*, by: Principal, tenant: Tenant, role: Role, subject: Subject) -> Binding:
    """Give ``role`` to a person, a group or a service account of ``tenant``.

    Raises ``NotFound`` for a role or subject of another tenant, ``Forbidden`` if ``by`` does not hold
    everything the role gives or the subject is managed by an integration, ``Conflict`` if it is bound already.
    """
    # Held, so that what it gives is what is looked at.
    held = Role.objects.select_for_update(no_key=True).filter(pk=role.pk, tenant=tenant).first()
    if held is None or (not isinstance(subject, User) and subject.tenant_id != tenant.pk):
        raise NotFound("There is no such role or subject in this tenant.")
    if isinstance(subject, User):
        guards.must_have_access(tenant, subject)
    elif isinstance(subject, ServiceAccount):
        guards.must_be_unmanaged(subject)
    guards.must_hold(by, tenant, permissions.granted(held.permissions), f"The role {held.name}")
    return bind(by=by, tenant=tenant, role=held, subject=subject)


def bind(*, by: Principal, tenant: Tenant, role: Role, subject: Subject) -> Binding:
    """Write a binding that has been allowed."""
    binding = Binding(tenant=tenant, role=role, **{_FIELDS[type(subject)]: subject})
    with guards.taken(f"{subject} has the role {role.name} already.", field=""):
        binding.save(force_insert=True)
    audit.write([audit.of_binding(by, "create", tenant, binding)])
    return binding


def delete_binding(*, by: Principal, binding: Binding) -> None:
    """Take a role away from its subject.

    Raises ``Forbidden`` for the binding of an integration's service account, ``Conflict`` if the tenant
    would be left without an active Admin.
    """
    with guards.keeping_an_admin(binding.tenant):
        found = (
            Binding.objects.select_related("role", "user", "group", "service_account", "tenant")
            .filter(pk=binding.pk)
            .first()
        )
        if found is None:
            raise NotFound("This binding is gone already.")
        if found.service_account is not None:
            guards.must_be_unmanaged(found.service_account)
        audit.write(unbind(by, found.tenant, [found]))


def unbind(by: Principal, tenant: Tenant, bindings: list[Binding]) -> list[audit.Event]:
    """Delete bindings whose role and subject are loaded; return their events, to be written by the caller."""
    events = [audit.of_binding(by, "delete", tenant, binding) for binding in bindings]
    Binding.objects.filter(pk__in=[binding.pk for binding in bindings]).delete()
    return events
