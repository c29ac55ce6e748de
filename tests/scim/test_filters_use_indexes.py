"""What clients ask for most is found through an index on both databases, whatever the directory holds."""

import re

import pytest
from django.db import connection

from kestra_iam.actions import access_sources, guards, pushed_groups
from kestra_iam.models import Group
from provisioning import reading
from provisioning.actions import user_rows
from provisioning.models import Integration, ProvisionedUser
from provisioning.scim import lookups
from provisioning.scim.filters.homes import GroupHome, UserHome
from provisioning.scim.sorting import order_of
from tenants.compiled import CompiledQuery
from tests.plans import MODELS
from tests.scim.conditions import filter_groups, filter_users
from tests.scim.directories import Directory

MANY = 2000


@pytest.fixture
def directory(integration: Integration, other_integration: Integration) -> Directory:
    for each in (other_integration, integration):
        directory = Directory(each)
        for number in range(MANY):
            user = directory.user(
                f"user-{number}",
                externalId=f"external-{number}",
                displayName=f"User {number}",
                emails=[{"value": f"user-{number}@example.com", "type": "work"}],
            )
            directory.group(f"group-{number}", user, external_id=f"group-{number}")
        directory.write()
    if connection.vendor == "postgresql":
        # What autovacuum does by itself; SQLite has no statistics, since nobody asks it to gather any.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return directory


def conditions(queryset) -> list[str]:
    """Return what the plan of a queryset asks indexes for, one text for each use of an index."""
    plan = queryset.explain().splitlines()
    if connection.vendor == "sqlite":
        return [line for line in plan if "USING" in line and "INDEX" in line]
    return [line for line in plan if "Index Cond" in line]


def whole_tables(queryset) -> set[str]:
    """Return the tables that the plan of a queryset reads from one end to the other."""
    plan = queryset.explain()
    pattern = r"SCAN (\w+)" if connection.vendor == "sqlite" else r"Seq Scan on (\w+)"
    return set(re.findall(pattern, plan)) & {model._meta.db_table for model in MODELS}


def test_filters_that_clients_send_use_indexes(directory: Directory):
    users = ProvisionedUser.objects.filter(integration=directory.integration)
    groups = Group.objects.filter(owner_key=directory.integration.pk)
    id, group_id = directory.users[7].pk, directory.groups[7].pk
    wanted = {
        (users, 'userName eq "USER-7"'): ["integration_id", "user_name_key"],
        (users, 'userName sw "user-70"'): ["integration_id", "user_name_key"],
        (users, 'externalId eq "external-7"'): ["integration_id", "external_id"],
        (users, 'displayName eq "user 7"'): ["integration_id", "display_name_key"],
        (users, 'emails.value eq "user-7@example.com"'): ["integration_id", "value_key"],
        (users, 'emails[value eq "user-7@example.com"]'): ["integration_id", "value_key"],
        (users, 'emails[type eq "work"].value eq "user-7@example.com"'): ["integration_id", "value_key"],
        (users, 'emails[type eq "work" and value eq "user-7@example.com"]'): ["integration_id", "value_key"],
        (users, 'meta.lastModified gt "2026-01-02T09:00:00Z"'): ["integration_id", "updated_at"],
        (users, f'id eq "{id}"'): ["source_id"],
        (users, f'groups.value eq "{group_id}"'): ["group_id"],
        (users, 'userName eq "user-7" and title pr'): ["integration_id", "user_name_key"],
        (groups, 'displayName eq "Group-70"'): ["owner_key", "name_key"],
        (groups, 'externalId eq "group-70"'): ["owner_key", "external_id_key"],
        (groups, 'meta.lastModified gt "2026-03-20T00:00:00Z"'): ["owner_key", "updated_at"],
        (groups, f'members[value eq "{id}"]'): ["source_id"],
    }
    for (rows, text), columns in wanted.items():
        condition = filter_users if rows is users else filter_groups
        found = rows.filter(condition(directory.integration.pk, text)).order_by("pk").values_list("pk")
        uses = conditions(found)
        assert any(all(column in use for column in columns) for use in uses), (text, found.explain())
        assert not whole_tables(found), (text, found.explain())


def test_pages_use_indexes(directory: Directory):
    users = ProvisionedUser.objects.filter(integration=directory.integration)
    groups = Group.objects.filter(owner_key=directory.integration.pk)
    middle, name = directory.users[700].pk, directory.users[700].user_name_key
    user_home, group_home = UserHome(directory.integration.pk), GroupHome(directory.integration.pk)
    for rows, home, sort_by, value in (
        (users, user_home, None, None),
        (users, user_home, "userName", name),
        (users, user_home, "meta.lastModified", directory.users[700].updated_at),
        (groups, group_home, None, None),
        (groups, group_home, "displayName", "group-700"),
        (groups, group_home, "meta.lastModified", directory.groups[700].updated_at),
    ):
        for descending in (False, True):
            order = order_of(home, sort_by, descending=descending)
            first = order.apply(rows.order_by())
            later = first.filter(order.after(value, middle))
            for page in (first[:20], later[:20]):
                assert not whole_tables(page.values_list("pk", "version")), page.explain()
            plan = first[:20].values_list("pk", "version").explain()
            # Equal sort keys may be sorted by id behind the index; the whole list may not.
            assert "USE TEMP B-TREE FOR ORDER BY" not in plan, plan
            assert not re.search(r"(^|->)\s*Sort  ", plan, re.MULTILINE), plan


def test_what_requests_ask_before_they_answer_or_change_uses_indexes(directory: Directory):
    integration, user, group = directory.integration, directory.users[7], directory.groups[7]
    in_integration = {"integration_id": integration.pk, "tenant_id": integration.tenant_id, "owner_key": integration.pk}
    person = {"user_id": user.account_id, "source_id": user.pk}
    keys = {"key": "user-7@example.com", "name_key": "group-7"}
    asked: list[tuple[CompiledQuery, dict[str, str]]] = [
        (reading.find_user, {"id": user.pk}),
        (reading.find_group, {"id": group.pk}),
        (reading.find_members, {"id": group.pk}),
        (reading.find_few_members, {"id": group.pk}),
        (user_rows._locked_user, {"id": user.pk}),
        (user_rows._find_named, {}),
        (pushed_groups._locked_group, {"id": group.pk}),
        (pushed_groups._one_person, {"group_id": group.pk, "id": user.pk}),
        (pushed_groups._one_member, {"group_id": group.pk, "id": user.pk}),
        (pushed_groups._same_name, {"id": group.pk}),
        (guards._hold_one, person),
        (access_sources._groups_of, person),
        (access_sources._leaver, {**person, "id": user.account_id}),
        *((lookup.statement, {}) for lookup in lookups._LOOKUPS.values()),
    ]
    for query, parameters in asked:
        given = {**in_integration, **keys, **parameters}
        queryset = query.build(**{name: given[name] for name in query.names})
        assert not whole_tables(queryset), queryset.explain()


def test_the_rows_of_a_page_are_read_through_an_index(directory: Directory):
    for name, query in lookups._PAGES.items():
        page = query.build(integration_id=directory.integration.pk, start=100, limit=10)
        assert any("integration_id" in use or "owner_key" in use for use in conditions(page)), (name, page.explain())
