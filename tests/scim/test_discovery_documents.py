"""What the server says of itself (RFC 7643 §5 to §7, RFC 9865 §4)."""

import pytest
from django_scim.utils import get_all_schemas_getter, get_service_provider_config_model
from scim2_models import Context, ListResponse, ResourceType, Schema, ServiceProviderConfig

from provisioning.definitions import ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA
from provisioning.scim import schemas

BASE = "https://iam.example.com/api/v1/acme/integrations/x/scim/v2"


def test_service_provider_config_has_every_block_with_every_number():
    config = schemas.service_provider_config(BASE)
    ServiceProviderConfig.model_validate(config, scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    assert config["patch"] == {"supported": True}
    assert config["bulk"] == {"supported": True, "maxOperations": 1000, "maxPayloadSize": 10485760}
    assert config["filter"] == {"supported": True, "maxResults": 1000}
    assert config["changePassword"] == {"supported": False}
    assert config["sort"] == {"supported": True}
    assert config["etag"] == {"supported": True}
    assert config["pagination"] == {
        "cursor": True,
        "index": True,
        "defaultPaginationMethod": "index",
        "defaultPageSize": 1000,
        "maxPageSize": 1000,
        "cursorTimeout": 3600,
    }
    assert [each["type"] for each in config["authenticationSchemes"]] == ["oauthbearertoken"]
    assert config["meta"] == {"resourceType": "ServiceProviderConfig", "location": f"{BASE}/ServiceProviderConfig"}


def test_schemas_are_listed_with_their_number():
    listed = schemas.schemas(BASE)
    ListResponse[Schema].model_validate(listed, scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    assert listed["totalResults"] == listed["itemsPerPage"] == 3
    assert [each["id"] for each in listed["Resources"]] == [USER_SCHEMA, ENTERPRISE_SCHEMA, GROUP_SCHEMA]


@pytest.mark.parametrize("urn", [USER_SCHEMA, ENTERPRISE_SCHEMA, GROUP_SCHEMA])
def test_one_schema_is_found_by_its_urn(urn: str):
    schema = schemas.schema(BASE, urn)
    assert schema in schemas.schemas(BASE)["Resources"]
    assert schemas.schema(BASE, urn.upper()) == schema
    assert schema["meta"] == {"resourceType": "Schema", "location": f"{BASE}/Schemas/{urn}"}


def test_resource_types_are_listed_with_their_number():
    listed = schemas.resource_types(BASE)
    ListResponse[ResourceType].model_validate(listed, scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    assert listed["totalResults"] == 2
    assert [(each["id"], each["endpoint"]) for each in listed["Resources"]] == [
        ("User", "/Users"),
        ("Group", "/Groups"),
    ]
    user = schemas.resource_type(BASE, "User")
    assert user["schemaExtensions"] == [{"schema": ENTERPRISE_SCHEMA, "required": False}]
    assert user["meta"]["location"] == f"{BASE}/ResourceTypes/User"


def test_what_is_unknown_is_not_found():
    assert schemas.schema(BASE, "urn:nope") is None
    assert schemas.resource_type(BASE, "Device") is None


def test_django_scim2_is_told_the_same():
    assert [each["id"] for each in get_all_schemas_getter()()] == [USER_SCHEMA, ENTERPRISE_SCHEMA, GROUP_SCHEMA]
    assert get_service_provider_config_model()(BASE).to_dict() == schemas.service_provider_config(BASE)
