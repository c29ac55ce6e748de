"""Setting up one realm of a Keycloak through its Admin REST API, as somebody who may administer it (seen on 26.7)."""

import time
from typing import Any, NamedTuple, Self
from urllib.parse import quote

import httpx2

from provisioning import outbound
from provisioning.keycloak.errors import KeycloakError
from provisioning.outbound import Unreachable

USER_STORAGE = "org.keycloak.storage.UserStorageProvider"
# The client through which Keycloak's own command line signs in; every realm has it.
_CLIENT = "admin-cli"


class Administrator(NamedTuple):
    """Who signs in, and the realm that knows them: ``master``, or the one that is administered."""

    username: str
    password: str
    realm: str = "master"


class Administration:
    """A realm as its administrator sees it; use it in a ``with`` statement.

    Every method raises ``KeycloakError`` (or ``Unreachable``) with a sentence that says what to check. Nothing is
    tried twice but a request whose token has run out: tokens of administrators live for a minute.
    """

    def __init__(self, *, base_url: str, realm: str, by: Administrator, http: httpx2.Client | None = None):
        self._base, self._name, self._by = base_url.rstrip("/"), realm, by
        self._http = http or outbound.client()
        self._token = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def sign_in(self) -> None:
        """Get a token with the administrator's password."""
        url = f"{self._base}/realms/{quote(self._by.realm, safe='')}/protocol/openid-connect/token"
        form = {"client_id": _CLIENT, "username": self._by.username, "password": self._by.password}
        response = self._http.post(url, data={"grant_type": "password", **form})
        if response.status_code == 404:
            raise KeycloakError(
                f"There is no realm '{self._by.realm}' at {self._base} to sign in to: check --url and --admin-realm."
            )
        answer = self._json(response, "the sign-in")
        if response.status_code == 200 and isinstance(answer.get("access_token"), str):
            self._token = answer["access_token"]
            return
        if response.status_code not in (400, 401):
            raise KeycloakError(f"Keycloak answers {response.status_code} to the sign-in.")
        why = str(answer.get("error_description") or answer.get("error") or "")[:200]
        raise KeycloakError(
            f"Keycloak refuses '{self._by.username}' in the realm '{self._by.realm}'{f' ({why})' if why else ''}: "
            "check --admin-user, --admin-realm and the password. Somebody who needs a second factor cannot sign in so."
        )

    def realm(self) -> dict[str, Any]:
        """Return the realm's settings (a RealmRepresentation)."""
        found = self._read(self._realm_path())
        if not isinstance(found.get("id"), str) or not isinstance(found.get("eventsListeners"), list):
            raise KeycloakError(f"{self._whoever()} sees too little of it: it takes the role manage-realm.")
        return found

    def set_event_listeners(self, listeners: list[str]) -> None:
        """Replace the realm's event listeners; nothing else of the realm changes."""
        self._write("PUT", self._realm_path(), {"eventsListeners": listeners})

    def storage_settings(self, provider: str) -> frozenset[str] | None:
        """Return the names of the settings of a user storage provider, None where no extension brings it."""
        types = self._read("/admin/serverinfo").get("componentTypes")
        providers = types.get(USER_STORAGE) if isinstance(types, dict) else None
        if not isinstance(providers, list):
            raise KeycloakError(f"{self._whoever()} may not see which extensions it has: sign in to the realm master.")
        for each in providers:
            if each.get("id") == provider:
                return frozenset(setting["name"] for setting in each.get("properties") or ())
        return None

    def components(self, realm_id: str) -> list[dict[str, Any]]:
        """Return the realm's user storage providers (ComponentRepresentations)."""
        return self._read(f"{self._realm_path()}/components", parent=realm_id, type=USER_STORAGE)

    def create_component(self, body: dict[str, Any]) -> str:
        """Create a user storage provider and return its id."""
        response = self._write("POST", f"{self._realm_path()}/components", body)
        id = response.headers.get("Location", "").rpartition("/")[2]
        if not id:
            raise KeycloakError("Keycloak created the provider and does not say where.")
        return id

    def update_component(self, id: str, body: dict[str, Any]) -> None:
        """Change a user storage provider; settings that ``body`` does not name stay."""
        self._write("PUT", f"{self._realm_path()}/components/{quote(id, safe='')}", body)

    def full_sync(self, id: str, *, seconds: float) -> dict[str, Any] | None:
        """Start a full sync of a user storage provider and return what it came to (a SynchronizationResult).

        None if it goes on after ``seconds``; Keycloak ends it by itself.
        """
        path = f"{self._realm_path()}/user-storage/{quote(id, safe='')}/sync"
        began = time.monotonic()
        try:
            response = self._send("POST", path, params={"action": "triggerFullSync"}, timeout=seconds)
        except Unreachable:
            if time.monotonic() - began < seconds:
                raise
            return None
        return self._json(response, "the sync")

    def _realm_path(self) -> str:
        return f"/admin/realms/{quote(self._name, safe='')}"

    def _read(self, path: str, **query: str) -> Any:
        return self._json(self._send("GET", path, params=query), path)

    def _write(self, method: str, path: str, body: dict[str, Any]) -> httpx2.Response:
        return self._send(method, path, json=body)

    def _send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        for attempt in (1, 2):
            if not self._token:
                self.sign_in()
            headers = {"Authorization": f"Bearer {self._token}"}
            response = self._http.request(method, f"{self._base}{path}", headers=headers, **options)
            if response.status_code != 401 or attempt == 2:
                break
            self._token = ""
        status = response.status_code
        if status == 404 and path.startswith(self._realm_path()):
            raise KeycloakError(f"There is no realm '{self._name}' at {self._base}, or it lacks {path}.")
        if status in (401, 403):
            raise KeycloakError(f"{self._whoever()} may not do that ({method} {path}): it takes the role manage-realm.")
        if not 200 <= status < 300:
            raise KeycloakError(f"Keycloak answers {status} to {method} {path}{_reason(response)}.")
        return response

    def _json(self, response: httpx2.Response, what: str) -> Any:
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict | list):
            raise KeycloakError(f"The answer of {self._base} to {what} is not Keycloak's: check --url.")
        return answer

    def _whoever(self) -> str:
        return f"'{self._by.username}' of the realm '{self._by.realm}'"


def _reason(response: httpx2.Response) -> str:
    """Return what Keycloak says is wrong, as it writes it in the bodies of its errors."""
    try:
        body = response.json()
    except ValueError:
        return ""
    said = (body.get("errorMessage") or body.get("error_description")) if isinstance(body, dict) else None
    return f": {' '.join(said.split())[:200].rstrip('.')}" if isinstance(said, str) else ""
