"""Clients that talk to the product as outsiders do."""

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from provisioning.models import Integration

SCIM_JSON = "application/scim+json"


class ScimClient:
    """A SCIM client of one integration: ``scim.post("/Users", {...})``.

    ``token`` is what it sends as Bearer (``""``: no Authorization header at all); bodies that are not
    ``bytes`` are sent as JSON.
    """

    def __init__(self, integration: Integration, token: str | None = None):
        self.integration = integration
        self.token = integration.secret_token if token is None else token
        self.base = f"/api/v1/{integration.tenant.slug}/integrations/{integration.pk}/scim/v2"
        self._client = Client()

    def get(self, path: str, query: dict[str, Any] | None = None, **options: Any) -> HttpResponse:
        return self._client.get(self.base + path, query or {}, headers=self._headers(options))

    def post(self, path: str, body: Any, **options: Any) -> HttpResponse:
        return self._send("POST", path, body, options)

    def put(self, path: str, body: Any, **options: Any) -> HttpResponse:
        return self._send("PUT", path, body, options)

    def patch(self, path: str, body: Any, **options: Any) -> HttpResponse:
        return self._send("PATCH", path, body, options)

    def delete(self, path: str, **options: Any) -> HttpResponse:
        return self._client.delete(self.base + path, headers=self._headers(options))

    def operations(self, path: str, *operations: dict[str, Any], **options: Any) -> HttpResponse:
        """PATCH with these operations (RFC 7644 §3.5.2)."""
        schema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
        return self.patch(path, {"schemas": [schema], "Operations": list(operations)}, **options)

    def bulk(self, *operations: dict[str, Any], **request: Any) -> list[dict[str, Any]]:
        """Send operations in one request (RFC 7644 §3.7), with ``failOnErrors=…``, and return their results."""
        schema = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
        response = self.post("/Bulk", {"schemas": [schema], "Operations": list(operations), **request})
        assert response.status_code == 200, response.content
        return json.loads(response.content)["Operations"]

    def user(self, user_name: str, **attributes: Any) -> dict[str, Any]:
        """Create a user and return the answer."""
        schema = "urn:ietf:params:scim:schemas:core:2.0:User"
        return self._created("/Users", {"schemas": [schema], "userName": user_name, **attributes})

    def group(self, display_name: str, *member_ids: str, **attributes: Any) -> dict[str, Any]:
        """Create a group with members and return the answer."""
        schema = "urn:ietf:params:scim:schemas:core:2.0:Group"
        members = [{"value": member} for member in member_ids]
        return self._created(
            "/Groups", {"schemas": [schema], "displayName": display_name, "members": members, **attributes}
        )

    def _created(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = self.post(path, body)
        assert response.status_code == 201, response.content
        return json.loads(response.content)

    def _send(self, method: str, path: str, body: Any, options: dict[str, Any]) -> HttpResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        content_type = options.pop("content_type", SCIM_JSON)
        return self._client.generic(
            method, self.base + path, data, content_type=content_type, headers=self._headers(options)
        )

    def _headers(self, options: dict[str, Any]) -> dict[str, str]:
        """Return the headers: ``if_match="…"`` becomes ``If-Match``."""
        named = {name.replace("_", "-"): value for name, value in options.items()}
        return {"Accept": SCIM_JSON, **({"Authorization": f"Bearer {self.token}"} if self.token else {}), **named}
