"""Passwords, and the one-use links with which people at home in a tenant set theirs."""

import hashlib
import secrets
from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from kestra_iam import access, audit
from kestra_iam.actions import guards
from kestra_iam.errors import Forbidden, Invalid, NotFound
from kestra_iam.models import SignInLink, User
from kestra_iam.principals import Principal
from tenants.models import Tenant

SIGN_IN_LINK_LIFETIME = timedelta(hours=24)


def set_password(user: User, password: str | None) -> None:
    """Put a password, none for None, on an account to be saved; raises ``Invalid`` for one that is too weak."""
    if password is not None:
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise Invalid(" ".join(error.messages), field="password") from None
    user.set_password(password)


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
    set_password(user, password)
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
    set_password(user, password)
    user.save(update_fields=["password"])
    link.delete()
    _record(
        access.principal_of(user).seen_from(source_address=by.source_address, request_id=by.request_id),
        tenant,
        "sign-in-link.use",
        user,
    )
    return user


def _record(by: Principal, tenant: Tenant | None, verb: str, user: User) -> None:
    audit.record(by=by, tenant=tenant, verb=verb, resource="USERS", id=user.pk, name=user.username)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
