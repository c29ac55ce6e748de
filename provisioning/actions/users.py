"""What a SCIM client does to people: push, change and withdraw one.

Every function runs inside the caller's transaction and writes its audit events there.
"""

from typing import Any

import orjson
from django.db.models import Subquery
from django.utils import timezone

from kestra_iam import audit
from kestra_iam.actions import guards, linking
from kestra_iam.actions.access_sources import end_sources
from kestra_iam.actions.linking import Events, Fields
from kestra_iam.errors import Conflict, NotFound
from kestra_iam.models import AccessSource, User
from provisioning.documents import UserDocument, email_keys
from provisioning.models import Integration, ProvisionedEmail, ProvisionedUser
from provisioning.provisioner import Provisioner
from provisioning.reading import USER_COLUMNS
from tenants.compiled import USING, CompiledQuery, CompiledWrites, sent_together

Attributes = dict[str, Any]


def create_user(*, by: Provisioner, attributes: Attributes, document: UserDocument) -> ProvisionedUser:
    """Let a person in on behalf of an integration (RFC 7644 §3.3).

    Links an account that is at home in the tenant or has access already, else makes one at home here.
    Raises ``Conflict`` if this integration has a user of that userName.
    """
    holder, account_id = _named(by, document)
    if holder is not None:
        raise Conflict(f"{_taken(document)} It is the user {holder}.", field="userName")
    with guards.taken(_taken(document), field="userName"):
        if account_id is not None:
            return _link(by, User.objects.get(pk=account_id), attributes, document)
        with sent_together():
            account, events = linking.make_account(by.principal, by.tenant, account_fields(attributes))
            return _open(by, account, document, events, is_new=True)


def _link(by: Provisioner, account: User, attributes: Attributes, document: UserDocument) -> ProvisionedUser:
    user = _open(by, account, document, [], is_new=False)
    if linking.follows(by.tenant, account):
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
    _describe(user, document)
    _users.insert([user])
    _write_emails(user, document)
    details = {"external_id": document.external_id, "account": account.pk, "linked": not is_new}
    audit.write([*events, *opened, _event(by, "create", user, details)])
    return user


def lock_user(by: Provisioner, user_id: str) -> ProvisionedUser:
    """Return a user of this integration, locked until the transaction ends, with ``groups`` as in ``UserRow``.

    Raises ``NotFound``.
    """
    rows = _locked_user.rows(integration_id=by.integration_id, id=user_id)
    if not rows:
        raise NotFound("There is no such user.")
    *columns, groups = rows[0]
    user = ProvisionedUser.from_db(USING, _LOCKED, columns)
    user.groups = groups
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
    if renamed and (holder := _named(by, document)[0]) is not None:
        raise Conflict(f"{_taken(document)} It is the user {holder}.", field="userName")
    events: Events = []
    fields = account_fields(attributes)
    if renamed:
        events += _rename(by, user, fields)
    elif fields != account_fields(before) and linking.follows(by.tenant, user.account):
        linking.write_fields(user.account, fields)
    if document.active != user.active:
        events += linking.set_active(by.principal, by.tenant, _source(by, user), user.user_name, document.active)
    if document.email_keys != email_keys(before):
        ProvisionedEmail.objects.filter(user=user).delete()
        _write_emails(user, document)
    _describe(user, document)
    user.version += 1
    user.updated_at = timezone.now()
    changed = {
        name: [before.get(name), attributes.get(name)]
        for name in (before.keys() | attributes.keys()) - {"schemas"}
        if before.get(name) != attributes.get(name)
    }
    with guards.taken(_taken(document), field="userName"), sent_together():
        _users.update(user, _COLUMNS)
        audit.write([*events, _event(by, "update", user, {"changed": changed})])
    return True


def delete_user(*, by: Provisioner, user: ProvisionedUser) -> None:
    """End the access that this integration gives a person; the account stays (RFC 7644 §3.6).

    With the last source go the person's bindings, memberships and tokens of this tenant, and the password
    and sessions of an account at home here.
    """
    source = user.source
    ProvisionedEmail.objects.filter(user=user).delete()
    ProvisionedUser.objects.filter(pk=user.pk).delete()
    events = end_sources(by.principal, by.tenant, [source])
    audit.write([*events, _event(by, "delete", user, {"account": source.user_id})])


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


_users = CompiledWrites(ProvisionedUser)
_emails = CompiledWrites(ProvisionedEmail)
_COLUMNS = (
    "account",
    "user_name",
    "user_name_key",
    "external_id",
    "display_name_key",
    "active",
    "document",
    "folded",
    "version",
    "updated_at",
)
_LOCKED = [field.attname for field in ProvisionedUser._meta.concrete_fields]
_locked_user = CompiledQuery(
    lambda integration_id, id: (
        ProvisionedUser.objects.select_for_update()
        .filter(integration_id=integration_id, pk=id)
        .values_list(*_LOCKED, USER_COLUMNS[-1])
    )
)
# Who holds a userName in the integration, and which account it would link to, in one statement.
_find_named = CompiledQuery(
    lambda integration_id, tenant_id, key: (
        Integration.objects.filter(pk=integration_id)
        .order_by()
        .values_list(
            Subquery(ProvisionedUser.objects.filter(integration_id=integration_id, user_name_key=key).values("pk")[:1]),
            Subquery(linking.accounts_of(tenant_id, key).values("pk")[:1]),
        )
    )
)


def _describe(user: ProvisionedUser, document: UserDocument) -> None:
    user.user_name = document.user_name
    user.user_name_key = document.user_name_key
    user.external_id = document.external_id
    user.display_name_key = document.display_name_key
    user.active = document.active
    user.document = document.document
    user.folded = document.folded


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


def _named(by: Provisioner, document: UserDocument) -> tuple[str | None, str | None]:
    """Return the id of this integration's user of that name, and of the account that the name links to."""
    rows = _find_named.rows(integration_id=by.integration_id, tenant_id=by.tenant.pk, key=document.user_name_key)
    return rows[0] if rows else (None, None)


def _source(by: Provisioner, user: ProvisionedUser) -> AccessSource:
    """Return the source of a user; all that is known of it is known here."""
    return AccessSource(
        pk=user.pk,
        tenant_id=by.tenant.pk,
        user_id=user.account_id,
        managed_by_id=by.principal.id,
        owner_key=by.integration_id,
        owner_name=by.name,
        active=user.active,
    )


def _taken(document: UserDocument) -> str:
    return f"The userName '{document.user_name[:100]}' is taken in this integration."


def _write_emails(user: ProvisionedUser, document: UserDocument) -> None:
    _emails.insert(
        [
            ProvisionedEmail(user_id=user.pk, integration_id=user.integration_id, value_key=key)
            for key in document.email_keys
        ]
    )


def _event(by: Provisioner, verb: str, user: ProvisionedUser, details: dict[str, Any]) -> audit.AuditEvent:
    return audit.event(by.principal, by.tenant, f"user.{verb}", "USERS", user.account_id, user.user_name, details)
