"""``scim2_models``' own evaluation of filters, on models made from the schemas that this server advertises."""

from typing import Any

from scim2_models import Extension, Resource, Schema, ScimFilter, ScimPolicy

from provisioning.attributes import GROUP, USER, resolve
from provisioning.definitions import DEFINITIONS, ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA
from tenants.fields import fold


def _schema(urn: str) -> Schema:
    return Schema.model_validate({**DEFINITIONS[urn], "schemas": [str(Schema.__schema__)]})


EnterpriseUser = Extension.from_schema(_schema(ENTERPRISE_SCHEMA))
User = Resource.from_schema(_schema(USER_SCHEMA))[EnterpriseUser]
Group = Resource.from_schema(_schema(GROUP_SCHEMA))
MODELS = {"User": User, "Group": Group}


def _comparison_key(binding: Any, value: str) -> str:
    """Compare as RFC 7643 says of each attribute: byte by byte, or folded."""
    path = resolve(USER, binding.urn) or resolve(GROUP, binding.urn) or resolve(USER, binding.field_name)
    return value if path.target.case_exact else fold(value)


POLICY = ScimPolicy(comparison_key=_comparison_key)


def matching(kind: str, resources: list[Any], text: str) -> set[str]:
    """Return the ids of the resources that fulfil a filter."""
    with POLICY:
        compiled = ScimFilter[MODELS[kind]](text)
        return {resource.id for resource in resources if compiled.match(resource, strict=True)}


def validated(kind: str, resource: dict[str, Any]) -> Any:
    """Return a resource as ``scim2_models`` sees it."""
    return MODELS[kind].model_validate(resource)
