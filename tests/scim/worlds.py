"""Several integrations at work at once, or one of them alone, with the same requests.

Requests name people and groups as (whose, kind, number): the number counts what that integration, or ``"me"``,
has created. In a world where it does not exist, or has not created so many, the id is one that nobody has.
"""

import json
import re
import uuid
from typing import Any, NamedTuple

from django.http import HttpResponse

from provisioning.models import Integration
from tests.clients import ScimClient

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)")


class Request(NamedTuple):
    """One request; ``{0}``, ``{1}`` … in path, query and body stand for the ids that ``named`` names."""

    method: str
    path: str
    content: Any = None
    named: tuple[tuple[str, str, int], ...] = ()
    query: dict[str, str] | None = None


class World:
    """The integrations of one world by name."""

    def __init__(self, **integrations: Integration):
        self.clients = {name: ScimClient(integration) for name, integration in integrations.items()}
        self.created: dict[tuple[str, str], list[str]] = {}

    def send(self, who: str, request: Request) -> tuple[int, Any]:
        """Send a request and return status and answer, with whatever differs between worlds made equal."""
        client = self.clients[who]
        ids = [self._id(who if whose == "me" else whose, *which) for whose, *which in request.named]
        path = _filled(request.path, ids)
        if request.method == "GET":
            response = client.get(path, json.loads(_filled(json.dumps(request.query or {}), ids)))
        elif request.method == "DELETE":
            response = client.delete(path)
        else:
            body = _filled(json.dumps(request.content), ids).encode()
            response = getattr(client, request.method.lower())(path, body)
        self._note(who, response)
        return response.status_code, self._told(who, response)

    def _id(self, whose: str, kind: str, number: int) -> str:
        made = self.created.get((whose, kind), [])
        return made[number] if number < len(made) else str(uuid.uuid4())

    def _note(self, who: str, response: HttpResponse) -> None:
        answer = json.loads(response.content or "{}")
        if response.status_code == 201:
            self._add(who, answer["meta"]["resourceType"], answer["id"])
        for operation in answer.get("Operations", []):
            if operation["status"] == "201":
                self._add(who, operation["location"].split("/")[-2][:-1], operation["location"].split("/")[-1])

    def _add(self, who: str, kind: str, id: str) -> None:
        self.created.setdefault((who, kind), []).append(id)

    def _told(self, who: str, response: HttpResponse) -> Any:
        """Return the answer with ids, times and addresses replaced; lists in an order of their own."""
        own = {
            id: f"{kind} {number}"
            for (whose, kind), ids in self.created.items()
            if whose == who
            for number, id in enumerate(ids)
        }
        text = response.content.decode().replace(self.clients[who].base, "BASE")
        text = _ID.sub(lambda found: own.get(found[0], "nobody's"), _TIME.sub("TIME", text))
        headers = {name: response[name] for name in ("ETag", "WWW-Authenticate", "Allow") if name in response}
        return headers, _in_order(json.loads(text)) if text else None


def _filled(text: str, ids: list[str]) -> str:
    for position, id in enumerate(ids):
        text = text.replace(f"{{{position}}}", id)
    return text


def _in_order(answer: Any) -> Any:
    """Sort what comes by random ids."""
    if isinstance(answer, dict):
        return {name: _in_order(value) for name, value in answer.items()}
    if isinstance(answer, list):
        return sorted(map(_in_order, answer), key=lambda each: json.dumps(each, sort_keys=True))
    return answer
