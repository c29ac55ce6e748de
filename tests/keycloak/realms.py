"""Realms of a running Keycloak as their administrator changes and reads them, through its Admin REST API."""

import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import httpx2

from tests.keycloak.server import ADMINISTRATOR, Keycloak

PULLER, SECRET = "puller", "puller-secret"
ROLES = ["view-users", "query-users", "query-groups"]
# More in one request and Keycloak takes long to answer.
PART = 500


class Group(NamedTuple):
    """A group as Keycloak has it; ``path`` is ``/staff/developers``, ``members`` are user ids."""

    id: str
    path: str
    members: frozenset[str]


class Realm:
    """One realm, which ``with_puller`` has a client ``PULLER`` whose service account may read people and groups."""

    def __init__(self, keycloak: Keycloak, name: str, *, with_puller: bool = True, **settings: Any):
        self.keycloak = keycloak
        self.name = name
        self._http = httpx2.Client(base_url=keycloak.url, timeout=120)
        self._token = "none yet"
        self._send("POST", "/admin/realms", json={"realm": name, "enabled": True, "sslRequired": "none", **settings})
        if with_puller:
            self.add_client(PULLER, ROLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    # What is there

    def users(self) -> dict[str, dict[str, Any]]:
        """Return everybody, by id."""
        return {user["id"]: user for user in self._get("/users", max=-1)}

    def groups(self) -> dict[str, Group]:
        """Return every group on every level, by id."""
        return {group.id: group for group in self._below("/groups")}

    def user(self, username: str) -> dict[str, Any]:
        [found] = self._get("/users", username=username, exact="true")
        return found

    def group(self, path: str) -> str:
        """Return the id of a group."""
        return self._get(f"/group-by-path{path}")["id"]

    # People

    def add_user(self, username: str, **attributes: Any) -> str:
        body = {"username": username, "enabled": True, "emailVerified": True, **attributes}
        return _id(self._post("/users", body))

    def add_users(self, users: list[dict[str, Any]]) -> None:
        """Import people as an operator does who moves in; ``groups`` of each names paths. Nobody hears of it."""
        for first in range(0, len(users), PART):
            part = [{"enabled": True, "emailVerified": True, **user} for user in users[first : first + PART]]
            self._post("/partialImport", {"ifResourceExists": "FAIL", "users": part})

    def change_user(self, id: str, **attributes: Any) -> None:
        # It takes what is left out for removed.
        self._put(f"/users/{id}", {**self._get(f"/users/{id}"), **attributes})

    def delete_user(self, id: str) -> None:
        self._delete(f"/users/{id}")

    # Groups

    def add_group(self, name: str, parent: str = "") -> str:
        return _id(self._post(f"/groups/{parent}/children" if parent else "/groups", {"name": name}))

    def rename_group(self, id: str, name: str) -> None:
        self._put(f"/groups/{id}", {"name": name})

    def move_group(self, id: str, parent: str = "") -> None:
        """Put a group below another one, or to the top."""
        body = {"id": id, "name": self._get(f"/groups/{id}")["name"]}
        self._post(f"/groups/{parent}/children" if parent else "/groups", body)

    def delete_group(self, id: str) -> None:
        self._delete(f"/groups/{id}")

    def join(self, user: str, group: str) -> None:
        self._put(f"/users/{user}/groups/{group}", {})

    def leave(self, user: str, group: str) -> None:
        self._delete(f"/users/{user}/groups/{group}")

    # Clients and components

    def add_client(self, name: str, roles: list[str]) -> None:
        """Add a confidential client (``SECRET``) whose service account has these roles of realm-management."""
        client = {
            "clientId": name,
            "publicClient": False,
            "secret": SECRET,
            "serviceAccountsEnabled": True,
            "standardFlowEnabled": False,
        }
        account = self._get(f"/clients/{_id(self._post('/clients', client))}/service-account-user")["id"]
        [management] = self._get("/clients", clientId="realm-management")
        known = {role["name"]: role for role in self._get(f"/clients/{management['id']}/roles")}
        given = [known[role] for role in roles]
        if given:
            self._post(f"/users/{account}/role-mappings/clients/{management['id']}", given)

    def full_sync(self, component: str) -> dict[str, Any]:
        """Let a user storage provider push everybody; return what Keycloak says of it."""
        return self._post(f"/user-storage/{component}/sync?action=triggerFullSync", None).json()

    def change_component(self, id: str, **settings: str) -> None:
        component = self._get(f"/components/{id}")
        config = component["config"] | {name: [value] for name, value in settings.items()}
        self._put(f"/components/{id}", {**component, "config": config})

    def provider_settings(self, provider: str) -> set[str]:
        """Return the names of the settings of a user storage provider."""
        types = self._send("GET", "/admin/serverinfo").json()["componentTypes"]
        [found] = [each for each in types["org.keycloak.storage.UserStorageProvider"] if each["id"] == provider]
        return {setting["name"] for setting in found["properties"]}

    def components(self) -> list[dict[str, Any]]:
        return self._get("/components", type="org.keycloak.storage.UserStorageProvider")

    def settings(self) -> dict[str, Any]:
        return self._get("")

    def _below(self, path: str) -> Iterator[Group]:
        for group in self._get(path, max=1000):
            members = self._get(f"/groups/{group['id']}/members", max=-1, briefRepresentation="true")
            yield Group(group["id"], group["path"], frozenset(member["id"] for member in members))
            yield from self._below(f"/groups/{group['id']}/children")

    def _get(self, path: str, **query: Any) -> Any:
        return self._send("GET", f"/admin/realms/{self.name}{path}", params=query).json()

    def _post(self, path: str, body: Any) -> httpx2.Response:
        return self._send("POST", f"/admin/realms/{self.name}{path}", json=body)

    def _put(self, path: str, body: Any) -> None:
        self._send("PUT", f"/admin/realms/{self.name}{path}", json=body)

    def _delete(self, path: str) -> None:
        self._send("DELETE", f"/admin/realms/{self.name}{path}")

    def _send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        response = self._http.request(method, path, headers={"Authorization": f"Bearer {self._token}"}, **options)
        if response.status_code == 401:
            # An administrator's token lives for a minute.
            form = {"grant_type": "password", "client_id": "admin-cli", **ADMINISTRATOR}
            signed_in = self._http.post("/realms/master/protocol/openid-connect/token", data=form)
            assert signed_in.status_code == 200, signed_in.text
            self._token = signed_in.json()["access_token"]
            response = self._http.request(method, path, headers={"Authorization": f"Bearer {self._token}"}, **options)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text[:500]}"
        return response


def new_name() -> str:
    """Return a name that no realm has."""
    return f"realm-{uuid.uuid4().hex[:8]}"


def _id(response: httpx2.Response) -> str:
    """Return the id of what has been made."""
    return response.headers["Location"].rpartition("/")[2]
