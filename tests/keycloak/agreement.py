"""What an integration keeps of people and groups, beside what a realm has of them."""

import json
from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple

from kestra_iam.models import Group, Membership
from provisioning.models import ProvisionedUser
from tests.keycloak.realms import Realm


class Person(NamedTuple):
    """A person as both sides tell; ``''`` for what there is not."""

    username: str
    first_name: str
    last_name: str
    email: str
    active: bool


def assert_pulled(realm: Realm, integration_id: str) -> None:
    """Compare every person, every group's path and every membership; nobody and nothing is there twice."""
    _assert_same(realm, integration_id, lambda path: path if path.count("/") > 1 else path[1:])


def assert_pushed(realm: Realm, integration_id: str) -> None:
    """As ``assert_pulled``, of groups that are pushed by their bare names."""
    _assert_same(realm, integration_id, lambda path: path.rpartition("/")[2])


def people(integration_id: str) -> dict[str, Person]:
    """Return the people of an integration by the ids that the identity provider has for them."""
    found = ProvisionedUser.objects.filter(integration=integration_id).select_related("source", "account")
    kept = {}
    for row in found:
        document = json.loads(row.document)
        name, emails = document.get("name", {}), document.get("emails", [])
        assert row.source.active is row.active
        assert row.account.username == row.user_name
        assert row.external_id not in kept
        kept[row.external_id] = Person(
            row.user_name,
            name.get("givenName", ""),
            name.get("familyName", ""),
            ", ".join(email["value"] for email in emails),
            row.active,
        )
    return kept


def groups(integration_id: str) -> dict[str, str]:
    """Return the names of an integration's groups by the ids that the identity provider has for them."""
    rows = Group.objects.filter(owner_key=integration_id).values_list("external_id", "name")
    assert max(Counter(id for id, _ in rows).values(), default=0) <= 1
    return dict(rows)


def members(integration_id: str) -> set[tuple[str, str]]:
    """Return who is in which group of an integration, by the ids that the identity provider has for both."""
    rows = Membership.objects.filter(group__owner_key=integration_id)
    return set(rows.values_list("group__external_id", "source__provisioned_user__external_id"))


def _assert_same(realm: Realm, integration_id: str, name_of: Callable[[str], str]) -> None:
    there = realm.groups()
    _compare(people(integration_id), {id: _person(user) for id, user in realm.users().items()})
    _compare(groups(integration_id), {id: name_of(group.path) for id, group in there.items()})
    joined = {(id, member) for id, group in there.items() for member in group.members}
    _compare(dict.fromkeys(members(integration_id), True), dict.fromkeys(joined, True))


def _compare(ours: dict[Any, Any], theirs: dict[Any, Any]) -> None:
    differing = {
        id: (ours.get(id), theirs.get(id)) for id in ours.keys() | theirs.keys() if ours.get(id) != theirs.get(id)
    }
    assert not differing, f"{len(differing)} differ, ours and theirs: {dict(islice(differing.items(), 5))}"


def _person(user: dict[str, Any]) -> Person:
    names = [user.get(name) or "" for name in ("username", "firstName", "lastName", "email")]
    return Person(*names, user["enabled"])
