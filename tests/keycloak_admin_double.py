"""A stand-in for what an administrator of a Keycloak sets up: realm, extensions, providers, event listeners, full sync.

It stands in because a Keycloak takes a minute to start, and none with keycloak-scim can be had without an operator's
download; both are asked in ``tests/keycloak``. As in Keycloak 26, changing a provider keeps the settings that the body
does not name, and changing a realm changes only what the body names.
"""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

USER_STORAGE = "org.keycloak.storage.UserStorageProvider"
SETTINGS = (
    "endpoint content-type auth-mode auth-user auth-pass propagation-user propagation-group sync-import "
    "sync-import-action sync-refresh group-patchOp user-patchOp enabled"
).split()


class KeycloakAdminDouble:
    """``realm`` and ``components`` as representations, ``writes`` as ``("PUT", path, body)``.

    ``refuse[(method, end of path)] = status`` answers such requests so. ``on_sync(component)`` pushes what there is
    and returns the result.
    """

    password = "opensesame"

    def __init__(self) -> None:
        self.realm: dict[str, Any] = {"id": str(uuid.uuid4()), "realm": "app", "eventsListeners": ["jboss-logging"]}
        self.extensions: dict[str, list[str]] = {"ldap": ["vendor"], "scim": list(SETTINGS)}
        self.components: list[dict[str, Any]] = []
        self.writes: list[tuple[str, str, Any]] = []
        self.refuse: dict[tuple[str, str], int] = {}
        self.tokens: set[str] = set()
        self.requests_of_a_token = 1000
        self.on_sync: Callable[[dict[str, Any]], dict[str, Any]] = lambda _: {"status": "0 users"}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add_provider(self, name: str, **config: str) -> dict[str, Any]:
        """Add a provider of keycloak-scim; ``_`` in the name of a setting stands for ``-``."""
        settings = {setting.replace("_", "-"): [value] for setting, value in config.items()}
        component = {"id": str(uuid.uuid4()), "name": name, "providerId": "scim", "config": settings}
        self.components.append(component)
        return component

    def sign_in(self, realm: str, form: dict[str, list[str]]) -> tuple[int, Any]:
        if realm != "master":
            return 404, {"error": "Realm does not exist"}
        if form["username"] != ["admin"] or form["password"] != [self.password]:
            return 401, {"error": "invalid_grant", "error_description": "Invalid user credentials"}
        token = str(uuid.uuid4())
        self.tokens.add(token)
        self._left = self.requests_of_a_token
        return 200, {"access_token": token, "expires_in": 60}

    def takes(self, authorization: str) -> bool:
        """Return whether a token is valid for one request more."""
        self._left -= 1
        return authorization.removeprefix("Bearer ") in self.tokens and self._left >= 0

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if path == "/admin/serverinfo":
            types = [
                {"id": id, "properties": [{"name": name} for name in names]} for id, names in self.extensions.items()
            ]
            return 200, {"componentTypes": {USER_STORAGE: types}}
        if not path.startswith("/admin/realms/app"):
            return 404, {"error": "Realm not found."}
        rest = path.removeprefix("/admin/realms/app")
        if method != "GET":
            self.writes.append((method, rest, body))
        if rest == "":
            if method == "PUT":
                self.realm.update(body)
                return 204, None
            return 200, self.realm
        if rest == "/components" and method == "GET":
            return 200, self.components
        if rest == "/components":
            self.components.append({"id": str(uuid.uuid4()), **body})
            return 201, self.components[-1]["id"]
        id = rest.split("/")[2]
        component = next((each for each in self.components if each["id"] == id), None)
        if component is None:
            return 404, {"error": "Could not find component"}
        if rest.endswith("/sync"):
            return 200, self.on_sync(component)
        component["config"].update(body["config"])
        return 204, None


def _handler(double: KeycloakAdminDouble) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self.respond(None)

        def do_POST(self) -> None:
            self.respond(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def do_PUT(self) -> None:
            self.do_POST()

        def respond(self, body: bytes | None) -> None:
            path = urlsplit(self.path).path
            for (method, end), status in double.refuse.items():
                if self.command == method and path.endswith(end):
                    return self.send(status, {"errorMessage": "told to"})
            if path.endswith("/protocol/openid-connect/token"):
                return self.send(*double.sign_in(path.split("/")[2], parse_qs((body or b"").decode())))
            if not double.takes(self.headers.get("Authorization", "")):
                return self.send(401, {"error": "HTTP 401 Unauthorized"})
            return self.send(*double.answer(self.command, path, json.loads(body) if body else None))

        def send(self, status: int, document: Any) -> None:
            body = b"" if document is None or status == 201 else json.dumps(document).encode()
            self.send_response(status)
            if status == 201:
                self.send_header("Location", f"{double.url}{self.path}/{document}")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def keycloak_admin(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeycloakAdminDouble]:
    """A Keycloak with keycloak-scim that the server may ask, and the password of its administrator."""
    double = KeycloakAdminDouble()
    double.start()
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    monkeypatch.setenv("KEYCLOAK_ADMIN_PASSWORD", double.password)
    yield double
    double.stop()
