"""What the mount and ``kestra_iam.middleware`` have put on a request."""

from django.http import HttpRequest

from kestra_iam.models import User
from kestra_iam.principals import Principal
from tenants.models import Tenant
from tenants.mount import Mount


class ConsoleRequest(HttpRequest):
    """A request of the console; in the instance's area there is no tenant."""

    tenant: Tenant
    mount: Mount
    principal: Principal
    user: User  # type: ignore[assignment]  # pages behind the sign-in know no anonymous person
