import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.installation import Installation
from tests.e2e.steps import PASSWORD

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


@pytest.fixture
def page(browser: Browser, installation: Installation) -> Iterator[Page]:
    """A page of a browser that may use the clipboard; it complains if anything breaks the policy or a script."""
    installation.manage("tenant", "create", "acme", "--name", "Acme")
    installation.environment["USER_PASSWORD"] = PASSWORD
    installation.manage("user", "create", "ada", "--tenant", "acme", "--role", "Admin")
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=installation.url)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    yield page
    context.close()
    assert complaints == []
