"""Guides for clients: true to what the server does, and the same in the documents."""

import json
import re
from pathlib import Path

import pytest
from django.core.management import load_command_class

from provisioning import guides
from provisioning.definitions import DEFINITIONS
from provisioning.endpoints import TENANTS_DISABLED, scim_endpoint
from provisioning.guides import GUIDES, Guide, Step, Value
from provisioning.guides.shape import Pitfall, Section
from provisioning.models import Integration
from provisioning.scim.auth import DISABLED
from tests.clients import ScimClient

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
BY_KEY = {guide.key: guide for guide in GUIDES}
DOCUMENT = dict.fromkeys(BY_KEY, "clients.md") | {"keycloak": "keycloak.md", "keycloak-pull": "keycloak.md"}


def words_of(document: str) -> str:
    """The text of a document without its line breaks and the frames of its tables."""
    return re.sub(r"\s+", " ", (DOCS / document).read_text())


def steps(guide: Guide) -> list[Step]:
    return [step for section in guide.sections for step in section.steps]


def values(guide: Guide) -> list[Value]:
    return [value for step in steps(guide) for value in step.values]


def of_each_guide() -> list:
    return [pytest.param(guide, id=guide.key) for guide in GUIDES]


def test_there_is_a_guide_for_each_client():
    assert [guide.title for guide in GUIDES] == [
        "Keycloak (plugin)", "Keycloak (pull)", "authentik", "Okta", "Entra ID", "Other",
    ]  # fmt: skip
    assert guides.find("okta").title == "Okta"
    assert guides.find("nothing-like-that") is GUIDES[0]


@pytest.mark.parametrize("guide", of_each_guide())
def test_every_step_value_and_pitfall_stands_in_the_documents(guide: Guide):
    text = words_of(DOCUMENT[guide.key])
    missing = [step.text for step in steps(guide) if step.text not in text]
    missing += [section.about for section in guide.sections if section.about not in text]
    missing += [pitfall.seen for pitfall in guide.pitfalls if f"| {pitfall.seen} | {pitfall.why} |" not in text]
    for value in values(guide):
        shown = f"`{value.text}`" if value.copied else value.text
        in_table = f"| {value.label} |" in text and f" {shown} |" in text
        missing += [value.label] if not in_table and f" {value.text} " not in text else []
    assert missing == []
    assert guide.about in text


@pytest.mark.parametrize("guide", of_each_guide())
def test_a_guide_says_where_to_push_and_what_goes_wrong(guide: Guide):
    where = [value.text for value in values(guide) if value.copied and "ENDPOINT" in value.text]
    assert bool(where) is (guide.key != "keycloak-pull")
    assert all(value.text.startswith("ENDPOINT") for value in values(guide) if value.label.endswith("URL") and where)
    assert len(guide.pitfalls) > 5
    assert all(not pitfall.why.endswith(".") for pitfall in guide.pitfalls), "The page sets the full stop."


def test_a_filled_guide_has_values_for_its_words_and_leaves_names_that_hold_them():
    guide = Guide(
        "x", "X", "to ENDPOINT",
        (Section("S", (Step("KC_SPI_REALM_KEY of REALM", (Value("URL", "ENDPOINT?flag", copied=True),)),), "REALM"),),
        "ENDPOINT", (Pitfall("REALM", "ENDPOINT"),),
    )  # fmt: skip
    filled = guide.filled({"ENDPOINT": r"https://x/\1", "REALM": "staff"})
    assert filled.about == r"to https://x/\1"
    assert filled.sections[0].steps[0].text == "KC_SPI_REALM_KEY of staff"
    assert values(filled)[0].text == r"https://x/\1?flag"
    assert (filled.sections[0].about, filled.first) == ("staff", r"https://x/\1")
    assert filled.pitfalls == (Pitfall("staff", r"https://x/\1"),)


def test_the_settings_of_the_plugin_are_those_of_the_component(integration: Integration):
    component = json.loads(re.search(r"```json\n(.*?)```", (DOCS / "keycloak.md").read_text(), re.DOTALL)[1])
    told = {value.setting: value for value in values(BY_KEY["keycloak"]) if value.setting}
    assert {name for setting in told for name in setting.split(", ")} == component["config"].keys()
    words = {"true": "on", "false": "off"}
    for setting, value in told.items():
        for name in setting.split(", "):
            (wanted,) = component["config"][name]
            if name == "endpoint":
                assert scim_endpoint(integration).endswith(wanted.partition("INTEGRATION_ID")[2])
            elif name != "auth-pass":
                assert value.text.startswith(words.get(wanted, wanted)), name


@pytest.mark.parametrize("path", ["/Users?aadOptscim062020", "/ServiceProviderConfig", "//Users/"])
def test_what_is_added_to_the_endpoint_is_served(scim: ScimClient, path: str):
    assert scim.get(path).status_code == 200


@pytest.mark.parametrize("content_type", ["application/scim+json"])
def test_the_content_type_of_the_guides_is_taken(scim: ScimClient, content_type: str):
    told = {value.text for guide in GUIDES for value in values(guide) if "ontent type" in value.label}
    assert told == {content_type}
    assert scim.post("/Users", {"userName": "anna"}, content_type=content_type).status_code == 201


def test_the_attributes_to_map_exist():
    schemas = DEFINITIONS.values()
    attributes = {each["name"]: each for schema in schemas for each in schema["attributes"]} | {"externalId": {}}
    mapped = [value.text for value in steps(BY_KEY["other"])[1].values]
    for name in ", ".join(mapped).split(", "):
        attribute, _, part = name.partition(".")
        assert attribute in attributes, name
        assert not part or part in {each["name"] for each in attributes[attribute]["subAttributes"]}, name


def test_refusals_are_quoted_as_they_are_sent(integration: Integration, scim: ScimClient):
    lost = ScimClient(integration)
    lost.base = lost.base.replace(integration.pk, "00000000-0000-4000-8000-000000000000")
    sent = [DISABLED, TENANTS_DISABLED, json.loads(lost.get("/Users").content)["detail"]]
    quoted = [
        re.search(r"\*(.+)\*", pitfall.seen)[1]
        for pitfall in BY_KEY["other"].pitfalls
        if re.match(r"40[34] \*", pitfall.seen)
    ]
    assert len(quoted) == 3
    assert all(any(detail.startswith(words) for detail in sent) for words in quoted)


@pytest.mark.parametrize("guide", of_each_guide())
def test_commands_of_the_guides_are_understood(guide: Guide):
    for value in values(guide):
        if value.text.startswith("manage.py "):
            _, name, *arguments = value.text.split()
            parser = load_command_class("provisioning", name).create_parser("manage.py", name)
            assert parser.parse_args(arguments).id == "INTEGRATION_ID"


@pytest.mark.parametrize("document", ["keycloak.md", "clients.md"])
def test_pictures_and_other_documents_that_are_named_exist(document: str):
    named = re.findall(r"\]\(([^)#:]+)\)", (DOCS / document).read_text())
    assert named
    assert [name for name in named if not (DOCS / name).is_file()] == []
