"""How a path names an attribute (RFC 7644 §3.10), and what the schemas say of attributes (RFC 7643 §7)."""

import pytest

from provisioning.attributes import GROUP, USER, ResourceType, resolve
from provisioning.definitions import DEFINITIONS, ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("userName", ("userName",)),
        ("USERNAME", ("userName",)),
        ("name.familyname", ("name", "familyName")),
        ("emails.value", ("emails", "value")),
        ("groups.$ref", ("groups", "$ref")),
        ("meta.lastModified", ("meta", "lastModified")),
        ("externalId", ("externalId",)),
        (f"{USER_SCHEMA}:userName", ("userName",)),
        (f"{USER_SCHEMA.upper()}:name.givenName", ("name", "givenName")),
        (f"{ENTERPRISE_SCHEMA}:department", (ENTERPRISE_SCHEMA, "department")),
        (f"{ENTERPRISE_SCHEMA.lower()}:MANAGER.displayname", (ENTERPRISE_SCHEMA, "manager", "displayName")),
    ],
)
def test_a_path_leads_to_an_attribute_in_any_letter_case(path: str, keys: tuple[str, ...]):
    found = resolve(USER, path)
    assert found is not None
    assert found.keys == keys
    assert found.target.name == keys[-1]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "nope",
        "department",
        "userName.value",
        "name.nope",
        "emails.value.x",
        ".value",
        "emails.",
        "urn:",
        USER_SCHEMA,
        f"{USER_SCHEMA}:",
        f"{USER_SCHEMA}:nope",
        f"{GROUP_SCHEMA}:displayName",
        "urn:example:x:userName",
        'emails[type eq "work"]',
        "members",
        "x" * 10_000,
    ],
)
def test_a_path_that_names_nothing_is_told_apart(path: str):
    assert resolve(USER, path) is None


@pytest.mark.parametrize(
    ("resource_type", "path", "case_exact"),
    [
        (USER, "id", True),
        (USER, "externalId", True),
        (USER, "userName", False),
        (USER, "emails.value", False),
        (USER, "photos.value", True),
        (USER, "x509Certificates.value", True),
        (USER, "groups.value", True),
        (USER, f"{ENTERPRISE_SCHEMA}:manager.value", True),
        (USER, "meta.version", True),
        (GROUP, "displayName", False),
        (GROUP, "members.value", True),
    ],
)
def test_identifiers_references_and_binaries_are_compared_exactly(
    resource_type: ResourceType, path: str, case_exact: bool
):
    found = resolve(resource_type, path)
    assert found is not None
    assert found.target.case_exact is case_exact


def test_schemas_say_that_members_are_users():
    members = next(each for each in DEFINITIONS[GROUP_SCHEMA]["attributes"] if each["name"] == "members")
    by_name = {each["name"]: each for each in members["subAttributes"]}
    assert "groups cannot be members" in members["description"]
    assert by_name["type"]["canonicalValues"] == ["User"]
    assert by_name["$ref"]["referenceTypes"] == ["User"]
    assert by_name["value"]["mutability"] == "immutable"
    assert by_name["display"]["mutability"] == "readOnly"


def test_a_group_needs_a_display_name():
    assert resolve(GROUP, "displayName").target.required


def test_password_is_written_only_and_never_returned():
    password = resolve(USER, "password").target
    assert (password.mutability, password.returned) == ("writeOnly", "never")


def test_every_attribute_states_its_characteristics():
    for definition in DEFINITIONS.values():
        for attribute in definition["attributes"]:
            for each in [attribute, *attribute.get("subAttributes", [])]:
                stated = {"name", "type", "multiValued", "description", "required", "mutability", "returned"}
                assert stated | {"uniqueness"} <= each.keys(), each["name"]
                assert ("caseExact" in each) == (each["type"] not in ("boolean", "complex")), each["name"]
                assert ("referenceTypes" in each) == (each["type"] == "reference"), each["name"]
