"""Where SCIM requests meet Django models: one User or Group of one integration (django-scim2 adapters).

An adapter collects what a request wants and calls one action; it decides nothing. Reading splices the
document that was rendered when the resource was written.
"""

from collections.abc import Callable
from typing import Any

import orjson
from django.db.models import QuerySet
from django_scim.adapters import SCIMGroup, SCIMUser

from kestra_iam.actions.pushed_groups import MANY
from kestra_iam.errors import NotFound
from provisioning import documents, reading
from provisioning.actions import groups, user_rows, users
from provisioning.attributes import GROUP, USER, ResourceType
from provisioning.endpoints import scim_base
from provisioning.provisioner import Provisioner
from provisioning.scim.patch import GroupFields, Operation, patch_group, patch_user
from provisioning.scim.projection import Projection
from tenants.fields import could_be_id


class Adapter:
    """What both kinds of resource have: an id, a version, a place, and a way to be found.

    ``obj`` is a row to read (``provisioning.reading``), a locked model instance to change, or None
    for a resource that is about to be created. ``request.provisioner`` says whose resources these are.
    """

    type: ResourceType
    resource: str
    # The attribute that is computed on reading.
    computed_name: str
    rows: Callable[[Provisioner], QuerySet[Any]]
    row: type[reading.UserRow] | type[reading.GroupRow]
    columns: tuple[Any, ...]
    id_field = "pk"

    @property
    def provisioner(self) -> Provisioner:
        return self.request.provisioner

    @property
    def path(self) -> str:
        return f"{self.type.endpoint}/{self.id}"

    @property
    def location(self) -> str:
        return base(self.provisioner) + self.path

    @property
    def etag(self) -> str:
        return f'W/"{self.obj.version}"'

    def render(self, projection: Projection | None = None) -> bytes | str:
        """Return the resource as JSON text, with the attributes that ``projection`` asks for."""
        wanted = projection is None or projection.wants(self.computed_name)
        return self.render_with(self.computed() if wanted else None, projection)

    def render_with(self, computed: str | None, projection: Projection | None = None) -> bytes | str:
        """Return the same, with the text of what is computed on reading given."""
        text = self.text(computed)
        return text if projection is None else orjson.dumps(projection.apply(orjson.loads(text)))

    def render_patched(self) -> bytes | str | None:
        """Return what a PATCH is answered with where no attributes are asked for, None for no body."""
        return self.text(self.computed())

    def to_dict(self) -> dict[str, Any]:
        return orjson.loads(self.text(self.computed()))

    def computed(self) -> str | None:
        """Return the JSON array of what is computed on reading, None for an empty one."""
        raise NotImplementedError

    @classmethod
    def computed_of(cls, adapters: "list[Any]") -> dict[str, str | None]:
        """Return the same for a page of resources of one integration, by id."""
        raise NotImplementedError

    def text(self, computed: str | None) -> str:
        """Return the JSON text of the resource with that array."""
        raise NotImplementedError


class UserAdapter(Adapter, SCIMUser):
    type = USER
    resource = "USERS"
    computed_name = "groups"
    rows = staticmethod(reading.users)
    row = reading.UserRow
    columns = reading.USER_COLUMNS

    def find(self, id: str) -> "UserAdapter":
        """Load a user of this integration for reading; raises ``NotFound``."""
        self.obj = reading.user(self.provisioner, id) if could_be_id(id) else None
        if self.obj is None:
            raise NotFound(f"There is no user {id[:64]}.")
        return self

    def lock(self, id: str) -> None:
        """Load a user for changing, locked until the transaction ends; raises ``NotFound``."""
        if not could_be_id(id):
            raise NotFound(f"There is no user {id[:64]}.")
        self.obj = user_rows.lock(self.provisioner, id)

    def from_dict(self, d: dict[str, Any]) -> None:
        self.attributes = documents.user_attributes(d, self.current())

    def handle_operations(self, operations: list[Operation]) -> None:
        self.attributes = patch_user(self.current(), operations)

    def current(self) -> dict[str, Any] | None:
        return orjson.loads(self.obj.document) if self.obj else None

    def save(self) -> bool:
        """Create or change the user through one action; return whether it differs from before."""
        document = documents.user_document(self.attributes)
        if self.obj is None:
            self.obj = users.create_user(by=self.provisioner, attributes=self.attributes, document=document)
            # Nobody is in a group of this integration before it knows them.
            self.obj.groups = "[]"
            return True
        return users.update_user(by=self.provisioner, user=self.obj, attributes=self.attributes, document=document)

    def delete(self) -> None:
        users.delete_user(by=self.provisioner, user=self.obj)

    def computed(self) -> str | None:
        return reading.groups_json(self.provisioner, self.obj.groups)

    @classmethod
    def computed_of(cls, adapters: "list[Any]") -> dict[str, str | None]:
        return {adapter.id: adapter.computed() for adapter in adapters}

    def text(self, computed: str | None) -> str:
        user = self.obj
        return documents.render_user(
            user.pk, user.document, user.version, user.created_at, user.updated_at, self.location, computed
        )


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
        if step.kind != "add" or all(map(could_be_id, step.ids)):
            return step
        for value in step.ids:
            if not could_be_id(value):
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

    def computed(self) -> str | None:
        if self.first_members is not None:
            return reading.members_json(self.provisioner, self.first_members)
        return reading.members_of(self.provisioner, [self.id]).get(self.id)

    @classmethod
    def computed_of(cls, adapters: "list[Any]") -> dict[str, str | None]:
        return {**reading.members_of(adapters[0].provisioner, [adapter.id for adapter in adapters])}

    def render_patched(self) -> bytes | str | None:
        """Return the group, or None for a large one: adding one member costs the same in every group."""
        removed = sum(len(step.ids) for step in self.steps if step.kind == "remove")
        if (
            self.obj.has_many
            and removed < MANY - reading.FEW
            and not any(step.kind == "replace" for step in self.steps)
        ):
            return None
        few, members = reading.few_members_of(self.provisioner, self.id)
        return self.text(members) if few else None

    def text(self, computed: str | None) -> str:
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


def base(provisioner: Provisioner) -> str:
    """Return the base of every URL of this integration's resources."""
    return scim_base(provisioner.tenant.slug, provisioner.integration_id)
