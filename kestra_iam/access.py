"""The one decision point: may this principal do that to this resource of this tenant?

Every door asks here: console, REST API, SCIM, and Django's ``has_perm`` through ``PermissionBackend``.
"""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from kestra_iam import permissions
from kestra_iam.models import AccessSource, Binding, Membership, Role, ServiceAccount, Suspension, User
from kestra_iam.permissions import Permission, Permissions
from kestra_iam.principals import OPERATOR, SERVICE_ACCOUNT, USER, Principal
from tenants.models import Tenant


def can(principal: Principal, tenant: Tenant | None, resource: str, action: str) -> bool:
    """Return whether ``principal`` holds ``(resource, action)`` in ``tenant`` (none: the instance itself)."""
    return (resource, action) in held(principal, tenant)


def held(principal: Principal, tenant: Tenant | None) -> Permissions:
    """Return every permission that ``principal`` holds in ``tenant``, looked up once per request."""
    if principal.kind == OPERATOR or principal.instance_owner:
        return permissions.ALL
    if tenant is None:
        return permissions.NONE
    if tenant.id not in principal.grants:
        principal.grants[tenant.id] = _look_up(principal, tenant)
    return principal.grants[tenant.id]


def owns_instance(principal: Principal) -> bool:
    """Return whether ``principal`` may manage tenants and instance accounts."""
    return principal.kind == OPERATOR or principal.instance_owner


def missing(principal: Principal, tenant: Tenant, wanted: Permissions) -> Permissions:
    """Return what ``principal`` lacks of ``wanted``: a grant needs all that it gives."""
    return wanted - held(principal, tenant)


def enters(principal: Principal, tenant: Tenant) -> bool:
    """Return whether ``principal`` has access to ``tenant`` at all (a person without roles has)."""
    if owns_instance(principal):
        return True
    if principal.kind == USER:
        return people_let_in(tenant).filter(pk=principal.id).exists()
    return ServiceAccount.objects.filter(pk=principal.id, tenant=tenant).exists()


def people_let_in(tenant: Tenant):
    """Return the accounts that have access: one active source at least, and not suspended."""
    return User.objects.filter(
        Exists(AccessSource.objects.filter(tenant=tenant, user=OuterRef("pk"), active=True)),
        ~Exists(Suspension.objects.filter(tenant=tenant, user=OuterRef("pk"))),
    )


def people_known(tenant: Tenant):
    """Return the accounts with a source of access, whether or not it is active."""
    return User.objects.filter(Exists(AccessSource.objects.filter(tenant=tenant, user=OuterRef("pk"))))


def tenants_of(principal: Principal):
    """Return the tenants that ``principal`` may enter, by slug."""
    if owns_instance(principal):
        return Tenant.objects.all()
    if principal.kind != USER:
        return Tenant.objects.filter(service_accounts=principal.id)
    return Tenant.objects.filter(
        Exists(AccessSource.objects.filter(tenant=OuterRef("pk"), user=principal.id, active=True)),
        ~Exists(Suspension.objects.filter(tenant=OuterRef("pk"), user=principal.id)),
    )


def effective_bindings(tenant: Tenant, user_id: str):
    """Return the bindings that give ``user_id`` something: direct ones and those of the person's groups.

    A membership counts while the source it came by is active. Whether the person is let in at all is
    another question (``people_let_in``).
    """
    return _bindings(tenant, user_id, Q(source=None) | Q(source__active=True))


def _bindings(tenant: Tenant, user_id: str, memberships: Q):
    groups = Membership.objects.filter(memberships, user=user_id, group__tenant=tenant).values("group_id")
    return Binding.objects.filter(Q(user=user_id) | Q(group__in=groups), tenant=tenant)


def _look_up(principal: Principal, tenant: Tenant) -> Permissions:
    if principal.kind == SERVICE_ACCOUNT:
        bindings = Binding.objects.filter(service_account=principal.id, tenant=tenant)
    elif principal.kind == USER and people_let_in(tenant).filter(pk=principal.id).exists():
        bindings = effective_bindings(tenant, principal.id)
    else:
        return permissions.NONE
    matrices = bindings.order_by().values_list("role__permissions", flat=True)
    return frozenset().union(*map(permissions.granted, matrices))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a person's permission comes from: a role, and the group through which it reaches them."""

    binding: Binding
    role: Role
    permissions: Permissions


def origins(tenant: Tenant, user: User) -> list[Origin]:
    """Return what gives ``user`` permissions in ``tenant``, whether or not access is suspended now."""
    bindings = effective_bindings(tenant, user.pk).select_related("role", "group").order_by("role__name_key", "id")
    return [Origin(binding, binding.role, permissions.granted(binding.role.permissions)) for binding in bindings]


def active_admins(tenant: Tenant):
    """Return the people let in who hold the managed role Admin, directly or through a group."""
    admin = Binding.objects.filter(tenant=tenant, role__managed=True, role__name=permissions.ADMIN)
    through_groups = Membership.objects.filter(
        Q(source=None) | Q(source__active=True), group__in=admin.filter(group__isnull=False).values("group_id")
    ).values("user_id")
    return people_let_in(tenant).filter(
        Q(pk__in=admin.filter(user__isnull=False).values("user_id")) | Q(pk__in=through_groups)
    )


def of_person(tenant: Tenant, user: User) -> Permissions:
    """Return what ``user`` holds in ``tenant`` once nothing is suspended: what being this person gives."""
    return _union(_bindings(tenant, user.pk, Q()))


def of_group(group_id: str) -> Permissions:
    """Return what being a member of this group gives."""
    return _union(Binding.objects.filter(group=group_id))


def of_groups_managed_by(service_account_id: str) -> Permissions:
    """Return what is bound to the groups that this service account's integration manages."""
    return _union(Binding.objects.filter(group__managed_by=service_account_id))


def _union(bindings) -> Permissions:
    matrices = bindings.order_by().values_list("role__permissions", flat=True)
    return frozenset().union(*map(permissions.granted, matrices))


def principal_of(account: User | ServiceAccount) -> Principal:
    """Return the principal for a signed-in person or an authenticated service account."""
    if isinstance(account, User):
        return Principal(USER, account.pk, account.username, instance_owner=account.instance_owner)
    return Principal(SERVICE_ACCOUNT, account.pk, account.name)


# Django's permission codenames, as the admin forms them from an action and a model.
_CODENAME_ACTIONS = {
    "add": permissions.CREATE,
    "view": permissions.READ,
    "change": permissions.UPDATE,
    "delete": permissions.DELETE,
}


def permission_of(codename: str) -> Permission | None:
    """Return the permission behind Django's ``app.action_model``, none where there is none."""
    action, _, model = codename.rpartition(".")[2].partition("_")
    resource = MODEL_RESOURCES.get(model)
    return (resource, _CODENAME_ACTIONS[action]) if resource and action in _CODENAME_ACTIONS else None


MODEL_RESOURCES = {
    "user": "USERS",
    "group": "GROUPS",
    "role": "ROLES",
    "binding": "BINDINGS",
    "serviceaccount": "SERVICE_ACCOUNTS",
    "integration": "PROVISIONING",
    "auditevent": "AUDITLOGS",
}
