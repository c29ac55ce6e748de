"""The base class of every command: acts as the operator, answers in text or as one JSON document."""

from argparse import ArgumentParser
from collections.abc import Callable
from json import dumps
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, ProgrammingError

from kestra_iam.errors import IamError
from tenants.models import Tenant

Document = dict[str, Any] | list[dict[str, Any]]
# Refused, timed out, or without tables; the database's own text may hold parts of its address.
DATABASE_UNUSABLE = "The database cannot be used: check DATABASE_URL, then run 'manage.py migrate'."


class Error(CommandError):
    """A refusal: one line on standard error, exit status 1."""


class OperatorCommand(BaseCommand):
    """A command whose ``run`` returns the document to print: an object, a list of objects, or None for nothing more.

    ``--json`` prints it as one JSON document; without it people get aligned lines, and ``note``.
    """

    # A check that fails would keep the operator from repairing what it tells; `manage.py check` tells it.
    requires_system_checks: list[str] = []
    note = ""
    # Parses, calls the action, returns what to print.
    run: Callable[..., Document | None]

    def add_json_option(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="Print one JSON document on standard output.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        self.add_json_option(parser)

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            document = self.run(**options)
        except IamError as error:
            raise Error(error.message) from error
        except (OperationalError, ProgrammingError, InterfaceError) as error:
            raise Error(DATABASE_UNUSABLE) from error
        if document is not None:
            self.print(document, **options)

    def print(self, document: Document, *, json: bool = False, **_: Any) -> None:
        """Print a document as ``--json`` asks, or for people."""
        for line in [dumps(document, ensure_ascii=False)] if json else self.lines(document):
            self.stdout.write(line)

    def lines(self, document: Document) -> list[str]:
        """Return what people get to read."""
        return _lines(document) + [self.note] * bool(self.note)


class VerbCommand(OperatorCommand):
    """A command with verbs, as in ``manage.py tenant create``: ``do_create`` runs it."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        self.verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def add_verb(self, name: str, help: str) -> ArgumentParser:
        """Return the parser of one verb; the method ``do_NAME`` runs it."""
        verb = self.verbs.add_parser(name, help=help, description=help)
        self.add_json_option(verb)
        return verb

    def run(self, **options: Any) -> Document | None:
        document: Document | None = getattr(self, f"do_{options['verb']}")(**options)
        return document


def tenant_of(slug: str) -> Tenant:
    """Return the tenant of that slug; raises ``Error``."""
    tenant = Tenant.objects.filter(slug=slug).first()
    if tenant is None:
        raise Error(f"There is no tenant '{slug}'.")
    return tenant


def _lines(document: Document) -> list[str]:
    if isinstance(document, list):
        if not document:
            return ["None."]
        rows = [list(document[0])] + [[_shown(value) for value in row.values()] for row in document]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    width = max(map(len, document))
    return [f"{name.ljust(width)}  {_shown(value)}".rstrip() for name, value in document.items()]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value)
