"""Replaying what real clients send, and what every SCIM answer must look like (format: tests/payloads/README.md)."""

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

PAYLOADS = Path(__file__).resolve().parent / "payloads"
ABSENT = "(absent)"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


@dataclass
class Answer:
    """An answer as it came over the wire; ``text`` is unzipped, ``body`` parsed, None for none."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text) if self.text else None


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
        check_form(answer, self.base)
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


def differences(actual: Any, expected: Any, where: str = "") -> list[str]:
    """Return how ``actual`` falls short of ``expected``: JSON types count, names not expected do not."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        wrong = []
        for name, value in expected.items():
            if value == ABSENT:
                wrong += [f"{where}.{name} is there: {actual[name]!r}"] if name in actual else []
            elif name not in actual:
                wrong.append(f"{where}.{name} is missing")
            else:
                wrong += differences(actual[name], value, f"{where}.{name}")
        return wrong
    if isinstance(expected, list) and isinstance(actual, list):
        if len(actual) != len(expected):
            return [f"{where} has {len(actual)} elements, not {len(expected)}"]
        if where == ".Resources":
            missing = [each for each in expected if all(differences(one, each) for one in actual)]
            return [f"{where} has no {each!r}" for each in missing]
        each_wrong = [differences(actual[i], expected[i], f"{where}[{i}]") for i in range(len(expected))]
        return [wrong for each in each_wrong for wrong in each]
    same = type(actual) is type(expected) and actual == expected
    return [] if same else [f"{where} is {actual!r}, not {expected!r}"]


def check_form(answer: Answer, base: str) -> None:
    """Check what every client relies on in every answer: media type, ids, locations, versions, errors, counters."""
    body = answer.body
    if answer.status in (204, 304):
        assert body is None
        assert "content-type" not in answer.headers
        return
    assert answer.headers["content-type"] == "application/scim+json"
    if answer.status >= 400:
        assert body["schemas"] == [ERROR]
        assert body["status"] == str(answer.status)
        assert isinstance(body["detail"], str)
        assert body["detail"]
    elif LIST_RESPONSE in body["schemas"]:
        for counter in ("totalResults", "startIndex", "itemsPerPage"):
            assert type(body[counter]) is int, counter
        assert body["itemsPerPage"] == len(body["Resources"])
        for resource in body["Resources"]:
            _check_resource(resource, base)
    elif body.get("meta", {}).get("resourceType") in ("User", "Group"):
        _check_resource(body, base)
        assert answer.headers["content-location"] == body["meta"]["location"]
        assert answer.headers["etag"] == body["meta"]["version"]
        if answer.status == 201:
            assert answer.headers["location"] == body["meta"]["location"]
            assert body["meta"]["created"] == body["meta"]["lastModified"]


def first_id(text: str) -> str | None:
    """Return the first id in the text of a list as Termindiego25 finds it: the first ``"id"`` after
    ``"Resources"`` that no closing brace stands before."""
    total = re.search(r'"totalResults"\D*(\d+)', text)
    if not total or total[1] == "0":
        return None
    resources = re.search(r'"Resources"\s*:\s*\[', text)
    inside = text[text.index("{", resources.end()) :].partition("}")[0] if resources else ""
    found = re.search(r'"id"\s*:\s*"([^"]+)"', inside)
    return found[1] if found else None


def _check_resource(resource: dict[str, Any], base: str) -> None:
    kind = resource.get("meta", {}).get("resourceType")
    if kind not in ("User", "Group"):
        return
    assert isinstance(resource["id"], str)
    assert len(resource["id"]) <= 36
    assert resource["meta"]["location"] == f"{base}/{kind}s/{resource['id']}"
    if kind == "User":
        assert isinstance(resource["userName"], str)
        assert isinstance(resource["active"], bool)
        for elements in ("emails", "roles", "phoneNumbers", "photos"):
            assert all(isinstance(each.get("primary", False), bool) for each in resource.get(elements, ()))
    else:
        assert isinstance(resource["displayName"], str)


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
