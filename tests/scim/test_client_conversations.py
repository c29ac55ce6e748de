"""Real clients' conversations, request by request with their own headers and bodies (tests/payloads)."""

import pytest

from provisioning.models import Integration, ProvisionedUser
from tests.conversations import conversations, replay

CLIENTS = (
    "authentik canaille entra google jumpcloud little-auth mitodl okta onelogin pelotech scim-for-keycloak suvera "
    "termindiego25"
)


@pytest.mark.parametrize("name", conversations())
def test_a_client_gets_what_it_needs(integration: Integration, name: str):
    replay(name, integration)


def test_every_client_has_a_conversation():
    assert {name.partition("/")[0] for name in conversations()} == set(CLIENTS.split())


def test_the_same_people_pushed_by_two_clients_of_a_tenant_stay_apart(
    integration: Integration, other_integration: Integration
):
    replay("mitodl/import", integration)
    replay("pelotech/patch_mode", other_integration)
    assert ProvisionedUser.objects.filter(user_name="alice").count() == 2
