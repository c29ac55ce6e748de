"""Resources as JSON text (RFC 7643 §3, §8), and what is kept of a user."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone

from provisioning.definitions import ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA
from provisioning.documents import email_keys, user_attributes, user_document
from provisioning.rendering import instant, render_group, render_user

ID = "2819c223-7f76-453a-919d-413861904646"
CREATED = datetime(2026, 11, 3, 10, 20, 30, tzinfo=UTC)
MODIFIED = datetime(2026, 11, 3, 12, 20, 30, 123, tzinfo=timezone(timedelta(hours=1)))
ALICE = user_attributes(
    {
        "externalId": "KC-1",
        "userName": "Alice",
        "displayName": "ALICE Doe",
        "emails": [{"value": "A@x.io"}, {"display": "none"}, {"value": "a@X.io", "type": "work"}, {"value": "b@x.io"}],
    }
)


def test_what_is_kept_of_a_user_is_columns_keys_and_a_document():
    kept = user_document(ALICE)
    assert (kept.user_name, kept.user_name_key) == ("Alice", "alice")
    assert (kept.external_id, kept.display_name_key) == ("KC-1", "alice doe")
    assert kept.email_keys == email_keys(ALICE) == ("a@x.io", "b@x.io")
    assert kept.active is True
    assert json.loads(kept.document) == {"schemas": [USER_SCHEMA], **ALICE}


def test_what_a_user_has_not_is_empty():
    kept = user_document(user_attributes({"userName": "alice", "active": False}))
    assert (kept.external_id, kept.display_name_key, kept.email_keys, kept.active) == ("", "", (), False)


def test_the_enterprise_schema_is_named_only_where_something_of_it_is_kept():
    for extension, schemas in (({"department": "R&D"}, [USER_SCHEMA, ENTERPRISE_SCHEMA]), ({}, [USER_SCHEMA])):
        kept = user_document(user_attributes({"userName": "alice", ENTERPRISE_SCHEMA: extension}))
        assert json.loads(kept.document)["schemas"] == schemas


def test_a_user_is_its_document_with_id_groups_and_meta():
    groups = [{"value": "g1", "display": 'a "quoted" name'}]
    text = render_user(ID, user_document(ALICE).document, 7, CREATED, MODIFIED, f"https://h/{ID}", json.dumps(groups))
    assert json.loads(text) == {
        "id": ID,
        "schemas": [USER_SCHEMA],
        **ALICE,
        "groups": groups,
        "meta": {
            "resourceType": "User",
            "created": "2026-11-03T10:20:30.000000Z",
            "lastModified": "2026-11-03T11:20:30.000123Z",
            "version": 'W/"7"',
            "location": f"https://h/{ID}",
        },
    }
    assert "groups" not in json.loads(render_user(ID, user_document(ALICE).document, 7, CREATED, CREATED, "https://h"))


def test_termindiego25_finds_the_id_with_its_regular_expression():
    for text in (
        render_user(ID, user_document(ALICE).document, 1, CREATED, CREATED, "https://h"),
        render_group(ID, "devs", "kc-1", 1, CREATED, CREATED, "https://h"),
    ):
        assert re.match(r'\{"id":"([^"]+)"', text.decode())[1] == ID


def test_a_group_is_its_columns_and_its_members():
    members = [{"value": ID, "type": "User"}]
    text = render_group(ID, 'dé"vs', "kc-1", 2, CREATED, MODIFIED, "https://h/g", [json.dumps(members).encode()])
    meta = {
        "resourceType": "Group",
        "created": "2026-11-03T10:20:30.000000Z",
        "lastModified": "2026-11-03T11:20:30.000123Z",
        "version": 'W/"2"',
        "location": "https://h/g",
    }
    common = {"id": ID, "schemas": [GROUP_SCHEMA], "displayName": 'dé"vs', "meta": meta}
    assert json.loads(text) == common | {"externalId": "kc-1", "members": members}
    assert json.loads(render_group(ID, 'dé"vs', None, 2, CREATED, MODIFIED, "https://h/g")) == common


def test_a_moment_is_read_back_as_it_was_written():
    assert datetime.fromisoformat(instant(MODIFIED)) == MODIFIED
