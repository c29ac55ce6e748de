"""Many people at once: new users that nobody knows yet, looked up and written together."""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import IntegrityError, transaction

from provisioning.actions import user_rows, users
from provisioning.documents import UserDocument
from provisioning.models import ProvisionedUser
from provisioning.provisioner import Provisioner
from tenants.statements import sent_together


class NewUser(NamedTuple):
    """Somebody to let in, as ``users.create_user`` takes them."""

    attributes: users.Attributes
    document: UserDocument


def strangers(*, by: Provisioner, wanted: Sequence[NewUser | None]) -> list[bool]:
    """Return for each one whether nobody has their userName: no user of this integration, no account that it might
    link, and nobody earlier among those wanted. None stands for one that cannot be made."""
    names = user_rows.known_names(by, [each.document.user_name_key for each in wanted if each])
    found = []
    for each in wanted:
        found.append(each is not None and each.document.user_name_key not in names)
        if each is not None:
            names.add(each.document.user_name_key)
    return found


def create_strangers(*, by: Provisioner, wanted: Sequence[NewUser]) -> list[ProvisionedUser]:
    """Let several strangers in, all or none, inside the caller's transaction, with the audit events of each.

    Returns none if the database refuses one of them, as it does when another writer was faster: then
    ``users.create_user`` finds out whom, one by one.
    """
    try:
        with transaction.atomic(), sent_together():
            return [users.make_user(by, each.attributes, each.document) for each in wanted]
    except IntegrityError:
        return []
