"""Reading one realm of a Keycloak through its Admin REST API, as a client with a service account (seen on 26.7)."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Self
from urllib.parse import quote

import httpx2

from provisioning.keycloak.connection import Connection, text
from provisioning.keycloak.errors import Gone

PAGE = 100
# What stands below ``/users`` in the place of an id; another client may have pushed such external ids.
_OTHER_ADDRESSES = frozenset({"", ".", "..", "count", "profile"})


class KeycloakUser(NamedTuple):
    """A user as Keycloak lists it; ``''`` for what it does not have."""

    id: str
    username: str
    first_name: str
    last_name: str
    email: str
    enabled: bool


class KeycloakGroup(NamedTuple):
    """A group; ``path`` names it with its parents, as in ``/staff/developers``."""

    id: str
    name: str
    path: str


class Realm:
    """What a client of the realm may read; use it in a ``with`` statement.

    Every method raises ``KeycloakError`` (or ``Unreachable``) with a sentence that says what to check.
    """

    def __init__(
        self, *, base_url: str, realm: str, client_id: str, client_secret: str, http: httpx2.Client | None = None
    ):
        self._keycloak = Connection(base_url, realm, client_id, client_secret, http)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._keycloak.close()

    def count_users(self) -> int:
        """Return how many users the realm has, service accounts apart."""
        number = self._keycloak.get("/users/count")
        if type(number) is not int or number < 0:
            raise self._keycloak.not_understood("/users/count")
        return number

    def users_page(self, first: int, size: int = PAGE) -> list[KeycloakUser]:
        """Return users ``first`` to ``first + size`` in the order of their usernames."""
        rows = self._list("/users", first=first, max=size, briefRepresentation="true")
        try:
            return [
                KeycloakUser(
                    _id(row),
                    text(row["username"]),
                    text(row.get("firstName")),
                    text(row.get("lastName")),
                    text(row.get("email")),
                    row.get("enabled") is True,
                )
                for row in rows
            ]
        except (KeyError, TypeError, AttributeError):
            raise self._keycloak.not_understood("/users") from None

    def user_exists(self, id: str) -> bool:
        """Return whether the realm has a user of that id; ``False`` is Keycloak's own word, never a guess."""
        if id in _OTHER_ADDRESSES:
            return False
        path = f"/users/{quote(id, safe='')}"
        try:
            row = self._keycloak.get(path)
            found = text(row["id"])
        except Gone:
            return False
        except (KeyError, TypeError):
            raise self._keycloak.not_understood(path) from None
        # Some databases compare ids without regard to letter case.
        if found.lower() != id.lower():
            raise self._keycloak.not_understood(path)
        return True

    def has_user_named(self, username: str) -> bool:
        """Return whether the realm has a user of that username, in any letter case."""
        return bool(self._list("/users", username=username, exact="true", max=1, briefRepresentation="true"))

    def group_tree(self) -> Iterator[KeycloakGroup]:
        """Return every group once, parents before their children."""
        seen: set[str] = set()
        # Keycloak leaves subGroups empty whatever it is asked: each level has its own pages.
        levels = ["/groups"]
        while levels:
            path = levels.pop()
            try:
                for group, has_children in self._level(path):
                    if group.id in seen:
                        continue
                    seen.add(group.id)
                    if has_children:
                        levels.append(f"/groups/{quote(group.id, safe='')}/children")
                    yield group
            except Gone:
                continue

    def members_page(self, group_id: str, first: int, size: int = PAGE) -> list[str]:
        """Return the ids of direct members ``first`` to ``first + size``; raises ``Gone`` for no such group."""
        path = f"/groups/{quote(group_id, safe='')}/members"
        return self._ids(path, self._list(path, first=first, max=size, briefRepresentation="true"))

    def groups_of(self, user_id: str) -> set[str]:
        """Return the ids of the groups that a user is in directly, none for no such user."""
        path = f"/users/{quote(user_id, safe='')}/groups"
        found: set[str] = set()
        try:
            while page := self._ids(path, self._list(path, first=len(found), max=PAGE)):
                before = len(found)
                found.update(page)
                if len(page) < PAGE or len(found) == before:
                    break
        except Gone:
            return set()
        return found

    def _level(self, path: str) -> Iterator[tuple[KeycloakGroup, bool]]:
        """Return the groups that an address lists, and whether they have others below them."""
        first = 0
        while rows := self._list(path, first=first, max=PAGE):
            first += PAGE
            try:
                yield from [
                    (KeycloakGroup(_id(row), text(row["name"]), text(row["path"])), _has_children(row)) for row in rows
                ]
            except (KeyError, TypeError, AttributeError):
                raise self._keycloak.not_understood(path) from None
            if len(rows) < PAGE:
                break

    def _ids(self, path: str, rows: list[Any]) -> list[str]:
        try:
            return [_id(row) for row in rows]
        except (KeyError, TypeError):
            raise self._keycloak.not_understood(path) from None

    def _list(self, path: str, **query: Any) -> list[Any]:
        rows = self._keycloak.get(path, **query)
        if not isinstance(rows, list):
            raise self._keycloak.not_understood(path)
        return rows


def _has_children(row: dict[str, Any]) -> bool:
    return bool(row.get("subGroupCount") or row.get("subGroups"))


def _id(row: Any) -> str:
    id = text(row["id"])
    if not id:
        raise TypeError("no id")
    return id
