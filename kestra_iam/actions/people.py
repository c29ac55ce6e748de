"""People made and let in by hand."""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from kestra_iam import access, audit
from kestra_iam.actions import guards
from kestra_iam.actions.access_sources import end_sources
from kestra_iam.errors import Conflict, Forbidden, Invalid, NotFound
from kestra_iam.models import AccessSource, SignInLink, Suspension, User
from kestra_iam.principals import Principal
from tenants.fields import fold
from tenants.models import Tenant

SIGN_IN_LINK_LIFETIME = timedelta(hours=24)


@guards.one_transaction()
def create_account(
    *,
    by: Principal,
    username: str,
    password: str | None = None,
    email: str = "",
    first_name: str = "",
    last_name: str = "",
    instance_owner: bool = False,
) -> User:
    """Create an account at home in the instance; it enters no tenant yet.

    Raises ``Forbidden`` for anybody but an instance owner, ``Conflict`` for a username that is taken,
    ``Invalid`` for a password that is too weak.
    """
    guards.must_own_instance(by, "Creating an account of the instance")
    user = User(
        username=guards.text(username, field="username"),
        email=guards.text(email, field="email", longest=320, required=False),
        first_name=guards.text(first_name, field="first_name", required=False),
        last_name=guards.text(last_name, field="last_name", required=False),
        instance_owner=instance_owner,
    )
    user.username_key = fold(user.username)[:255]
    _set_password(user, password)
    message = f"There is an account '{user.username}' already."
    if User.objects.filter(home_key="", username_key=user.username_key).exists():
        raise Conflict(message, field="username")
    with guards.taken(message, field="username"):
        user.save(force_insert=True)
    details = {"email": user.email, "instance_owner": instance_owner}
    audit.record(
        by=by, tenant=None, verb="account.create", resource="USERS", id=user.pk, name=user.username, details=details
    )
    return user


@guards.one_transaction()
def let_in(*, by: Principal, tenant: Tenant, user: User) -> AccessSource:
    """Give a person access to a tenant by hand; a second time changes nothing.

    It brings back roles that a suspended person still has here, so ``by`` must hold them. Raises
    ``Forbidden`` otherwise, ``NotFound`` for an account at home in another tenant.
    """
    if user.home_id not in (None, tenant.pk):
        raise NotFound("There is no such account.", field="username")
    guards.must_hold(by, tenant, _everything_of(tenant, user), f"Letting in {user.username}")
    source, created = AccessSource.objects.get_or_create(tenant=tenant, user=user, owner_key="")
    if created:
        audit.write([audit.of_access(by, "grant", tenant, source, user.username)])
    return source


def end_access(*, by: Principal, tenant: Tenant, user: User) -> None:
    """Take back the access given by hand; what integrations bring stays.

    Raises ``NotFound`` if none was given, ``Conflict`` if the last Admin would go.
    """
    with guards.keeping_an_admin(tenant):
        by_hand = AccessSource.objects.filter(tenant=tenant, user=user, owner_key="").select_related("user")
        if not by_hand:
            raise NotFound(f"{user.username} was not let in by hand.")
        audit.write(end_sources(by, tenant, list(by_hand)))


def suspend_person(*, by: Principal, tenant: Tenant, user: User) -> None:
    """Stop a person's access to the tenant over all its sources, from the next request on.

    Raises ``NotFound`` for somebody without access, ``Conflict`` if the last Admin would go.
    """
    with guards.keeping_an_admin(tenant):
        guards.must_have_access(tenant, user)
        if Suspension.objects.get_or_create(tenant=tenant, user=user)[1]:
            _record(by, tenant, "person.suspend", user)


@guards.one_transaction()
def resume_person(*, by: Principal, tenant: Tenant, user: User) -> None:
    """Lift a suspension; it gives back what the person may do, so ``by`` must hold all of it.

    Raises ``Forbidden`` otherwise.
    """
    guards.must_hold(by, tenant, _everything_of(tenant, user), f"Resuming {user.username}")
    if Suspension.objects.filter(tenant=tenant, user=user).delete()[0]:
        _record(by, tenant, "person.resume", user)


@guards.one_transaction()
def change_password(*, by: Principal, user: User, password: str) -> None:
    """Set an account's password; its sessions end with the old one.

    Raises ``Forbidden`` for anybody but the person and instance owners, ``Invalid`` for one that is too weak,
    ``NotFound`` for an account at home in a tenant that no longer has access there.
    """
    if by.id != user.pk:
        guards.must_own_instance(by, "Changing somebody else's password")
    if user.home is not None:
        guards.must_have_access(user.home, user)
    _set_password(user, password)
    user.save(update_fields=["password"])
    _record(by, user.home, "password.change", user)


@guards.one_transaction()
def issue_sign_in_link(*, by: Principal, tenant: Tenant, user: User) -> str:
    """Return the secret of a link with which ``user`` sets a password: one use, 24 hours; older links end.

    Who has the link becomes this person, so ``by`` must hold everything the person may do, now or once an
    integration resumes them. Raises ``Forbidden`` otherwise and for an account that is not at home here,
    ``NotFound`` for somebody without access.
    """
    if user.home_id != tenant.pk:
        raise Forbidden(f"{user.username} is at home outside this tenant and signs in there.")
    # A password set now would otherwise wait for the next person of that userName.
    guards.must_have_access(tenant, user)
    guards.must_hold(by, tenant, access.of_person(tenant, user), f"A sign-in link of {user.username}")
    secret = secrets.token_urlsafe(32)
    SignInLink.objects.update_or_create(
        user=user,
        defaults={
            "tenant": tenant,
            "digest": _digest(secret),
            "expires_at": timezone.now() + SIGN_IN_LINK_LIFETIME,
        },
    )
    _record(by, tenant, "sign-in-link.create", user)
    return secret


def sign_in_link_account(*, tenant: Tenant, secret: str) -> User | None:
    """Return whose password this link sets, none if it was used, replaced, or is older than 24 hours."""
    link = (
        SignInLink.objects.select_related("user")
        .filter(tenant=tenant, digest=_digest(secret), expires_at__gt=timezone.now())
        .first()
    )
    return link.user if link else None


@guards.one_transaction()
def use_sign_in_link(*, by: Principal, tenant: Tenant, secret: str, password: str) -> User:
    """Set the password of the link's account and use the link up.

    Raises ``NotFound`` for a link that is no longer valid, ``Invalid`` for a password that is too weak.
    """
    link = SignInLink.objects.select_for_update().filter(tenant=tenant, digest=_digest(secret)).first()
    if link is None or link.expires_at <= timezone.now():
        raise NotFound("This sign-in link was used already or has expired: ask for a new one.")
    user = link.user
    _set_password(user, password)
    user.save(update_fields=["password"])
    link.delete()
    _record(
        access.principal_of(user).seen_from(source_address=by.source_address, request_id=by.request_id),
        tenant,
        "sign-in-link.use",
        user,
    )
    return user


def _set_password(user: User, password: str | None) -> None:
    if password is not None:
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise Invalid(" ".join(error.messages), field="password") from None
    user.set_password(password)


def _everything_of(tenant: Tenant, user: User):
    return frozenset().union(*(origin.permissions for origin in access.origins(tenant, user)))


def _record(by: Principal, tenant: Tenant | None, verb: str, user: User) -> None:
    audit.record(by=by, tenant=tenant, verb=verb, resource="USERS", id=user.pk, name=user.username)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
