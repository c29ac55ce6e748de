"""Replaying what real clients send (format: tests/payloads/README.md)."""

import gzip
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.test import Client

from provisioning.endpoints import scim_endpoint
from provisioning.models import Integration
from tests.wire import Answer, check_essentials, differences, first_id

PAYLOADS = Path(__file__).resolve().parent / "payloads"


@dataclass
class Peer:
    """A client that sends exactly the headers it is told to; ``known`` holds what it remembers of answers."""

    integration: Integration
    known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        self.base = scim_endpoint(self.integration)
        self.known["base"] = self.base
        self._path = f"/api/v1/{self.integration.tenant.slug}/integrations/{self.integration.pk}/scim/v2"
        self._client = Client()

    def send(self, method: str, path: str, *, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Send one request below the endpoint; nothing is added but ``Authorization``, unless it is given."""
        given = {"Authorization": f"Bearer {self.integration.secret_token}", **(headers or {})}
        environ = {_environ_name(name): value for name, value in given.items() if value is not None}
        data = b""
        if body is not None:
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
        content_type = environ.pop("CONTENT_TYPE", "")
        if not data and content_type:
            environ["CONTENT_TYPE"] = content_type
        response = self._client.generic(method, self._path + path, data, content_type=content_type, **environ)
        return _answer(response)

    def say(self, request: dict[str, Any], headers: dict[str, str], body_headers: dict[str, str]) -> Answer:
        """Send a request of a conversation, remember what it keeps and check what it expects."""
        body = self.filled(request.get("body"))
        together = headers | (body_headers if body is not None else {}) | self.filled(request.get("headers", {}))
        answer = self.send(request["method"], self.filled(request["path"]), body=body, headers=together)
        told = f"{request['name']}: {request['method']} {request['path']} → {answer.status} {answer.text[:2000]}"
        assert answer.status == request["expect"]["status"], told
        check_essentials(answer.body or {}, self.base)
        keep = request.get("keep", {})
        for name, path in ({keep: "id"} if isinstance(keep, str) else keep).items():
            self.known[name] = _at(answer.body, path)
        self._check(answer, request["expect"], told)
        return answer

    def filled(self, value: Any) -> Any:
        """Return ``value`` with every ``{name}`` that is known replaced, inside whatever holds it."""
        if isinstance(value, str):
            return re.sub(r"\{(\w+)\}", lambda found: self.known.get(found[1], found[0]), value)
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        if isinstance(value, dict):
            return {name: self.filled(each) for name, each in value.items()}
        return value

    def _check(self, answer: Answer, expect: dict[str, Any], told: str) -> None:
        for name, value in self.filled(expect.get("headers", {})).items():
            assert answer.headers.get(name.lower()) == value, f"{name} of {told}"
        if "body" in expect:
            wrong = differences(answer.body, self.filled(expect["body"]))
            assert not wrong, "\n".join([told, *wrong])
        if "first_id" in expect:
            assert first_id(answer.text) == self.filled(expect["first_id"]), told


def conversations() -> list[str]:
    """Return every conversation as ``client/file``."""
    return sorted(str(path.relative_to(PAYLOADS).with_suffix("")) for path in PAYLOADS.glob("*/*.json"))


def replay(name: str, integration: Integration) -> Peer:
    """Let a client speak one conversation from its first request to its last."""
    conversation = json.loads((PAYLOADS / f"{name}.json").read_text())
    peer = Peer(integration)
    for request in conversation["requests"]:
        peer.say(request, conversation["headers"], conversation.get("body_headers", {}))
    return peer


def _answer(response: HttpResponse) -> Answer:
    content = response.content
    if response.headers.get("Content-Encoding") == "gzip":
        content = gzip.decompress(content)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, content.decode())


def _environ_name(header: str) -> str:
    name = header.upper().replace("-", "_")
    return name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"


def _at(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value[int(key)] if isinstance(value, list) else value[key]
    return value
