from typing import Any

from kestra_iam.management.operator_command import VerbCommand, tenant_of
from kestra_iam.principals import operator
from provisioning.actions.integrations import (
    OVERLAPS,
    create_integration,
    disable_integration,
    enable_integration,
    rotate_token,
)
from provisioning.actions.removal import adopt_groups, remove_integration
from provisioning.endpoints import scim_endpoint
from provisioning.management.integrations import integration_of
from provisioning.models import Integration

SHOWN_ONCE = "This is the only time that the token is shown: keep it where your identity provider needs it."


class Command(VerbCommand):
    help = "Create and manage the integrations through which identity providers push people and groups."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        create = self.add_verb("create", "Create an integration; prints its SCIM endpoint and Secret Token once.")
        create.add_argument("name", metavar="NAME")
        create.add_argument("--tenant", required=True, metavar="SLUG")
        create.add_argument("--description", default="")
        create.add_argument("--disabled", action="store_true", help="Refuse requests until it is enabled.")
        listing = self.add_verb("list", "List the integrations.")
        listing.add_argument("--tenant", metavar="SLUG", help="Those of one tenant only.")
        self._add("show", "Show an integration.")
        self._add("enable", "Accept requests again, from the next one on.")
        self._add("disable", "Refuse every request, from the next one on.")
        delete = self._add("delete", "Remove an integration with its service account and token.")
        access = delete.add_mutually_exclusive_group()
        access.add_argument("--keep-access", action="store_true", help="Its people stay in (the default).")
        access.add_argument("--remove-access", action="store_true", help="People that only it brought lose access.")
        rotate = self._add("rotate", "Make a new Secret Token; prints it once.")
        rotate.add_argument("--overlap", choices=OVERLAPS, default="0", help="How long the old one stays valid.")
        adopt = self._add("adopt", "Move the bindings of groups that a removed integration left behind.")
        which = adopt.add_mutually_exclusive_group(required=True)
        which.add_argument("--groups", nargs="+", metavar="NAME", help="Groups by name.")
        which.add_argument("--all-left", action="store_true", help="Every group left behind in this tenant.")

    def _add(self, verb: str, help: str):
        parser = self.add_verb(verb, help)
        parser.add_argument("id", metavar="ID", help="The integration's id.")
        return parser

    def do_create(self, *, name: str, tenant: str, description: str, disabled: bool, **_: Any) -> dict:
        integration = create_integration(
            by=operator, tenant=tenant_of(tenant), name=name, description=description, enabled=not disabled
        )
        return self._with_token(integration)

    def do_list(self, *, tenant: str | None, **_: Any) -> list:
        found = Integration.objects.select_related("tenant").order_by("tenant__slug", "name_key")
        if tenant:
            found = found.filter(tenant=tenant_of(tenant))
        return [_document(integration) for integration in found]

    def do_show(self, *, id: str, **_: Any) -> dict:
        return _document(integration_of(id))

    def do_enable(self, *, id: str, **_: Any) -> dict:
        return _document(enable_integration(by=operator, integration=integration_of(id)))

    def do_disable(self, *, id: str, **_: Any) -> dict:
        return _document(disable_integration(by=operator, integration=integration_of(id)))

    def do_delete(self, *, id: str, remove_access: bool, **_: Any) -> dict:
        integration = integration_of(id)
        document = _document(integration)
        remove_integration(by=operator, integration=integration, keep_access=not remove_access)
        return document

    def do_rotate(self, *, id: str, overlap: str, **_: Any) -> dict:
        return self._with_token(rotate_token(by=operator, integration=integration_of(id), overlap=OVERLAPS[overlap]))

    def do_adopt(self, *, id: str, groups: list[str] | None, **_: Any) -> dict:
        return adopt_groups(by=operator, integration=integration_of(id), names=groups)._asdict()

    def _with_token(self, integration: Integration) -> dict:
        self.note = SHOWN_ONCE
        return {**_document(integration), "token": integration.secret_token}


def _document(integration: Integration) -> dict[str, Any]:
    return {
        "id": integration.pk,
        "name": integration.name,
        "tenant": integration.tenant.slug,
        "enabled": integration.enabled,
        "endpoint": scim_endpoint(integration),
    }
