"""What the bodies of POST and PUT /Users become, for every client that is known (RFC 7643 §4.1)."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.definitions import ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA
from provisioning.documents import user_attributes, user_document
from provisioning.errors import Refused
from tests.scim.vocabulary import LEAVES, bodies

ALICE = {"userName": "alice", "active": True}


def refused(body: Any, current: dict[str, Any] | None = None) -> Refused:
    with pytest.raises(Refused) as refusal:
        user_attributes(body, current)
    return refusal.value


CLIENTS = {
    "mitodl": (
        {
            "schemas": [USER_SCHEMA],
            "externalId": "6f2d7c0e",
            "userName": "alice",
            "displayName": "Alice Doe",
            "name": {"givenName": "Alice", "familyName": "Doe"},
            "emails": [{"value": "a@x.io"}],
            "active": True,
            "roles": [{"value": "dev"}],
        },
        {
            "externalId": "6f2d7c0e",
            "userName": "alice",
            "name": {"familyName": "Doe", "givenName": "Alice"},
            "displayName": "Alice Doe",
            "active": True,
            "emails": [{"value": "a@x.io"}],
            "roles": [{"value": "dev"}],
        },
    ),
    "mitodl without names": ({"schemas": [USER_SCHEMA], "userName": "alice", "name": {}, "active": True}, ALICE),
    "pelotech": (
        {
            "schemas": [USER_SCHEMA],
            "userName": "alice",
            "emails": [{"value": "a@x.io", "type": "work", "primary": True}],
        },
        ALICE | {"emails": [{"value": "a@x.io", "type": "work", "primary": True}]},
    ),
    "Termindiego25 without an e-mail address": (
        {
            "schemas": [USER_SCHEMA],
            "userName": "alice",
            "name": {"givenName": "Alice"},
            "emails": [{"value": "", "type": "work", "primary": True}],
            "active": True,
        },
        {"userName": "alice", "name": {"givenName": "Alice"}, "active": True},
    ),
    "suvera": (
        {
            "schemas": [USER_SCHEMA],
            "userName": "alice",
            "ims": [],
            "photos": [],
            "entitlements": [],
            "x509Certificates": [],
            "phoneNumbers": [],
            "addresses": [],
            "groups": [{"value": "keycloak-group-id"}],
            "roles": [{"value": "role-uuid"}],
        },
        ALICE | {"roles": [{"value": "role-uuid"}]},
    ),
    "scim-for-keycloak": (
        {
            "schemas": [USER_SCHEMA],
            "id": "5f4b",
            "userName": "alice",
            "active": True,
            "name": {"familyName": "Doe"},
            "emails": [{"primary": True, "value": "a@x.io"}],
        },
        {
            "userName": "alice",
            "name": {"familyName": "Doe"},
            "active": True,
            "emails": [{"value": "a@x.io", "primary": True}],
        },
    ),
    "authentik with an empty display name": (
        {
            "schemas": [USER_SCHEMA],
            "active": True,
            "emails": [{"primary": True, "type": "other", "value": "a@x.io"}],
            "externalId": "uid",
            "name": {"familyName": " ", "formatted": " ", "givenName": ""},
            "displayName": "",
            "userName": "alice",
        },
        {
            "externalId": "uid",
            "userName": "alice",
            "name": {"formatted": " ", "familyName": " "},
            "active": True,
            "emails": [{"value": "a@x.io", "type": "other", "primary": True}],
        },
    ),
    "Okta": (
        {
            "schemas": [USER_SCHEMA],
            "userName": "alice",
            "externalId": "00u1",
            "displayName": "Alice",
            "locale": "en-US",
            "groups": [],
            "password": "1mz050nq",
            "active": True,
        },
        {"externalId": "00u1", "userName": "alice", "displayName": "Alice", "locale": "en-US", "active": True},
    ),
    "Entra ID": (
        {
            "schemas": [USER_SCHEMA, ENTERPRISE_SCHEMA],
            "externalId": "0a21",
            "userName": "alice",
            "active": True,
            "emails": [{"primary": True, "type": "work", "value": "a@x.io"}],
            "meta": {"resourceType": "User"},
            "name": {"formatted": "Alice Doe"},
            "roles": [],
            ENTERPRISE_SCHEMA: {"department": "R&D", "manager": "boss"},
        },
        {
            "externalId": "0a21",
            "userName": "alice",
            "name": {"formatted": "Alice Doe"},
            "active": True,
            "emails": [{"value": "a@x.io", "type": "work", "primary": True}],
            ENTERPRISE_SCHEMA: {"department": "R&D", "manager": {"value": "boss"}},
        },
    ),
    "Entra ID with booleans as text": (
        {"userName": "alice", "active": "False", "roles": [{"value": "dev", "primary": "True"}]},
        {"userName": "alice", "active": False, "roles": [{"value": "dev", "primary": True}]},
    ),
    "Canaille": (
        {
            "schemas": [USER_SCHEMA, ENTERPRISE_SCHEMA],
            "externalId": "alice",
            "userName": "alice",
            "name": {"formatted": "Alice Doe"},
            "displayName": "Alice",
            "active": True,
            "emails": [{"value": "a@x.io"}],
        },
        {
            "externalId": "alice",
            "userName": "alice",
            "name": {"formatted": "Alice Doe"},
            "displayName": "Alice",
            "active": True,
            "emails": [{"value": "a@x.io"}],
        },
    ),
}


@pytest.mark.parametrize(("body", "attributes"), CLIENTS.values(), ids=CLIENTS.keys())
def test_the_body_of_every_client_is_understood(body: dict[str, Any], attributes: dict[str, Any]):
    understood = user_attributes(body)
    assert understood == attributes
    assert list(understood) == list(attributes), "canonical order"


def test_a_user_name_alone_makes_a_user_who_is_active():
    assert user_attributes({"userName": "alice"}) == ALICE


@pytest.mark.parametrize("body", [{}, {"userName": ""}, {"userName": "  "}, {"userName": None}, {"userName": []}])
def test_a_user_needs_a_user_name(body: dict[str, Any]):
    refusal = refused(body)
    assert (refusal.scim_type, refusal.field) == ("invalidValue", "userName")


@pytest.mark.parametrize("given", [{}, {"active": None}, {"active": ""}, {"active": []}])
def test_what_a_put_does_not_say_of_active_stays_as_it_is(given: dict[str, Any]):
    assert user_attributes({"userName": "alice"} | given, ALICE | {"active": False})["active"] is False
    assert user_attributes({"userName": "alice"} | given, ALICE)["active"] is True


def test_what_a_put_leaves_out_is_gone():
    current = ALICE | {"displayName": "Alice", "emails": [{"value": "a@x.io"}]}
    assert user_attributes({"userName": "alice"}, current) == ALICE


@pytest.mark.parametrize(
    "nothing", [None, "", [], {}, [{}], [None], [{"value": ""}], [{"value": None, "type": "work"}]]
)
def test_nothing_in_an_array_leaves_it_unassigned(nothing: Any):
    assert user_attributes({"userName": "alice", "emails": nothing}) == ALICE


@pytest.mark.parametrize("nothing", [None, "", [], {}, [{}], {"givenName": ""}, {"givenName": None, "unknown": 1}])
def test_nothing_in_an_object_leaves_it_unassigned(nothing: Any):
    assert user_attributes({"userName": "alice", "name": nothing, ENTERPRISE_SCHEMA: {"manager": nothing}}) == ALICE


def test_names_count_in_any_letter_case():
    body = {"USERNAME": "alice", "Name": {"GIVENNAME": "A"}, ENTERPRISE_SCHEMA.upper(): {"Department": "D"}}
    assert user_attributes(body) == {
        "userName": "alice",
        "name": {"givenName": "A"},
        "active": True,
        ENTERPRISE_SCHEMA: {"department": "D"},
    }


def test_an_array_of_one_stands_for_a_single_value():
    body = {"userName": ["alice"], "active": [False], "name": [{"givenName": ["A"]}]}
    assert user_attributes(body) == {"userName": "alice", "name": {"givenName": "A"}, "active": False}


def test_one_object_stands_for_an_array_of_one():
    assert user_attributes({"userName": "alice", "emails": {"value": "a@x.io"}})["emails"] == [{"value": "a@x.io"}]


def test_a_pair_of_type_and_value_stands_once():
    emails = [
        {"value": "a@x.io", "type": "work"},
        {"value": "A@X.IO", "type": "Work", "display": "Alice"},
        {"value": "a@x.io", "type": "home"},
        {"value": "a@x.io"},
    ]
    assert user_attributes({"userName": "alice", "emails": emails})["emails"] == [
        {"value": "a@x.io", "display": "Alice", "type": "work"},
        {"value": "a@x.io", "type": "home"},
        {"value": "a@x.io"},
    ]


def test_the_same_address_stands_once_and_different_ones_of_one_type_stay():
    home, summer = {"type": "home", "locality": "Paris"}, {"type": "home", "locality": "Nice"}
    again = {"locality": "PARIS", "type": "Home"}
    assert user_attributes({"userName": "a", "addresses": [home, summer, home, again]})["addresses"] == [
        {"locality": "Paris", "type": "home"},
        {"locality": "Nice", "type": "home"},
    ]


def test_one_value_at_most_is_primary():
    emails = [{"value": "a@x.io", "primary": "true"}, {"value": "b@x.io", "primary": True}]
    assert [each["primary"] for each in user_attributes({"userName": "a", "emails": emails})["emails"]] == [True, False]


WRONG = {
    "userName": 12,
    "displayName": {"formatted": "Alice"},
    "nickName": ["a", "b"],
    "active": "perhaps",
    "name": "Alice Doe",
    "name.givenName": ["A", "B"],
    "emails": "a@x.io",
    "emails.value": 7,
    "emails.primary": 1,
    "roles": ["dev"],
    "x509Certificates.value": "not base64!",
    "title": 10**400,
    "locale": True,
    "photos.value": {"a": 1},
    f"{ENTERPRISE_SCHEMA}:manager": 5,
    f"{ENTERPRISE_SCHEMA}:manager.value": {},
    f"{ENTERPRISE_SCHEMA}:department": 1.5,
}


@pytest.mark.parametrize("path", WRONG)
def test_a_value_of_another_type_is_refused_by_name(path: str):
    prefix, _, names = path.rpartition(":")
    name, _, sub_name = names.partition(".")
    value: Any = {name: {sub_name: WRONG[path]} if sub_name else WRONG[path]}
    refusal = refused({"userName": "alice"} | ({prefix: value} if prefix else value))
    assert (refusal.scim_type, refusal.field) == ("invalidValue", path)
    assert refusal.detail.startswith(f"{path} is ")
    assert "it must be" in refusal.detail
    assert len(refusal.detail) < 300


def test_a_refusal_shows_what_was_sent_shortened_and_says_what_would_be_right():
    assert refused({"userName": "alice", "active": "perhaps" * 50}).detail == (
        f"active is {'perhaps' * 8 + 'perh'!r}…: it must be true or false."
    )


@pytest.mark.parametrize("text", ["a\x00b", "\x00", "\ud800", "a\udfffb"])
@pytest.mark.parametrize("leaf", [each for each in LEAVES if each.value == "Sample"], ids=lambda leaf: leaf.path)
def test_nul_and_lone_surrogates_are_refused_wherever_text_is_kept(leaf: Any, text: str):
    refusal = refused({"userName": "alice"} | leaf.inside(text))
    assert (refusal.scim_type, refusal.field) == ("invalidValue", leaf.path)
    orjson.dumps(refusal.detail)
    assert "\x00" not in refusal.detail


@pytest.mark.parametrize(
    ("path", "longest"),
    [("userName", 255), ("externalId", 255), ("displayName", 1024), ("name.givenName", 255), ("name.familyName", 255)],
)
def test_text_longer_than_its_column_is_refused(path: str, longest: int):
    name, _, sub_name = path.partition(".")
    body = {"userName": "a", name: {sub_name: "x" * longest} if sub_name else "x" * longest}
    assert user_attributes(body)
    body[name] = {sub_name: "x" * (longest + 1)} if sub_name else "x" * (longest + 1)
    assert f"at most {longest} characters" in refused(body).detail


def test_an_address_longer_than_its_column_is_refused():
    assert user_attributes({"userName": "a", "emails": [{"value": "x" * 320}]})
    assert refused({"userName": "a", "emails": [{"value": "x" * 321}]}).field == "emails.value"


def test_a_name_whose_key_is_longer_than_its_column_is_refused():
    """Case folding turns one ß into two characters."""
    assert refused({"userName": "ß" * 200}).field == "userName"
    assert refused({"userName": "a", "emails": [{"value": "ß" * 200}]}).field == "emails.value"
    assert len(user_document(user_attributes({"userName": "a", "displayName": "ß" * 200})).display_name_key) == 255


@pytest.mark.parametrize("encoded", ["QUJD", "QUI=", "QUJD\r\nQUJD", "-_-_"])
def test_a_certificate_is_base64_and_kept_as_it_was_sent(encoded: str):
    attributes = user_attributes({"userName": "a", "x509Certificates": [{"value": encoded}]})
    assert attributes["x509Certificates"] == [{"value": encoded}]


@pytest.mark.parametrize("encoded", ["QUJ", "QU=D", "QÜJD", "===="])
def test_what_is_no_base64_is_no_certificate(encoded: str):
    assert refused({"userName": "a", "x509Certificates": [{"value": encoded}]}).scim_type == "invalidValue"


@pytest.mark.parametrize(
    "schemas",
    [[USER_SCHEMA], [USER_SCHEMA.lower()], [USER_SCHEMA, "urn:example:unknown"], [], None, USER_SCHEMA],
)
def test_schemas_may_be_absent_or_name_more_than_the_resource(schemas: Any):
    assert user_attributes({"schemas": schemas, "userName": "alice"}) == ALICE


@pytest.mark.parametrize("schemas", [[ENTERPRISE_SCHEMA], [GROUP_SCHEMA], ["urn:example:unknown"], [1], "nonsense", 7])
@pytest.mark.parametrize("name", ["schemas", "Schemas"])
def test_schemas_of_something_else_are_refused(name: str, schemas: Any):
    refusal = refused({name: schemas, "userName": "alice"})
    assert (refusal.scim_type, refusal.field) == ("invalidValue", "schemas")


@pytest.mark.parametrize("body", [None, [], "text", 7, [{"userName": "alice"}]])
def test_a_body_that_is_no_object_is_refused(body: Any):
    assert refused(body).scim_type == "invalidSyntax"


def test_unknown_attributes_are_ignored_however_deep_they_are():
    bomb: Any = []
    for _ in range(900):
        bomb = [bomb]
    body = {"userName": "alice", "unknown": bomb, "urn:example:unknown": {"a": 1}, "emails": [{"unknown": bomb}]}
    assert user_attributes(body) == ALICE
    assert refused({"userName": bomb}).scim_type == "invalidValue"
    assert refused({"userName": "alice", "emails": bomb}).scim_type == "invalidValue"


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.path)
def test_every_advertised_attribute_is_kept_and_comes_back(leaf: Any):
    also = {"value": "https://example.com/v"} if leaf.path.endswith(("type", "primary")) else {}
    if leaf.path.startswith(("x509", "addresses")):
        also = {"value": "QUJD"} if leaf.path.startswith("x509") else {"locality": "Paris"}
    given = leaf.inside(leaf.value)
    holder = given[leaf.keys[0]]
    if leaf.multi_valued:
        holder[0].update({name: value for name, value in also.items() if name not in holder[0]})
    kept = orjson.loads(user_document(user_attributes({"userName": "alice"} | given)).document)
    assert kept[leaf.keys[0]] == holder


@given(bodies)
def test_what_is_kept_describes_the_same_user_again(body: dict[str, Any]):
    attributes = user_attributes(body)
    document = user_document(attributes)
    again = user_attributes(orjson.loads(document.document), attributes)
    assert again == attributes
    assert user_document(again) == document


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([each.keys[0] for each in LEAVES] + ["schemas"]), json_values))
def test_whatever_is_sent_is_kept_or_refused(body: dict[str, Any]):
    try:
        attributes = user_attributes(body)
    except Refused as refusal:
        orjson.dumps(refusal.detail)
    else:
        assert user_attributes(orjson.loads(user_document(attributes).document)) == attributes
