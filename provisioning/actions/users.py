"""What a SCIM client does to people: push, change and withdraw one.

Every function runs inside the caller's transaction and writes its audit events there.
"""

from typing import Any

import orjson
from django.utils import timezone

from kestra_iam import audit
from kestra_iam.actions import guards, linking
from kestra_iam.actions.access_sources import end_source
from kestra_iam.actions.linking import Events, Fields
from kestra_iam.errors import Conflict, NotFound
from provisioning.documents import UserDocument, email_keys
from provisioning.models import ProvisionedEmail, ProvisionedUser
from provisioning.provisioner import Provisioner

Attributes = dict[str, Any]


def create_user(*, by: Provisioner, attributes: Attributes, document: UserDocument) -> ProvisionedUser:
    """Let a person in on behalf of an integration (RFC 7644 §3.3).

    Links an account that is at home in the tenant or has access already, else makes one at home here.
    Raises ``Conflict`` if this integration has a user of that userName.
    """
    _must_be_free(by, document)
    fields = account_fields(attributes)
    events: Events = []
    account = linking.find_account(by.tenant, document.user_name)
    is_new = account is None
    if account is None:
        account, events = linking.make_account(by.principal, by.tenant, fields)
    source, opened = linking.open_source(
        by.principal, by.tenant, by.owner, account, active=document.active, is_new=is_new
    )
    now = timezone.now()
    user = ProvisionedUser(
        source_id=source.pk,
        integration_id=by.integration_id,
        account_id=account.pk,
        created_at=now,
        updated_at=now,
    )
    _describe(user, document)
    with guards.taken(_taken(document), field="userName"):
        ProvisionedUser.objects.bulk_create([user])
    _write_emails(user, document)
    if not is_new and linking.follows(by.tenant, account):
        linking.write_fields(account, fields)
    details = {"external_id": document.external_id, "account": account.pk, "linked": not is_new}
    audit.write([*events, *opened, _event(by, "create", user, details)])
    return user


def lock_user(by: Provisioner, user_id: str) -> ProvisionedUser:
    """Return a user of this integration, locked until the transaction ends; raises ``NotFound``."""
    user = ProvisionedUser.objects.select_for_update().filter(pk=user_id, integration_id=by.integration_id).first()
    if user is None:
        raise NotFound("There is no such user.")
    return user


def update_user(*, by: Provisioner, user: ProvisionedUser, attributes: Attributes, document: UserDocument) -> bool:
    """Write a locked user's new attributes; return whether anything changed.

    What changes nothing counts no version. Raises ``Conflict`` if another user of this integration has the
    new userName.
    """
    if document.document == user.document:
        return False
    before = orjson.loads(user.document)
    renamed = document.user_name_key != user.user_name_key
    if renamed:
        _must_be_free(by, document)
    events: Events = []
    fields = account_fields(attributes)
    if renamed:
        events += _rename(by, user, fields)
    elif fields != account_fields(before) and linking.follows(by.tenant, user.account):
        linking.write_fields(user.account, fields)
    if document.active != user.active:
        events += linking.set_active(by.principal, by.tenant, user.source, user.account.username, document.active)
    if document.email_keys != email_keys(before):
        ProvisionedEmail.objects.filter(user=user).delete()
        _write_emails(user, document)
    _describe(user, document)
    user.version += 1
    user.updated_at = timezone.now()
    with guards.taken(_taken(document), field="userName"):
        user.save(update_fields=_COLUMNS)
    after = orjson.loads(document.document)
    changed = {
        name: [before.get(name), after.get(name)]
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    }
    audit.write([*events, _event(by, "update", user, {"changed": changed})])
    return True


def delete_user(*, by: Provisioner, user: ProvisionedUser) -> None:
    """End the access that this integration gives a person; the account stays (RFC 7644 §3.6).

    With the last source go the person's bindings, memberships and tokens of this tenant, and the password
    and sessions of an account at home here.
    """
    source, account = user.source, user.account
    ProvisionedEmail.objects.filter(user=user).delete()
    ProvisionedUser.objects.filter(pk=user.pk).delete()
    events = end_source(by.principal, by.tenant, source, account)
    audit.write([*events, _event(by, "delete", user, {"account": account.pk})])


def account_fields(attributes: Attributes) -> Fields:
    """Return what an account takes over from SCIM attributes: userName, one e-mail address, names."""
    emails = attributes.get("emails") or [{}]
    chosen = next((email for email in emails if email.get("primary")), emails[0])
    name = attributes.get("name") or {}
    return Fields(
        username=attributes["userName"],
        email=(chosen.get("value") or "")[:320],
        first_name=(name.get("givenName") or "")[:255],
        last_name=(name.get("familyName") or "")[:255],
    )


_COLUMNS = [
    "account",
    "user_name",
    "user_name_key",
    "external_id",
    "display_name_key",
    "active",
    "document",
    "version",
    "updated_at",
]


def _describe(user: ProvisionedUser, document: UserDocument) -> None:
    user.user_name = document.user_name
    user.user_name_key = document.user_name_key
    user.external_id = document.external_id
    user.display_name_key = document.display_name_key
    user.active = document.active
    user.document = document.document


def _rename(by: Provisioner, user: ProvisionedUser, fields: Fields) -> Events:
    """Follow a new userName: to the account of that name, by renaming this one, or to a new one."""
    old = user.account
    new = linking.find_account(by.tenant, fields.username)
    events: Events = []
    if new is None and linking.follows(by.tenant, old):
        events.append(
            audit.event(
                by.principal, by.tenant, "account.rename", "USERS", old.pk, fields.username, {"before": old.username}
            )
        )
        linking.write_fields(old, fields)
        return events
    if new is None:
        new, events = linking.make_account(by.principal, by.tenant, fields)
    if new.pk == old.pk:
        return events
    user.account = new
    return events + linking.move_source(by.principal, by.tenant, user.source, old, new)


def _must_be_free(by: Provisioner, document: UserDocument) -> None:
    holder = (
        ProvisionedUser.objects.filter(integration_id=by.integration_id, user_name_key=document.user_name_key)
        .values_list("pk", flat=True)
        .first()
    )
    if holder is not None:
        raise Conflict(f"{_taken(document)} It is the user {holder}.", field="userName")


def _taken(document: UserDocument) -> str:
    return f"The userName '{document.user_name[:100]}' is taken in this integration."


def _write_emails(user: ProvisionedUser, document: UserDocument) -> None:
    ProvisionedEmail.objects.bulk_create(
        [
            ProvisionedEmail(user_id=user.pk, integration_id=user.integration_id, value_key=key)
            for key in document.email_keys
        ]
    )


def _event(by: Provisioner, verb: str, user: ProvisionedUser, details: dict[str, Any]) -> audit.AuditEvent:
    return audit.event(by.principal, by.tenant, f"user.{verb}", "USERS", user.account_id, user.user_name, details)
