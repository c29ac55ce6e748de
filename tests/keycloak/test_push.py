"""A plugin in a running Keycloak pushes what changes there: pelotech/keycloak-scim or mitodl/keycloak-scim."""

import time
from collections.abc import Callable
from threading import Thread
from typing import Any, NamedTuple

import httpx2
import pytest

from provisioning.models import ProvisionedUser, RefusedRequest
from tests.keycloak.agreement import assert_pushed, groups, members, people
from tests.keycloak.conftest import needs_plugin
from tests.keycloak.product import Product
from tests.keycloak.realms import Realm
from tests.pulls import everything

pytestmark = needs_plugin
SECONDS = 20
EVERYBODY = 500


class Connected(NamedTuple):
    """A realm that pushes to an integration through the user storage provider ``component``."""

    product: Product
    realm: Realm
    integration: str
    component: str

    def full_sync(self) -> dict[str, Any]:
        return self.realm.full_sync(self.component)

    def must_be_pelotech(self, reason: str) -> None:
        """Skip what only the younger of the two plugins does."""
        if "username-source" not in self.realm.provider_settings("scim"):
            pytest.skip(f"mitodl/keycloak-scim {reason}")


@pytest.fixture
def connected(serving: Product, pushing_realm: Realm) -> Connected:
    realm, integration = pushing_realm, serving.add_integration()
    place = ["--url", realm.keycloak.url, "--realm", realm.name]
    document = serving.manage("keycloak", "connect", integration, *place, "--no-sync")
    return Connected(serving, realm, integration, document["provider"])


def eventually(assertion: Callable[[], None]) -> None:
    """Wait until something holds: the plugin pushes after it has answered."""
    end = time.monotonic() + SECONDS
    while True:
        try:
            return assertion()
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def assert_in_step(connected: Connected) -> None:
    eventually(lambda: assert_pushed(connected.realm, connected.integration))
    refused = RefusedRequest.objects.values_list("method", "resource", "status", "detail")
    assert list(refused) == []


def ada(connected: Connected, **attributes: Any) -> str:
    person = {"email": "ada@example.org", "firstName": "Ada", "lastName": "Lovelace", **attributes}
    return connected.realm.add_user("ada", **person)


def test_somebody_new_arrives_once_their_address_is_verified(connected: Connected):
    ada(connected)
    assert_in_step(connected)
    unverified = connected.realm.add_user("bob", email="bob@example.org", emailVerified=False)
    connected.realm.add_user("eve")
    eventually(lambda: arrived(2))
    assert unverified not in people(connected.integration)
    connected.full_sync()
    assert_in_step(connected)


def test_changes_of_somebody_arrive(connected: Connected):
    realm = connected.realm
    id = ada(connected)
    for change in (
        {"firstName": "Augusta", "lastName": "King"},
        {"email": "augusta@example.org"},
        {"enabled": False},
        {"enabled": True},
        {"email": ""},
    ):
        realm.change_user(id, **change)
        assert_in_step(connected)


def test_somebody_who_is_deleted_goes(connected: Connected):
    connected.must_be_pelotech("does not tell of somebody who is deleted")
    id = ada(connected)
    assert_in_step(connected)
    connected.realm.delete_user(id)
    assert_in_step(connected)
    assert people(connected.integration) == {}


def test_a_group_arrives_with_everybody_who_joins_and_leaves(connected: Connected):
    realm = connected.realm
    persons = [realm.add_user(name, email=f"{name}@example.org") for name in ("ada", "bob", "eve")]
    group = realm.add_group("staff")
    assert_in_step(connected)
    for person in persons:
        realm.join(person, group)
        assert_in_step(connected)
    realm.rename_group(group, "crew")
    assert_in_step(connected)
    assert groups(connected.integration) == {group: "crew"}
    assert len(members(connected.integration)) == 3
    for person in persons:
        realm.leave(person, group)
        assert_in_step(connected)
    assert members(connected.integration) == set()
    realm.delete_group(group)
    assert_in_step(connected)


def test_somebody_who_is_deleted_leaves_their_groups(connected: Connected):
    connected.must_be_pelotech("does not tell of somebody who is deleted")
    realm = connected.realm
    group, id = realm.add_group("staff"), ada(connected)
    realm.join(id, group)
    assert_in_step(connected)
    realm.delete_user(id)
    assert_in_step(connected)
    assert members(connected.integration) == set()


def test_a_subgroup_comes_with_a_full_sync_and_stays_when_its_parent_goes(connected: Connected):
    realm = connected.realm
    staff = realm.add_group("staff")
    developers = realm.add_group("developers", staff)
    eventually(lambda: assert_groups(connected, {staff: "staff"}))
    connected.full_sync()
    assert_in_step(connected)
    realm.delete_group(staff)
    # Keycloak says nothing of what was below it: the product shows such orphans.
    eventually(lambda: assert_groups(connected, {developers: "developers"}))
    connected.full_sync()
    assert groups(connected.integration) == {developers: "developers"}


def import_everybody(realm: Realm) -> None:
    for number in range(10):
        realm.add_group(f"group{number}")
    realm.add_users(
        [
            {
                "username": f"person{number}",
                "email": f"person{number}@example.org",
                "groups": [f"/group{number % 10}"],
                # The plugin leaves out whoever is disabled.
                "enabled": True,
            }
            for number in range(EVERYBODY)
        ]
    )


def test_a_full_sync_brings_everybody_and_a_second_one_writes_nothing(connected: Connected):
    import_everybody(connected.realm)
    connected.full_sync()
    assert_in_step(connected)
    before = everything()
    connected.full_sync()
    assert_in_step(connected)
    assert everything() == before


def test_a_keycloak_that_restarts_in_the_middle_of_a_full_sync_doubles_nobody(connected: Connected):
    realm = connected.realm
    import_everybody(realm)

    def sync() -> None:
        with pytest.raises(httpx2.TransportError):
            connected.full_sync()

    running = Thread(target=sync)
    running.start()
    eventually(lambda: arrived(100))
    realm.keycloak.kill()
    running.join()
    before = people(connected.integration)
    assert len(before) < EVERYBODY
    realm.keycloak.start()
    connected.full_sync()
    # The plugin has forgotten whom it pushed, and gives up at the first one who is there.
    assert people(connected.integration) == before
    [(status, detail)] = set(RefusedRequest.objects.values_list("status", "detail"))
    assert (status, "is taken in this integration" in detail) == (409, True)
    connected.must_be_pelotech("cannot import")
    # With an import it finds them again by their names.
    realm.change_component(connected.component, **{"sync-import": "true"})
    connected.full_sync()
    eventually(lambda: assert_pushed(realm, connected.integration))
    realm.change_user(realm.user("person0")["id"], lastName="Lovelace")
    eventually(lambda: assert_pushed(realm, connected.integration))


def arrived(number: int) -> None:
    assert ProvisionedUser.objects.count() >= number


def assert_groups(connected: Connected, expected: dict[str, str]) -> None:
    assert groups(connected.integration) == expected
