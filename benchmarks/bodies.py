"""What clients send: users, groups, changes."""

import itertools
import secrets
from typing import Any

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


class Bodies:
    """Bodies whose names no other run uses."""

    def __init__(self) -> None:
        self.run = secrets.token_hex(4)
        self._numbers = itertools.count()

    def user(self, user_name: str = "", **attributes: Any) -> dict[str, Any]:
        number = next(self._numbers)
        return user(user_name or f"u{self.run}-{number}@example.com", f"{self.run}-{number}", number, **attributes)

    def group(self, members: list[str] | None = None) -> dict[str, Any]:
        number = next(self._numbers)
        return group(f"g{self.run}-{number}", f"group-{self.run}-{number}", members)


def user(user_name: str, external_id: str, number: int, **attributes: Any) -> dict[str, Any]:
    """Return a user as a directory pushes it."""
    return {
        "schemas": [USER],
        "userName": user_name,
        "externalId": external_id,
        "name": {
            "givenName": f"Given{number}",
            "familyName": f"Family{number}",
            "formatted": f"Given{number} Family{number}",
        },
        "displayName": f"Given{number} Family{number}",
        "emails": [{"value": user_name, "type": "work", "primary": True}],
        "active": True,
        **attributes,
    }


def external_id(user_name: str) -> str:
    """Return the externalId of a seeded user."""
    return f"id-of-{user_name.partition('@')[0]}"


def group(name: str, external_id: str, members: list[str] | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"schemas": [GROUP], "displayName": name, "externalId": external_id}
    return body | ({"members": [{"value": id} for id in members]} if members else {})


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(operations)}


def add_member(id: str) -> dict[str, Any]:
    return patch({"op": "add", "path": "members", "value": [{"value": id}]})


def remove_member(id: str) -> dict[str, Any]:
    return patch({"op": "remove", "path": f'members[value eq "{id}"]'})


def set_active(active: bool) -> dict[str, Any]:
    return patch({"op": "replace", "path": "active", "value": active})


def bulk(operations: list[dict[str, Any]]) -> dict[str, Any]:
    return {"schemas": [BULK], "Operations": operations}
