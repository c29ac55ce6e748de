"""Pulling from a Keycloak in the console: a source, a run that is seen going on, and one that stops and asks."""

import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.hands import Keyboard, Mouse
from tests.e2e.installation import Installation
from tests.e2e.steps import picture, sign_in
from tests.keycloak_double import KeycloakDouble

pytestmark = pytest.mark.browser
# How long a worker and a page may take to notice something.
SECONDS = 15_000


class Held:
    """Requests of the next run, by their number, that a Keycloak answers only once it is told to."""

    def __init__(self, keycloak: KeycloakDouble, *numbers: int):
        self._released = {number: threading.Event() for number in numbers}
        asked = len(keycloak.requests)
        keycloak.before = {asked + number: partial(self._hold, event) for number, event in self._released.items()}

    def release(self, number: int) -> None:
        self._released[number].set()

    def _hold(self, event: threading.Event) -> None:
        event.wait(SECONDS / 1000)


@pytest.fixture
def keycloak(keycloak: KeycloakDouble, installation: Installation) -> Iterator[KeycloakDouble]:
    """A realm of 120 people that the installation may ask."""
    people = [keycloak.add_user(f"user{number:03}", email=f"user{number:03}@acme.example") for number in range(120)]
    staff = keycloak.add_group("staff", *people[:40])
    keycloak.add_group("finance", *people[:10], parent=staff)
    installation.stop()
    installation.environment["OUTBOUND_ALLOW"] = keycloak.host
    installation.start()
    return keycloak


@pytest.fixture
def made(page: Page, installation: Installation) -> dict[str, Any]:
    return installation.manage("integration", "create", "Stock Keycloak", "--tenant", "acme")


def give_source(hand: Keyboard | Mouse, keycloak: KeycloakDouble) -> None:
    hand.write("Base URL", keycloak.url)
    hand.write("Realm", keycloak.realm)
    hand.write("Client ID", keycloak.client_id)
    hand.write("Client secret", keycloak.client_secret)
    hand.press("Save")


def test_a_source_is_added_and_its_first_run_is_seen_going_on_and_ending(
    keycloak: KeycloakDouble, page: Page, made: dict[str, Any], installation: Installation
):
    hand = Keyboard(page)
    sign_in(page, installation)
    hand.press("Provisioning")
    hand.press("Stock Keycloak")
    hand.press("Pull from Keycloak")
    give_source(hand, keycloak)
    expect(page.get_by_text("kept, encrypted")).to_be_visible()
    assert keycloak.client_secret not in page.content()

    # Its first request counts the people; two pages follow.
    held = Held(keycloak, 2, 3)
    hand.press("Sync now")
    runs = page.locator("#runs")
    expect(runs).to_contain_text("Reading people: 0 of 120", timeout=SECONDS)
    expect(page.get_by_role("button", name="Sync now")).to_have_count(0)
    held.release(2)
    expect(runs).to_contain_text("Reading people: 100 of 120", timeout=SECONDS)
    expect(page.get_by_role("progressbar", name="Reading people: 100 of 120")).to_have_js_property("value", 100)
    held.release(3)
    done = "People: 120 created; groups: 2 created; memberships: 50 added."
    expect(runs.locator(".k-run")).to_contain_text(done, timeout=SECONDS)
    expect(page.get_by_role("status").filter(has_text=f"Succeeded. {done}")).to_have_count(1)
    expect(page.get_by_role("progressbar")).to_have_count(0)
    picture(page, "pull")
    hand.press("Sync now")
    expect(runs.locator(".k-run")).to_contain_text("Nothing had changed.", timeout=SECONDS)
    hand.press("Groups")
    expect(page.get_by_role("link", name="/staff/finance")).to_be_visible()
    assert keycloak.client_secret not in installation.log.read_text()


def test_a_run_that_takes_too_much_stops_and_is_seen_through_on_its_own_page(
    keycloak: KeycloakDouble, page: Page, made: dict[str, Any], installation: Installation
):
    hand = Mouse(page)
    sign_in(page, installation)
    page.goto(f"{installation.url}/ui/acme/administration/iam/provisioning/{made['id']}/pull/")
    give_source(hand, keycloak)
    hand.press("Sync now")
    run = page.locator(".k-run")
    expect(run).to_contain_text("People: 120 created", timeout=SECONDS)
    for id in list(keycloak.users)[:30]:
        keycloak.delete_user(id)
    hand.press("Sync now")
    expect(run).to_contain_text("it takes access from 30 of 120 people", timeout=SECONDS)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    held = Held(keycloak, 2)
    hand.press("Run and take access from 30 people")
    expect(run).to_contain_text("Reading people", timeout=SECONDS)
    page.locator(".k-runs tbody a").first.click()
    expect(page.get_by_role("link", name="All runs")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_visible()
    held.release(2)
    expect(run).to_contain_text("People: 30 removed", timeout=SECONDS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_scripts_a_run_is_read_again_by_a_link(
    keycloak: KeycloakDouble, page: Page, made: dict[str, Any], installation: Installation
):
    sign_in(page, installation)
    page.goto(f"{installation.url}/ui/acme/administration/iam/provisioning/{made['id']}/pull/")
    give_source(Mouse(page), keycloak)
    context = page.context.browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    plain = context.new_page()
    plain.goto(page.url)
    held = Held(keycloak, 2)
    plain.get_by_role("button", name="Sync now").click()
    again = plain.get_by_role("link", name="Look again")
    expect(again).to_be_visible()
    held.release(2)
    end = time.monotonic() + SECONDS / 1000
    while again.is_visible() and time.monotonic() < end:
        again.click()
    expect(plain.locator(".k-run")).to_contain_text("People: 120 created")
    context.close()
