import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from kestra_iam import access
from kestra_iam.actions.service_accounts import create_token
from kestra_iam.models import ServiceAccount, User
from kestra_iam.principals import operator
from tenants.models import Tenant


class Answer:
    """What the API answered: ``status``, ``headers`` and ``body`` (None for an empty one)."""

    def __init__(self, response: Any):
        self.status = response.status_code
        self.headers = response.headers
        self.body = json.loads(response.content) if response.content else None
        self.text = response.content.decode()


class ApiClient:
    """A client of one tenant's REST API: ``api("POST", "security-integrations", {…})``."""

    def __init__(self, tenant: Tenant, token: str):
        self.base = f"/api/v1/{tenant.slug}/"
        self.token = token

    def __call__(self, method: str, path: str, body: Any = b"", **headers: str) -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content_type = named.pop("content-type", "application/json")
        response = Client(raise_request_exception=False).generic(
            method, self.base + path, data, content_type=content_type, headers={**sent, **named}
        )
        return Answer(response)


@pytest.fixture
def api_of() -> Callable[..., ApiClient]:
    """Return the API of a tenant for somebody who holds a token there."""

    def client(tenant: Tenant, holder: User | ServiceAccount | None) -> ApiClient:
        if holder is None:
            return ApiClient(tenant, "")
        by = access.principal_of(holder) if isinstance(holder, User) else operator
        return ApiClient(tenant, create_token(by=by, tenant=tenant, holder=holder, name="api")[1])

    return client


@pytest.fixture
def api(api_of: Callable[..., ApiClient], acme: Tenant, admin: User) -> ApiClient:
    """The API of acme for its administrator."""
    return api_of(acme, admin)
