"""Groups made by hand and their members."""

from django.utils import timezone

from kestra_iam import access, audit
from kestra_iam.actions import guards
from kestra_iam.actions.bindings import unbind
from kestra_iam.errors import Conflict, NotFound
from kestra_iam.models import Binding, Group, Membership, User
from kestra_iam.principals import Principal
from tenants.fields import fold
from tenants.models import Tenant


@guards.one_transaction()
def create_group(*, by: Principal, tenant: Tenant, name: str, description: str = "") -> Group:
    """Create a group that belongs to no integration.

    Raises ``Conflict`` if another group made by hand has the name.
    """
    return _write(by, Group(tenant=tenant), "create", name, description)


@guards.one_transaction()
def update_group(*, by: Principal, group: Group, name: str, description: str) -> Group:
    """Rename or describe a group; members and bindings stay.

    Raises ``Forbidden`` for an integration's group, ``Conflict`` for a name that is taken.
    """
    group = _lock(group)
    group.version += 1
    group.updated_at = timezone.now()
    return _write(by, group, "update", name, description)


def delete_group(*, by: Principal, group: Group) -> None:
    """Delete a group, telling which bindings and people lose what.

    Raises ``Forbidden`` for an integration's group, ``Conflict`` if the last Admin would go with it.
    """
    with guards.keeping_an_admin(group.tenant):
        erase(by=by, group=_lock(group))


def erase(*, by: Principal, group: Group) -> None:
    """Delete a group that may go, with its bindings and memberships."""
    tenant = group.tenant
    bindings = Binding.objects.filter(group=group).select_related("role", "group")
    members = group.memberships.order_by("user__username_key").values_list("user_id", "user__username")
    events = unbind(by, tenant, list(bindings)) + audit.people(by, "remove", group, tenant, list(members))
    events.append(audit.event(by, tenant, "group.delete", "GROUPS", group.pk, group.name, _owner(group)))
    audit.write(events)
    group.delete()


@guards.one_transaction()
def add_member(*, by: Principal, group: Group, user: User) -> None:
    """Put a person of the tenant into a group; it is a grant of everything bound to it.

    Raises ``Forbidden`` for an integration's group or if ``by`` does not hold all that, ``NotFound`` for a
    person without access to the tenant. A present member stays one.
    """
    group = _lock(group)
    guards.must_hold(by, group.tenant, access.of_group(group.pk), f"The group {group.name}")
    guards.must_have_access(group.tenant, user)
    if Membership.objects.get_or_create(group=group, user=user)[1]:
        _changed(by, group, "add", user)


def remove_member(*, by: Principal, group: Group, user: User) -> None:
    """Take a person out of a group.

    Raises ``Forbidden`` for an integration's group, ``Conflict`` if the last Admin would go. Who is not a
    member stays none.
    """
    with guards.keeping_an_admin(group.tenant):
        group = _lock(group)
        if Membership.objects.filter(group=group, user=user).delete()[0]:
            _changed(by, group, "remove", user)


def _lock(group: Group) -> Group:
    found = Group.objects.select_for_update(of=("self",)).select_related("tenant").filter(pk=group.pk).first()
    if found is None:
        raise NotFound(f"The group {group.name} has been deleted.")
    guards.must_be_unmanaged(found)
    return found


def _write(by: Principal, group: Group, verb: str, name: str, description: str) -> Group:
    group.name = guards.text(name, field="name")
    group.name_key = fold(group.name)[:255]
    group.description = guards.text(description, field="description", longest=1024, required=False)
    message = f"There is a group '{group.name}' already."
    same = Group.objects.filter(
        tenant=group.tenant,
        owner_key=group.owner_key,
        name_key=group.name_key,
        external_id_key=group.external_id_key,
    )
    if same.exclude(pk=group.pk).exists():
        raise Conflict(message, field="name")
    with guards.taken(message):
        group.save()
    details = {"description": group.description, **_owner(group)}
    audit.write([audit.event(by, group.tenant, f"group.{verb}", "GROUPS", group.pk, group.name, details)])
    return group


def _changed(by: Principal, group: Group, verb: str, user: User) -> None:
    group.version += 1
    group.updated_at = timezone.now()
    group.save(update_fields=["version", "updated_at"])
    audit.write(audit.people(by, verb, group, group.tenant, [(user.pk, user.username)]))


def _owner(group: Group) -> dict[str, str]:
    return {"owner": group.owner_key, "owner_name": group.owner_name} if group.owner_key else {}
