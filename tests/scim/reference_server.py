"""scim2-server in memory, with the schemas that this server advertises: what its behaviour is compared with."""

import json
from typing import Any

from scim2_models import ResourceType, Schema, SCIMException, ScimPolicy, ScimProvider, ServiceProviderConfig
from scim2_server.handler import ScimHandler
from scim2_server.memory import InMemoryStorage
from scim2_server.requests import ScimRequest
from scim2_server.service import ScimService

from provisioning.scim import schemas
from tests.scim.oracle import POLICY

BASE = "https://example.com/scim/v2"
_CONFIG = schemas.service_provider_config(BASE)
# Cursors are sealed by a library of its own there, and are compared elsewhere.
del _CONFIG["pagination"]
SERVICE = ScimService(
    ScimProvider.from_discovery(
        [Schema.model_validate(each) for each in schemas.schemas(BASE)["Resources"]],
        [ResourceType.model_validate(each) for each in schemas.resource_types(BASE)["Resources"]],
        config=ServiceProviderConfig.model_validate(_CONFIG),
        policy=POLICY.model_copy(
            update={
                "unknown": ScimPolicy.Unknown.ignore,
                "unmatched_path_filter": ScimPolicy.UnmatchedPathFilter.create,
            }
        ),
    )
)


class ReferenceServer:
    """An empty directory: ``server.send("POST", "/Users", {...})`` returns status and body."""

    def __init__(self) -> None:
        self._handler = ScimHandler(SERVICE, InMemoryStorage())

    def send(self, method: str, path: str, body: Any = None, query: dict[str, str] | None = None) -> tuple[int, Any]:
        request = ScimRequest(
            method,
            BASE,
            path,
            query=query or {},
            headers={"Content-Type": "application/scim+json"},
            body=b"" if body is None else json.dumps(body).encode(),
        )
        try:
            response = self._handler.handle(request)
        except SCIMException as error:
            response = SERVICE.error_response(error)
        return int(response.status), response.body
