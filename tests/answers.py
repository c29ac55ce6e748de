"""What every SCIM answer of every test must be: read by scim2-models, with models made from this server's /Schemas.

The tests' settings name ``handle`` as the handler of SCIM requests, so that whoever asks, over HTTP too, is answered
through it; an answer that is not what RFC 7643 and RFC 7644 say fails the test that asked.
"""

import gzip
import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from scim2_models import (
    BulkResponse,
    Context,
    Error,
    ListResponse,
    ResourceType,
    Schema,
    ScimProvider,
    ServiceProviderConfig,
)

from provisioning.scim import handler, schemas

BASE = "https://iam.example.org/scim/v2"
PROVIDER = ScimProvider.from_discovery(
    [Schema.model_validate(each) for each in schemas.schemas(BASE)["Resources"]],
    [ResourceType.model_validate(each) for each in schemas.resource_types(BASE)["Resources"]],
)
User, Group = PROVIDER.model_for_endpoint("/Users"), PROVIDER.model_for_endpoint("/Groups")
MODELS = (
    User,
    Group,
    ServiceProviderConfig,
    ResourceType,
    Schema,
    Error,
    BulkResponse[User | Group],
    ListResponse[User | Group],
    ListResponse[Schema],
    ListResponse[ResourceType],
)
CONTEXTS = {
    "POST": Context.RESOURCE_CREATION_RESPONSE,
    "PUT": Context.RESOURCE_REPLACEMENT_RESPONSE,
    "PATCH": Context.RESOURCE_PATCH_RESPONSE,
}


def handle(request: HttpRequest) -> HttpResponse:
    """Answer as the product does, and check the answer."""
    response = handler.handle(request)
    check(request.method or "", request.mount.path, response)
    return response


def check(method: str, path: str, response: HttpResponse) -> None:
    """Check the form of an answer; raises whatever tells what is wrong with it."""
    content = response.content
    if response.headers.get("Content-Encoding") == "gzip":
        content = gzip.decompress(content)
    if response.status_code in (204, 304):
        assert content == b""
        assert "Content-Type" not in response
        return
    assert response["Content-Type"] == "application/scim+json"
    body = json.loads(content)
    if response.status_code >= 400:
        check_error(body, response.status_code)
    elif path == "/Bulk":
        check_bulk(body)
    elif path in ("/Users", "/Groups") and method in ("GET", "HEAD") or path.endswith("/.search"):
        check_read(ListResponse[User | Group], body, Context.SEARCH_RESPONSE)
    elif path in ("/Schemas", "/ResourceTypes"):
        check_read(ListResponse[Schema if path == "/Schemas" else ResourceType], body, Context.RESOURCE_QUERY_RESPONSE)
    elif path == "/ServiceProviderConfig":
        check_read(ServiceProviderConfig, body, Context.RESOURCE_QUERY_RESPONSE)
    elif path.startswith(("/Schemas/", "/ResourceTypes/")):
        check_read(Schema if path.startswith("/S") else ResourceType, body, Context.RESOURCE_QUERY_RESPONSE)
    else:
        check_read(
            User if path.startswith("/Users") else Group, body, CONTEXTS.get(method, Context.RESOURCE_QUERY_RESPONSE)
        )
        check_locations(response, body)


def check_read(model: type[Any], body: dict[str, Any], context: Context) -> None:
    """Read a body and write it again: what comes out differs where a value had another JSON type than its schema says."""
    read = model.model_validate(body, scim_ctx=context)
    written = json.loads(read.model_dump_json(scim_ctx=context))
    assert written == body


def check_locations(response: HttpResponse, body: dict[str, Any]) -> None:
    """A resource says where it is and which version it has; a projection may leave ``meta`` out."""
    meta = body.get("meta", {})
    assert response["Content-Location"] == meta.get("location", response["Content-Location"])
    assert response["ETag"] == meta.get("version", response["ETag"])
    if response.status_code == 201:
        assert response["Location"] == response["Content-Location"]
        assert meta.get("created") == meta.get("lastModified")


def check_error(body: dict[str, Any], status: int) -> None:
    """An error has its status as text, and a sentence (RFC 7644 §3.12)."""
    Error.model_validate(body)
    assert body.keys() <= {"schemas", "status", "scimType", "detail"}
    assert body["schemas"] == [str(Error.__schema__)]
    assert body["status"] == str(status)
    assert body["detail"].strip()


def check_bulk(body: dict[str, Any]) -> None:
    """Each operation has its status, and all but a failed POST a location (RFC 7644 §3.7.3)."""
    results = [{name: value for name, value in each.items() if name != "id"} for each in body["Operations"]]
    BulkResponse[User | Group].model_validate({**body, "Operations": results})
    for result in results:
        assert isinstance(result["status"], str)
        failed = int(result["status"]) >= 400
        assert ("location" in result) != (failed and result["method"] == "POST")
        assert ("response" in result) == failed
        if failed:
            check_error(result["response"], int(result["status"]))
