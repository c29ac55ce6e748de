"""The single changes of a run, made as the integration's service account by the actions that SCIM calls.

Each returns by how much it counts, by the names of a run's counters; what is gone or was changed by somebody else
since it was read counts nothing, and the next run looks again.
"""

from typing import NamedTuple

import orjson

from kestra_iam.errors import NotFound
from kestra_iam.models import Group, Membership
from provisioning.actions import groups, user_rows, users
from provisioning.actions.groups import MemberStep
from provisioning.documents import group_attributes, user_attributes, user_document
from provisioning.keycloak.mapping import display_name, user_body
from provisioning.keycloak.realm import KeycloakGroup, KeycloakUser
from provisioning.models import ProvisionedUser
from provisioning.provisioner import Provisioner
from provisioning.pulling.plan import PersonChange, StoredGroup, StoredPerson

Counted = dict[str, int]


class MembersChange(NamedTuple):
    """People who join one group (``add``: Keycloak's ids) or leave it (``remove``: the ids that they have here)."""

    group_id: str
    path: str
    kind: str
    ids: tuple[str, ...]


class Changes:
    """What an integration writes; ``made`` has the ids of new groups by those that Keycloak gave them."""

    def __init__(self, by: Provisioner):
        self.by = by
        self.made: dict[str, str] = {}

    def create_person(self, user: KeycloakUser) -> Counted:
        attributes = user_attributes(user_body(user))
        users.create_user(by=self.by, attributes=attributes, document=user_document(attributes))
        return {"users_created": 1}

    def change_person(self, change: PersonChange) -> Counted:
        row = self._person(change.stored)
        if row is None:
            return {}
        return self._write_person(row, user_attributes(user_body(change.user)))

    def disable_person(self, change: PersonChange) -> Counted:
        """Take the access of somebody whose other changes were refused."""
        row = self._person(change.stored)
        if row is None:
            return {}
        return self._write_person(row, user_attributes(orjson.loads(row.document) | {"active": False}))

    def remove_person(self, person: StoredPerson) -> Counted:
        row = self._person(person)
        if row is None:
            return {}
        users.delete_user(by=self.by, user=row)
        return {"users_removed": 1}

    def create_group(self, group: KeycloakGroup) -> Counted:
        name, external_id, _ = group_attributes({"displayName": display_name(group), "externalId": group.id})
        made = groups.create_group(by=self.by, name=name, external_id=external_id, member_ids=[])
        self.made[group.id] = made.pk
        return {"groups_created": 1}

    def change_group(self, pair: tuple[StoredGroup, KeycloakGroup]) -> Counted:
        stored, group = pair
        row = self._group(stored.id)
        if row is None:
            return {}
        changed = groups.update_group(by=self.by, group=row, name=display_name(group), external_id=group.id, steps=())
        return {"groups_changed": int(changed)}

    def remove_group(self, group: StoredGroup) -> Counted:
        row = self._group(group.id)
        if row is None:
            return {}
        groups.delete_group(by=self.by, group=row)
        return {"groups_removed": 1}

    def change_members(self, change: MembersChange) -> Counted:
        row = self._group(change.group_id)
        if row is None:
            return {}
        ids = change.ids
        if change.kind == "add":
            known = ProvisionedUser.objects.filter(integration=self.by.integration_id, external_id__in=ids)
            ids = tuple(known.values_list("pk", flat=True))
        present = Membership.objects.filter(group=row.pk, source__in=ids).count()
        differing = present if change.kind == "remove" else len(ids) - present
        if not differing:
            return {}
        steps = (MemberStep(change.kind, ids),)
        groups.update_group(by=self.by, group=row, name=row.name, external_id=row.external_id, steps=steps)
        return {"members_removed" if change.kind == "remove" else "members_added": differing}

    def _write_person(self, row: ProvisionedUser, attributes: users.Attributes) -> Counted:
        document = user_document(attributes)
        changed = users.update_user(by=self.by, user=row, attributes=attributes, document=document)
        return {"users_changed": int(changed)}

    def _person(self, stored: StoredPerson) -> ProvisionedUser | None:
        """Return somebody locked, None if they are gone or stand for another one of Keycloak's people by now."""
        try:
            row = user_rows.lock(self.by, stored.id)
        except NotFound:
            return None
        return row if row.external_id == stored.external_id else None

    def _group(self, group_id: str) -> Group | None:
        try:
            return groups.lock_group(self.by, group_id)
        except NotFound:
            return None
