"""PATCH (RFC 7644 §3.5.2): parse the operations, then apply them to a user or a group; no database."""

from provisioning.scim.patch.groups import GroupChange, GroupFields, patch_group
from provisioning.scim.patch.operations import Operation, parse_operations
from provisioning.scim.patch.users import patch_user

__all__ = ["GroupChange", "GroupFields", "Operation", "parse_operations", "patch_group", "patch_user"]
