"""From signing in to a provisioned group with a role, and back to an empty page: by keyboard alone, and by mouse."""

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.e2e.hands import Keyboard, Mouse
from tests.e2e.installation import Installation
from tests.e2e.steps import PASSWORD, copied, picture, push, sign_in

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("hand_of", [Keyboard, Mouse])
def test_an_integration_from_its_creation_to_its_removal(page: Page, installation: Installation, hand_of: type):
    hand = hand_of(page)

    page.goto(installation.url)
    picture(page, "sign-in")
    hand.write("Username", "ada")
    hand.write("Password", PASSWORD)
    hand.press("Sign in")

    for heading in ("Administration", "IAM"):
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    hand.press("Provisioning")
    expect(page.get_by_text("No integrations yet")).to_be_visible()
    hand.press("Create")
    hand.write("Name", "Corporate Keycloak")
    hand.write("Description", "Everybody of the head office")
    expect(page.get_by_label("Provisioning Type")).to_have_value("SCIM")
    picture(page, "create")
    hand.press("Save")

    endpoint, token = copied(page, hand, "SCIM endpoint"), copied(page, hand, "Secret Token")
    assert endpoint.startswith(f"{installation.url}/api/v1/acme/integrations/")
    assert len(token) == 200
    picture(page, "after-save")
    hand.press("Disable", stays=True)
    expect(page.get_by_role("button", name="Enable")).to_be_visible()
    assert push(endpoint, token, "GET", "/Users")[0] == 403
    assert page.get_by_label("Secret Token").input_value() == token, "The switch beside the token keeps the page."
    hand.press("Enable", stays=True)
    expect(page.get_by_role("button", name="Disable")).to_be_visible()
    hand.press("I have saved the Secret Token")
    expect(page.get_by_role("heading", name="Corporate Keycloak")).to_be_visible()
    assert token not in page.content()

    people = [push(endpoint, token, "POST", "/Users", {"userName": name}) for name in ("anna", "ben", "chiara")]
    members = [{"value": person["id"]} for status, person in people if status == 201]
    assert len(members) == 3
    status, _ = push(endpoint, token, "POST", "/Groups", {"displayName": "Engineering", "members": members})
    assert status == 201
    hand.press("Users")
    for name in ("anna", "ben", "chiara"):
        expect(page.get_by_role("link", name=name)).to_be_visible()
    picture(page, "users")

    hand.press("Groups")
    hand.press("Engineering")
    expect(page.get_by_text("3 people in this group.")).to_be_visible()
    hand.press("Bind a role")
    hand.choose("Role", "Viewer")
    hand.press("Save")
    expect(page.get_by_role("link", name="Viewer").first).to_be_visible()

    hand.press("Provisioning")
    picture(page, "provisioning")
    hand.press("Corporate Keycloak")
    hand.press("Disable")
    expect(page.get_by_text("every request to the SCIM endpoint is refused", exact=False).first).to_be_visible()
    refused = push(endpoint, token, "POST", "/Users", {"userName": "dora"})
    assert (refused[0], refused[1]["status"]) == (403, "403")
    page.reload()
    expect(page.get_by_text("1 request refused since then, the last from 127.0.0.1")).to_be_visible()
    picture(page, "disabled")
    hand.press("Enable")
    expect(page.get_by_text("Start a full sync in Keycloak now")).to_be_visible()
    assert push(endpoint, token, "POST", "/Users", {"userName": "dora"})[0] == 201

    hand.press("Rotate")
    renewed = copied(page, hand, "Secret Token")
    assert renewed != token
    assert push(endpoint, token, "GET", "/Users")[0] == 401
    assert push(endpoint, renewed, "GET", "/Users")[0] == 200
    hand.press("I have saved the Secret Token")
    picture(page, "detail")

    hand.press("Remove")
    hand.pick("Take away access")
    hand.press("Remove")
    expect(page.get_by_text("No integrations yet")).to_be_visible()
    assert push(endpoint, renewed, "GET", "/Users")[0] == 404
    hand.press("Users")
    expect(page.get_by_role("link", name="anna")).to_have_count(0)


def test_leaving_a_token_unsaved_warns_and_reloading_shows_it_no_more(page: Page, installation: Installation):
    warned: list[str] = []

    def stay(dialog: Dialog) -> None:
        warned.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    sign_in(page, installation)
    page.goto(f"{installation.url}/ui/acme/administration/iam/provisioning/add/")
    page.get_by_label("Name").fill("Corporate Keycloak")
    page.get_by_role("button", name="Save").click()
    token = page.get_by_label("Secret Token").input_value()
    page.get_by_role("link", name="Users", exact=True).click()
    expect(page.get_by_label("Secret Token")).to_be_visible()
    assert warned == ["beforeunload"]

    page.remove_listener("dialog", stay)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.get_by_role("heading", name="Corporate Keycloak")).to_be_visible()
    assert token not in page.content()
    page.go_back()
    page.wait_for_load_state()
    assert token not in page.content()


def test_a_sign_in_link_sets_a_password_and_its_secret_is_in_no_log(
    page: Page, installation: Installation, browser: Browser
):
    made = installation.manage("integration", "create", "Keycloak", "--tenant", "acme")
    assert push(made["endpoint"], made["token"], "POST", "/Users", {"userName": "anna"})[0] == 201
    sign_in(page, installation)
    page.get_by_role("link", name="anna").click()
    page.get_by_role("button", name="Sign-in link").click()
    link = page.get_by_label("Sign-in link").input_value()

    other = browser.new_context()
    visitor = other.new_page()
    visitor.goto(link)
    expect(visitor.get_by_text("for anna in Acme")).to_be_visible()
    assert "#" not in visitor.url
    visitor.get_by_label("New password", exact=True).fill("staple battery horse")
    visitor.get_by_label("New password, once more").fill("staple battery horse")
    visitor.get_by_role("button", name="Set password and sign in").click()
    expect(visitor.get_by_text("No role here yet")).to_be_visible()
    visitor.goto(link)
    expect(visitor.get_by_text("was used already or has expired")).to_be_visible()
    other.close()
    assert link.partition("#")[2] not in installation.log.read_text()


def test_menus_work_by_keyboard_and_the_theme_is_remembered(page: Page, installation: Installation):
    installation.manage("tenant", "create", "globex", "--name", "Globex")
    installation.manage("user", "create", "olga", "--tenant", "globex", "--instance-owner")
    sign_in(page, installation)
    keyboard = Keyboard(page)
    page.get_by_text("Signed in as").locator("..").locator("..").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Dark")).to_be_visible()
    page.keyboard.press("Tab")
    for _ in range(3):
        if page.evaluate("document.activeElement.value") == "dark":
            break
        page.keyboard.press("ArrowLeft")
    expect(page.locator("html.dark")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_label("Dark")).to_be_hidden()
    page.reload()
    expect(page.locator("html.dark")).to_have_count(1)
    page.locator("summary.k-tenant").focus()
    page.keyboard.press("Enter")
    keyboard.press("Acmeacme")
    expect(page.get_by_role("heading", name="Users")).to_be_visible()


def test_the_console_fits_a_telephone(browser: Browser, page: Page, installation: Installation):
    installation.manage("integration", "create", "Keycloak", "--tenant", "acme")
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, installation)
    for name in ("Users", "Groups", "Roles", "Bindings", "Service Accounts", "Provisioning", "Audit Logs"):
        page.get_by_role("button", name="Menu").click()
        page.get_by_role("link", name=name, exact=True).click()
        expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        first = page.locator("tbody th a").first
        if first.count():
            first.click()
            page.wait_for_load_state()
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, page.url
