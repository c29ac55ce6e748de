import os
import socket
import sys

from django.conf import settings
from django.core.checks import run_checks
from django.core.management.base import BaseCommand

from kestra_iam.checks import TAG
from kestra_iam.management.operator_command import Error

# Threads of one process would take turns at the interpreter: processes (WEB_CONCURRENCY) carry the load.
THREADS = 1
SECONDS_TO_FINISH = 30


class Command(BaseCommand):
    help = "Serve the product with granian; this process becomes the web server."
    requires_system_checks: list[str] = []

    def handle(self, **_):
        _refuse_a_port_in_use()
        for warning in run_checks(tags=[TAG], include_deployment_checks=True):
            self.stderr.write(f"Warning: {warning.msg} {warning.hint} ({warning.id})")
        self.stdout.write(f"Serving {settings.PUBLIC_URL}/ on {settings.LISTEN_ADDRESS}:{settings.PORT}.")
        self.stdout.flush()
        # Replacing this process, so that signals reach the server itself.
        os.execv(sys.executable, [sys.executable, "-m", "granian", *_options(), "kestra_iam.wsgi:application"])  # noqa: S606


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


def _options() -> list[str]:
    return [
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
    ]
