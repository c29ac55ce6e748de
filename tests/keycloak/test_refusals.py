"""What is wrong with a source is said in one line, and what is odd in a realm costs nothing else."""

import pytest

from kestra_iam.models import Group
from provisioning.models import ProvisionedUser, PullRun
from tests.keycloak.agreement import assert_pulled, people
from tests.keycloak.product import Product, place
from tests.keycloak.realms import Realm, new_name
from tests.keycloak.server import Keycloak


@pytest.fixture
def integration(product: Product) -> str:
    return product.add_integration()


def refusal(product: Product, integration: str) -> str:
    """Pull, and return why that failed, as the run record and the operator have it; nothing was written."""
    run, line = product.failed_sync(integration)
    assert run["state"] == "failed"
    assert line.endswith(run["message"])
    assert PullRun.objects.get(pk=run["id"]).message == run["message"]
    assert not ProvisionedUser.objects.exists()
    assert not Group.objects.exists()
    return run["message"]


def test_a_wrong_realm_is_named(product: Product, integration: str, realm: Realm):
    product.manage("keycloak", "source", integration, *place(realm, realm="atlantis"))
    assert refusal(product, integration) == (
        f"There is no realm 'atlantis' at {realm.keycloak.url}: check Base URL and Realm. Nothing was written."
    )


def test_a_wrong_secret_is_told_from_a_wrong_role(product: Product, integration: str, realm: Realm):
    product.environment["KEYCLOAK_CLIENT_SECRET"] = "not it"
    product.manage("keycloak", "source", integration, *place(realm))
    assert "check Client ID and Client secret" in refusal(product, integration)


def test_a_client_that_is_not_there_is_a_wrong_client(product: Product, integration: str, realm: Realm):
    product.manage("keycloak", "source", integration, *place(realm, **{"client-id": "nobody"}))
    assert "Keycloak refuses the client 'nobody'" in refusal(product, integration)


@pytest.mark.parametrize("roles", [[], ["query-groups"]])
def test_a_role_that_is_missing_is_named(product: Product, integration: str, realm: Realm, roles: list[str]):
    realm.add_user("ada")
    realm.add_client("narrow", roles)
    product.manage("keycloak", "source", integration, *place(realm, **{"client-id": "narrow"}))
    said = refusal(product, integration)
    assert "The client 'narrow' may not read users" in said
    assert "view-users" in said


def test_the_role_view_users_has_the_others_in_it(product: Product, integration: str, realm: Realm):
    realm.join(realm.add_user("ada"), realm.add_group("developers", realm.add_group("staff")))
    realm.add_client("narrow", ["view-users"])
    product.manage("keycloak", "source", integration, *place(realm, **{"client-id": "narrow"}))
    product.sync(integration)
    assert_pulled(realm, integration)


def test_a_role_that_is_taken_away_takes_nobody_away(product: Product, realm: Realm):
    realm.join(realm.add_user("ada"), realm.add_group("staff"))
    integration = product.pull_from(realm)
    product.sync(integration)
    # It may ask for people, and is shown none.
    realm.add_client("narrow", ["query-users", "query-groups"])
    product.manage("keycloak", "source", integration, *place(realm, **{"client-id": "narrow"}), "--loss-limit", "100")
    run, line = product.failed_sync(integration)
    assert run["state"] == "failed"
    assert "Keycloak counts 1 people and shows none of them" in line
    assert "the role view-users" in line
    assert_pulled(realm, integration)


def test_a_client_without_a_service_account_is_told_so(product: Product, integration: str, realm: Realm):
    product.manage("keycloak", "source", integration, *place(realm, **{"client-id": "admin-cli"}))
    assert "switch on Client authentication and Service accounts roles" in refusal(product, integration)


def test_people_without_an_address_or_with_the_same_one_all_arrive(product: Product, keycloak: Keycloak):
    settings = {"duplicateEmailsAllowed": True, "loginWithEmailAllowed": False}
    with Realm(keycloak, new_name(), **settings) as realm:
        realm.add_user("nobody")
        realm.add_user("ada", email="office@example.org")
        realm.add_user("bob", email="office@example.org")
        # Its own path could be that of a group below another one.
        slash = realm.add_group("a/b")
        parent = realm.add_group("a")
        realm.add_group("b", parent)
        realm.join(realm.user("ada")["id"], slash)
        integration = product.pull_from(realm)
        run = product.sync(integration)
        assert run["problems"] == []
        assert len(people(integration)) == 3
        assert sorted(Group.objects.values_list("name", flat=True)) == ["/a/b", "a", "a/b"]


def test_a_run_that_takes_access_from_many_stops_and_goes_on_when_allowed(product: Product, realm: Realm):
    realm.add_users([{"username": f"person{number}"} for number in range(20)])
    integration = product.pull_from(realm)
    product.sync(integration)
    for number in range(4):
        realm.delete_user(realm.user(f"person{number}")["id"])
    realm.change_user(realm.user("person4")["id"], enabled=False)
    before = people(integration)
    run, line = product.failed_sync(integration)
    assert run["state"] == "stopped"
    assert run["losses"] == 5
    assert "it takes access from 5 of 20 people, more than the 20 % that go without asking" in line
    assert people(integration) == before
    assert product.failed_sync(integration, "--allow-losses", "4")[0]["state"] == "stopped"
    run = product.sync(integration, "--allow-losses", "5")
    assert run["users"] == {"read": 16, "created": 0, "changed": 1, "removed": 4}
    assert_pulled(realm, integration)


def test_a_dry_run_says_what_it_would_write_and_writes_nothing(product: Product, realm: Realm):
    realm.join(realm.add_user("ada"), realm.add_group("staff"))
    integration = product.pull_from(realm)
    run = product.sync(integration, "--dry-run")
    assert (run["users"]["created"], run["groups"]["created"], run["members"]["added"]) == (1, 1, 1)
    assert people(integration) == {}
    product.sync(integration)
    assert_pulled(realm, integration)


def test_only_the_groups_that_were_asked_for_arrive(product: Product, realm: Realm):
    staff, other = realm.add_group("staff"), realm.add_group("other")
    developers = realm.add_group("developers", staff)
    ada = realm.add_user("ada")
    for group in (other, developers):
        realm.join(ada, group)
    integration = product.pull_from(realm)
    product.manage("keycloak", "source", integration, "--group", "/staff")
    product.sync(integration)
    assert set(Group.objects.values_list("name", "memberships__user__username")) == {
        ("staff", None),
        ("/staff/developers", "ada"),
    }
