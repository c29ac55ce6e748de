"""One Group of one integration."""

from typing import Any

from django_scim.adapters import SCIMGroup

from kestra_iam.actions.pushed_groups import MANY
from kestra_iam.errors import NotFound
from provisioning import documents, reading
from provisioning.actions import groups
from provisioning.attributes import GROUP
from provisioning.scim.adapters.base import Adapter
from provisioning.scim.patch import GroupFields, Operation, patch_group
from tenants.fields import could_be_id


class GroupAdapter(Adapter, SCIMGroup):
    type = GROUP
    resource = "GROUPS"
    computed_name = "members"
    rows = staticmethod(reading.groups)
    row = reading.GroupRow
    columns = reading.GROUP_COLUMNS
    # Who is in a group that has just been created: nobody needs to read it.
    first_members: list[str] | None = None

    def find(self, id: str) -> "GroupAdapter":
        """Load a group of this integration for reading; raises ``NotFound``."""
        self.obj = reading.group(self.provisioner, id) if could_be_id(id) else None
        if self.obj is None:
            raise NotFound(f"There is no group {id[:64]}.")
        return self

    def lock(self, id: str) -> None:
        """Load a group for changing, locked until the transaction ends; raises ``NotFound``."""
        if not could_be_id(id):
            raise NotFound(f"There is no group {id[:64]}.")
        self.obj = groups.lock_group(self.provisioner, id)

    def from_dict(self, d: dict[str, Any]) -> None:
        given = documents.group_attributes(d)
        self.name, self.external_id = given.display_name, given.external_id
        self.steps = (groups.MemberStep("replace", tuple(given.member_ids)),)

    def handle_operations(self, operations: list[Operation]) -> None:
        change = patch_group(GroupFields(self.obj.name, self.obj.external_id), operations)
        self.name, self.external_id, steps = change
        self.steps = tuple(self._without_strangers(step) for step in steps)

    def _without_strangers(self, step: groups.MemberStep) -> groups.MemberStep:
        """Leave out of an addition what cannot be anybody's id, as a removal does. An id that may have been somebody's
        is refused later: the client believes that person to be in the group."""
        strangers = [value for value in step.ids if not could_be_id(value)]
        if step.kind != "add" or not strangers:
            return step
        for value in strangers:
            self.request.remarks[value] = f"The member {value[:64]} was left out: it is no id of a user."
        return groups.MemberStep("add", tuple(filter(could_be_id, step.ids)))

    def save(self) -> bool:
        """Create or change the group through one action; return whether it differs from before."""
        if self.obj is None:
            member_ids = list(dict.fromkeys(id for step in self.steps for id in step.ids))
            self.obj = groups.create_group(
                by=self.provisioner, name=self.name, external_id=self.external_id, member_ids=member_ids
            )
            self.first_members = member_ids
            return True
        return groups.update_group(
            by=self.provisioner, group=self.obj, name=self.name, external_id=self.external_id, steps=self.steps
        )

    def delete(self) -> None:
        groups.delete_group(by=self.provisioner, group=self.obj)

    def computed(self) -> list[bytes] | None:
        if self.first_members is not None:
            return reading.members_json(self.provisioner, self.first_members)
        return reading.members_of(self.provisioner, [self.id]).get(self.id)

    @classmethod
    def computed_of(cls, adapters: "list[Any]") -> dict[str, list[bytes] | None]:
        return reading.members_of(adapters[0].provisioner, [adapter.id for adapter in adapters])

    def render_patched(self) -> bytes | None:
        """Return the group, or None for a large one: adding one member costs the same in every group."""
        removed = sum(len(step.ids) for step in self.steps if step.kind == "remove")
        if (
            self.obj.has_many
            and removed < MANY - reading.FEW
            and not any(step.kind == "replace" for step in self.steps)
        ):
            return None
        few, members = reading.few_members_of(self.provisioner, self.id)
        return self.spliced(members) if few else None

    def spliced(self, computed: list[bytes] | None) -> bytes:
        group = self.obj
        return documents.render_group(
            group.pk,
            group.name,
            group.external_id,
            group.version,
            group.created_at,
            group.updated_at,
            self.location,
            computed,
        )
