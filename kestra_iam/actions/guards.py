"""What actions made by people check before and after they write."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import IntegrityError, OperationalError, transaction

from kestra_iam import access, permissions
from kestra_iam.errors import Conflict, Forbidden, Invalid, NotFound, Overtaken
from kestra_iam.models import AccessSource, Group, Role, ServiceAccount, User
from kestra_iam.permissions import Permissions
from kestra_iam.principals import Principal
from tenants.compiled import CompiledQuery
from tenants.models import Tenant

# PostgreSQL: serialization failure, deadlock detected.
_UNDONE_BY_OTHERS = ("40001", "40P01")
_NOT_UNIQUE = "23505"


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


def hold_access(tenant: Tenant, users: Iterable[User]) -> set[str]:
    """Keep others from ending or moving these people's access until the transaction ends.

    Returns the ids of those who have any: whoever gives something and whoever takes the last access away
    meet here, so that nothing given outlives it.
    """
    held = list(users)
    if len(held) == 1:
        return {user_id for (user_id,) in _hold_one.rows(tenant_id=tenant.pk, user_id=held[0].pk)}
    sources = AccessSource.objects.select_for_update(no_key=True).filter(tenant=tenant, user__in=held)
    return set(sources.order_by("pk").values_list("user_id", flat=True))


_hold_one = CompiledQuery(
    lambda tenant_id, user_id: (
        AccessSource.objects.select_for_update(no_key=True)
        .filter(tenant=tenant_id, user=user_id)
        .order_by("pk")
        .values_list("user_id")
    )
)


def must_have_access(tenant: Tenant, user: User) -> None:
    """Raise ``NotFound`` unless ``user`` has a source of access to ``tenant``, and hold it."""
    if not hold_access(tenant, [user]):
        raise NotFound(f"{user.username} has no access to {tenant.name}: let them in first.", field="user")


def is_overtaken(error: Exception) -> bool:
    """Return whether a transaction failed since another writer was faster, so that a second try meets its work."""
    sqlstate = getattr(error.__cause__, "sqlstate", None)
    return isinstance(error, IntegrityError | Overtaken) or sqlstate in _UNDONE_BY_OTHERS


@contextmanager
def one_transaction() -> Iterator[None]:
    """Run an action in one transaction.

    Raises ``Overtaken`` if somebody else has made or removed meanwhile what it relied on.
    """
    try:
        with transaction.atomic():
            yield
    except (IntegrityError, OperationalError) as error:
        if not is_overtaken(error):
            raise
        raise Overtaken("Somebody else changed this at the same moment: look again, then try again.") from None


@contextmanager
def keeping_an_admin(tenant: Tenant) -> Iterator[None]:
    """Run the block in a transaction that holds the tenant's row; undo it if the tenant's last Admin went.

    Raises ``Conflict`` when somebody was an active Admin before and nobody is after.
    """
    with one_transaction():
        hold_tenant(tenant)
        had = access.active_admins(tenant).exists()
        yield
        if had and not access.active_admins(tenant).exists():
            raise Conflict(
                f"This would leave {tenant.name} without an active {permissions.ADMIN}: "
                f"give the role {permissions.ADMIN} to somebody else first."
            )


def hold_tenant(tenant: Tenant) -> None:
    """Let one action after another of a tenant pass; what integrations push does not wait."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)


@contextmanager
def taken(message: str, *, field: str = "name") -> Iterator[None]:
    """Turn a broken unique constraint into ``Overtaken(message)``, which undoes the transaction it happens in."""
    try:
        yield
    except IntegrityError as error:
        # A statement that is a transaction by itself tells of a row it refers to that is gone, too.
        if getattr(error.__cause__, "sqlstate", _NOT_UNIQUE) != _NOT_UNIQUE:
            raise
        raise Overtaken(message, field=field) from None


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
