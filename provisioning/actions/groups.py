"""What a SCIM client does to groups; the caller holds one transaction around each."""

from typing import NamedTuple

from kestra_iam.actions import guards, pushed_groups
from kestra_iam.actions.groups import erase
from kestra_iam.errors import NotFound
from kestra_iam.models import Group
from provisioning.errors import Refused
from provisioning.provisioner import Provisioner
from tenants.statements import sent_together


class MemberStep(NamedTuple):
    """One step of a membership change, ids of SCIM users: ``add``, ``remove`` or ``replace``."""

    kind: str
    ids: tuple[str, ...]


def create_group(*, by: Provisioner, name: str, external_id: str | None, member_ids: list[str]) -> Group:
    """Create a group with its members (RFC 7644 §3.3).

    Raises ``Conflict`` for a name or external id that this integration has, ``Refused`` for a member that
    is none of its users.
    """
    with guards.taken(pushed_groups.taken(name), field="displayName"), sent_together(last=True):
        group = pushed_groups.create_group(by.principal, by.tenant, by.owner, name, external_id)
        _step(by, group, MemberStep("add", tuple(member_ids)))
        return group


def lock_group(by: Provisioner, group_id: str) -> Group:
    """Return a group of this integration, locked until the transaction ends; raises ``NotFound``."""
    return pushed_groups.lock_group(by.owner, group_id)


def update_group(
    *, by: Provisioner, group: Group, name: str, external_id: str | None, steps: tuple[MemberStep, ...]
) -> bool:
    """Rename a locked group and change its members step by step; return whether anything changed.

    What changes nothing counts no version. Raises as ``create_group``.
    """
    with guards.taken(pushed_groups.taken(name), field="displayName"), sent_together(last=True):
        renamed = pushed_groups.rename_group(by.principal, by.tenant, group, name, external_id)
        changed = renamed
        for step in steps:
            changed = _step(by, group, step) or changed
        if changed:
            pushed_groups.count_change(group, renamed=renamed)
        return changed


def delete_group(*, by: Provisioner, group: Group) -> None:
    """Delete a group, telling which bindings and people lose what."""
    group.tenant = by.tenant
    erase(by=by.principal, group=group)


def _step(by: Provisioner, group: Group, step: MemberStep) -> bool:
    try:
        if step.kind == "add":
            return pushed_groups.join(by.principal, by.tenant, group, step.ids)
        if step.kind == "remove":
            return pushed_groups.leave(by.principal, by.tenant, group, step.ids)
        return pushed_groups.replace_members(by.principal, by.tenant, group, step.ids)
    except NotFound as error:
        raise Refused("invalidValue", error.message, field="members") from None
