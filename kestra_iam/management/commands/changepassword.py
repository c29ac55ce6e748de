from typing import Any

from kestra_iam.actions.passwords import change_password
from kestra_iam.errors import NotFound
from kestra_iam.management.operator_command import OperatorCommand, tenant_of
from kestra_iam.management.passwords import add_password_option, given_password, made_up_password
from kestra_iam.models import User
from kestra_iam.principals import operator
from tenants.fields import fold


class Command(OperatorCommand):
    """In place of Django's command of this name: usernames are unique within a home only."""

    help = "Set the password of an account; its sessions end."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("username", metavar="USERNAME")
        parser.add_argument("--tenant", metavar="SLUG", help="The account's home, if it is a tenant.")
        add_password_option(parser)

    def run(self, *, username: str, tenant: str | None, password_stdin: bool, **_: Any) -> dict:
        home = tenant_of(tenant) if tenant else None
        user = User.objects.filter(home_key=home.pk if home else "", username_key=fold(username)).first()
        if user is None:
            where = f"the tenant {home.slug}" if home else "the instance (name its tenant with --tenant)"
            raise NotFound(f"There is no account '{username}' at home in {where}.")
        given = given_password(from_stdin=password_stdin)
        password = given if given is not None else made_up_password()
        change_password(by=operator, user=user, password=password)
        return {"id": user.pk, "username": user.username, "password": password if given is None else None}
