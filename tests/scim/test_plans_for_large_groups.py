"""One group with everybody and a few with nobody: what is asked about one never walks through the members of another.

PostgreSQL makes one plan for all groups, from their average size.
"""

import re

import pytest
from django.db import connection

from kestra_iam.actions import pushed_groups
from kestra_iam.models import Membership
from provisioning import reading
from provisioning.models import Integration
from tenants.compiled import CompiledQuery
from tests.plans import plan_for_any_values
from tests.scim.directories import Directory

EVERYBODY = 3000


@pytest.fixture
def directory(integration: Integration) -> Directory:
    directory = Directory(integration)
    people = [directory.user(f"user-{number}") for number in range(EVERYBODY)]
    for name, members in (("everybody", people), ("somebody", people[:3]), ("nobody", [])):
        directory.group(name, *members)
    directory.write()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return directory


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(reading.find_members, id="all members"),
        pytest.param(reading.find_few_members, id="a few members"),
        pytest.param(pushed_groups._all_members, id="who is to stay"),
        pytest.param(pushed_groups._locked_group, id="whether there are many"),
        pytest.param(pushed_groups._one_person, id="somebody to add"),
        pytest.param(pushed_groups._one_member, id="somebody to remove"),
    ],
)
def test_members_are_read_through_an_index_of_their_group_or_their_own(directory: Directory, query: CompiledQuery):
    table = Membership._meta.db_table
    plan = plan_for_any_values(query)
    assert not re.search(rf"SCAN {table}|Seq Scan on {table}|{table}_pkey", plan), plan
    # Whoever is sought alone may be sorted.
    assert "membership_by_source" in plan or not re.search(r"TEMP B-TREE|\bSort\b", plan), plan
