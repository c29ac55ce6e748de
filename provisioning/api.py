"""Security integrations over REST, in the shapes that Kestra's Terraform provider and SDK use."""

from typing import Any

from rest_framework.response import Response

from kestra_iam.errors import NotFound
from kestra_iam.permissions import CREATE, DELETE, READ, UPDATE
from kestra_iam.rest import RestView
from provisioning.actions import integrations, removal
from provisioning.endpoints import scim_endpoint
from provisioning.models import Integration
from tenants.fields import could_be_id, fold


class SecurityIntegrationView(RestView):
    """What every address of security integrations shares."""

    def find(self, id: str) -> Integration:
        known = Integration.objects.select_related("tenant").filter(tenant=self.tenant)
        found = known.filter(pk=id).first() if could_be_id(id) else None
        if found is None:
            raise NotFound("There is no such integration in this tenant.")
        return found


class SecurityIntegrations(SecurityIntegrationView):
    permissions = {"GET": ("PROVISIONING", READ), "POST": ("PROVISIONING", CREATE)}

    def get(self, request):
        """List integrations; ``q`` finds a part of the name in any letter case."""
        found = Integration.objects.filter(tenant=self.tenant)
        if text := self.query("q"):
            found = found.filter(name_key__contains=fold(text))
        return self.page(found, document)

    def post(self, request):
        """Create an integration; the only answer that ever holds its Secret Token."""
        made = integrations.create_integration(
            by=self.principal,
            tenant=self.tenant,
            name=self.text("name"),
            description=self.text("description", default=""),
            type=self.text("type", default=Integration.Type.SCIM),
        )
        secret = {"uri": scim_endpoint(made), "apiToken": {"fullToken": made.secret_token}}
        return Response({**document(made), **secret}, status=201, headers={"Cache-Control": "no-store"})


class SecurityIntegration(SecurityIntegrationView):
    permissions = {"GET": ("PROVISIONING", READ), "DELETE": ("PROVISIONING", DELETE)}

    def get(self, request, id):
        return Response(document(self.find(id)))

    def delete(self, request, id):
        """Remove an integration; its people keep their access, its groups stay."""
        removal.remove_integration(by=self.principal, integration=self.find(id), keep_access=True)
        return Response(status=200)


class EnableSecurityIntegration(SecurityIntegrationView):
    permissions = {"POST": ("PROVISIONING", UPDATE)}

    def post(self, request, id):
        return Response(document(integrations.enable_integration(by=self.principal, integration=self.find(id))))


class DisableSecurityIntegration(SecurityIntegrationView):
    permissions = {"POST": ("PROVISIONING", UPDATE)}

    def post(self, request, id):
        return Response(document(integrations.disable_integration(by=self.principal, integration=self.find(id))))


def document(integration: Integration) -> dict[str, Any]:
    """Return an integration as the clients expect it; ``description`` is a string even when empty."""
    return {
        "id": integration.pk,
        "name": integration.name,
        "type": integration.type,
        "description": integration.description,
        "tenantId": integration.tenant.slug,
        "enabled": integration.enabled,
        "deleted": False,
    }
