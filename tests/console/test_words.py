"""One glossary, no words of Django, and nothing from outside taken for markup."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from provisioning.guides import GUIDES
from provisioning.models import Integration
from tenants.models import Tenant
from tests.console.conftest import listed, shown
from tests.factories import GroupFactory, RoleFactory
from tests.pushes import Push

PAGES = ("users", "groups", "roles", "bindings", "service-accounts", "provisioning", "audit-logs")
MENU = ("Users", "Groups", "Roles", "Bindings", "Service Accounts", "Provisioning", "Audit Logs")
ROOT = Path(__file__).resolve().parent.parent.parent
# What our words are called elsewhere.
OTHER_WORDS = [
    r"\b(SCIM|secret|bearer|access) token\b(?<!Secret Token)(?<!Bearer token)",
    r"\bAPI[- ]key",
    r"\bbase URL\b",
    r"\b(de|in)activate",
    r"\bturned? off\b",
    r"\bpersonal access token",
    r"\b(Delete|Revoke|Destroy)\b",
    r"\bLog ?(in|out)\b",
    r"\bsuperuser",
]
RESIDUE = [
    r"Django",
    r"Select \w+ to (change|view)",
    r"Site administration",
    r"object \(",
    r"Save and ",
    r"History",
    r"Add another",
    r"\bNone\b",
    r"kestra_iam",
    r"example\.com",
    r"__\w+__",
]


class Text(HTMLParser):
    """The text of a page and the tags and attributes it is made of; ``own``: its text without labels of others.

    Guides for clients of other products name their fields and buttons as these do, in ``em`` and ``code``.
    """

    QUOTES = ("em", "code")

    def __init__(self, page: str):
        super().__init__()
        self.words: list[str] = []
        self.own: list[str] = []
        self._quoted = 0
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._quoted += tag in self.QUOTES

    def handle_endtag(self, tag):
        self._quoted -= tag in self.QUOTES

    def handle_data(self, data):
        if self.tags and self.tags[-1][0] not in ("script", "style"):
            self.words.append(data)
            self.own += [] if self._quoted else [data]


def every_address(everything: dict[str, Any]) -> list[str]:
    addresses = ["/ui/acme/account/", "/sign-in/", "/nowhere", "/ui/acme/nowhere", "/ui/nowhere/"]
    for page in PAGES:
        addresses += [listed(page), f"{listed(page)}?q=nothing-like-that", shown(page, everything[page])]
        if page != "audit-logs":
            addresses.append(listed(page) + "add/")
        if page not in ("audit-logs", "users"):
            addresses.append(shown(page, everything[page], "delete"))
    connect = shown("provisioning", everything["provisioning"], "connect")
    pull = shown("provisioning", everything["provisioning"], "pull")
    addresses += [pull, f"{pull}{everything['provisioning'].pk}/"]
    return addresses + [f"{connect}?client={guide.key}" for guide in GUIDES]


@pytest.fixture
def texts(console: Client, everything: dict[str, Any]) -> dict[str, Text]:
    browsers = {address: Client() if "sign-in" in address else console for address in every_address(everything)}
    return {address: Text(browser.get(address).content.decode()) for address, browser in browsers.items()}


def test_no_page_shows_words_of_django(texts: dict[str, Text]):
    found = [
        (address, word[0])
        for address, text in texts.items()
        for word in re.finditer("|".join(RESIDUE), " ".join(text.words))
    ]
    assert found == []


def test_every_page_uses_one_glossary(texts: dict[str, Text]):
    found = [
        (address, word[0])
        for address, text in texts.items()
        for word in re.finditer("|".join(OTHER_WORDS), " ".join(text.own), re.IGNORECASE)
        # Base URL is where a Keycloak is.
        if word[0] not in ("Secret Token", "Secret token", "DELETE", "Bearer token", "Base URL")
    ]
    assert found == []


def test_the_words_of_the_glossary_are_used(console: Client, everything: dict[str, Any]):
    integration = console.get(shown("provisioning", everything["provisioning"])).content.decode()
    assert all(word in integration for word in ("SCIM endpoint", "Secret Token", "Disable", "Rotate", "Remove"))
    assert "API token" in console.get(shown("service-accounts", everything["service-accounts"])).content.decode()


def test_the_menu_has_exactly_its_words(console: Client, acme: Tenant):
    page = console.get(listed("users")).content.decode()
    menu = re.search(r'<nav class="k-nav".*?</nav>', page, re.DOTALL)[0]
    words = [word.strip() for word in Text(menu).words if word.strip()]
    assert words == ["Administration", "IAM", *MENU]


def test_every_page_has_a_title_an_icon_a_heading_and_a_main_part(texts: dict[str, Text]):
    for address, text in texts.items():
        tags = [tag for tag, _ in text.tags]
        assert tags.count("h1") == 1, address
        assert tags.count("main") == 1, address
        assert any(tag == "link" and attrs.get("rel") == "icon" for tag, attrs in text.tags), address


def test_every_form_has_one_submit_and_no_page_has_inline_scripts(texts: dict[str, Text]):
    for address, text in texts.items():
        for tag, attrs in text.tags:
            assert not (tag == "script" and "src" not in attrs), address
            assert not [name for name in attrs if name.startswith(("on", "x-", "hx-", "@", ":"))], (address, attrs)


@pytest.mark.parametrize("page", [page for page in PAGES if page not in ("users", "roles", "bindings", "audit-logs")])
def test_an_empty_list_says_what_will_appear_and_offers_the_next_step(console: Client, acme: Tenant, page: str):
    text = console.get(listed(page)).content.decode()
    assert "k-empty" in text
    assert re.search(r"No \w+( \w+)? yet", text)
    assert text.count(f'href="{listed(page)}add/"') == 2


def test_dates_are_relative_with_the_exact_time_on_hover(console: Client, everything: dict[str, Any]):
    page = console.get(shown("bindings", everything["bindings"])).content.decode()
    assert re.search(
        r'<time datetime="\d{4}-[^"]+\+00:00" title="\d\d \w{3} \d{4}, [\d:]{8} UTC">just now</time>', page
    )


HOSTILE = '<img src=x onerror="alert(1)"><b x-data="evil()">{{ 7 }}</b>'


def test_names_from_outside_are_text_on_every_page(console: Client, acme: Tenant):
    name = HOSTILE
    integration = Integration.objects.get(
        pk=console.post(listed("provisioning") + "add/", {"name": name, "type": "SCIM"}).context["original"].pk
    )
    push = Push(integration)
    user = push.user(name[:60], name={"givenName": name, "familyName": name}, emails=[{"value": f"{name}@x.example"}])
    group = push.group(name, user)
    role = RoleFactory(tenant=acme, name=name, description=name)
    by_hand = GroupFactory(tenant=acme, name=name, description=name)
    for subject in (f"group:{group.pk}", f"user:{user.account.pk}"):
        console.post(listed("bindings") + "add/", {"subject": subject, "role": role.pk})
    binding = role.bindings.first()
    addresses = [listed(page) for page in PAGES] + [
        shown("provisioning", integration),
        shown("provisioning", integration, "delete"),
        shown("provisioning", integration, "connect"),
        shown("provisioning", integration, "pull"),
        shown("users", user.account),
        shown("groups", group),
        shown("groups", by_hand),
        shown("groups", by_hand, "delete"),
        shown("roles", role),
        shown("bindings", binding),
        shown("bindings", binding, "delete"),
        listed("bindings") + "add/",
        shown("service-accounts", integration.service_account),
    ]
    for address in addresses:
        answer = console.get(address)
        assert answer.status_code == 200, address
        tags = Text(answer.content.decode()).tags
        assert not [tag for tag, attrs in tags if tag == "b" or "onerror" in attrs or "x-data" in attrs], address


@pytest.mark.parametrize("template", sorted(p.name for p in (ROOT / "templates" / "console").glob("*.html")))
def test_no_template_marks_text_as_safe(template: str):
    assert not re.search(r"\|\s*safe|autoescape off", (ROOT / "templates" / "console" / template).read_text())
