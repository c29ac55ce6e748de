from typing import Any

from django.db import transaction

from kestra_iam.actions.bindings import create_binding
from kestra_iam.actions.people import create_account, let_in
from kestra_iam.errors import NotFound
from kestra_iam.management.operator_command import VerbCommand, tenant_of
from kestra_iam.management.passwords import add_password_option, given_password, made_up_password
from kestra_iam.models import Role
from kestra_iam.principals import operator
from tenants.fields import fold
from tenants.models import Tenant


class Command(VerbCommand):
    help = "Create people's accounts."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        create = self.add_verb("create", "Create an account at home in the instance and let it into a tenant.")
        create.add_argument("username", metavar="USERNAME")
        create.add_argument("--tenant", required=True, metavar="SLUG", help="The tenant that it is let into.")
        create.add_argument("--email", default="")
        create.add_argument("--role", help="A role of that tenant to bind to the account, as in 'Admin'.")
        create.add_argument("--instance-owner", action="store_true", help="May do everything in every tenant.")
        add_password_option(create)

    @transaction.atomic
    def do_create(
        self,
        *,
        username: str,
        tenant: str,
        email: str,
        role: str | None,
        instance_owner: bool,
        password_stdin: bool,
        **_: Any,
    ) -> dict:
        entered = tenant_of(tenant)
        bound = _role(entered, role) if role else None
        given = given_password(from_stdin=password_stdin)
        password = given if given is not None else made_up_password()
        user = create_account(
            by=operator, username=username, password=password, email=email, instance_owner=instance_owner
        )
        let_in(by=operator, tenant=entered, user=user)
        if bound:
            create_binding(by=operator, tenant=entered, role=bound, subject=user)
        return {
            "id": user.pk,
            "username": user.username,
            "tenant": entered.slug,
            "role": bound.name if bound else None,
            "password": password if given is None else None,
        }


def _role(tenant: Tenant, name: str) -> Role:
    role = Role.objects.filter(tenant=tenant, name_key=fold(name)).first()
    if role is None:
        names = ", ".join(Role.objects.filter(tenant=tenant).values_list("name", flat=True))
        raise NotFound(f"There is no role '{name}' in the tenant {tenant.slug}: it has {names}.")
    return role
