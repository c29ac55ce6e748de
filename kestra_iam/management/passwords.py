"""Where commands take a password from: never from an argument, which every process of the machine can read."""

import getpass
import os
import secrets
import sys
from argparse import ArgumentParser

from kestra_iam.management.operator_command import Error


def add_password_option(parser: ArgumentParser) -> None:
    """Add ``--password-stdin``."""
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="Read the password from the first line of standard input (else USER_PASSWORD, a prompt, or made up).",
    )


def given_password(*, from_stdin: bool, ask: bool = True) -> str | None:
    """Return the password that the operator gives, None for none.

    It is asked for only on a terminal. Raises ``Error`` for an empty standard input and two different answers.
    """
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise Error("There is no password on standard input.")
        return password
    if "USER_PASSWORD" in os.environ:
        return os.environ["USER_PASSWORD"]
    if not ask or not sys.stdin.isatty():
        return None
    password = getpass.getpass("Password (empty: one is made up): ")
    if password and getpass.getpass("The same again: ") != password:
        raise Error("The two passwords differ.")
    return password or None


def given_secret(variable: str, *, from_stdin: bool, prompt: str) -> str | None:
    """Return a secret of another server: from standard input, the environment variable or a prompt on a terminal.

    None where there is none. Raises ``Error`` for an empty standard input.
    """
    if from_stdin:
        secret = sys.stdin.readline().rstrip("\r\n")
        if not secret:
            raise Error("There is nothing on standard input.")
        return secret
    if variable in os.environ:
        return os.environ[variable] or None
    if not sys.stdin.isatty():
        return None
    return getpass.getpass(f"{prompt}: ") or None


def made_up_password() -> str:
    """Return a random password, to be shown once."""
    return secrets.token_urlsafe(15)
