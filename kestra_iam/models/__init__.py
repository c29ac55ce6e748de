from kestra_iam.models.events import AuditEvent
from kestra_iam.models.groups import Group, Membership
from kestra_iam.models.roles import Binding, Role
from kestra_iam.models.service_accounts import ApiToken, ServiceAccount
from kestra_iam.models.users import AccessSource, SignInLink, Suspension, User

__all__ = [
    "AccessSource",
    "ApiToken",
    "AuditEvent",
    "Binding",
    "Group",
    "Membership",
    "Role",
    "ServiceAccount",
    "SignInLink",
    "Suspension",
    "User",
]
