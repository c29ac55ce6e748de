"""The product beside a Keycloak: its commands as an operator runs them, and its web server."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e.installation import ROOT, Installation
from tests.keycloak.realms import PULLER, SECRET, Realm


class Product(Installation):
    """An installation that may ask the Keycloak on loopback and knows its secrets."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.environment |= {
            "OUTBOUND_ALLOW": "127.0.0.1",
            "KEYCLOAK_CLIENT_SECRET": SECRET,
            "KEYCLOAK_ADMIN_PASSWORD": "admin",
        }

    def add_integration(self, tenant: str = "acme") -> str:
        """Make a tenant with an integration and return the integration's id."""
        self.manage("tenant", "create", tenant)
        return self.manage("integration", "create", "Keycloak", "--tenant", tenant)["id"]

    def pull_from(self, realm: Realm) -> str:
        """Make an integration that pulls from a realm and return its id."""
        integration = self.add_integration()
        self.manage("keycloak", "source", integration, *place(realm))
        return integration

    def sync(self, integration: str, *arguments: str) -> dict[str, Any]:
        """Pull, and return the run."""
        return self.manage("keycloak", "sync", integration, *arguments)

    def failed_sync(self, integration: str, *arguments: str) -> tuple[dict[str, Any], str]:
        """Pull where that does not work; return the run and what the operator reads."""
        done = self._run("keycloak", "sync", integration, *arguments, "--json")
        return json.loads(done.stdout), one_line(done)

    def refused(self, *arguments: str) -> str:
        """Run a command that is refused and return what the operator reads."""
        return one_line(self._run(*arguments))

    def begin(self, *arguments: str) -> subprocess.Popen:
        """Start a command and leave it to itself."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def _run(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)


def place(realm: Realm, /, **given: str) -> list[str]:
    """Return the arguments that say where to pull from."""
    place = {"url": realm.keycloak.url, "realm": realm.name, "client-id": PULLER, **given}
    return [argument for name, value in place.items() for argument in (f"--{name}", value)]


def one_line(done: subprocess.CompletedProcess) -> str:
    """Return the one line with which a command fails."""
    assert done.returncode == 1, done
    [line] = done.stderr.splitlines()
    return line
