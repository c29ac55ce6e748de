"""Service accounts made by hand, and API tokens."""

import re
from datetime import datetime

from django.db.models import QuerySet

from kestra_iam import access, audit, tokens
from kestra_iam.actions import guards
from kestra_iam.actions.bindings import unbind
from kestra_iam.errors import Forbidden, Invalid, NotFound
from kestra_iam.models import ApiToken, Binding, ServiceAccount, User
from kestra_iam.principals import OPERATOR, Principal
from tenants.models import Tenant

_LABEL = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@guards.one_transaction()
def create_service_account(
    *, by: Principal, tenant: Tenant, name: str, description: str = "", managed_as: str = ""
) -> ServiceAccount:
    """Create a program's account; ``managed_as`` is the id of the integration that it belongs to.

    Raises ``Invalid`` for a name that is no DNS label (Kestra's clients refuse others), ``Conflict`` for
    one that is taken.
    """
    account = ServiceAccount(
        tenant=tenant,
        name=label(name),
        description=guards.text(description, field="description", longest=1024, required=False),
        managed=bool(managed_as),
    )
    if managed_as:
        account.pk = managed_as
    with guards.taken(f"There is a service account '{name}' in this tenant already."):
        account.save(force_insert=True)
    _record(by, account, "create")
    return account


@guards.one_transaction()
def delete_service_account(*, by: Principal, service_account: ServiceAccount) -> None:
    """Delete an account with its tokens and bindings.

    Raises ``Forbidden`` for an integration's: it goes with its integration.
    """
    guards.must_be_unmanaged(service_account)
    erase(by=by, service_account=service_account)


def erase(*, by: Principal, service_account: ServiceAccount) -> None:
    """Delete an account that may go, telling which bindings and tokens go with it."""
    tenant = service_account.tenant
    bindings = Binding.objects.filter(service_account=service_account).select_related("role", "service_account")
    audit.write(unbind(by, tenant, list(bindings)) + delete_tokens(by, service_account.api_tokens.all()))
    _record(by, service_account, "delete")
    service_account.delete()


@guards.one_transaction()
def create_token(
    *, by: Principal, tenant: Tenant, holder: User | ServiceAccount, name: str, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Return a new API token and its plaintext, which is nowhere else.

    People make tokens for themselves alone. Raises ``Forbidden`` otherwise, for a managed account, and if
    ``by`` does not hold everything that the service account may do; ``NotFound`` for one of another tenant.
    """
    if isinstance(holder, ServiceAccount):
        if holder.tenant_id != tenant.pk:
            raise NotFound("There is no such service account in this tenant.")
        guards.must_be_unmanaged(holder)
        given = access.held(access.principal_of(holder), tenant)
        guards.must_hold(by, tenant, given, f"A token of {holder.name}")
    elif by.kind != OPERATOR and by.id != holder.pk:
        raise Forbidden("A person's API token can only be made by that person.")
    elif not access.enters(access.principal_of(holder), tenant):
        raise Forbidden(f"{holder.username} has no access to {tenant.name}.")
    elif not holder.instance_owner:
        guards.must_have_access(tenant, holder)
    return issue(by=by, tenant=tenant, holder=holder, name=label(name), expires_at=expires_at)


def issue(
    *, by: Principal, tenant: Tenant, holder: User | ServiceAccount, name: str, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Write a token that has been allowed; return it with its plaintext."""
    made = tokens.new_token()
    owner = {"service_account": holder} if isinstance(holder, ServiceAccount) else {"user": holder}
    token = ApiToken.objects.create(
        tenant=tenant, name=name, lookup=made.lookup, digest=made.digest, expires_at=expires_at, **owner
    )
    audit.write([_token_event(by, "create", token, holder)])
    return token, made.plaintext


@guards.one_transaction()
def delete_token(*, by: Principal, token: ApiToken) -> None:
    """Delete a token; it opens nothing from the next request on.

    Raises ``Forbidden`` for a Secret Token: it is rotated at its integration.
    """
    if token.service_account is not None:
        guards.must_be_unmanaged(token.service_account)
    audit.write([_token_event(by, "delete", token, token.holder)])
    token.delete()


def delete_tokens(by: Principal, some: QuerySet[ApiToken]) -> list[audit.Event]:
    """Delete the tokens of a queryset that may go; return their events, to be written by the caller."""
    events = [
        _token_event(by, "delete", token, token.holder)
        for token in some.select_related("tenant", "user", "service_account")
    ]
    some.delete()
    return events


def label(name: str) -> str:
    """Return ``name`` if it is a DNS label; raises ``Invalid``."""
    if len(name) > 63 or not _LABEL.fullmatch(name):
        raise Invalid("Use 1 to 63 lower-case letters and digits, with single hyphens between them.", field="name")
    return name


def _record(by: Principal, account: ServiceAccount, verb: str) -> None:
    audit.record(
        by=by,
        tenant=account.tenant,
        verb=f"service-account.{verb}",
        resource="SERVICE_ACCOUNTS",
        id=account.pk,
        name=account.name,
        details={"managed": account.managed, "description": account.description},
    )


def _token_event(by: Principal, verb: str, token: ApiToken, holder: User | ServiceAccount) -> audit.Event:
    details = {
        "holder": {"kind": holder._meta.verbose_name, "id": holder.pk, "name": str(holder)},
        "hint": tokens.hint(token.lookup),
        "expires_at": token.expires_at.isoformat() if token.expires_at else None,
    }
    return audit.event(by, token.tenant, f"token.{verb}", "SERVICE_ACCOUNTS", token.pk, token.name, details)
