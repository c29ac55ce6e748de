"""Bad input gets a SCIM error of the right status, or is stored unharmed; nothing is half written."""

import gzip
import json
from collections.abc import Iterator

import pytest

from kestra_iam.models import AccessSource, AuditEvent, Group, Membership, User
from provisioning.definitions import DEFINITIONS, ENTERPRISE_SCHEMA, USER_SCHEMA
from provisioning.models import Integration, ProvisionedEmail, ProvisionedUser
from tests.clients import ScimClient
from tests.conversations import Peer, check_form

MEBIBYTE = 1024 * 1024
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
NO_JSON_OBJECT = (
    b"",
    b" ",
    b"{",
    b"{'userName': 'alice'}",
    b'{"userName": "alice",}',
    b'{"userName": NaN}',
    b'{"userName": "\xff\xfe"}',
    b'\xef\xbb\xbf{"userName": "alice"}',
    b"null",
    b"true",
    b"17",
    b'"alice"',
    b'[{"userName": "alice"}]',
    b"[" * 100_000,
    b'{"userName":' * 2000,
    b"\x1f\x8b\x08",
)


@pytest.fixture
def nothing_written(scim: ScimClient) -> Iterator[None]:
    """Fail if the test leaves a row behind that was not there before it."""
    before = rows()
    yield
    assert rows() == before


def rows() -> dict[str, int]:
    kinds = (User, AccessSource, ProvisionedUser, ProvisionedEmail, Group, Membership, AuditEvent)
    return {kind.__name__: kind.objects.count() for kind in kinds}


def refused(answer, status: int = 400, scim_type: str | None = "invalidValue") -> str:
    """Check that an answer is this SCIM error; return its sentence."""
    assert answer.status_code == status, answer.content
    body = answer.json()
    assert body["status"] == str(status)
    assert body.get("scimType") == scim_type
    return body["detail"]


@pytest.mark.parametrize("body", NO_JSON_OBJECT, ids=lambda body: repr(body[:30]))
def test_a_body_that_is_no_json_object_is_invalid_syntax(scim: ScimClient, nothing_written: None, body: bytes):
    for path in ("/Users", "/Groups", "/Bulk", "/.search", "/Users/.search"):
        refused(scim.post(path, body), 400, "invalidSyntax")
    for path in ("/Users/7e9b6c1a-1111-4a3b-9c6d-2f5e8a7b9c01", "/Groups/7e9b6c1a-1111-4a3b-9c6d-2f5e8a7b9c01"):
        refused(scim.put(path, body), 400, "invalidSyntax")
        refused(scim.patch(path, body), 400, "invalidSyntax")


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "json"])
def test_a_media_type_that_is_no_json_is_415(scim: ScimClient, nothing_written: None, media_type: str):
    refused(scim.post("/Users", {"userName": "alice"}, content_type=media_type), 415, None)


def wrong_values(attribute: dict) -> list:
    """Return values that are of no type that the attribute takes, one for each sub-attribute included."""
    if attribute["type"] == "boolean":
        return ["perhaps", 2, {}]
    if attribute["type"] != "complex":
        return [17, True, {"value": "x"}, ["a", "b"]]
    wrong = [
        {below["name"]: "perhaps" if below["type"] == "boolean" else {"value": 1}}
        for below in attribute["subAttributes"]
        if below["mutability"] == "readWrite"
    ]
    many = attribute["multiValued"]
    return [17, True, *([["a"], [[17]], *([each] for each in wrong)] if many else [["a", "b"], *wrong])]


@pytest.mark.parametrize(
    ("urn", "attribute"),
    [
        pytest.param(urn, attribute, id=attribute["name"])
        for urn in (USER_SCHEMA, ENTERPRISE_SCHEMA)
        for attribute in DEFINITIONS[urn]["attributes"]
        if attribute["mutability"] == "readWrite"
    ],
)
def test_a_value_of_the_wrong_type_is_named(scim: ScimClient, nothing_written: None, urn: str, attribute: dict):
    name = attribute["name"]
    for value in wrong_values(attribute):
        attributes = {name: value} if urn == USER_SCHEMA else {urn: {name: value}}
        assert name in refused(scim.post("/Users", {"userName": "alice", **attributes})), value


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"userName": None},
        {"userName": ""},
        {"userName": " \t"},
        {"displayName": "Alice"},
        {"userName": "alice", "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"]},
        {"userName": "alice", "schemas": "urn:x"},
        {"userName": "alice", "schemas": [17]},
    ],
    ids=json.dumps,
)
def test_a_user_without_a_name_or_of_another_schema_is_invalid(scim: ScimClient, nothing_written: None, body: dict):
    refused(scim.post("/Users", body))


@pytest.mark.parametrize(
    ("first", "second"),
    [("alice", "ALICE"), ("Straße", "STRASSE"), ("José", "Jose\u0301"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("İ", "i̇")],
)
def test_a_user_name_in_another_letter_case_or_composition_is_taken(scim: ScimClient, first: str, second: str):
    scim.user(first)
    before = rows()
    assert "taken" in refused(scim.post("/Users", {"userName": second}), 409, "uniqueness")
    bob = f"/Users/{scim.user('bob')['id']}"
    refused(scim.put(bob, {"userName": second}), 409, "uniqueness")
    refused(scim.operations(bob, {"op": "replace", "path": "userName", "value": second}), 409, "uniqueness")
    assert rows()["ProvisionedUser"] == before["ProvisionedUser"] + 1
    assert scim.get(bob).json()["userName"] == "bob"


@pytest.mark.parametrize(
    "member",
    [
        {"value": "7e9b6c1a-1111-4a3b-9c6d-2f5e8a7b9c01"},
        {"value": "nobody"},
        {"value": ""},
        {"value": None},
        {"value": 17},
        {"value": "x" * 10_000},
        {"display": "alice"},
        {},
        "7e9b6c1a-1111-4a3b-9c6d-2f5e8a7b9c01",
        {"value": "7e9b6c1a-1111-4a3b-9c6d-2f5e8a7b9c01", "type": "Group"},
    ],
    ids=lambda member: json.dumps(member)[:40],
)
def test_a_member_that_is_not_there_leaves_the_group_as_it_was(scim: ScimClient, member: object):
    alice = scim.user("alice")["id"]
    before = rows()
    members = [{"value": alice}, member]
    refused(scim.post("/Groups", {"displayName": "staff", "members": members}))
    assert rows() == before
    path = f"/Groups/{scim.group('staff')['id']}"
    before = rows()
    refused(scim.put(path, {"displayName": "renamed", "members": members}))
    addition = {"op": "add", "path": "members", "value": members}
    refused(scim.operations(path, {"op": "replace", "path": "displayName", "value": "renamed"}, addition))
    assert rows() == before
    read = scim.get(path).json()
    assert (read["displayName"], read.get("members"), read["meta"]["version"]) == ("staff", None, 'W/"1"')


def test_members_of_another_integration_are_not_there(
    scim: ScimClient, other_scim: ScimClient, globex_scim: ScimClient
):
    for stranger in (other_scim, globex_scim):
        bob = stranger.user("bob")["id"]
        refused(scim.post("/Groups", {"displayName": "staff", "members": [{"value": bob}]}))
    assert not Group.objects.exists()


def test_a_body_of_20_mb_is_413(peer: Peer, nothing_written: None):
    body = json.dumps({"userName": "alice", "title": "x" * 20 * MEBIBYTE})
    for method, path in (("POST", "/Users"), ("PUT", "/Users/1"), ("PATCH", "/Groups/1"), ("POST", "/Bulk")):
        answer = peer.send(method, path, body=body)
        assert answer.status == 413
        check_form(answer, peer.base)


def test_a_bulk_body_of_more_than_10_mib_is_413(peer: Peer, nothing_written: None):
    data = {"userName": "alice", "title": "x" * 11 * MEBIBYTE}
    operations = [{"method": "POST", "path": "/Users", "bulkId": "1", "data": data}]
    answer = peer.send("POST", "/Bulk", body={"schemas": [BULK], "Operations": operations})
    assert answer.status == 413
    check_form(answer, peer.base)


def test_a_body_that_grows_without_end_when_unzipped_is_413(scim: ScimClient, nothing_written: None):
    bomb = gzip.compress(gzip.compress(b" " * 256 * MEBIBYTE, 1), 1)
    once = gzip.compress(b" " * 256 * MEBIBYTE, 1)
    assert len(once) < 2 * MEBIBYTE
    refused(scim.post("/Users", once, content_encoding="gzip"), 413, None)
    refused(scim.post("/Users", bomb, content_encoding="gzip"), 400, "invalidSyntax")


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b'{"userName": "alice"}', mtime=0)[:-9], b"\x1f\x8b" + b"\0" * 20],
    ids=["no gzip", "cut short", "a header alone"],
)
def test_a_broken_gzip_body_is_invalid_syntax(scim: ScimClient, nothing_written: None, body: bytes):
    refused(scim.post("/Users", body, content_encoding="gzip"), 400, "invalidSyntax")


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "bearer\t",
        "Bearer " + "x" * 10_000,
        "Bearer kiam_" + "x" * 195,
        "Bearer kiam_" + "é" * 195,
        "Bearer a b c",
        "Bearer , Basic YWxpY2U6cHc=",
        "Basic YWxpY2U6cHc=",
        "Basic \xff",
        "\x00",
        "x" * 10_000,
        "🐍",
    ],
    ids=lambda header: repr(header[:20]),
)
def test_a_malformed_authorization_is_a_scim_401(peer: Peer, authorization: str):
    answer = peer.send("GET", "/Users", headers={"Authorization": authorization})
    assert answer.status == 401
    check_form(answer, peer.base)
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "slug", ["..", "../acme", "..%2Facme", "%2e%2e", "acme%00", "ACME", "acme/../globex", "a" * 500]
)
def test_a_tenant_slug_of_any_shape_is_404(peer: Peer, integration: Integration, slug: str):
    rest = f"/integrations/{integration.pk}/scim/v2/Users"
    token = {"HTTP_AUTHORIZATION": f"Bearer {integration.secret_token}"}
    assert peer._client.get(f"/api/v1/{slug}{rest}", **token).status_code == 404


@pytest.mark.parametrize(
    ("kind", "attributes", "field"),
    [
        ("Users", {"userName": "n" * 300}, "userName"),
        ("Users", {"userName": "ﬃ" * 100}, "userName"),
        ("Users", {"userName": "alice", "externalId": "n" * 300}, "externalId"),
        ("Users", {"userName": "alice", "name": {"familyName": "n" * 300}}, "name.familyName"),
        ("Users", {"userName": "alice", "displayName": "n" * 1025}, "displayName"),
        ("Users", {"userName": "alice", "emails": [{"value": "n" * 321}]}, "emails.value"),
        ("Groups", {"displayName": "n" * 300}, "displayName"),
        ("Groups", {"displayName": "staff", "externalId": "n" * 300}, "externalId"),
    ],
)
def test_a_name_too_long_for_its_column_is_refused_by_name(
    scim: ScimClient, nothing_written: None, kind: str, attributes: dict, field: str
):
    assert field in refused(scim.post(f"/{kind}", attributes))


@pytest.mark.parametrize(
    "name",
    [
        "אליס בן־דוד",
        "‮ecila‬",
        "山田太郎",
        "👩‍👩‍👧‍👦 Family",
        "<script>alert('x')</script>",
        "Robert'); DROP TABLE kestra_iam_user;--",
        "{{ 7*7 }} {% debug %} ${7*7} %s %(name)s",
        'quote " and \\ backslash',
        "n" * 255,
        "ẞ" * 127,
        "\u0301combining first",
        "line\nbreak\ttab\r\x7f\x85\u2028",
        "\ufeffbyte order mark\u200b",
        "𐐀\U0010ffff",
    ],
    ids=lambda name: repr(name[:20]),
)
def test_names_of_any_script_are_stored_unharmed_and_found(scim: ScimClient, name: str):
    names = {"familyName": name, "givenName": name, "formatted": name * 3}
    user = scim.user(name, displayName=name, externalId=name, name=names, title=name)
    read = scim.get(f"/Users/{user['id']}").json()
    assert (read["userName"], read["displayName"], read["externalId"], read["name"]) == (name, name, name, names)
    group = scim.group(name, user["id"])
    assert scim.get(f"/Groups/{group['id']}").json()["displayName"] == name
    for kind, made, attribute in (
        ("Users", user, "userName"),
        ("Users", user, "externalId"),
        ("Users", user, "title"),
        ("Groups", group, "displayName"),
    ):
        found = scim.get(f"/{kind}", {"filter": f"{attribute} eq {json.dumps(name)}"}).json()
        assert [each["id"] for each in found["Resources"]] == [made["id"]], attribute


@pytest.mark.parametrize(
    "attributes",
    [
        {"userName": "a\x00b"},
        {"userName": "alice", "displayName": "\x00"},
        {"userName": "alice", "externalId": "\x00"},
        {"userName": "alice", "name": {"givenName": "a\x00"}},
        {"userName": "alice", "emails": [{"value": "a\x00@example.org"}]},
        {"userName": "alice", "title": "\ud800"},
        {"userName": "\udfff"},
        {"userName": "alice", "roles": [{"value": "a\ud800b"}]},
        {"userName": "alice", ENTERPRISE_SCHEMA: {"department": "\x00"}},
    ],
    ids=json.dumps,
)
def test_nul_and_lone_surrogates_are_invalid(scim: ScimClient, nothing_written: None, attributes: dict):
    refused(scim.post("/Users", attributes))


@pytest.mark.parametrize(
    "query",
    [
        "filter=%00",
        "filter=userName%20eq%20%22%00%22",
        "filter=userName%20eq%20%22%ED%A0%80%22",
        "filter=userName%20eq%20%22%FF%22",
        "filter=userName",
        "filter=(((((((((",
        "filter=userName%20eq%20%22",
        "filter=nothing%20eq%20%22x%22",
        "filter=password%20eq%20%22x%22",
        "filter=active%20gt%20true",
        "filter=" + "%28" * 1000,
        "filter=" + "userName%20eq%20%22x%22%20or%20" * 300 + "userName%20pr",
        "sortBy=nothing",
        "sortBy=%00",
        "startIndex=one",
        "count=1e3",
        "count=%D9%A3",
    ],
    ids=lambda query: query[:40],
)
def test_a_query_that_means_nothing_is_answered_without_failing(peer: Peer, nothing_written: None, query: str):
    for kind in ("Users", "Groups"):
        answer = peer.send("GET", f"/{kind}?{query}")
        assert answer.status in (200, 400)
        check_form(answer, peer.base)
        if answer.status == 400 and query.startswith("filter"):
            assert answer.body["scimType"] == "invalidFilter"
