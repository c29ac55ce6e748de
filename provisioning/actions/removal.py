"""Removing an integration, and adopting the groups that a removed one left behind."""

from typing import NamedTuple

from django.db.models import Exists, OuterRef

from kestra_iam import access, audit, permissions
from kestra_iam.actions import guards
from kestra_iam.actions.access_sources import end_sources
from kestra_iam.actions.bindings import bind, unbind
from kestra_iam.actions.groups import erase as erase_group
from kestra_iam.actions.service_accounts import erase as erase_account
from kestra_iam.errors import NotFound
from kestra_iam.models import AccessSource, Binding, Group, Membership, Role, ServiceAccount
from kestra_iam.principals import Principal
from provisioning.actions.opening import record
from provisioning.models import Integration, ProvisionedEmail, ProvisionedUser, PullRun
from tenants.fields import fold

# People whose access ends with one set of statements.
_AT_ONCE = 1000


class RemovalCounts(NamedTuple):
    """What an integration brought, for the confirmation of its removal."""

    users: int
    only_here: int
    groups: int
    members: int
    bindings: int


class Adoption(NamedTuple):
    """Names of groups: adopted, not adopted because the name is not unique, without a counterpart."""

    adopted: list[str]
    ambiguous: list[str]
    unmatched: list[str]


def left_behind(integration: Integration) -> RemovalCounts:
    """Count what stays when this integration is removed."""
    sources = AccessSource.objects.filter(owner_key=integration.pk)
    elsewhere = AccessSource.objects.filter(tenant=integration.tenant_id, user=OuterRef("user")).exclude(
        owner_key=integration.pk
    )
    groups = Group.objects.filter(owner_key=integration.pk)
    return RemovalCounts(
        users=sources.count(),
        only_here=sources.filter(~Exists(elsewhere)).count(),
        groups=groups.count(),
        members=Membership.objects.filter(group__in=groups).count(),
        bindings=Binding.objects.filter(group__in=groups).count(),
    )


def remove_integration(*, by: Principal, integration: Integration, keep_access: bool) -> None:
    """Remove an integration with its service account and token; its groups and bindings stay.

    With ``keep_access`` its people keep their access until another integration takes them over; without,
    every access it gave ends, and with it all that people without other access have in this tenant.
    Raises ``Conflict`` if that would leave the tenant without an active Admin.
    """
    tenant = integration.tenant
    with guards.keeping_an_admin(tenant):
        found = _hold(integration)
        account = found.service_account
        counts = left_behind(found)
        ProvisionedEmail.objects.filter(integration=found).delete()
        ProvisionedUser.objects.filter(integration=found).delete()
        if not keep_access:
            sources = AccessSource.objects.filter(owner_key=found.pk).select_related("user")
            while some := list(sources[:_AT_ONCE]):
                audit.write(end_sources(by, tenant, some))
        record(by, found, "integration.delete", {"keep_access": keep_access, **counts._asdict()})
        found.delete()
        if account is not None:
            erase_account(by=by, service_account=account)
        _drop_unused_role(by, tenant)


def _hold(integration: Integration) -> Integration:
    """Let what is being pushed end and nothing new begin, locking rows in the order in which pushing does."""
    list(PullRun.objects.select_for_update().filter(integration=integration, ended_at=None).values_list("pk"))
    list(ServiceAccount.objects.select_for_update().filter(pk=integration.pk).values_list("pk"))
    list(ProvisionedUser.objects.select_for_update().filter(integration=integration).values_list("pk"))
    found = Integration.objects.select_for_update().filter(pk=integration.pk).first()
    if found is None:
        raise NotFound("This integration has been removed already.")
    return found


def adoptable(integration: Integration):
    """Return the groups of this tenant that removed integrations left behind."""
    return Group.objects.filter(tenant=integration.tenant_id, managed_by=None).exclude(owner_key="")


def adopt_groups(*, by: Principal, integration: Integration, names: list[str] | None) -> Adoption:
    """Move the bindings of groups left behind to this integration's groups of the same names.

    ``names`` None takes all of them. The group left behind goes. It is a grant: raises ``Forbidden`` if
    ``by`` does not hold everything bound to those groups, ``Conflict`` if the last Admin would go.
    """
    tenant = integration.tenant
    adoption = Adoption([], [], [])
    with guards.keeping_an_admin(tenant):
        left = _by_name(adoptable(integration))
        own = _by_name(Group.objects.filter(owner_key=integration.pk))
        for key, name in {fold(name)[:255]: name for name in names or []}.items():
            if key not in left:
                adoption.unmatched.append(name)
        for key, groups in left.items():
            if names is not None and key not in {fold(name)[:255] for name in names}:
                continue
            targets = own.get(key, [])
            if not targets:
                adoption.unmatched.append(groups[0].name)
            elif len(groups) > 1 or len(targets) > 1:
                adoption.ambiguous.append(groups[0].name)
            else:
                _adopt(by, groups[0], targets[0])
                adoption.adopted.append(groups[0].name)
        if adoption.adopted:
            record(by, integration, "integration.adopt", {"groups": adoption.adopted})
    return adoption


def _adopt(by: Principal, left: Group, target: Group) -> None:
    guards.must_hold(by, left.tenant, access.of_group(left.pk), f"The group {left.name}")
    bindings = list(Binding.objects.filter(group=left).select_related("role", "group"))
    audit.write(unbind(by, left.tenant, bindings))
    has = set(Binding.objects.filter(group=target).values_list("role_id", flat=True))
    for binding in bindings:
        if binding.role_id not in has:
            bind(by=by, tenant=left.tenant, role=binding.role, subject=target)
    erase_group(by=by, group=left)


def _by_name(groups) -> dict[str, list[Group]]:
    found: dict[str, list[Group]] = {}
    for group in groups.select_related("tenant"):
        found.setdefault(group.name_key, []).append(group)
    return found


@guards.one_transaction()
def _drop_unused_role(by: Principal, tenant) -> None:
    """Let the last integration take the managed role along, unless somebody else is bound to it."""
    role = Role.objects.filter(tenant=tenant, managed=True, name_key=fold(permissions.SCIM_PROVISIONER)).first()
    if role is None or Integration.objects.filter(tenant=tenant).exists() or role.bindings.exists():
        return
    audit.write([audit.of_role(by, "delete", tenant, role)])
    role.delete()
