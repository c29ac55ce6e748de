"""One User of one integration."""

from typing import Any

import orjson
from django_scim.adapters import SCIMUser

from kestra_iam.errors import NotFound
from provisioning import documents, reading
from provisioning.actions import user_rows, users
from provisioning.attributes import USER
from provisioning.scim.adapters.base import Adapter
from provisioning.scim.patch import Operation, patch_user
from tenants.fields import could_be_id


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

    def spliced(self, computed: str | None) -> bytes:
        user = self.obj
        return documents.render_user(
            user.pk, user.document, user.version, user.created_at, user.updated_at, self.location, computed
        )
