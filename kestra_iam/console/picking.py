"""Finding somebody or something by a few letters: what a picker offers, inside one tenant."""

from typing import Any

from django.db.models import Q, QuerySet

from kestra_iam import access
from kestra_iam.models import Group, ServiceAccount, User
from tenants.models import Tenant

OFFERED = 12


def people(tenant: Tenant, query: str) -> QuerySet[User]:
    """Return people with a source of access whose username, name or e-mail holds ``query``."""
    fields = ("username", "email", "first_name", "last_name")
    return access.people_known(tenant).filter(_holds(query, *fields)).order_by("username_key")


def groups(tenant: Tenant, query: str) -> QuerySet[Group]:
    return Group.objects.filter(_holds(query, "name", "owner_name"), tenant=tenant)


def service_accounts(tenant: Tenant, query: str) -> QuerySet[ServiceAccount]:
    """Return the service accounts made by hand: an integration's is bound to nothing else."""
    return ServiceAccount.objects.filter(_holds(query, "name", "description"), tenant=tenant, managed=False)


def _holds(query: str, *fields: str) -> Q:
    found: Any = Q()
    for word in query.replace("\0", "").split():
        found &= Q(*((f"{field}__icontains", word) for field in fields), _connector=Q.OR)
    return found
