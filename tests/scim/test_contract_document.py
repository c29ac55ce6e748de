"""docs/scim.md says what ServiceProviderConfig, /Schemas and the tests say."""

import re
from pathlib import Path

import pytest
from django.urls import get_resolver

from provisioning.definitions import DEFINITIONS, ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA
from provisioning.scim import bodies, schemas

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = (ROOT / "docs" / "scim.md").read_text()
CONFIG = schemas.service_provider_config("https://iam.example.org/scim/v2")
# What ServiceProviderConfig announces, and the row of the table that tells of it.
ANNOUNCED = {
    "patch": "PATCH",
    "bulk": "Bulk",
    "filter": "Filters",
    "changePassword": "`changePassword`",
    "sort": "Sorting",
    "etag": "ETag, If-Match, If-None-Match",
    "pagination": "Paging by cursor",
    "authenticationSchemes": "Bearer tokens",
}
NO_FEATURES = {"schemas", "meta", "documentationUri"}
# RFC 7644 §3.12 and RFC 9865 §2.1.
SCIM_TYPES = {
    *("invalidFilter", "tooMany", "uniqueness", "mutability", "invalidSyntax", "invalidPath", "noTarget"),
    *("invalidValue", "invalidVers", "sensitive", "invalidCursor", "expiredCursor", "invalidCount"),
}


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def table(title: str) -> dict[str, list[str]]:
    """The rows of the first table below a heading, by their first cell."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {first: rest for first, *rest in rows}


FEATURES = table("Features")


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_has_its_place_in_an_rfc_and_tests_that_are_there(feature: str):
    rfc, tests = FEATURES[feature]
    assert re.fullmatch(r"\d{4} §[\d.]+((, | to |; \d{4} )§[\d.]+)*", rfc)
    files = re.findall(r"`(tests/\S+\.py)`", tests)
    assert files
    for file in files:
        assert re.search(r"^def test_", (ROOT / file).read_text(), re.MULTILINE), file


def test_every_test_file_that_the_document_names_is_there():
    for file in re.findall(r"tests/[\w/]+(?:\.py)?", TEXT):
        assert (ROOT / file).exists(), file


def test_what_is_announced_is_a_feature_and_what_is_not_offered_says_so():
    assert CONFIG.keys() - NO_FEATURES == ANNOUNCED.keys()
    for name, feature in ANNOUNCED.items():
        block = CONFIG[name]
        offered = block.get("supported", True) if isinstance(block, dict) else bool(block)
        assert offered != FEATURES[feature][1].startswith("not offered"), feature
    assert CONFIG["pagination"]["cursor"] is CONFIG["pagination"]["index"] is True
    assert FEATURES["`/Me`"][1].startswith("not offered: 501")
    assert [each["type"] for each in CONFIG["authenticationSchemes"]] == ["oauthbearertoken"]


def test_the_limits_are_those_that_are_announced_and_kept():
    limits = table("Limits")
    bulk, pages = CONFIG["bulk"], CONFIG["pagination"]
    assert limits["Bulk"] == [f"{bulk['maxOperations']:,} operations, 10 MiB ({bulk['maxPayloadSize']:,} bytes)"]
    assert limits["Results on a page"][0].startswith(f"{CONFIG['filter']['maxResults']:,}, which is also the default")
    assert pages["defaultPageSize"] == pages["maxPageSize"] == CONFIG["filter"]["maxResults"]
    assert (limits["Cursor"], pages["cursorTimeout"]) == (["one hour"], 3600)
    assert limits["Body, after decompression"] == [f"16 MiB ({bodies.LARGEST:,} bytes)"]


@pytest.mark.parametrize("urn", [USER_SCHEMA, ENTERPRISE_SCHEMA])
def test_the_attributes_of_users_are_those_of_the_schemas_with_what_is_particular(urn: str):
    (listed,) = table("Users")[f"`{urn}`"]
    simple = re.sub(r" \(`.*?`\)", "", listed)
    named = dict(re.findall(r"`(\w+)`(?: \(([a-z ]+)\))?", simple))
    notes = {"readOnly": "read only", "writeOnly": "write only"}
    expected = {
        each["name"]: notes.get(each["mutability"], "required" if each["name"] == "userName" else "")
        for each in DEFINITIONS[urn]["attributes"]
    }
    assert named == expected


def test_the_attributes_of_groups_are_those_of_the_schema():
    sentence = section("Groups").strip().split(".\n", 1)[0]
    assert sentence.startswith(f"`{GROUP_SCHEMA}`: ")
    named = re.findall(r"`(\w+)`", sentence.removeprefix(f"`{GROUP_SCHEMA}`"))
    assert named == [each["name"] for each in DEFINITIONS[GROUP_SCHEMA]["attributes"]]


def test_every_kind_of_error_that_the_code_answers_with_is_in_the_table():
    lines = [line for line in section("Errors").splitlines() if line.startswith("| ")]
    told = {name for line in lines for name in re.findall(r"`(\w+)`", line.split("|")[2])} & SCIM_TYPES
    code = "\n".join(path.read_text() for path in (ROOT / "provisioning").rglob("*.py") if path.name != "errors.py")
    used = {name for name in SCIM_TYPES if f'"{name}"' in code}
    assert told == used | {"uniqueness"}


def test_the_permissions_are_those_of_the_routes():
    rows = re.findall(r"^\| ([A-Z].*`) \| ([A-Z]{5,} [A-Z]+)", section("Endpoint and authentication"), re.MULTILINE)
    told = {
        (method, path.strip("/").replace("ID", "<str:id>")): permission
        for requests, permission in rows
        for methods, path in re.findall(r"((?:[A-Z]+, )*[A-Z]+) `(\S+)`", requests)
        for method in methods.split(", ")
    }
    users = {
        (method, str(route.pattern)): " ".join(needed[0])
        for route in get_resolver("provisioning.scim.urls").url_patterns
        for method, needed in route.callback.permissions.items()
        if str(route.pattern).startswith("Users") or str(route.pattern) == ".search"
    }
    assert told == users
