"""Directories of users and groups as rows, without the actions that would write them one by one."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from kestra_iam.models import AccessSource, Group, Membership, User
from provisioning.documents import user_attributes, user_document
from provisioning.endpoints import scim_base
from provisioning.models import Integration, ProvisionedEmail, ProvisionedUser
from provisioning.rendering import render_group, render_user
from tenants.fields import fold

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Directory:
    """What one integration has pushed; ``user`` and ``group`` describe, ``write`` stores."""

    integration: Integration
    start: datetime = START
    users: list[ProvisionedUser] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    members: list[tuple[Group, ProvisionedUser]] = field(default_factory=list)

    def user(self, user_name: str, *, version: int = 1, **attributes: Any) -> ProvisionedUser:
        document = user_document(user_attributes({"userName": user_name, **attributes}))
        moment = self.start + timedelta(minutes=len(self.users), microseconds=version)
        user = ProvisionedUser(
            source_id=str(uuid.uuid4()),
            integration=self.integration,
            user_name=document.user_name,
            user_name_key=document.user_name_key,
            external_id=document.external_id,
            display_name_key=document.display_name_key,
            active=document.active,
            document=document.document,
            folded=document.folded,
            version=version,
            created_at=self.start,
            updated_at=moment,
        )
        user.email_keys = document.email_keys
        self.users.append(user)
        return user

    def group(self, name: str, *members: ProvisionedUser, external_id: str | None = None, version: int = 1) -> Group:
        group = Group(
            tenant=self.integration.tenant,
            name=name,
            name_key=fold(name),
            external_id=external_id,
            external_id_key=external_id or "",
            owner_key=self.integration.pk,
            version=version,
            created_at=self.start,
            updated_at=self.start + timedelta(hours=len(self.groups)),
        )
        self.groups.append(group)
        self.members += [(group, member) for member in members]
        return group

    def write(self) -> "Directory":
        tenant = self.integration.tenant
        accounts = [
            User(username=each.pk, username_key=each.pk, home=tenant, home_key=tenant.pk) for each in self.users
        ]
        User.objects.bulk_create(accounts)
        AccessSource.objects.bulk_create(
            AccessSource(pk=user.pk, tenant=tenant, user=account, owner_key=self.integration.pk)
            for user, account in zip(self.users, accounts, strict=True)
        )
        for user, account in zip(self.users, accounts, strict=True):
            user.account = account
        ProvisionedUser.objects.bulk_create(self.users)
        ProvisionedEmail.objects.bulk_create(
            ProvisionedEmail(user=user, integration=self.integration, value_key=key)
            for user in self.users
            for key in user.email_keys
        )
        Group.objects.bulk_create(self.groups)
        Membership.objects.bulk_create(
            Membership(group=group, user=user.account, source_id=user.pk) for group, user in self.members
        )
        return self

    @property
    def base(self) -> str:
        return scim_base(self.integration.tenant.slug, self.integration.pk)

    def rendered_users(self) -> list[dict[str, Any]]:
        """Return the users as clients read them."""
        found = []
        for user in self.users:
            groups = sorted((each for each, member in self.members if member is user), key=lambda g: (g.name_key, g.pk))
            listed = [self._reference("Groups", each.pk, "direct") | {"display": each.name} for each in groups]
            found.append(
                orjson.loads(
                    render_user(
                        user.pk,
                        user.document,
                        user.version,
                        user.created_at,
                        user.updated_at,
                        f"{self.base}/Users/{user.pk}",
                        orjson.dumps(listed).decode() if listed else None,
                    )
                )
            )
        return found

    def rendered_groups(self) -> list[dict[str, Any]]:
        """Return the groups as clients read them."""
        found = []
        for group in self.groups:
            members = [member for each, member in self.members if each is group]
            listed = [self._reference("Users", member.pk, "User") for member in members]
            found.append(
                orjson.loads(
                    render_group(
                        group.pk,
                        group.name,
                        group.external_id,
                        group.version,
                        group.created_at,
                        group.updated_at,
                        f"{self.base}/Groups/{group.pk}",
                        [orjson.dumps(listed)] if listed else None,
                    )
                )
            )
        return found

    def _reference(self, endpoint: str, id: str, kind: str) -> dict[str, str]:
        return {"value": id, "$ref": f"{self.base}/{endpoint}/{id}", "type": kind}
