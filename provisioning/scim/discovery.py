"""What a client may ask before it pushes anything (RFC 7644 §4), and ``/Me``."""

from django.http import HttpResponse

from provisioning.scim import responses, schemas
from provisioning.scim.adapters import base
from provisioning.scim.errors import ScimError
from provisioning.scim.views import View


class Discovery(View):
    """Anybody with a valid token may read; a filter is refused (RFC 7644 §4)."""

    permissions = {"GET": ()}

    def base(self) -> str:
        if "filter" in self.request.GET:
            raise ScimError(403, "Discovery takes no filter.")
        return base(self.request.provisioner)


class ServiceProviderConfig(Discovery):
    def get(self) -> HttpResponse:
        document = schemas.service_provider_config(self.base())
        if self._takes_rfc_7643_alone():
            del document["pagination"]
        return responses.answer(document, headers={"Vary": "Accept, User-Agent"})

    def _takes_rfc_7643_alone(self) -> bool:
        """Return whether the client refuses what RFC 9865 §4 adds: Canaille's library (scim2-models before 0.8)
        takes the whole server for unusable then. It asks for no media type and bears its HTTP library's name."""
        headers = self.request.headers
        return headers.get("Accept") == "*/*" and headers.get("User-Agent", "").startswith("python-httpx/")


class Schemas(Discovery):
    def get(self) -> HttpResponse:
        return responses.answer(schemas.schemas(self.base()))


class Schema(Discovery):
    def get(self, id: str) -> HttpResponse:
        return _found(schemas.schema(self.base(), id), f"There is no schema {id[:100]}.")


class ResourceTypes(Discovery):
    def get(self) -> HttpResponse:
        return responses.answer(schemas.resource_types(self.base()))


class ResourceType(Discovery):
    def get(self, id: str) -> HttpResponse:
        return _found(schemas.resource_type(self.base(), id), f"There is no resource type {id[:100]}.")


class Me(View):
    """No person stands behind an integration's token."""

    permissions = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), ())

    def get(self) -> HttpResponse:
        raise ScimError(501, "/Me is not offered: no person stands behind an integration's token.")

    post = put = patch = delete = get


def _found(document: dict | None, otherwise: str) -> HttpResponse:
    if document is None:
        raise ScimError(404, otherwise)
    return responses.answer(document)
