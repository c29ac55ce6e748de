"""What the server says of itself: ServiceProviderConfig, ResourceTypes and Schemas (RFC 7643 §5 to §7).

``base`` is the absolute URL of an integration's endpoint, without a slash at its end.
"""

from typing import Any

from django_scim.constants import SchemaURI
from django_scim.models import SCIMServiceProviderConfig
from django_scim.utils import get_all_schemas_getter, get_service_provider_config_model

from provisioning.attributes import RESOURCE_TYPES, ResourceType
from provisioning.definitions import DEFINITIONS
from provisioning.scim.bodies import LARGEST_BULK

Document = dict[str, Any]

SCHEMA_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"

# What is announced, for those who keep it.
MOST_BULK_OPERATIONS = 1000
MOST_RESULTS = 1000
CURSOR_SECONDS = 3600


class ServiceProviderConfig(SCIMServiceProviderConfig):
    """What this server can do (RFC 7643 §5; pagination: RFC 9865 §4)."""

    def __init__(self, base: str):
        super().__init__()
        self.base = base

    @property
    def location(self) -> str:
        return f"{self.base}/ServiceProviderConfig"

    def to_dict(self) -> Document:
        """Return every block with every number: a client that misses one takes the feature for missing."""
        document = super().to_dict() | {
            "patch": {"supported": True},
            "bulk": {"supported": True, "maxOperations": MOST_BULK_OPERATIONS, "maxPayloadSize": LARGEST_BULK},
            "filter": {"supported": True, "maxResults": MOST_RESULTS},
            "changePassword": {"supported": False},
            "sort": {"supported": True},
            "etag": {"supported": True},
            "pagination": {
                "cursor": True,
                "index": True,
                "defaultPaginationMethod": "index",
                "defaultPageSize": MOST_RESULTS,
                "maxPageSize": MOST_RESULTS,
                "cursorTimeout": CURSOR_SECONDS,
            },
        }
        if not document["documentationUri"]:
            del document["documentationUri"]
        return document | {"meta": document.pop("meta")}


def definitions() -> list[Document]:
    """Return the schemas without ``meta``; django-scim2 asks for them here (``SCHEMAS_GETTER``)."""
    return list(DEFINITIONS.values())


def service_provider_config(base: str) -> Document:
    return get_service_provider_config_model()(base).to_dict()


def schemas(base: str) -> Document:
    """Return all schemas as a ListResponse."""
    return _list([_schema(base, definition) for definition in get_all_schemas_getter()()])


def schema(base: str, id: str) -> Document | None:
    """Return the schema of that URN, in any letter case; None for an unknown one."""
    by_id = {definition["id"].lower(): definition for definition in get_all_schemas_getter()()}
    definition = by_id.get(id.lower())
    return definition and _schema(base, definition)


def resource_types(base: str) -> Document:
    """Return both resource types as a ListResponse."""
    return _list([_resource_type(base, each) for each in RESOURCE_TYPES.values()])


def resource_type(base: str, name: str) -> Document | None:
    """Return the resource type of that name; None for an unknown one."""
    return _resource_type(base, RESOURCE_TYPES[name]) if name in RESOURCE_TYPES else None


def _schema(base: str, definition: Document) -> Document:
    meta = {"resourceType": "Schema", "location": f"{base}/Schemas/{definition['id']}"}
    return {"schemas": [SCHEMA_SCHEMA], **definition, "meta": meta}


def _resource_type(base: str, resource_type: ResourceType) -> Document:
    name = resource_type.name
    document: Document = {
        "schemas": [SchemaURI.RESOURCE_TYPE],
        "id": name,
        "name": name,
        "endpoint": resource_type.endpoint,
        "description": DEFINITIONS[resource_type.schema]["description"],
        "schema": resource_type.schema,
    }
    if resource_type.extensions:
        document["schemaExtensions"] = [{"schema": urn, "required": False} for urn in resource_type.extensions]
    return document | {"meta": {"resourceType": "ResourceType", "location": f"{base}/ResourceTypes/{name}"}}


def _list(resources: list[Document]) -> Document:
    return {
        "schemas": [SchemaURI.LIST_RESPONSE],
        "totalResults": len(resources),
        "itemsPerPage": len(resources),
        "startIndex": 1,
        "Resources": resources,
    }
