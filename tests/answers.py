"""What every SCIM answer of every test must be: read by scim2-models, with models made from this server's /Schemas.

The tests' settings name ``handle`` as the handler of SCIM requests, so that whoever asks, over HTTP too, is answered
through it. An answer that is not what RFC 7643 and RFC 7644 say fails the test that asked.
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
# E-mail addresses are plain strings in these models, as they are in the schemas.
PROVIDER = ScimProvider.from_discovery(
    [Schema.model_validate(each) for each in schemas.schemas(BASE)["Resources"]],
    [ResourceType.model_validate(each) for each in schemas.resource_types(BASE)["Resources"]],
)
User, Group = PROVIDER.model_for_endpoint("/Users"), PROVIDER.model_for_endpoint("/Groups")
Either = User | Group
MODELS: dict[str, Any] = {
    "Users": User,
    "Groups": Group,
    "Schemas": Schema,
    "ResourceTypes": ResourceType,
    "ServiceProviderConfig": ServiceProviderConfig,
    "Bulk": BulkResponse[Either],
}
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
    """Check the form of the answer to a request below an endpoint; raises what tells what is wrong with it."""
    content = response.content
    if response.headers.get("Content-Encoding") == "gzip":
        content = gzip.decompress(content)
    if response.status_code in (204, 304):
        assert content == b""
        assert "Content-Type" not in response
        return
    assert response["Content-Type"] == "application/scim+json"
    body = json.loads(content)
    root = path.split("/")[1]
    if response.status_code >= 400:
        check_error(body, response.status_code)
    elif root == "Bulk":
        check_bulk(body)
    elif root in ("Users", "Groups") and "Resources" not in body:
        check_read(MODELS[root], body, CONTEXTS.get(method, Context.RESOURCE_QUERY_RESPONSE))
        check_places(response, body)
    elif root in ("Users", "Groups", ".search"):
        check_read(ListResponse[Either], body, Context.SEARCH_RESPONSE)
        assert body["itemsPerPage"] == len(body["Resources"]) <= body["totalResults"]
    elif "Resources" in body:
        ListResponse[MODELS[root]].model_validate(body, scim_ctx=Context.SEARCH_RESPONSE)
    else:
        MODELS[root].model_validate(body, scim_ctx=Context.RESOURCE_QUERY_RESPONSE)


def check_read(model: Any, body: dict[str, Any], context: Context) -> None:
    """Read a body and write it again: another text comes out where a value has another JSON type than its schema
    says, or where something is given that means nothing (null, an empty array)."""
    written = json.loads(model.model_validate(body, scim_ctx=context).model_dump_json(scim_ctx=context))
    # scim2-models leaves out the fraction of a full second.
    body = json.loads(json.dumps(body).replace('.000000Z"', 'Z"'))
    assert _but_schemas(written) == _but_schemas(body), f"{written} is not {body}"


def _but_schemas(body: dict[str, Any]) -> dict[str, Any]:
    """Leave ``schemas`` out: where a projection takes off what an extension holds, scim2-models names it no more."""
    bare = {name: value for name, value in body.items() if name != "schemas"}
    return bare | {"Resources": [_but_schemas(each) for each in body["Resources"]]} if "Resources" in body else bare


def check_places(response: HttpResponse, body: dict[str, Any]) -> None:
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
    """Each operation has its status, and all but a failed POST a location (RFC 7644 §3.7.3); ``id`` is for clients."""
    results = [{name: value for name, value in each.items() if name != "id"} for each in body["Operations"]]
    MODELS["Bulk"].model_validate({**body, "Operations": results}, scim_ctx=Context.BULK_RESPONSE)
    for result in results:
        assert isinstance(result["status"], str)
        failed = int(result["status"]) >= 400
        assert ("location" in result) != (failed and result["method"] == "POST")
        assert ("response" in result) == failed
        if failed:
            check_error(result["response"], int(result["status"]))
