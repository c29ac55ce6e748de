"""Who pushes: one integration, as authentication has loaded it for one request."""

from dataclasses import dataclass

from kestra_iam.actions.linking import Owner
from kestra_iam.principals import Principal
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Provisioner:
    """An integration that acts: the principal is its service account, whose id is the integration's."""

    principal: Principal
    tenant: Tenant
    integration_id: str
    name: str

    @property
    def owner(self) -> Owner:
        return Owner(self.principal.id, self.integration_id, self.name)
