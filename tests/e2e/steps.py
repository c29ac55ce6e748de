"""Steps that several journeys through the console share."""

import json
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.hands import Keyboard, Mouse
from tests.e2e.installation import Installation

PASSWORD = "correct horse battery"


def sign_in(page: Page, installation: Installation) -> None:
    page.goto(f"{installation.url}/ui/acme/sign-in/")
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def push(endpoint: str, token: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """Do what Keycloak does: one SCIM request; return status and answer."""
    request = urllib.request.Request(  # noqa: S310
        endpoint + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def copied(page: Page, hand: Keyboard | Mouse, label: str) -> str:
    """Press the button beside a box; return what is in the clipboard then."""
    page.evaluate("navigator.clipboard.writeText('')")
    hand.press(f"Copy {label}", stays=True)
    expect(page.get_by_role("button", name=f"Copied {label}")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    assert text == page.get_by_label(label, exact=True).input_value()
    return text


def picture(page: Page, name: str) -> None:
    """Keep a picture for the docs, in the folder that ``SCREENSHOTS`` names."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")
