"""Pages by cursor (RFC 9865)."""

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.errors import Refused
from provisioning.models import Integration, ProvisionedUser
from tests.scim.directories import Directory
from tests.scim.test_paging_by_index import names, page

SORTS = (
    None,
    "userName",
    "title",
    "active",
    "meta.created",
    "meta.lastModified",
    "emails",
    "groups.display",
    "schemas",
)


def walk(integration: Integration, kinds: str = "users", **parameters) -> list[str]:
    """Return the names in all pages, following the cursors."""
    found = page(integration, kinds, cursor="", **parameters)
    gathered, total = names(found), found.total
    while found.next_cursor is not None:
        assert found.size == parameters["count"]
        found = page(integration, kinds, cursor=found.next_cursor, **parameters)
        assert found.total == total
        gathered += names(found)
    return gathered


def refused(integration: Integration, **parameters) -> Refused:
    with pytest.raises(Refused) as caught:
        page(integration, **parameters)
    return caught.value


@pytest.fixture
def directory(integration: Integration, other_integration: Integration) -> Directory:
    for each in (other_integration, integration):
        directory = Directory(each)
        people = [
            directory.user(
                f"user-{number}",
                active=number % 2 == 0,
                **({"title": "même"} if number % 3 else {}),
                emails=[{"value": f"{9 - number}@example.com"}],
            )
            for number in range(9)
        ]
        for number in range(4):
            directory.group(f"group-{number}", *people[:number])
        directory.write()
    return directory


@pytest.mark.django_db
@settings(suppress_health_check=list(HealthCheck), max_examples=30)
@given(
    sort_by=st.sampled_from(SORTS),
    descending=st.booleans(),
    count=st.integers(1, 15),
    kinds=st.sampled_from(["users", "groups", "both"]),
)
def test_pages_by_cursor_are_the_list(directory, integration: Integration, sort_by, descending, count, kinds):
    if kinds == "groups" and sort_by not in (None, "meta.created", "meta.lastModified", "schemas"):
        sort_by = "displayName"
    parameters = {"sortBy": sort_by, "sortOrder": "descending" if descending else "ascending"}
    assert walk(integration, kinds, count=count, **parameters) == names(page(integration, kinds, **parameters))


def test_a_filter_holds_on_every_page(directory: Directory, integration: Integration):
    found = walk(integration, count=2, filter="active eq true", sortBy="userName")
    assert found == [f"user-{number}" for number in (0, 2, 4, 6, 8)]


def test_the_last_page_has_no_next_one(directory: Directory, integration: Integration):
    assert page(integration, cursor="", count=9).next_cursor is None
    assert page(integration, cursor="").next_cursor is None
    assert page(integration, "both", cursor="", count=13).next_cursor is None
    assert page(integration, "both", cursor="", count=9).next_cursor is not None
    assert page(integration, count=2).next_cursor is None


def test_a_cursor_has_only_signs_that_need_no_quoting(directory: Directory, integration: Integration):
    for sort_by in SORTS:
        assert re.fullmatch(r"[A-Za-z0-9._~-]+", page(integration, cursor="", count=2, sortBy=sort_by).next_cursor)


def test_nobody_is_seen_twice_or_missed_when_others_come_and_go(directory: Directory, integration: Integration):
    first = page(integration, cursor="", count=4, sortBy="userName")
    ProvisionedUser.objects.filter(integration=integration, user_name__in=["user-0", "user-3"]).delete()
    newcomers = Directory(integration)
    newcomers.user("user-1-and-a-half")
    newcomers.write()
    second = page(integration, cursor=first.next_cursor, count=4, sortBy="userName")
    assert names(second) == ["user-4", "user-5", "user-6", "user-7"]


def test_every_page_tells_how_many_there_were_at_first(directory: Directory, integration: Integration):
    first = page(integration, "both", cursor="", count=4)
    newcomers = Directory(integration)
    newcomers.user("somebody-new")
    newcomers.write()
    second = page(integration, "both", cursor=first.next_cursor, count=4)
    assert (first.total, second.total) == (13, 13)
    assert page(integration, "both", cursor="", count=4).total == 14


def test_the_count_may_be_left_out_but_not_changed(directory: Directory, integration: Integration):
    first = page(integration, cursor="", count=4)
    assert page(integration, cursor=first.next_cursor).size == 4
    assert page(integration, cursor=first.next_cursor, count="4").size == 4
    assert refused(integration, cursor=first.next_cursor, count=5).scim_type == "invalidCount"


@pytest.mark.parametrize("count", [0, -1, "many", 1.5])
def test_a_count_that_leads_nowhere_is_refused(integration: Integration, count):
    refusal = refused(integration, cursor="", count=count)
    assert refusal.scim_type == "invalidCount"
    assert "count" in refusal.detail


def test_a_cursor_opens_no_other_query(directory: Directory, integration: Integration, other_integration: Integration):
    query = {"count": 2, "sortBy": "userName", "filter": "userName pr"}
    cursor = page(integration, cursor="", **query).next_cursor
    assert page(integration, cursor=cursor, **query).size == 2
    for changed in ({"filter": "title pr"}, {"sortBy": "title"}, {"sortOrder": "descending"}, {"filter": None}):
        assert refused(integration, cursor=cursor, **{**query, **changed}).scim_type == "invalidCursor"
    assert refused(other_integration, cursor=cursor, **query).scim_type == "invalidCursor"
    plain = page(integration, cursor="", count=2).next_cursor
    assert refused(integration, cursor=plain, kinds="groups").scim_type == "invalidCursor"
    assert refused(integration, cursor=plain, kinds="both").scim_type == "invalidCursor"


@pytest.mark.parametrize(
    "damage", [lambda c: c[:-1], lambda c: c + "x", lambda c: c.swapcase(), lambda c: "VZUTiyhEQJ94IR"]
)
def test_a_damaged_cursor_is_refused(directory: Directory, integration: Integration, damage):
    cursor = page(integration, cursor="", count=2).next_cursor
    assert refused(integration, cursor=damage(cursor), count=2).scim_type == "invalidCursor"


def test_another_signature_of_this_server_is_no_cursor(directory: Directory, integration: Integration):
    assert refused(integration, cursor=signing.dumps(["x"])).scim_type == "invalidCursor"


def test_a_cursor_lasts_for_an_hour(directory: Directory, integration: Integration, monkeypatch):
    cursor = page(integration, cursor="", count=2).next_cursor
    now = timezone.now().timestamp()
    monkeypatch.setattr(signing.time, "time", lambda: now + timedelta(minutes=59).total_seconds())
    assert page(integration, cursor=cursor, count=2).size == 2
    monkeypatch.setattr(signing.time, "time", lambda: now + timedelta(minutes=61).total_seconds())
    assert refused(integration, cursor=cursor, count=2).scim_type == "expiredCursor"
