"""Random filters on random directories: this server finds what ``scim2_models`` finds.

``FILTER_EXAMPLES=1000`` tries more directories, with 40 filters on each.
"""

import os
from random import Random
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kestra_iam.models import Group
from provisioning.attributes import GROUP, USER
from provisioning.models import Integration, ProvisionedUser
from tenants.fields import fold
from tests.scim.conditions import filter_groups, filter_users
from tests.scim.directories import Directory
from tests.scim.oracle import matching, validated
from tests.scim.random_filters import FilterWriter, group_bodies, occurring, user_bodies

EXAMPLES = int(os.environ.get("FILTER_EXAMPLES", "60"))
FILTERS = 20


@pytest.mark.django_db
@settings(suppress_health_check=list(HealthCheck), max_examples=EXAMPLES)
@given(
    users=st.lists(user_bodies, min_size=4, max_size=8, unique_by=lambda body: fold(body["userName"])),
    groups=st.lists(group_bodies, min_size=3, max_size=5, unique_by=lambda body: fold(body["displayName"])),
    memberships=st.sets(st.tuples(st.integers(0, 7), st.integers(0, 4)), max_size=12),
    random=st.randoms(use_true_random=True),
)
def test_filters_find_what_scim2_models_finds(
    users: list[dict[str, Any]],
    groups: list[dict[str, Any]],
    memberships: set[tuple[int, int]],
    random: Random,
    integration: Integration,
    other_integration: Integration,
    globex_integration: Integration,
):
    with transaction.atomic():
        # The same people three times: whatever is found belongs to the one integration that is asked.
        directory, *_ = [
            filled(Directory(each), users, groups, memberships).write()
            for each in (integration, other_integration, globex_integration)
        ]
        for kind, rendered, base, condition in (
            (USER, directory.rendered_users(), ProvisionedUser.objects.filter(integration=integration), filter_users),
            (GROUP, directory.rendered_groups(), Group.objects.filter(owner_key=integration.pk), filter_groups),
        ):
            resources = [validated(kind.name, each) for each in rendered]
            writer = FilterWriter(random, kind, occurring(kind, rendered))
            for _ in range(FILTERS):
                text = writer.filter()
                found = set(base.filter(condition(integration.pk, text)).values_list("pk", flat=True))
                assert found == matching(kind.name, resources, text), text
        transaction.set_rollback(True)


def filled(directory: Directory, users, groups, memberships) -> Directory:
    for version, body in enumerate(users, 1):
        rest = {name: value for name, value in body.items() if name != "userName"}
        directory.user(body["userName"], version=version, **rest)
    for number, body in enumerate(groups):
        members = [
            directory.users[user] for user, group in sorted(memberships) if group == number and user < len(users)
        ]
        directory.group(body["displayName"], *members, external_id=body.get("externalId"), version=number + 1)
    return directory
