import os
import sys
from typing import Any

from kestra_iam.actions.people import create_account
from kestra_iam.management.operator_command import Error, OperatorCommand
from kestra_iam.management.passwords import add_password_option, given_password, made_up_password
from kestra_iam.principals import operator


class Command(OperatorCommand):
    """In place of Django's command of this name: the account is an instance owner, made by the action."""

    help = "Create an instance owner: an account that may do everything in every tenant."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--username", default=os.environ.get("DJANGO_SUPERUSER_USERNAME"))
        parser.add_argument("--email", default=os.environ.get("DJANGO_SUPERUSER_EMAIL", ""))
        parser.add_argument("--no-input", "--noinput", action="store_true", help="Ask for nothing.")
        add_password_option(parser)

    def run(self, *, username: str | None, email: str, no_input: bool, password_stdin: bool, **_: Any) -> dict:
        if not username and sys.stdin.isatty() and not no_input:
            username = input("Username: ")
        if not username:
            raise Error("Name the account with --username.")
        given = given_password(from_stdin=password_stdin, ask=not no_input)
        given = given if given is not None else os.environ.get("DJANGO_SUPERUSER_PASSWORD")
        password = given if given is not None else made_up_password()
        user = create_account(by=operator, username=username, password=password, email=email, instance_owner=True)
        return {"id": user.pk, "username": user.username, "password": password if given is None else None}
