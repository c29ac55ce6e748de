"""What the mount and ``kestra_iam.middleware`` have put on a request."""

from typing import Any

from django.http import HttpRequest

from kestra_iam.principals import Principal
from tenants.models import Tenant
from tenants.mount import Mount


class ConsoleRequest(HttpRequest):
    """A request of the console; in the instance's area there is no tenant."""

    tenant: Tenant
    mount: Mount
    principal: Principal
    user: Any
