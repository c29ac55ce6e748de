"""The product as an installation runs it: its commands and its web server as processes, on the tests' database."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS_TO_START = 60


class Installation:
    """``manage`` runs a command, ``start`` and ``stop`` the web server at ``url``, which logs to ``log``."""

    def __init__(self, folder: Path):
        self.log = folder / "server.log"
        self._process: subprocess.Popen | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ},
            "DJANGO_SETTINGS_MODULE": "tests.e2e.settings",
            "DATABASE_URL": database_url(),
            "PORT": str(self.port),
            "WEB_CONCURRENCY": "1",
        }

    def manage(self, *arguments: str) -> Any:
        """Run ``manage.py`` with ``--json`` and return the document it prints."""
        command = [sys.executable, "manage.py", *arguments, "--json"]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start(self) -> None:
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "serve"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        end = time.monotonic() + SECONDS_TO_START
        while not self._answers():
            assert self._process.poll() is None, f"The server ended at once:\n{self.log.read_text()}"
            assert time.monotonic() < end, f"The server does not answer:\n{self.log.read_text()}"
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        """The process that ``manage.py serve`` has become."""
        assert self._process is not None
        return self._process.pid

    def wait(self) -> int:
        """Wait until the whole has ended and return its exit status."""
        assert self._process is not None
        return self._process.wait(15)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            raise

    def _answers(self) -> bool:
        try:
            httpx2.get(f"{self.url}/health/live", timeout=5)
        except httpx2.TransportError:
            return False
        return True


def database_url() -> str:
    """Return the URL under which other processes reach the database of this test run."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    user = ":".join(quote(database[part], safe="") for part in ("USER", "PASSWORD") if database[part])
    host = ":".join([quote(database["HOST"], safe=""), *([str(database["PORT"])] if database["PORT"] else [])])
    return f"postgres://{user}@{host}/{quote(database['NAME'], safe='')}"


def session_cookie(session_key: str) -> dict[str, str]:
    """Return the cookie of a session that a test began in the database."""
    return {settings.SESSION_COOKIE_NAME: session_key}
