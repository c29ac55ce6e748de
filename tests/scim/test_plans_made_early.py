"""A plan that is made while there is nobody serves a directory of many: PostgreSQL keeps it for a while.

Without statistics it takes one condition on an index for as good as another. So there is only one that fits.
"""

import re
from typing import Any

import pytest
from django.db import connection

from kestra_iam.actions import access_sources, guards, pushed_groups
from provisioning import reading
from provisioning.actions import user_rows
from provisioning.scim import lookups
from tenants.compiled import CompiledQuery
from tests.plans import MODELS, plan_for_any_values

pytestmark = pytest.mark.django_db

# What is looked up, and the columns that one use of an index asks for, for each table that grows.
QUERIES: dict[str, tuple[CompiledQuery, list[tuple[str, ...]]]] = {
    "a user": (reading.find_user, [("source_id",)]),
    "a user to change": (user_rows._locked_user, [("source_id",)]),
    "who has a userName": (
        user_rows._find_named,
        [("integration_id", "user_name_key"), ("home_key", "username_key")],
    ),
    "all members": (reading.find_members, [("group_id",)]),
    "a few members": (reading.find_few_members, [("group_id",)]),
    "who is to stay": (pushed_groups._all_members, [("group_id",)]),
    "a group to change": (pushed_groups._locked_group, [("group_id",)]),
    "somebody to add": (pushed_groups._one_person, [("source_id", "group_id")]),
    "somebody to remove": (pushed_groups._one_member, [("source_id", "group_id")]),
    "a group's name": (pushed_groups._same_name, [("owner_key", "name_key")]),
    "somebody's access": (guards._hold_one, [("user_id", "tenant_id")]),
    "somebody's groups": (access_sources._groups_of, [("source_id",)]),
    "what somebody leaves behind": (access_sources._leaver, [("user_id",)]),
    "userName": (lookups._LOOKUPS["User", "username"].statement, [("integration_id", "user_name_key")]),
    "externalId": (lookups._LOOKUPS["User", "externalid"].statement, [("integration_id", "external_id")]),
    "emails.value": (lookups._LOOKUPS["User", "emails.value"].statement, [("integration_id", "value_key")]),
    "displayName of a group": (lookups._LOOKUPS["Group", "displayname"].statement, [("owner_key", "name_key")]),
    "externalId of a group": (lookups._LOOKUPS["Group", "externalid"].statement, [("owner_key", "external_id_key")]),
}


@pytest.mark.parametrize("name", QUERIES)
def test_each_lookup_has_one_index_that_fits(name: str):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite plans by its rules alone.")
    query, wanted = QUERIES[name]
    with connection.cursor() as cursor:
        # As they are after an installation: other tests leave the pages of rows that they have undone.
        cursor.execute(f"TRUNCATE {', '.join(model._meta.db_table for model in MODELS)} CASCADE")
        # Small tables are read whole as long as they are small.
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = plan_for_any_values(query)
    conditions = [line for line in plan.splitlines() if "Index Cond" in line]
    for columns in wanted:
        assert any(all(re.search(rf"\b{column}\b", line) for column in columns) for line in conditions), plan
    assert not any(asks_less(line, wanted) for line in conditions), plan


def asks_less(condition: str, wanted: list[Any]) -> bool:
    """Return whether a condition has the first column of a lookup, but not all that it should have."""
    return any(
        re.search(rf"\b{columns[0]}\b", condition)
        and not any(all(re.search(rf"\b{each}\b", condition) for each in others) for others in wanted)
        for columns in wanted
    )
