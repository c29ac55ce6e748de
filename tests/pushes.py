"""What an integration pushes, without HTTP: the same documents and actions that its SCIM endpoint calls."""

from typing import Any

from django.db import transaction

from kestra_iam.models import Group
from kestra_iam.principals import SERVICE_ACCOUNT, Principal
from provisioning.actions import groups, user_rows, users
from provisioning.actions.groups import MemberStep
from provisioning.documents import user_attributes, user_document
from provisioning.models import Integration, ProvisionedUser
from provisioning.provisioner import Provisioner


class Push:
    """One integration at work: ``push.user("alice")``, ``push.group("Staff", alice)``.

    People are the ``ProvisionedUser`` rows that ``user`` returns; every method is one transaction.
    """

    def __init__(self, integration: Integration):
        account = integration.service_account
        self.integration = integration
        self.by = Provisioner(
            Principal(SERVICE_ACCOUNT, account.pk, account.name), integration.tenant, integration.pk, integration.name
        )

    @transaction.atomic
    def user(self, user_name: str, **attributes: Any) -> ProvisionedUser:
        given = user_attributes({"userName": user_name, **attributes})
        made = users.create_user(by=self.by, attributes=given, document=user_document(given))
        return self.again(made)

    @transaction.atomic
    def change(self, user: ProvisionedUser, **attributes: Any) -> ProvisionedUser:
        """PUT: what is not named is gone, but the userName."""
        locked = user_rows.lock(self.by, user.pk)
        given = user_attributes({"userName": locked.user_name, **attributes}, {"active": locked.active})
        users.update_user(by=self.by, user=locked, attributes=given, document=user_document(given))
        return self.again(user)

    @transaction.atomic
    def delete(self, user: ProvisionedUser) -> None:
        users.delete_user(by=self.by, user=user_rows.lock(self.by, user.pk))

    @transaction.atomic
    def group(self, name: str, *members: ProvisionedUser, external_id: str | None = None) -> Group:
        ids = [member.pk for member in members]
        return groups.create_group(by=self.by, name=name, external_id=external_id, member_ids=ids)

    @transaction.atomic
    def change_group(self, group: Group, *, name: str = "", external_id: str | None = None, **steps: Any) -> Group:
        """Rename, and ``add``, ``remove`` or ``replace`` lists of people."""
        locked = groups.lock_group(self.by, group.pk)
        members = tuple(MemberStep(kind, tuple(each.pk for each in people)) for kind, people in steps.items())
        groups.update_group(by=self.by, group=locked, name=name or locked.name, external_id=external_id, steps=members)
        return Group.objects.get(pk=group.pk)

    @transaction.atomic
    def delete_group(self, group: Group) -> None:
        groups.delete_group(by=self.by, group=groups.lock_group(self.by, group.pk))

    def again(self, user: ProvisionedUser) -> ProvisionedUser:
        return ProvisionedUser.objects.select_related("account", "source").get(pk=user.pk)
