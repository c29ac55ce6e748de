"""The console's pages of IAM; importing this registers them."""

from kestra_iam.admin import audit_logs, bindings, groups, roles, service_accounts, users

__all__ = ["audit_logs", "bindings", "groups", "roles", "service_accounts", "users"]
