"""The permission vocabulary (RBAC): resources, actions and the managed roles made of them."""

from collections.abc import Iterable, Mapping

from kestra_iam.errors import Invalid

CREATE, READ, UPDATE, DELETE = ACTIONS = ("CREATE", "READ", "UPDATE", "DELETE")

# Resource -> the actions on it that this product enforces, in the order in which the matrix shows them.
MATRIX: dict[str, tuple[str, ...]] = {
    "USERS": (CREATE, READ, UPDATE),
    "GROUPS": ACTIONS,
    "ROLES": ACTIONS,
    "BINDINGS": ACTIONS,
    "SERVICE_ACCOUNTS": ACTIONS,
    "PROVISIONING": ACTIONS,
    "AUDITLOGS": (READ,),
}

Permission = tuple[str, str]
Permissions = frozenset[Permission]

ALL: Permissions = frozenset((resource, action) for resource, actions in MATRIX.items() for action in actions)
NONE: Permissions = frozenset()

ADMIN = "Admin"
VIEWER = "Viewer"
SCIM_PROVISIONER = "SCIMProvisioner"

# Stored form of the managed roles (``Role.permissions``).
MANAGED_ROLES: dict[str, dict[str, list[str]]] = {
    ADMIN: {resource: list(actions) for resource, actions in MATRIX.items()},
    VIEWER: {resource: [READ] for resource in MATRIX},
    SCIM_PROVISIONER: {
        "GROUPS": [CREATE, READ, UPDATE, DELETE],
        "USERS": [CREATE, READ, UPDATE],
        "BINDINGS": [CREATE, READ, UPDATE, DELETE],
    },
}


def granted(stored: Mapping[str, Iterable[str]]) -> Permissions:
    """Return the permissions that a role's stored matrix gives; words no longer known give nothing."""
    return frozenset((resource, action) for resource, actions in stored.items() for action in actions) & ALL


def stored(permissions: Iterable[Permission]) -> dict[str, list[str]]:
    """Return ``permissions`` in a role's stored form, in the order of the matrix."""
    wanted = frozenset(permissions)
    return {
        resource: held
        for resource, actions in MATRIX.items()
        if (held := [action for action in actions if (resource, action) in wanted])
    }


def checked(matrix: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return ``matrix`` in stored form.

    Raises ``Invalid`` naming the first resource or action that does not exist.
    """
    for resource, actions in matrix.items():
        if resource not in MATRIX:
            raise Invalid(f"'{resource}' is no resource: use one of {', '.join(MATRIX)}.", field="permissions")
        for action in actions:
            if action not in MATRIX[resource]:
                raise Invalid(
                    f"'{action}' is no action on {resource}: use {', '.join(MATRIX[resource])}.", field="permissions"
                )
    return stored((resource, action) for resource, actions in matrix.items() for action in actions)


def sentence(permissions: Iterable[Permission]) -> str:
    """Return ``permissions`` for people: ``USERS CREATE, READ · GROUPS READ``."""
    return " · ".join(f"{resource} {', '.join(actions)}" for resource, actions in stored(permissions).items())
