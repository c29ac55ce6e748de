"""The rows behind one pushed user: how they are found, locked and written."""

from collections.abc import Collection
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils import timezone

from kestra_iam.actions import linking
from kestra_iam.errors import NotFound
from kestra_iam.models import AccessSource
from provisioning.documents import UserDocument
from provisioning.models import Integration, ProvisionedEmail, ProvisionedUser
from provisioning.provisioner import Provisioner
from provisioning.reading import USER_COLUMNS
from tenants.compiled import USING, CompiledQuery, CompiledWrites, exactly

_users = CompiledWrites(ProvisionedUser)
_emails = CompiledWrites(ProvisionedEmail)
_CHANGED = (
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
_COLUMNS = [field.attname for field in ProvisionedUser._meta.concrete_fields]
_locked_user = CompiledQuery(
    lambda integration_id, tenant_id, id: (
        ProvisionedUser.objects.select_for_update()
        .filter(integration_id=integration_id, pk=id)
        .values_list(
            *_COLUMNS,
            USER_COLUMNS[-1],
            Subquery(linking.followers(tenant_id, OuterRef("account_id")).values("email")),
        )
    )
)


def _of_name(integration_id: str, key: str) -> Any:
    users = ProvisionedUser.objects.filter(exactly("user_name_key", key), integration_id=integration_id)
    return users.order_by("user_name_key").values("pk")[:1]


_find_named = CompiledQuery(
    lambda integration_id, tenant_id, key: (
        Integration.objects.filter(pk=integration_id)
        .order_by()
        .values_list(
            Subquery(_of_name(integration_id, key)),
            linking.linked_account(tenant_id, key),
        )
    )
)


def lock(by: Provisioner, user_id: str) -> ProvisionedUser:
    """Return a user of this integration, locked until the transaction ends, with ``groups`` as in ``UserRow``, and
    with ``account_email`` if its account follows this integration.

    Raises ``NotFound``.
    """
    rows = _locked_user.rows(integration_id=by.integration_id, tenant_id=by.tenant.pk, id=user_id)
    if not rows:
        raise NotFound("There is no such user.")
    *columns, groups, account_email = rows[0]
    user = ProvisionedUser.from_db(USING, _COLUMNS, columns)
    user.groups, user.account_email = groups, account_email
    return user


def named(by: Provisioner, document: UserDocument) -> tuple[str | None, str | None]:
    """Return the id of this integration's user of that userName, and of the account that the name links to."""
    rows = _find_named.rows(integration_id=by.integration_id, tenant_id=by.tenant.pk, key=document.user_name_key)
    return rows[0] if rows else (None, None)


def known_names(by: Provisioner, keys: Collection[str]) -> set[str]:
    """Return which of these folded userNames this integration's users have, or accounts that they link to."""
    rows = _find_named.rows_of_each("key", list(keys), integration_id=by.integration_id, tenant_id=by.tenant.pk)
    return {key for key, user, account in rows if user or account}


def source_of(by: Provisioner, user: ProvisionedUser) -> AccessSource:
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


def insert(user: ProvisionedUser, document: UserDocument) -> None:
    """Write a new user and its e-mail rows."""
    _describe(user, document)
    _users.insert([user])
    _write_emails(user, document)


def count_change(user: ProvisionedUser, document: UserDocument) -> None:
    """Write what has changed of a user as a new version."""
    _describe(user, document)
    user.version += 1
    user.updated_at = timezone.now()
    _users.update(user, _CHANGED)


def replace_emails(user: ProvisionedUser, document: UserDocument) -> None:
    """Write the e-mail rows anew."""
    _emails.delete("user", user.pk)
    _write_emails(user, document)


def delete(user: ProvisionedUser) -> None:
    """Delete a user's own rows; its source stays."""
    _emails.delete("user", user.pk)
    _users.delete("source", user.pk)


def _describe(user: ProvisionedUser, document: UserDocument) -> None:
    user.user_name = document.user_name
    user.user_name_key = document.user_name_key
    user.external_id = document.external_id
    user.display_name_key = document.display_name_key
    user.active = document.active
    user.document = document.document
    user.folded = document.folded


def _write_emails(user: ProvisionedUser, document: UserDocument) -> None:
    keys = document.email_keys
    _emails.insert(
        [ProvisionedEmail(user_id=user.pk, integration_id=user.integration_id, value_key=key) for key in keys]
    )
