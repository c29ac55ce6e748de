"""What only a connection to the running server shows: chunks, segments, lengths."""

import gzip
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.e2e.installation import Installation

MEBIBYTE = 1024 * 1024


@pytest.fixture
def integration(installation: Installation) -> dict:
    installation.manage("tenant", "create", "acme")
    return installation.manage("integration", "create", "Keycloak", "--tenant", "acme")


@pytest.fixture
def http(integration: dict) -> Iterator[httpx2.Client]:
    headers = {"Authorization": f"Bearer {integration['token']}", "Content-Type": "application/scim+json"}
    with httpx2.Client(base_url=integration["endpoint"], headers=headers) as client:
        yield client


def segments(integration: dict, *requests: str) -> list[bytes]:
    """Send requests over one connection, each after the answer to the one before; return the segments that came."""
    address = urlsplit(integration["endpoint"])
    received = []
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        for request in requests:
            connection.sendall(request.replace("BASE", address.path).replace("TOKEN", integration["token"]).encode())
            received.append(connection.recv(64 * 1024))
    return received


def test_a_request_may_come_in_chunks_and_zipped_but_not_be_too_large(http: httpx2.Client):
    def chunks(*parts: bytes) -> Iterator[bytes]:
        yield from parts

    made = http.post("/Users", content=chunks(b'{"userName":', b' "alice"}'))
    assert made.status_code == 201
    assert made.json()["userName"] == "alice"
    zipped = http.post("/Users", content=gzip.compress(b'{"userName": "bob"}'), headers={"Content-Encoding": "gzip"})
    assert zipped.status_code == 201
    large = http.post("/Users", content=chunks(b'{"title": "', *[b"x" * MEBIBYTE] * 20, b'"}'))
    assert large.status_code == 413
    assert large.json()["status"] == "413"
    assert http.post("/Users", content=b'{"title": "' + b"x" * 20 * MEBIBYTE + b'"}').status_code == 413
    assert http.get("/Users").json()["totalResults"] == 2


def test_a_client_that_sends_a_large_body_to_its_end_reads_why_it_was_refused(integration: dict):
    address = urlsplit(integration["endpoint"])
    headers = {"Authorization": f"Bearer {integration['token']}"}
    for body in (b"x" * 17 * MEBIBYTE, [b"x" * MEBIBYTE] * 17):
        with closing(HTTPConnection(address.hostname, address.port)) as client:
            client.request("POST", f"{address.path}/Users", body, headers, encode_chunked=isinstance(body, list))
            assert json.loads(client.getresponse().read())["status"] == "413"


def test_an_answer_says_its_length_and_leaves_in_one_segment_over_a_connection_that_stays(integration: dict):
    get = "GET BASE/ServiceProviderConfig HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer TOKEN\r\n\r\n"
    refused = get.replace("TOKEN", "no token")
    head = get.replace("GET", "HEAD")
    # Many, since a second segment may come along with the first by chance.
    for segment, status in zip(segments(integration, *[get, refused, head] * 30), [200, 401, 200] * 30, strict=True):
        top, _, body = segment.decode().partition("\r\n\r\n")
        lines = dict(line.lower().split(": ", 1) for line in top.splitlines()[1:])
        assert top.startswith(f"HTTP/1.1 {status} ")
        assert lines["content-type"] == "application/scim+json"
        assert "transfer-encoding" not in lines
        assert len(body.encode()) in (0, int(lines["content-length"]))


def test_a_large_list_comes_zipped_to_who_takes_it(http: httpx2.Client):
    for number in range(20):
        assert http.post("/Users", json={"userName": f"person-{number}", "title": "x" * 300}).status_code == 201
    zipped = http.get("/Users")
    plain = http.get("/Users", headers={"Accept-Encoding": "identity"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert int(zipped.headers["content-length"]) < int(plain.headers["content-length"]) // 4
    assert zipped.json() == plain.json()


def test_nobody_s_token_of_any_length_breaks_an_answer(http: httpx2.Client):
    for token in ("x" * 10_000, "é" * 100):
        answer = http.get("/Users", headers={"Authorization": f"Bearer {token}".encode()})
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/scim+json"
