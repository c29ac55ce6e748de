import os
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import transaction

from kestra_iam.actions.bindings import create_binding
from kestra_iam.actions.people import create_account, let_in
from kestra_iam.actions.tenants import create_tenant
from kestra_iam.errors import Invalid
from kestra_iam.management import static_files
from kestra_iam.management.operator_command import Document, Error, OperatorCommand
from kestra_iam.management.passwords import made_up_password
from kestra_iam.models import Role, User
from kestra_iam.permissions import ADMIN
from kestra_iam.principals import operator
from tenants.models import Tenant

FIRST_TENANT = "main"


class Command(OperatorCommand):
    help = "Prepare everything that serving needs: tables, static files, a first tenant, a first administrator."

    def run(self, **_: Any) -> dict[str, Any]:
        call_command("migrate", interactive=False, verbosity=0)
        static_files.gather()
        return _first_administrator()

    def lines(self, document: Document) -> list[str]:
        if not isinstance(document, dict) or not document["username"]:
            return []
        password = document["password"] or "the one in ADMIN_PASSWORD"
        return [
            "",
            "  Everything is ready. This is shown once:",
            "",
            f"    Sign in at  {document['sign_in']}",
            f"    Username    {document['username']}",
            f"    Password    {password}",
            "",
            "  Next: open Administration → IAM → Provisioning and create an integration for your identity provider.",
            "",
        ]


@transaction.atomic
def _first_administrator() -> dict[str, Any]:
    """Create the first tenant and the first instance owner where there are none."""
    if not Tenant.objects.exists():
        create_tenant(by=operator, slug=FIRST_TENANT)
    username = password = None
    if not User.objects.filter(instance_owner=True).exists():
        username = os.environ.get("ADMIN_USERNAME") or "admin"
        given = os.environ.get("ADMIN_PASSWORD")
        password = None if given else made_up_password()
        try:
            user = create_account(by=operator, username=username, password=given or password, instance_owner=True)
        except Invalid as error:
            raise Error(f"ADMIN_{error.field.upper()} cannot be used: {error.message}") from error
        tenant = Tenant.objects.filter(slug=FIRST_TENANT).first()
        if tenant:
            let_in(by=operator, tenant=tenant, user=user)
            admin = Role.objects.get(tenant=tenant, managed=True, name=ADMIN)
            create_binding(by=operator, tenant=tenant, role=admin, subject=user)
    return {"sign_in": f"{settings.PUBLIC_URL}/", "username": username, "password": password}
