"""Pages by index: how many, from where, of what (RFC 7644 §3.4.2.4)."""

import pytest

from kestra_iam.models import Group
from provisioning.errors import Refused
from provisioning.models import Integration, ProvisionedUser
from provisioning.scim.filters.homes import GroupHome, UserHome
from provisioning.scim.list_query import parse_query
from provisioning.scim.paging import Page, Source, page_of
from tests.scim.conditions import filter_groups, filter_users
from tests.scim.directories import Directory


def users_and_groups(integration: Integration, **parameters) -> list[Source]:
    """Return both sources of a list at the root, as the filter in the parameters finds them."""
    users = ProvisionedUser.objects.filter(integration=integration)
    groups = Group.objects.filter(owner_key=integration.pk)
    if text := parameters.get("filter"):
        users = users.filter(filter_users(integration.pk, text, mixed=True))
        groups = groups.filter(filter_groups(integration.pk, text, mixed=True))
    return [
        Source(UserHome(integration.pk), users, ("pk", "user_name")),
        Source(GroupHome(integration.pk), groups, ("pk", "name")),
    ]


def page(integration: Integration, kinds: str = "users", **parameters) -> Page:
    sources = users_and_groups(integration, **parameters)
    chosen = {"users": sources[:1], "groups": sources[1:], "both": sources}[kinds]
    return page_of(chosen, parse_query(parameters))


def names(found: Page) -> list[str]:
    return [row[1] for rows in found.rows for row in rows]


@pytest.fixture
def directory(integration: Integration, other_integration: Integration, globex_integration: Integration) -> Directory:
    for each in (other_integration, globex_integration, integration):
        directory = Directory(each)
        people = [directory.user(f"user-{number}") for number in range(7)]
        for number in range(4):
            directory.group(f"group-{number}", *people[:number])
        directory.write()
    return directory


@pytest.fixture
def in_order(directory: Directory) -> list[str]:
    return [user.user_name for user in sorted(directory.users, key=lambda user: user.pk)]


def test_everybody_of_this_integration_is_in_the_order_of_ids(integration: Integration, in_order):
    found = page(integration)
    assert (found.total, found.start_index, found.size, found.next_cursor) == (7, 1, 7, None)
    assert names(found) == in_order


@pytest.mark.parametrize(
    ("parameters", "start", "size"),
    [
        ({"startIndex": 1, "count": 3}, 1, 3),
        ({"startIndex": "3", "count": "2"}, 3, 2),
        ({"STARTINDEX": " +3 ", "Count": "2"}, 3, 2),
        ({"startIndex": 3.0, "count": 2.0}, 3, 2),
        ({"startIndex": 6, "count": 5}, 6, 2),
        ({"startIndex": 0, "count": 5}, 1, 5),
        ({"startIndex": -10, "count": 5}, 1, 5),
        ({"startIndex": "", "count": ""}, 1, 7),
        ({"startIndex": None, "count": None}, 1, 7),
        ({"startIndex": 8, "count": 5}, 8, 0),
        ({"startIndex": 10**30, "count": 5}, 2**53 - 1, 0),
        ({"count": 0}, 1, 0),
        ({"count": -5}, 1, 0),
        ({"startIndex": 3, "count": 0}, 3, 0),
        ({"count": 10**30}, 1, 7),
    ],
)
def test_index_and_count_are_read_leniently(integration: Integration, in_order, parameters, start: int, size: int):
    found = page(integration, **parameters)
    assert (found.total, found.start_index, found.size) == (7, start, size)
    assert names(found) == in_order[start - 1 : start - 1 + size]


@pytest.mark.parametrize("name", ["startIndex", "count"])
@pytest.mark.parametrize("value", ["one", "1.5", 1.5, True, [1], {}, "1" * 5000, "١", "1_0"])
def test_what_is_no_integer_is_refused(name: str, value):
    with pytest.raises(Refused) as caught:
        parse_query({name: value})
    assert caught.value.scim_type == "invalidValue"
    assert name in caught.value.detail


@pytest.mark.parametrize(
    ("name", "value", "scim_type"),
    [
        ("filter", 5, "invalidFilter"),
        ("sortBy", ["userName"], "invalidValue"),
        ("sortOrder", "sideways", "invalidValue"),
        ("sortOrder", 1, "invalidValue"),
        ("cursor", 5, "invalidCursor"),
    ],
)
def test_what_has_the_wrong_type_is_refused(name: str, value, scim_type: str):
    with pytest.raises(Refused) as caught:
        parse_query({name: value})
    assert caught.value.scim_type == scim_type
    assert name in caught.value.detail


def test_no_list_gives_more_than_is_announced(integration: Integration, monkeypatch):
    directory = Directory(integration)
    for number in range(1003):
        directory.user(f"user-{number}")
    directory.write()
    assert [page(integration, count=count).size for count in (None, 1000, 1001, 99999)] == [1000] * 4
    rest = page(integration, startIndex=1001)
    assert (rest.total, rest.size) == (1003, 3)


def test_pages_put_together_are_the_list(integration: Integration, in_order):
    for count in (1, 2, 3, 5, 7, 8):
        starts = range(1, 8, count)
        assert [
            name for start in starts for name in names(page(integration, startIndex=start, count=count))
        ] == in_order


def test_a_mixed_list_has_users_before_groups_with_one_index(directory: Directory, integration: Integration, in_order):
    groups = [group.name for group in sorted(directory.groups, key=lambda group: group.pk)]
    whole = in_order + groups
    for count in (1, 2, 3, 4, 6, 7, 8, 10, 11, 12):
        for start in range(1, 14):
            found = page(integration, "both", startIndex=start, count=count)
            assert (found.total, found.start_index) == (11, start)
            assert names(found) == whole[start - 1 : start - 1 + count]
    assert page(integration, "both", count=0).total == 11


def test_a_mixed_list_takes_what_only_one_type_has_for_missing_in_the_other(integration: Integration, directory):
    assert names(page(integration, "both", filter='userName eq "user-3"')) == ["user-3"]
    assert names(page(integration, "both", filter='displayName eq "GROUP-3"')) == ["group-3"]
    assert set(names(page(integration, "both", filter='userName eq "user-3" or members pr'))) == {
        "user-3",
        "group-1",
        "group-2",
        "group-3",
    }
    assert page(integration, "both", filter="not (userName pr)").total == 4
    assert page(integration, "both", filter="members eq null and displayName eq null").total == 7
    assert names(page(integration, "both", sortBy="userName", count=7)) == [f"user-{n}" for n in range(7)]


@pytest.mark.parametrize(
    ("kinds", "parameters", "statements"),
    [
        ("users", {}, 1),
        ("users", {"filter": 'userName eq "user-1"'}, 1),
        ("users", {"count": 2}, 2),
        ("users", {"count": 0}, 1),
        ("users", {"startIndex": 3, "count": 2}, 2),
        ("users", {"startIndex": 99}, 1),
        ("users", {"sortBy": "groups.display", "count": 2}, 2),
        ("users", {"cursor": "", "count": 2}, 2),
        ("both", {"startIndex": 5, "count": 4}, 4),
        ("both", {"cursor": "", "count": 8}, 4),
    ],
)
def test_a_page_takes_few_statements(
    integration: Integration, directory, django_assert_num_queries, kinds: str, parameters, statements: int
):
    with django_assert_num_queries(statements):
        page(integration, kinds, **parameters)
