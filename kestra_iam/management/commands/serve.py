import os
import socket
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.checks import run_checks
from django.core.management.base import BaseCommand
from django_tasks import DEFAULT_TASK_BACKEND_ALIAS, task_backends
from django_tasks_db import DatabaseBackend

from kestra_iam.checks import TAG
from kestra_iam.management import supervisor
from kestra_iam.management.operator_command import Error

# Threads of one process would take turns at the interpreter: processes (WEB_CONCURRENCY) carry the load.
THREADS = 1
SECONDS_TO_FINISH = 30
# After so many tasks the worker is replaced by a new one, which gives back what a large one took of memory.
TASKS_OF_A_WORKER = 20


class Command(BaseCommand):
    help = "Serve the product: the web server, and beside it a worker that runs tasks in the background."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--no-worker", action="store_true", help="The web server alone; `manage.py db_worker` runs elsewhere."
        )

    def handle(self, *, no_worker: bool = False, **_: Any) -> None:
        _refuse_a_port_in_use()
        for warning in run_checks(tags=[TAG], include_deployment_checks=True):
            self.stderr.write(f"Warning: {warning.msg} {warning.hint} ({warning.id})")
        self.stdout.write(f"Serving {settings.PUBLIC_URL}/ on {settings.LISTEN_ADDRESS}:{settings.PORT}.")
        self.stdout.flush()
        arguments = _web_server()
        # Another backend of tasks brings its own way to run them.
        if not no_worker and isinstance(task_backends[DEFAULT_TASK_BACKEND_ALIAS], DatabaseBackend):
            arguments = ["-P", supervisor.__file__, *arguments, "--", *_worker()]
        # Replacing this process, so that signals reach the web server, or whoever waits for it.
        os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606


def _refuse_a_port_in_use() -> None:
    """Raise ``Error`` where somebody listens already: granian would share the port with another granian."""
    family = socket.AF_INET6 if ":" in settings.LISTEN_ADDRESS else socket.AF_INET
    with socket.socket(family) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((settings.LISTEN_ADDRESS, settings.PORT))
        except OSError as error:
            where = f"port {settings.PORT} of {settings.LISTEN_ADDRESS}"
            raise Error(f"Cannot listen on {where} ({error.strerror}): set PORT or LISTEN_ADDRESS.") from error


def _web_server() -> list[str]:
    return [
        "-m",
        "granian",
        "--interface=wsgi",
        f"--host={settings.LISTEN_ADDRESS}",
        f"--port={settings.PORT}",
        f"--workers={settings.WEB_CONCURRENCY}",
        f"--blocking-threads={THREADS}",
        f"--workers-kill-timeout={SECONDS_TO_FINISH}",
        "--respawn-failed-workers",
        "--http=1",
        "--no-ws",
        "--no-access-log",
        "--log-level=warning",
        f"--working-dir={settings.BASE_DIR}",
        "kestra_iam.wsgi:application",
    ]


def _worker() -> list[str]:
    return [
        str(settings.BASE_DIR / "manage.py"),
        "db_worker",
        "--no-startup-delay",
        f"--max-tasks={TASKS_OF_A_WORKER}",
    ]
