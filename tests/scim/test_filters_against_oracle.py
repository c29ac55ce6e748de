"""Random filters on random directories: this server finds what ``scim2_models`` finds."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kestra_iam.models import Group
from provisioning.attributes import GROUP, USER
from provisioning.models import Integration, ProvisionedUser
from provisioning.scim.filters import filter_groups, filter_users
from tenants.fields import fold
from tests.scim.directories import Directory
from tests.scim.oracle import matching, validated
from tests.scim.random_filters import filters, group_bodies, user_bodies

FILTERS = 20
unique_users = st.lists(user_bodies, min_size=1, max_size=6, unique_by=lambda body: fold(body["userName"]))
unique_groups = st.lists(group_bodies, min_size=1, max_size=3, unique_by=lambda body: fold(body["displayName"]))


def values_in(resource) -> list:
    if isinstance(resource, dict):
        return [value for each in resource.values() for value in values_in(each)]
    if isinstance(resource, list):
        return [value for each in resource for value in values_in(each)]
    return [resource]


@pytest.mark.django_db
@settings(suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_filters_find_what_scim2_models_finds(
    data: st.DataObject,
    integration: Integration,
    other_integration: Integration,
    globex_integration: Integration,
):
    users, groups = data.draw(unique_users), data.draw(unique_groups)
    memberships = data.draw(st.sets(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=8))
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
            known = sorted({value for value in values_in(rendered) if isinstance(value, str)})
            for _ in range(FILTERS):
                text = data.draw(filters(kind.name, known))
                found = set(base.filter(condition(integration.pk, text)).values_list("pk", flat=True))
                assert found == matching(kind.name, resources, text), text
        transaction.set_rollback(True)


def filled(directory: Directory, users, groups, memberships) -> Directory:
    for version, body in enumerate(users, 1):
        rest = {name: value for name, value in body.items() if name != "userName"}
        directory.user(body["userName"], version=version, **rest)
    for number, body in enumerate(groups):
        members = [directory.users[user] for user, group in sorted(memberships) if group == number and user < len(users)]
        directory.group(body["displayName"], *members, external_id=body.get("externalId"), version=number + 1)
    return directory
