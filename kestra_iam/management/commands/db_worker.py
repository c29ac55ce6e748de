from typing import Any

from django.db import InterfaceError, OperationalError, ProgrammingError
from django_tasks_db.management.commands import db_worker

from kestra_iam.management.operator_command import DATABASE_UNUSABLE, Error


class Command(db_worker.Command):
    help = "Run tasks in the background, one after the other; `serve` starts one of these by itself."
    # They would load every page of the console into this process.
    requires_system_checks: list[str] = []

    def handle(self, **options: Any) -> None:
        try:
            super().handle(**options)
        except (OperationalError, ProgrammingError, InterfaceError) as error:
            raise Error(DATABASE_UNUSABLE) from error
