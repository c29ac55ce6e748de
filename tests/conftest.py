"""The cast: two tenants, ``acme`` and ``globex``, the people who may do different things there, their integrations."""

import os
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
from django.core.cache import cache
from django.test import Client

from kestra_iam.models import User
from provisioning.models import Integration
from tenants import compiled
from tenants.models import Tenant
from tests.clients import ScimClient
from tests.factories import AccountFactory, IntegrationFactory, TenantFactory, person
from tests.keycloak_double import keycloak as keycloak
from tests.pulls import realm as realm

# How long an example takes says nothing on a machine that does other things too; CI tries the same ones every time.
hypothesis.settings.register_profile("project", deadline=None, derandomize=os.environ.get("CI") == "true")
hypothesis.settings.load_profile("project")


@pytest.fixture(autouse=True)
def _fast_path(monkeypatch: pytest.MonkeyPatch, settings: Any):
    monkeypatch.setattr(compiled, "ENABLED", settings.FAST_PATH)


@pytest.fixture(autouse=True)
def _nothing_remembered():
    """Let no test see what another one left in the cache."""
    cache.clear()


@pytest.fixture
def acme(db: None) -> Tenant:
    return TenantFactory(slug="acme", name="Acme")


@pytest.fixture
def globex(db: None) -> Tenant:
    return TenantFactory(slug="globex", name="Globex")


@pytest.fixture
def owner(db: None) -> User:
    """The instance owner: may do everything everywhere, was let into no tenant."""
    return AccountFactory(username="owner", instance_owner=True)


@pytest.fixture
def admin(acme: Tenant) -> User:
    return person(acme, "Admin", username="admin")


@pytest.fixture
def viewer(acme: Tenant) -> User:
    return person(acme, "Viewer", username="viewer")


@pytest.fixture
def outsider(globex: Tenant) -> User:
    """An Admin, but of the other tenant."""
    return person(globex, "Admin", username="outsider")


@pytest.fixture
def integration(acme: Tenant) -> Integration:
    return IntegrationFactory(tenant=acme, name="Corporate Keycloak")


@pytest.fixture
def other_integration(acme: Tenant) -> Integration:
    """A second identity provider of the same tenant."""
    return IntegrationFactory(tenant=acme, name="Partner Keycloak")


@pytest.fixture
def globex_integration(globex: Tenant) -> Integration:
    return IntegrationFactory(tenant=globex, name="Corporate Keycloak")


@pytest.fixture
def client_for() -> Callable[[User], Client]:
    """Return a browser in which somebody has signed in."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def scim(integration: Integration) -> ScimClient:
    return ScimClient(integration)


@pytest.fixture
def other_scim(other_integration: Integration) -> ScimClient:
    return ScimClient(other_integration)


@pytest.fixture
def globex_scim(globex_integration: Integration) -> ScimClient:
    return ScimClient(globex_integration)
