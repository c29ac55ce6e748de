"""``manage.py keycloak connect`` sets up the plugin of a running Keycloak."""

import pytest

from tests.keycloak.agreement import assert_pushed, people
from tests.keycloak.conftest import JAR, needs_plugin
from tests.keycloak.product import Product
from tests.keycloak.realms import Realm


@pytest.fixture
def realm(pushing_realm: Realm) -> Realm:
    return pushing_realm


@pytest.fixture
def integration(serving: Product) -> str:
    return serving.add_integration()


def connect(integration: str, realm: Realm, *arguments: str, named: str = "") -> list[str]:
    """Return the command that connects a realm, or one of another name in its Keycloak."""
    place = ["--url", realm.keycloak.url, "--realm", named or realm.name]
    return ["keycloak", "connect", integration, *place, *arguments]


@pytest.mark.skipif(bool(JAR), reason="KEYCLOAK_SCIM_JAR has been added to this Keycloak")
def test_a_keycloak_without_a_plugin_is_told_from_one_that_does_not_work(
    serving: Product, integration: str, realm: Realm
):
    before = realm.settings()
    said = serving.refused(*connect(integration, realm))
    assert "This Keycloak has no extension that pushes SCIM." in said
    assert "into its directory providers/" in said
    assert realm.components() == []
    assert realm.settings() == before


def test_a_wrong_password_is_named_and_never_repeated(serving: Product, integration: str, realm: Realm):
    serving.environment["KEYCLOAK_ADMIN_PASSWORD"] = "correct horse battery"
    said = serving.refused(*connect(integration, realm))
    assert "Keycloak refuses 'admin' in the realm 'master'" in said
    assert "battery" not in said


@needs_plugin
def test_a_wrong_realm_is_named(serving: Product, integration: str, realm: Realm):
    assert f"There is no realm 'atlantis' at {realm.keycloak.url}" in serving.refused(
        *connect(integration, realm, named="atlantis")
    )


@needs_plugin
def test_a_dry_run_changes_nothing_on_either_side(serving: Product, integration: str, realm: Realm):
    before = realm.settings()
    document = serving.manage(*connect(integration, realm, "--dry-run"))
    assert document["changes"]
    assert document["provider"] is None
    assert realm.components() == []
    assert realm.settings() == before


@needs_plugin
def test_connecting_pushes_everybody_once_and_connecting_again_changes_nothing(
    serving: Product, integration: str, realm: Realm
):
    ada = realm.add_user("ada", email="ada@example.org", firstName="Ada", lastName="Lovelace")
    realm.join(ada, realm.add_group("staff"))
    document = serving.manage(*connect(integration, realm))
    assert document["sync"]["finished"]
    assert (document["sync"]["users"], document["sync"]["groups"]) == (1, 1)
    assert document["sync"]["refused"] == 0
    assert_pushed(realm, integration)
    before = realm.components(), realm.settings()
    again = serving.manage(*connect(integration, realm))
    assert again["changes"] == []
    assert (realm.components(), realm.settings()) == before
    assert len(people(integration)) == 1


@needs_plugin
def test_a_new_token_replaces_the_one_that_keycloak_has(serving: Product, integration: str, realm: Realm):
    serving.manage(*connect(integration, realm, "--no-sync"))
    serving.manage("integration", "rotate", integration)
    serving.manage(*connect(integration, realm, "--rotate", "--no-sync"))
    realm.add_user("ada", email="ada@example.org")
    document = serving.manage(*connect(integration, realm))
    assert document["sync"]["without_valid_token"] == 0
    assert_pushed(realm, integration)
