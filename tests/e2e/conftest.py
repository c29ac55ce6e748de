import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.installation import Installation

# Playwright runs an event loop in the tests' thread; the database is used between its steps, never from it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """Use the machine's own Chromium."""
    found = subprocess.run([ROOT / "scripts" / "find-chromium"], capture_output=True, text=True, check=False)
    assert found.returncode == 0, "These tests need Chromium: leave them out with -m 'not browser'."
    # Chromium's sandbox does not work for root.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": found.stdout.strip(), "args": arguments}


@pytest.fixture
def installation(transactional_db: None, tmp_path: Path) -> Iterator[Installation]:
    """The product's commands and web server on the tests' own, empty database; the server runs."""
    installation = Installation(tmp_path)
    installation.start()
    yield installation
    installation.stop()
