"""HTTP around SCIM: media types, addresses, HEAD, gzip, methods (RFC 7644 §3.1, §3.8, §3.12, §3.13)."""

import gzip
import json
from typing import Any

import pytest
from django.urls import get_resolver

from provisioning.endpoints import scim_endpoint
from provisioning.models import Integration, ProvisionedUser
from provisioning.scim.handler import METHODS
from tests.clients import ScimClient
from tests.conversations import Peer

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
NOBODY = "7e9b6c1a-1111-4a3b-9c6d-2f5e8a7b9c01"
ROUTES = {str(each.pattern): each.callback.permissions for each in get_resolver("provisioning.scim.urls").url_patterns}


@pytest.mark.parametrize(
    "media_type",
    [
        "application/scim+json",
        "APPLICATION/SCIM+JSON",
        "application/scim+json; charset=utf-8",
        'application/scim+json;version="2.0";charset="UTF-8"',
        "application/json ; q=1",
        "application/json;odata=verbose",
        "",
    ],
)
@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/html, */*;q=0.1", "image/png"])
def test_either_json_type_is_read_with_any_parameters_and_answered_with_one(
    peer: Peer, media_type: str, accept: str | None
):
    headers = {"Content-Type": media_type, "Accept": accept}
    made = peer.send("POST", "/Users", body={"userName": "alice"}, headers=headers)
    assert (made.status, made.headers["content-type"]) == (201, "application/scim+json")
    refused = peer.send("POST", "/Users", body={}, headers=headers)
    assert (refused.status, refused.headers["content-type"]) == (400, "application/scim+json")


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "text/json", "multipart/form-data", "x"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/Users"),
        ("PUT", f"/Users/{NOBODY}"),
        ("PATCH", f"/Groups/{NOBODY}"),
        ("POST", "/Bulk"),
        ("POST", "/Groups/.search"),
        ("POST", "/.search"),
    ],
)
def test_anything_but_json_is_415(peer: Peer, media_type: str, method: str, path: str):
    answer = peer.send(method, path, body={}, headers={"Content-Type": media_type})
    assert answer.status == 415
    assert "application/scim+json" in answer.body["detail"]
    assert media_type in answer.body["detail"]


def test_a_resource_names_its_location_wherever_it_is_answered(scim: ScimClient, integration: Integration):
    alice = scim.user("alice")["id"]
    for kind, created in (("Users", {"userName": "bob"}), ("Groups", {"displayName": "Staff"})):
        made = scim.post(f"/{kind}/", created)
        location = f"{scim_endpoint(integration)}/{kind}/{made.json()['id']}"
        assert (made.status_code, made["Location"]) == (201, location)
        path = f"//{kind}/{made.json()['id']}/"
        patch = {"op": "add", "path": "externalId", "value": "x"}
        answers = [
            made,
            scim.get(path),
            scim.get(f"{path}?attributes=externalId"),
            scim.put(path, created),
            scim.operations(path, patch),
            scim.operations(f"{path}?excludedAttributes=meta", patch),
        ]
        assert [each["Content-Location"] for each in answers] == [location] * len(answers)
        assert {each.json().get("meta", {}).get("location", location) for each in answers} == {location}
        assert all("Location" not in each for each in answers[1:])
    staff = scim.group("Large", *[scim.user(f"user{number}")["id"] for number in range(101)])["id"]
    large = scim.operations(f"/Groups/{staff}", {"op": "add", "path": "members", "value": [{"value": alice}]})
    assert (large.status_code, large["Content-Location"]) == (204, f"{scim_endpoint(integration)}/Groups/{staff}")
    assert large["ETag"] == 'W/"2"'


def test_locations_follow_the_public_url_and_not_the_host_header(peer: Peer, settings):
    settings.ALLOWED_HOSTS = ["internal"]
    settings.PUBLIC_URL = "https://iam.example.org"
    made = peer.send("POST", "/Users", body={"userName": "alice"}, headers={"Host": "internal"})
    assert made.headers["location"].startswith("https://iam.example.org/api/v1/acme/integrations/")
    refused = peer.send("GET", "/Users", headers={"Host": "elsewhere"})
    assert refused.status == 400


@pytest.mark.parametrize("before", ["", "/", "//", "///"])
@pytest.mark.parametrize("after", ["", "/", "//"])
def test_slashes_too_many_lead_to_the_same_resource_without_a_redirect(scim: ScimClient, before: str, after: str):
    alice = scim.user("alice")
    assert scim.get(f"{before}/Users/{before}{alice['id']}{after}").json() == alice
    assert scim.get(f"{before}/Users{after}").json()["Resources"] == [alice]
    assert scim.get(f"{before}/ServiceProviderConfig{after}").status_code == 200
    assert scim.post(f"{before}/Users{before}/.search{after}", {}).json()["Resources"] == [alice]
    assert scim.delete(f"{before}/Users/{alice['id']}{after}").status_code == 204


def test_query_parameters_that_nobody_knows_are_ignored(scim: ScimClient):
    unknown = "?aadOptscim062020&tenant=x&api-version=2&=&%00=%FF"
    alice = scim.post(f"/Users{unknown}", {"userName": "alice"}).json()
    path = f"/Users/{alice['id']}{unknown}"
    assert scim.get(path).json() == alice
    assert scim.get(f"/Users{unknown}").json()["totalResults"] == 1
    assert scim.put(path, {"userName": "alice"}).json() == alice
    assert scim.operations(path).json() == alice
    assert scim.get(f"/Schemas{unknown}").status_code == 200
    assert scim.delete(path).status_code == 204


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/Nothing",
        "/users",
        "/Users/1/2",
        "/Users/.search/1",
        "/Me/1",
        "/Bulk/1",
        "/v2/Users",
        "/Users.json",
        "/ServiceProviderConfig/1",
        "/ServiceProviderConfigs",
        "/Schemas/urn:nobody",
        "/ResourceTypes/Device",
        "/%F0%9F%90%8D",
        "/../../../../login",
        "/" + "x" * 3000,
    ],
)
def test_an_unknown_address_is_a_scim_404_for_every_method(peer: Peer, path: str):
    known = path.startswith(("/Schemas/", "/ResourceTypes/"))
    for method in ("GET",) if known else METHODS:
        answer = peer.send(method, path, body=None if method in ("GET", "DELETE") else {})
        assert answer.status == 404, method


@pytest.mark.parametrize("route", ROUTES)
def test_a_method_that_an_address_does_not_have_is_405_with_those_it_has(peer: Peer, route: str):
    path = "/" + route.replace("<str:id>", NOBODY)
    has = ROUTES[route]
    for method in {*METHODS, "OPTIONS", "TRACE", "SEARCH"} - set(has):
        answer = peer.send(method, path)
        assert answer.status == 405, method
        assert answer.headers["allow"] == ", ".join(each for each in METHODS if each in has)


@pytest.mark.parametrize("route", [route for route, has in ROUTES.items() if "GET" in has])
def test_head_has_the_headers_of_get_and_no_body(scim: ScimClient, route: str):
    alice, staff = scim.user("alice")["id"], scim.group("Staff")["id"]
    ids = {"Users": alice, "Groups": staff, "Schemas": USER, "ResourceTypes": "User"}
    path = "/" + route.replace("<str:id>", ids.get(route.partition("/")[0], ""))
    get = scim.get(path)
    head = scim._send("HEAD", path, b"", {})
    assert head.status_code == get.status_code
    assert head.content == b""
    headers = [{**each.headers, "X-Request-Id": ""} for each in (head, get)]
    assert headers[0] == headers[1]


@pytest.mark.parametrize("path", ["/Nothing", f"/Users/{NOBODY}"])
def test_head_of_nothing_is_404(scim: ScimClient, path: str):
    assert scim._send("HEAD", path, b"", {}).status_code == 404


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", "identity", ""])
def test_a_body_may_be_zipped(scim: ScimClient, encoding: str):
    body = json.dumps({"userName": "alice", "title": "x" * 1000}).encode()
    zipped = gzip.compress(body) if "gzip" in encoding.lower() else body
    assert scim.post("/Users", zipped, content_encoding=encoding).status_code == 201
    assert ProvisionedUser.objects.get().user_name == "alice"


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, br", "zstd"])
def test_another_encoding_is_415(scim: ScimClient, encoding: str):
    answer = scim.post("/Users", {"userName": "alice"}, content_encoding=encoding)
    assert (answer.status_code, answer.json()["status"]) == (415, "415")
    assert not ProvisionedUser.objects.exists()


@pytest.mark.parametrize(
    ("accepted", "zipped"), [("gzip", True), ("GZip", True), ("deflate, gzip;q=0.5", True), ("br", False), ("", False)]
)
def test_a_large_answer_is_zipped_for_who_takes_it(scim: ScimClient, accepted: str, zipped: bool):
    plain = scim.get("/Schemas").content
    answer = scim.get("/Schemas", accept_encoding=accepted)
    assert answer.headers.get("Content-Encoding") == ("gzip" if zipped else None)
    assert "Accept-Encoding" in answer["Vary"]
    assert (gzip.decompress(answer.content) if zipped else answer.content) == plain
    small = scim.get("/Users", accept_encoding=accepted)
    assert "Content-Encoding" not in small


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Basic eDp5", "Bearer x y", "Bearer \xe9", "Digest a=b"])
@pytest.mark.parametrize("path", ["/Users", "/Nothing", "/ServiceProviderConfig", "/Bulk", ""])
def test_a_malformed_authorization_is_a_scim_401_everywhere(peer: Peer, authorization: str | None, path: str):
    answer = peer.send("GET", path, headers={"Authorization": authorization})
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("start", [3, 1001, 2**53 - 1])
def test_a_start_behind_the_end_is_echoed_with_an_empty_page(scim: ScimClient, start: int):
    for name in ("alice", "bob"):
        scim.user(name)
    expected: dict[str, Any] = {"totalResults": 2, "itemsPerPage": 0, "startIndex": start, "Resources": []}
    found = scim.get("/Users", {"startIndex": start})
    asked = scim.post("/Users/.search", {"startIndex": start})
    for answer in (found, asked):
        body = json.loads(answer.content, parse_float=lambda text: pytest.fail(text))
        assert {name: value for name, value in body.items() if name != "schemas"} == expected
    assert scim.post("/.search", {"startIndex": start}).json()["Resources"] == []
