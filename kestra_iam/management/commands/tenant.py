from typing import Any

from kestra_iam.actions.tenants import create_tenant
from kestra_iam.management.operator_command import VerbCommand
from kestra_iam.principals import operator
from tenants.models import Tenant


class Command(VerbCommand):
    help = "Create and list tenants."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        create = self.add_verb("create", "Create a tenant with its roles Admin and Viewer.")
        create.add_argument("slug", metavar="SLUG", help="The tenant's part of every address: 'acme' in /ui/acme.")
        create.add_argument("--name", default="", help="What people read; the slug if none is given.")
        self.add_verb("list", "List the tenants.")

    def do_create(self, *, slug: str, name: str, **_: Any) -> dict:
        return _document(create_tenant(by=operator, slug=slug, name=name))

    def do_list(self, **_: Any) -> list:
        return [_document(tenant) for tenant in Tenant.objects.all()]


def _document(tenant: Tenant) -> dict[str, str]:
    return {"id": tenant.pk, "slug": tenant.slug, "name": tenant.name}
