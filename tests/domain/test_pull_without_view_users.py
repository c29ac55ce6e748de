"""A client that may ask a realm and is shown nothing of it."""

from provisioning.models import Integration
from tests.pulls import Directory, ended, everything, pulled, source_of, succeeded


def test_a_client_that_is_shown_none_of_the_people_whom_keycloak_counts_takes_nothing_away(
    integration: Integration, realm: Directory
):
    realm.group("staff", *realm.people(3))
    source_of(integration, realm, loss_limit=100)
    succeeded(integration)
    before = everything()
    realm.keycloak.may_view = False
    run = ended(pulled(integration), "failed")
    assert run.message.startswith("Keycloak counts 3 people and shows none of them: give the service account")
    assert everything() == before


def test_an_empty_realm_is_no_failure(integration: Integration, realm: Directory):
    assert succeeded(integration).users_read == 0
