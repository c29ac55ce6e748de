"""What actions made by people check before and after they write."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from kestra_iam import access, permissions
from kestra_iam.errors import Conflict, Forbidden, Invalid
from kestra_iam.models import Group, Role, ServiceAccount
from kestra_iam.permissions import Permissions
from kestra_iam.principals import Principal
from tenants.models import Tenant


def must_hold(by: Principal, tenant: Tenant, given: Permissions, doing: str) -> None:
    """Refuse a grant by somebody who does not hold everything it gives.

    Raises ``Forbidden`` naming what is missing.
    """
    lacking = access.missing(by, tenant, given)
    if lacking:
        raise Forbidden(f"{doing} gives permissions that you do not hold: {permissions.sentence(lacking)}.")


def must_own_instance(by: Principal, doing: str) -> None:
    """Raise ``Forbidden`` unless ``by`` manages the instance."""
    if not access.owns_instance(by):
        raise Forbidden(f"{doing} is for instance owners.")


def must_be_unmanaged(thing: Group | Role | ServiceAccount) -> None:
    """Refuse to change by hand what the product or an integration manages.

    Raises ``Forbidden`` saying who manages it.
    """
    if isinstance(thing, Group):
        if thing.managed_by_id is not None:
            raise Forbidden(
                f"The group {thing.name} is managed by the integration {thing.owner_name}: change it there."
            )
    elif thing.managed:
        kind = thing._meta.verbose_name
        raise Forbidden(f"The {kind} {thing.name} is managed by the product and cannot be changed.")


@contextmanager
def keeping_an_admin(tenant: Tenant) -> Iterator[None]:
    """Run the block in a transaction that holds the tenant's row; undo it if the tenant's last Admin went.

    Raises ``Conflict`` when somebody was an active Admin before and nobody is after.
    """
    with transaction.atomic():
        Tenant.objects.select_for_update().get(pk=tenant.pk)
        had = access.active_admins(tenant).exists()
        yield
        if had and not access.active_admins(tenant).exists():
            raise Conflict(
                f"This would leave {tenant.name} without an active {permissions.ADMIN}: "
                f"give the role {permissions.ADMIN} to somebody else first."
            )


@contextmanager
def taken(message: str, *, field: str = "name") -> Iterator[None]:
    """Turn a broken unique constraint into ``Conflict(message)``, which undoes the transaction it happens in."""
    try:
        yield
    except IntegrityError:
        raise Conflict(message, field=field) from None


def text(value: str, *, field: str, longest: int = 255, required: bool = True) -> str:
    """Return ``value`` trimmed.

    Raises ``Invalid`` for a blank where one is needed, for more than ``longest`` characters and for NUL
    or unpaired surrogates, which no database keeps.
    """
    value = value.strip()
    label = field.replace("_", " ").capitalize()
    if required and not value:
        raise Invalid(f"{label} must not be empty.", field=field)
    if len(value) > longest:
        raise Invalid(f"{label} has {len(value)} characters: use at most {longest}.", field=field)
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise Invalid(f"{label} holds a character that cannot be stored (NUL or half a surrogate pair).", field=field)
    return value
