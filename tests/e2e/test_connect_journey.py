"""Connecting a client: values to copy, a test that sees its first request, and a full sync that forgot somebody."""

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.hands import Keyboard, Mouse
from tests.e2e.installation import Installation
from tests.e2e.steps import copied, picture, push, sign_in

pytestmark = pytest.mark.browser
# How long the page may take to notice a request.
SECONDS = 15_000


@pytest.fixture
def made(page: Page, installation: Installation) -> dict:
    return installation.manage("integration", "create", "Corporate Keycloak", "--tenant", "acme")


@pytest.mark.parametrize("hand_of", [Keyboard, Mouse])
def test_a_client_is_connected_and_its_first_request_is_seen_arriving(
    page: Page, made: dict, installation: Installation, hand_of: type
):
    hand = hand_of(page)
    sign_in(page, installation)
    hand.press("Provisioning")
    hand.press("Corporate Keycloak")
    hand.press("Connect")
    picture(page, "connect")
    assert copied(page, hand, "SCIM 2.0 endpoint") == made["endpoint"]
    assert made["token"] not in page.content()

    hand.press("Okta")
    assert copied(page, hand, "SCIM connector base URL") == made["endpoint"]
    hand.press("Test connection", stays=True)
    test = page.locator("#test")
    expect(test).to_contain_text("Waiting for the first request")

    assert push(made["endpoint"], "wrong", "GET", "/Users")[0] == 401
    expect(test).to_contain_text("1 request came without a valid Secret Token", timeout=SECONDS)
    assert push(made["endpoint"], made["token"], "GET", "/Nowhere")[0] == 404
    expect(test).to_contain_text("its request was refused", timeout=SECONDS)
    assert push(made["endpoint"], made["token"], "POST", "/Users", {"userName": "anna"})[0] == 201
    expect(test).to_contain_text("Connected. POST /Users was answered with 201.", timeout=SECONDS)
    expect(page.get_by_role("status").filter(has_text="Connected: the first request has arrived.")).to_have_count(1)
    picture(page, "connect-test")

    installation.manage("integration", "disable", made["id"])
    hand.press("Test again", stays=True)
    expect(test).to_contain_text("This integration is disabled")
    assert push(made["endpoint"], made["token"], "GET", "/Users")[0] == 403
    expect(test).to_contain_text("GET /Users", timeout=SECONDS)


def test_without_scripts_a_test_is_read_again_by_a_link(made: dict, installation: Installation, page: Page):
    sign_in(page, installation)
    page.goto(f"{installation.url}/ui/acme/administration/iam/provisioning/{made['id']}/connect/")
    context = page.context.browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    plain = context.new_page()
    plain.goto(page.url)
    plain.get_by_role("button", name="Test connection").click()
    push(made["endpoint"], made["token"], "GET", "/Users")
    plain.get_by_role("link", name="Look again").click()
    expect(plain.get_by_text("was answered with 200")).to_be_visible()
    context.close()


def test_who_and_what_a_full_sync_forgot_is_listed(page: Page, made: dict, installation: Installation):
    people = [
        push(made["endpoint"], made["token"], "POST", "/Users", {"userName": name})[1] for name in ("anna", "ben")
    ]
    push(made["endpoint"], made["token"], "POST", "/Groups", {"displayName": "Left"})
    sign_in(page, installation)
    page.goto(f"{installation.url}/ui/acme/administration/iam/provisioning/{made['id']}/change/")
    hand = Keyboard(page)
    hand.press("Watch a full sync", stays=True)
    sync = page.locator("#full-sync")
    expect(sync).to_contain_text("Start the full sync in the client now.")
    push(made["endpoint"], made["token"], "PUT", f"/Users/{people[0]['id']}", {"userName": "anna"})
    expect(sync).to_contain_text("1 request so far; 1 user and 1 group are not touched yet.", timeout=SECONDS)
    hand.press("The full sync is over", stays=True)
    expect(sync).to_contain_text("1 user and 1 group were not touched")
    hand.press("ben")
    expect(page.get_by_role("heading", name="ben")).to_be_visible()


@pytest.mark.parametrize("client", ["keycloak", "keycloak-pull", "authentik", "okta", "entra", "other"])
def test_the_guides_fit_a_telephone(page: Page, made: dict, installation: Installation, client: str):
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, installation)
    page.goto(f"{installation.url}/ui/acme/administration/iam/provisioning/{made['id']}/connect/?client={client}")
    expect(page.get_by_role("heading", name="What usually goes wrong")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
