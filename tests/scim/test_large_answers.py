"""What is too large for one segment: handed to the web server piece by piece, and the same."""

import json
from collections.abc import Iterator

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import RequestFactory

from kestra_iam import wsgi
from provisioning.models import Integration
from tests.clients import ScimClient
from tests.scim.directories import Directory


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Keep the test's connection open, as Django's own client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def group_path(integration: Integration) -> str:
    directory = Directory(integration)
    group = directory.group("everybody", *(directory.user(f"user-{number}") for number in range(2500)))
    directory.write()
    return f"/Groups/{group.pk}"


def served(scim: ScimClient, path: str, **headers: str) -> tuple[dict[str, str], list[bytes]]:
    """Return headers and pieces of an answer as the web server gets them."""
    started: list[dict[str, str]] = []
    sent = {"Authorization": f"Bearer {scim.token}", **headers}
    environ = RequestFactory(headers=sent).get(scim.base + path).environ
    pieces = list(wsgi.application(environ, lambda status, headers: started.append(dict(headers))))
    return started[0], pieces


def test_a_large_group_comes_in_pieces_and_whole(scim: ScimClient, group_path: str):
    headers, pieces = served(scim, group_path)
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= wsgi._PIECE
    whole = b"".join(pieces)
    assert headers["Content-Length"] == str(len(whole))
    assert whole == scim.get(group_path).content
    members = json.loads(whole)["members"]
    assert len({member["value"] for member in members}) == 2500
    assert members[0]["$ref"].endswith(f"/Users/{members[0]['value']}")


def test_a_small_answer_is_one_piece(scim: ScimClient, group_path: str):
    _, pieces = served(scim, f"{group_path}?excludedAttributes=members")
    assert len(pieces) == 1


def test_a_zipped_answer_has_the_length_of_what_is_sent(scim: ScimClient, group_path: str):
    headers, pieces = served(scim, group_path, **{"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip"
    assert headers["Content-Length"] == str(sum(map(len, pieces)))
