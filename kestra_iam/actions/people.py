"""People made and let in by hand."""

from kestra_iam import access, audit
from kestra_iam.actions import guards
from kestra_iam.actions.access_sources import end_sources
from kestra_iam.actions.passwords import set_password
from kestra_iam.errors import Conflict, NotFound
from kestra_iam.models import AccessSource, Suspension, User
from kestra_iam.principals import Principal
from tenants.fields import fold
from tenants.models import Tenant

UNKNOWN = "Nobody of that username is known in this tenant: an instance owner can let them in."


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
    set_password(user, password)
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
    ``Forbidden`` otherwise, ``NotFound`` for an account at home in another tenant, and, from anybody but an
    instance owner, for one that this tenant does not know: nobody learns here who exists elsewhere.
    """
    known = user.home_id == tenant.pk or AccessSource.objects.filter(tenant=tenant, user=user).exists()
    if not known and (user.home_id is not None or not access.owns_instance(by)):
        raise NotFound(UNKNOWN, field="username")
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


def _everything_of(tenant: Tenant, user: User):
    return frozenset().union(*(origin.permissions for origin in access.origins(tenant, user)))


def _record(by: Principal, tenant: Tenant | None, verb: str, user: User) -> None:
    audit.record(by=by, tenant=tenant, verb=verb, resource="USERS", id=user.pk, name=user.username)
