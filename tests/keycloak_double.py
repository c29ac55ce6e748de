"""A stand-in for one realm of a Keycloak: the token endpoint and what a pull reads of the Admin REST API.

It stands in because a Keycloak takes a minute to start and cannot be told to misbehave; the real one is asked in
``tests/keycloak``. It lists what it has in offset pages, as Keycloak 26 does: bare arrays without a total, users by
username, ``subGroups`` always empty, direct members only.
"""

import base64
import itertools
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from provisioning.keycloak.connection import Connection


class KeycloakDouble:
    """``users`` and ``groups`` by id, ``requests`` as they came: ``("GET", "/users", {"first": "0", …})``.

    ``before[n] = deed`` calls ``deed()`` before the n-th request of the Admin REST API (from 1) is answered; a deed may
    change the realm, or return a status to answer with, ``(status, headers, body)`` to send as they are, or ``"drop"``
    to break the connection off. ``refusal`` is what the token endpoint answers to everybody.
    """

    realm, client_id, client_secret = "app", "puller", "puller-secret"

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.groups: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.before: dict[int, Callable[[], Any]] = {}
        self.roles = {"users", "groups"}
        # Without view-users Keycloak lists nobody and nothing to a client that may query, and counts all the same.
        self.may_view = True
        self.token_seconds: Any = 300
        self.refusal: tuple[int, dict[str, Any]] | None = None
        self.tokens: set[str] = set()
        self._numbers = itertools.count(1)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add_user(self, username: str, **attributes: Any) -> str:
        """Add a user (``email``, ``firstName``, ``lastName``, ``enabled``) and return the id."""
        id = attributes.pop("id", str(uuid.uuid4()))
        self.users[id] = {"id": id, "username": username, "enabled": True, "emailVerified": True, **attributes}
        return id

    def add_group(self, name: str, *members: str, parent: str = "") -> str:
        """Add a group with members by id and return its id."""
        id = str(uuid.uuid4())
        self.groups[id] = {"id": id, "name": name, "parent": parent, "members": list(members)}
        return id

    def delete_user(self, id: str) -> None:
        self.users.pop(id, None)
        for group in self.groups.values():
            group["members"] = [member for member in group["members"] if member != id]

    def path_of(self, id: str) -> str:
        group = self.groups[id]
        return (self.path_of(group["parent"]) if group["parent"] else "") + "/" + group["name"]

    def answer(self, path: str, query: dict[str, str]) -> Any:
        """Return what Keycloak has at an address below the realm; raises ``LookupError`` for nothing."""
        first, most = int(query.get("first", 0)), int(query.get("max", 100))
        if path == "/users/count":
            return len(self.users)
        if path in ("/users", "/groups") and not self.may_view:
            return []
        if path == "/users":
            exact = query.get("username", "").lower()
            named = [user for user in self.users.values() if exact in ("", user["username"])]
            return self._users(named)[first : first + most]
        if path == "/groups":
            return self._groups("")[first : first + most]
        kind, id, *rest = path.strip("/").split("/")
        if kind == "users" and not rest:
            return self.users[id]
        if kind == "users" and rest == ["groups"]:
            self.users[id]
            mine = [group for group in self.groups.values() if id in group["members"]]
            return [self._group(group) for group in mine][first : first + most]
        if kind == "groups" and rest == ["children"]:
            self.groups[id]
            return self._groups(id)[first : first + most]
        if kind == "groups" and rest == ["members"]:
            members = [self.users[user] for user in self.groups[id]["members"] if user in self.users]
            return self._users(members)[first : first + most]
        raise LookupError(path)

    def _users(self, users: Any) -> list[dict[str, Any]]:
        return sorted(users, key=lambda user: user["username"])

    def _groups(self, parent: str) -> list[dict[str, Any]]:
        below = [group for group in self.groups.values() if group["parent"] == parent]
        return [self._group(group) for group in sorted(below, key=lambda group: group["name"])]

    def _group(self, group: dict[str, Any]) -> dict[str, Any]:
        children = sum(each["parent"] == group["id"] for each in self.groups.values())
        return {
            "id": group["id"],
            "name": group["name"],
            "path": self.path_of(group["id"]),
            "subGroupCount": children,
            "subGroups": [],
        }

    def sign_in(self, credentials: str) -> tuple[int, dict[str, Any]]:
        """Return the answer of the token endpoint to Basic credentials."""
        given = [unquote(part) for part in credentials.split(":", 1)]
        if given != [self.client_id, self.client_secret]:
            return 401, {
                "error": "unauthorized_client",
                "error_description": "Invalid client or Invalid client credentials",
            }
        token = f"token-{next(self._numbers)}"
        self.tokens.add(token)
        return 200, {"access_token": token, "expires_in": self.token_seconds, "token_type": "Bearer"}


def _handler(double: KeycloakDouble) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body are two segments; the second would wait 40 ms for the first to be acknowledged.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path != f"/realms/{double.realm}/protocol/openid-connect/token":
                return self.send(404, {"error": "Realm does not exist"})
            scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
            assert scheme == "Basic"
            return self.send(*(double.refusal or double.sign_in(base64.b64decode(encoded).decode())))

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            path = re.sub(r"^/admin/realms/[^/]+", "", address.path)
            query = dict(parse_qsl(address.query))
            double.requests.append(("GET", path, query))
            outcome = double.before.pop(len(double.requests), lambda: None)()
            if outcome == "drop":
                self.close_connection = True
                return None
            if isinstance(outcome, tuple):
                return self.send_bytes(*outcome)
            if isinstance(outcome, int):
                return self.send(outcome, {"error": "told to"})
            if self.headers.get("Authorization", "").removeprefix("Bearer ") not in double.tokens:
                return self.send(401, {"error": "HTTP 401 Unauthorized"})
            if not address.path.startswith(f"/admin/realms/{double.realm}/"):
                return self.send(404, {"error": "Realm not found."})
            if path.split("/")[1] not in double.roles:
                return self.send(403, {"error": "HTTP 403 Forbidden"})
            try:
                return self.send(200, double.answer(path, query))
            except LookupError:
                is_user = path.startswith("/users/")
                return self.send(404, {"error": "User not found" if is_user else "Could not find group by id"})

        def send(self, status: int, document: Any) -> None:
            self.send_bytes(status, {"Content-Type": "application/json"}, json.dumps(document).encode())

        def send_bytes(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def keycloak(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeycloakDouble]:
    """An empty realm that the server may ask; nothing waits before it is tried again."""
    double = KeycloakDouble()
    double.start()
    settings.OUTBOUND_ALLOW = [double.host]
    monkeypatch.setattr(Connection, "pauses", (0.0, 0.0))
    yield double
    double.stop()
