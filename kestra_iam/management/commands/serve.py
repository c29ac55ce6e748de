import os
import sys

from django.conf import settings
from django.core.checks import run_checks
from django.core.management.base import BaseCommand

from kestra_iam.checks import TAG

# Threads of one process would take turns at the interpreter: processes (WEB_CONCURRENCY) carry the load.
THREADS = 1
SECONDS_TO_FINISH = 30


class Command(BaseCommand):
    help = "Serve the product with granian; this process becomes the web server."
    requires_system_checks: list[str] = []

    def handle(self, **_):
        for warning in run_checks(tags=[TAG], include_deployment_checks=True):
            self.stderr.write(f"Warning: {warning.msg} {warning.hint} ({warning.id})")
        self.stdout.write(f"Serving {settings.PUBLIC_URL}/ on {settings.LISTEN_ADDRESS}:{settings.PORT}.")
        self.stdout.flush()
        # Replacing this process, so that signals reach the server itself.
        os.execv(sys.executable, [sys.executable, "-m", "granian", *_options(), "kestra_iam.wsgi:application"])  # noqa: S606


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
