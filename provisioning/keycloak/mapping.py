"""What a Keycloak calls people and groups, in the words of SCIM."""

from typing import Any

from kestra_iam.errors import Invalid
from provisioning.keycloak.realm import KeycloakGroup, KeycloakUser

LONGEST_PATH = 1024


def user_body(user: KeycloakUser) -> dict[str, Any]:
    """Return the SCIM User that a push of this person would carry: the same attributes as Keycloak's plugins send.

    What Keycloak leaves empty is absent; ``documents.user_attributes`` validates it.
    """
    return {
        "externalId": user.id,
        "userName": user.username,
        "name": {"givenName": user.first_name, "familyName": user.last_name},
        "displayName": f"{user.first_name} {user.last_name}".strip() or user.username,
        "active": user.enabled,
        "emails": [{"value": user.email, "primary": True}] if user.email else [],
    }


def display_name(group: KeycloakGroup) -> str:
    """Return the name of a group: a nested one is named by its path, so that two subgroups of a name differ."""
    return group.name if group.path in (f"/{group.name}", f"/{_escaped(group.name)}") else group.path


def _escaped(name: str) -> str:
    # What Keycloak puts into a path for a name with slashes, where it is set up so.
    return name.replace("/", "~/")


def group_paths(text: str) -> tuple[str, ...]:
    """Return the paths of a group filter, one a line, each once and in order.

    Raises ``Invalid`` for a line that is no path.
    """
    paths = [line.strip().rstrip("/") for line in text.splitlines() if line.strip()]
    for path in paths:
        if not path.startswith("/"):
            raise Invalid(
                f"{path[:60] or '/'!r} is no path of a group: write one a line, such as /staff or /staff/developers.",
                field="group_filter",
            )
        if len(path) > LONGEST_PATH:
            raise Invalid(f"A path has {len(path)} characters: use at most {LONGEST_PATH}.", field="group_filter")
    return tuple(dict.fromkeys(paths))


def is_wanted(path: str, paths: tuple[str, ...]) -> bool:
    """Return whether a group filter takes a group: every one for no paths, else those named and those below."""
    return not paths or any(path == each or path.startswith(f"{each}/") for each in paths)
