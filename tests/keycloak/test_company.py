"""A company of 2,000 people is pulled, and kept in step."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.core.management import call_command
from pytest_django import DjangoDbBlocker

from kestra_iam.models import Group
from tests.keycloak.agreement import assert_pulled, people
from tests.keycloak.company import PATHS, PEOPLE
from tests.keycloak.product import Product
from tests.keycloak.realms import Realm
from tests.pulls import everything


class Pulled(NamedTuple):
    product: Product
    realm: Realm
    integration: str
    first_run: dict[str, Any]

    def sync(self, *arguments: str) -> dict[str, Any]:
        return self.product.sync(self.integration, *arguments)


@pytest.fixture(scope="module")
def company_pulled(
    company: Realm,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Pulled]:
    """The company after its first pull; it takes long, so it is done once for all that happens afterwards."""
    with django_db_blocker.unblock():
        product = Product(tmp_path_factory.mktemp("product"))
        integration = product.pull_from(company)
        yield Pulled(product, company, integration, product.sync(integration))
        call_command("flush", verbosity=0, interactive=False)


@pytest.fixture
def in_step(company_pulled: Pulled) -> Pulled:
    """The company with nothing left to pull."""
    company_pulled.sync()
    return company_pulled


def test_everybody_arrives(company_pulled: Pulled):
    run = company_pulled.first_run
    assert (run["state"], run["problems"]) == ("succeeded", [])
    assert run["users"] == {"read": PEOPLE, "created": PEOPLE, "changed": 0, "removed": 0}
    assert run["groups"] == {"read": len(PATHS), "created": len(PATHS), "changed": 0, "removed": 0}
    assert_pulled(company_pulled.realm, company_pulled.integration)
    assert set(Group.objects.values_list("name", flat=True)) == {
        path if path.count("/") > 1 else path[1:] for path in PATHS
    }


def test_a_second_run_writes_nothing(in_step: Pulled):
    before = everything()
    run = in_step.sync()
    assert run["state"] == "succeeded"
    assert run["users"] == {"read": PEOPLE, "created": 0, "changed": 0, "removed": 0}
    assert run["message"] == "Nothing had changed."
    # Every row with its version and its times, and every audit event.
    assert everything() == before


def test_what_changes_is_carried_over_and_nothing_else(in_step: Pulled):
    realm = in_step.realm
    renamed, disabled, silent, joins, leaves = (
        realm.user(f"person{number:04}")["id"] for number in (101, 102, 104, 105, 106)
    )
    realm.change_user(renamed, firstName="Grace", lastName="Hopper")
    realm.change_user(disabled, enabled=False)
    realm.change_user(silent, email="")
    there = realm.groups()
    one = next(group for group in there.values() if leaves in group.members)
    other = next(group for group in there.values() if joins not in group.members)
    realm.leave(leaves, one.id)
    realm.join(joins, other.id)
    run = in_step.sync()
    assert run["users"] == {"read": PEOPLE, "created": 0, "changed": 3, "removed": 0}
    assert run["members"] == {"added": 1, "removed": 1}
    kept = people(in_step.integration)
    assert (kept[renamed].first_name, kept[renamed].last_name) == ("Grace", "Hopper")
    assert kept[disabled].active is False
    assert kept[silent].email == ""
    assert_pulled(realm, in_step.integration)


def test_groups_that_are_renamed_moved_or_deleted_take_those_below_along(in_step: Pulled):
    realm = in_step.realm
    realm.rename_group(realm.group("/Department 1/Team 0"), "Team Zero")
    realm.move_group(realm.group("/Department 2/Team 1"), realm.group("/Department 3/Team 2"))
    realm.move_group(realm.group("/Department 4/Team 0"))
    realm.delete_group(realm.group("/Department 5/Team 2"))
    run = in_step.sync()
    assert run["groups"] == {"read": len(PATHS) - 3, "created": 0, "changed": 9, "removed": 3}
    assert_pulled(realm, in_step.integration)
    names = set(Group.objects.values_list("name", flat=True))
    assert "/Department 3/Team 2/Team 1/Day squad" in names
    assert "/Team 0/Day squad" in names
    assert "Team 0" in names


def test_people_who_leave_and_come_are_removed_and_added(in_step: Pulled):
    realm = in_step.realm
    gone = [realm.user(f"person{number:04}")["id"] for number in range(201, 211)]
    for id in gone:
        realm.delete_user(id)
    # A name that somebody else had.
    realm.add_users([{"username": "person0201", "email": "successor@example.org"}, {"username": "newcomer"}])
    run = in_step.sync()
    assert run["users"] == {"read": PEOPLE - 8, "created": 2, "changed": 0, "removed": 10}
    assert_pulled(realm, in_step.integration)
    assert people(in_step.integration).keys().isdisjoint(gone)
