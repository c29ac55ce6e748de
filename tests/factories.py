"""Things of the domain, made through the product's own actions by its operator."""

from typing import Any

import factory

from kestra_iam.actions.bindings import create_binding
from kestra_iam.actions.groups import create_group
from kestra_iam.actions.people import create_account, let_in
from kestra_iam.actions.roles import create_role
from kestra_iam.actions.service_accounts import create_service_account
from kestra_iam.actions.tenants import create_tenant
from kestra_iam.models import Role, User
from kestra_iam.principals import operator
from provisioning.actions.integrations import create_integration
from tenants.fields import fold
from tenants.models import Tenant

PASSWORD = "correct horse battery"


class ActionFactory(factory.Factory):
    """Calls a keyword-only action; what the action needs and the test does not name is made up."""

    class Meta:
        abstract = True

    by = operator


class TenantFactory(ActionFactory):
    class Meta:
        model = create_tenant

    slug = factory.Sequence(lambda n: f"tenant-{n}")


class AccountFactory(ActionFactory):
    """An account of the instance that enters no tenant yet."""

    class Meta:
        model = create_account

    username = factory.Sequence(lambda n: f"person-{n}")
    password = PASSWORD


class RoleFactory(ActionFactory):
    class Meta:
        model = create_role

    tenant = factory.SubFactory(TenantFactory)
    name = factory.Sequence(lambda n: f"Role {n}")
    permissions = factory.LazyFunction(lambda: {"USERS": ["READ"]})


class GroupFactory(ActionFactory):
    class Meta:
        model = create_group

    tenant = factory.SubFactory(TenantFactory)
    name = factory.Sequence(lambda n: f"Group {n}")


class ServiceAccountFactory(ActionFactory):
    class Meta:
        model = create_service_account

    tenant = factory.SubFactory(TenantFactory)
    name = factory.Sequence(lambda n: f"program-{n}")


class IntegrationFactory(ActionFactory):
    """An integration whose Secret Token is ``secret_token`` of the instance."""

    class Meta:
        model = create_integration

    tenant = factory.SubFactory(TenantFactory)
    name = factory.Sequence(lambda n: f"Keycloak {n}")


def person(tenant: Tenant, *roles: str, **account: Any) -> User:
    """Return somebody let into ``tenant`` by hand who holds these of its roles."""
    user = AccountFactory(**account)
    let_in(by=operator, tenant=tenant, user=user)
    for role in roles:
        create_binding(by=operator, tenant=tenant, role=role_of(tenant, role), subject=user)
    return user


def role_of(tenant: Tenant, name: str) -> Role:
    """Return the tenant's role of that name."""
    return Role.objects.get(tenant=tenant, name_key=fold(name))
