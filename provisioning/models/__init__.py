from provisioning.models.integrations import Activity, Integration, RefusedRequest, WatchedRequest
from provisioning.models.people import ProvisionedEmail, ProvisionedUser
from provisioning.models.pulls import PullRun, PullSource

__all__ = [
    "Activity",
    "Integration",
    "ProvisionedEmail",
    "ProvisionedUser",
    "PullRun",
    "PullSource",
    "RefusedRequest",
    "WatchedRequest",
]
