"""Requests that are none get a SCIM error of the right status: bodies, sizes, tokens, addresses, queries."""

import gzip
import json

import pytest

from provisioning.models import Integration
from tests.clients import ScimClient
from tests.conversations import Peer
from tests.scim.refusals import refused

MEBIBYTE = 1024 * 1024
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
NO_JSON_OBJECT = (
    b"",
    b" ",
    b"{",
    b"{'userName': 'alice'}",
    b'{"userName": "alice",}',
    b'{"userName": NaN}',
    b'{"userName": "\xff\xfe"}',
    b'\xef\xbb\xbf{"userName": "alice"}',
    b"null",
    b"true",
    b"17",
    b'"alice"',
    b'[{"userName": "alice"}]',
    b"[" * 100_000,
    b'{"userName":' * 2000,
    b"\x1f\x8b\x08",
)


@pytest.mark.parametrize("body", NO_JSON_OBJECT, ids=lambda body: repr(body[:30]))
def test_a_body_that_is_no_json_object_is_invalid_syntax(scim: ScimClient, nothing_written: None, body: bytes):
    for path in ("/Users", "/Groups", "/Bulk", "/.search", "/Users/.search"):
        refused(scim.post(path, body), 400, "invalidSyntax")
    for path in ("/Users/7e9b6c1a-1111-4a3b-9c6d-2f5e8a7b9c01", "/Groups/7e9b6c1a-1111-4a3b-9c6d-2f5e8a7b9c01"):
        refused(scim.put(path, body), 400, "invalidSyntax")
        refused(scim.patch(path, body), 400, "invalidSyntax")


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "json"])
def test_a_media_type_that_is_no_json_is_415(scim: ScimClient, nothing_written: None, media_type: str):
    refused(scim.post("/Users", {"userName": "alice"}, content_type=media_type), 415, None)


def test_a_body_of_20_mb_is_413(peer: Peer, nothing_written: None):
    body = json.dumps({"userName": "alice", "title": "x" * 20 * MEBIBYTE})
    for method, path in (("POST", "/Users"), ("PUT", "/Users/1"), ("PATCH", "/Groups/1"), ("POST", "/Bulk")):
        answer = peer.send(method, path, body=body)
        assert answer.status == 413


def test_a_bulk_body_of_more_than_10_mib_is_413(peer: Peer, nothing_written: None):
    data = {"userName": "alice", "title": "x" * 11 * MEBIBYTE}
    operations = [{"method": "POST", "path": "/Users", "bulkId": "1", "data": data}]
    answer = peer.send("POST", "/Bulk", body={"schemas": [BULK], "Operations": operations})
    assert answer.status == 413


def test_a_body_that_grows_without_end_when_unzipped_is_413(scim: ScimClient, nothing_written: None):
    bomb = gzip.compress(gzip.compress(b" " * 256 * MEBIBYTE, 1), 1)
    once = gzip.compress(b" " * 256 * MEBIBYTE, 1)
    assert len(once) < 2 * MEBIBYTE
    refused(scim.post("/Users", once, content_encoding="gzip"), 413, None)
    refused(scim.post("/Users", bomb, content_encoding="gzip"), 400, "invalidSyntax")


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b'{"userName": "alice"}', mtime=0)[:-9], b"\x1f\x8b" + b"\0" * 20],
    ids=["no gzip", "cut short", "a header alone"],
)
def test_a_broken_gzip_body_is_invalid_syntax(scim: ScimClient, nothing_written: None, body: bytes):
    refused(scim.post("/Users", body, content_encoding="gzip"), 400, "invalidSyntax")


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "bearer\t",
        "Bearer " + "x" * 10_000,
        "Bearer kiam_" + "x" * 195,
        "Bearer kiam_" + "é" * 195,
        "Bearer a b c",
        "Bearer , Basic YWxpY2U6cHc=",
        "Basic YWxpY2U6cHc=",
        "Basic \xff",
        "\x00",
        "x" * 10_000,
        "🐍",
    ],
    ids=lambda header: repr(header[:20]),
)
def test_a_malformed_authorization_is_a_scim_401(peer: Peer, authorization: str):
    answer = peer.send("GET", "/Users", headers={"Authorization": authorization})
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "slug", ["..", "../acme", "..%2Facme", "%2e%2e", "acme%00", "ACME", "acme/../globex", "a" * 500]
)
def test_a_tenant_slug_of_any_shape_is_404(peer: Peer, integration: Integration, slug: str):
    rest = f"/integrations/{integration.pk}/scim/v2/Users"
    token = {"HTTP_AUTHORIZATION": f"Bearer {integration.secret_token}"}
    assert peer._client.get(f"/api/v1/{slug}{rest}", **token).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "filter=%00",
        "filter=userName%20eq%20%22%00%22",
        "filter=userName%20eq%20%22%ED%A0%80%22",
        "filter=userName%20eq%20%22%FF%22",
        "filter=userName",
        "filter=(((((((((",
        "filter=userName%20eq%20%22",
        "filter=nothing%20eq%20%22x%22",
        "filter=password%20eq%20%22x%22",
        "filter=active%20gt%20true",
        "filter=" + "%28" * 1000,
        "filter=" + "userName%20eq%20%22x%22%20or%20" * 300 + "userName%20pr",
        "sortBy=nothing",
        "sortBy=%00",
        "startIndex=one",
        "count=1e3",
        "count=%D9%A3",
    ],
    ids=lambda query: query[:40],
)
def test_a_query_that_means_nothing_is_answered_without_failing(peer: Peer, nothing_written: None, query: str):
    for kind in ("Users", "Groups"):
        answer = peer.send("GET", f"/{kind}?{query}")
        assert answer.status in (200, 400)
        if answer.status == 400 and query.startswith("filter"):
            assert answer.body["scimType"] == "invalidFilter"
