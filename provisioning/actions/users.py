"""What a SCIM client does to people: push, change and withdraw one.

Every function runs inside the caller's transaction and writes its audit events there.
"""

from typing import Any

import orjson
from django.utils import timezone

from kestra_iam import audit
from kestra_iam.actions import guards, linking
from kestra_iam.actions.access_sources import end_source, forget_unless_let_in
from kestra_iam.actions.linking import Events, Fields
from kestra_iam.errors import Conflict
from kestra_iam.models import User
from provisioning.actions import user_rows
from provisioning.documents import UserDocument, email_keys
from provisioning.models import ProvisionedUser
from provisioning.provisioner import Provisioner
from tenants.statements import sent_together

Attributes = dict[str, Any]


def create_user(*, by: Provisioner, attributes: Attributes, document: UserDocument) -> ProvisionedUser:
    """Let a person in on behalf of an integration (RFC 7644 §3.3).

    Links an account that is at home in the tenant or has access already, else makes one at home here.
    Raises ``Conflict`` if this integration has a user of that userName.
    """
    holder, account_id = user_rows.named(by, document)
    if holder is not None:
        raise Conflict(f"{_taken(document)} It is the user {holder}.", field="userName")
    with guards.taken(_taken(document), field="userName"):
        if account_id is not None:
            return _link(by, User.objects.get(pk=account_id), attributes, document)
        with sent_together(last=True):
            return make_user(by, attributes, document)


def make_user(by: Provisioner, attributes: Attributes, document: UserDocument) -> ProvisionedUser:
    """Let in a person whom nobody knows under this userName, with an account at home in the tenant."""
    account, events = linking.make_account(by.principal, by.tenant, account_fields(attributes))
    return _open(by, account, document, events, is_new=True)


def _link(by: Provisioner, account: User, attributes: Attributes, document: UserDocument) -> ProvisionedUser:
    user = _open(by, account, document, [], is_new=False)
    if linking.followers(by.tenant.pk, account.pk).exists():
        linking.write_fields(account, account_fields(attributes))
    return user


def _open(by: Provisioner, account: User, document: UserDocument, events: Events, *, is_new: bool) -> ProvisionedUser:
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
    user_rows.insert(user, document)
    details = {"external_id": document.external_id, "account": account.pk, "linked": not is_new}
    audit.write([*events, *opened, _event(by, "create", user, details)])
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
    if renamed and (holder := user_rows.named(by, document)[0]) is not None:
        raise Conflict(f"{_taken(document)} It is the user {holder}.", field="userName")
    events: Events = []
    fields = account_fields(attributes)
    if renamed:
        events += _rename(by, user, fields)
    changed = {
        name: [before.get(name), attributes.get(name)]
        for name in (before.keys() | attributes.keys()) - {"schemas"}
        if before.get(name) != attributes.get(name)
    }
    with guards.taken(_taken(document), field="userName"), sent_together(last=True):
        if not renamed and user.account_email is not None and fields != account_fields(before):
            linking.write_fields(User(pk=user.account_id, email=user.account_email), fields)
        if document.active != user.active:
            source = user_rows.source_of(by, user)
            events += linking.set_active(by.principal, by.tenant, source, user.user_name, document.active)
        if document.email_keys != email_keys(before):
            user_rows.replace_emails(user, document)
        user_rows.count_change(user, document)
        audit.write([*events, _event(by, "update", user, {"changed": changed})])
    return True


def delete_user(*, by: Provisioner, user: ProvisionedUser) -> None:
    """End the access that this integration gives a person; the account stays (RFC 7644 §3.6).

    With the last source go the person's bindings, memberships and tokens of this tenant, and the password
    and sessions of an account at home here.
    """
    with sent_together():
        user_rows.delete(user)
        events, has_more = end_source(by.principal, by.tenant, user_rows.source_of(by, user))
        audit.write([*events, _event(by, "delete", user, {"account": user.account_id})])
    if has_more:
        audit.write(forget_unless_let_in(by.principal, by.tenant, [user.account]))


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


def _rename(by: Provisioner, user: ProvisionedUser, fields: Fields) -> Events:
    """Follow a new userName: to the account of that name, by renaming this one, or to a new one."""
    old = user.account
    new = linking.find_account(by.tenant, fields.username)
    events: Events = []
    if new is None and user.account_email is not None:
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


def _taken(document: UserDocument) -> str:
    return f"The userName '{document.user_name[:100]}' is taken in this integration."


def _event(by: Provisioner, verb: str, user: ProvisionedUser, details: dict[str, Any]) -> audit.Event:
    return audit.event(by.principal, by.tenant, f"user.{verb}", "USERS", user.account_id, user.user_name, details)
