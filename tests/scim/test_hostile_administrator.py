"""The administrator of one tenant, with an integration of their own, pushes other people's names and addresses.

Whatever they try, no second tenant opens, nobody else's account changes, and they are told nothing about what
exists elsewhere.
"""

from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.test import Client

from kestra_iam import access
from kestra_iam.actions.bindings import create_binding
from kestra_iam.actions.passwords import issue_sign_in_link, use_sign_in_link
from kestra_iam.actions.people import let_in
from kestra_iam.models import AccessSource, Binding, Membership, User
from kestra_iam.principals import nobody, operator
from provisioning.actions.integrations import create_integration
from provisioning.models import Integration
from tenants.models import Tenant
from tests.clients import ScimClient
from tests.factories import PASSWORD, AccountFactory, IntegrationFactory, TenantFactory, person, role_of
from tests.pushes import Push
from tests.scim.worlds import GROUP, USER, Request, World

ADDRESS = "victim@example.org"
NEW_PASSWORD = "mallory was here"
# Somebody at home in the other tenant, somebody of the instance who is Admin there, an instance owner.
VICTIMS = ("alice", "bob", "owner")


@pytest.fixture
def victims(acme: Tenant) -> dict[str, User]:
    alice = Push(IntegrationFactory(tenant=acme, name="Their Keycloak")).user("alice", emails=[{"value": ADDRESS}])
    create_binding(by=operator, tenant=acme, role=role_of(acme, "Admin"), subject=alice.account)
    bob = person(acme, "Admin", username="bob", email=ADDRESS)
    owner = AccountFactory(username="owner", email=ADDRESS, instance_owner=True)
    return {"alice": alice.account, "bob": bob, "owner": owner}


@pytest.fixture
def mallory(globex: Tenant) -> User:
    return person(globex, "Admin", username="mallory")


@pytest.fixture
def hostile(globex: Tenant, mallory: User) -> Integration:
    return create_integration(by=access.principal_of(mallory), tenant=globex, name="Harmless")


def theirs(acme: Tenant, victims: dict[str, User]) -> list[Any]:
    """Everything about the victims that must stay as it is."""
    keys = [user.pk for user in victims.values()]
    return [
        list(User.objects.filter(pk__in=keys).order_by("pk").values()),
        list(AccessSource.objects.filter(user__in=keys).order_by("pk").values()),
        list(Binding.objects.filter(tenant=acme).order_by("pk").values()),
        list(Membership.objects.filter(group__tenant=acme).order_by("pk").values()),
        {name: access.held(access.principal_of(user), acme) for name, user in victims.items()},
    ]


def attempts(name: str) -> list[Request]:
    """Everything an integration can do with a name and an address."""
    person_body = {"schemas": [USER], "userName": name, "emails": [{"value": ADDRESS, "primary": True}]}
    me = (("me", "User", 0),)
    patch = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}
    rename = {**patch, "Operations": [{"op": "replace", "path": "userName", "value": name}]}
    return [
        Request("GET", "/Users", query={"filter": f'userName eq "{name}"'}),
        Request("GET", "/Users", query={"filter": f'emails.value eq "{ADDRESS}"'}),
        Request("POST", "/Users", person_body),
        Request("POST", "/Users", person_body),
        Request("GET", "/Users/{0}", named=me),
        Request("POST", "/Groups", {"schemas": [GROUP], "displayName": "Admin", "members": [{"value": "{0}"}]}, me),
        Request("PUT", "/Users/{0}", {**person_body, "active": False, "password": NEW_PASSWORD}, me),
        Request("PATCH", "/Users/{0}", {**patch, "Operations": [{"op": "replace", "value": {"active": True}}]}, me),
        Request("DELETE", "/Users/{0}", named=me),
        Request("POST", "/Users", {"schemas": [USER], "userName": "harmless"}),
        Request("PATCH", "/Users/{0}", rename, (("me", "User", 1),)),
        Request("GET", "/Users"),
    ]


@pytest.mark.parametrize("name", [*VICTIMS, "ALICE", "Owner"])
def test_the_answers_are_those_for_a_name_that_exists_nowhere(
    name: str, victims: dict[str, User], acme: Tenant, hostile: Integration
):
    before = theirs(acme, victims)
    told = _answers(World(me=hostile), name)
    stranger = "z" * len(name)
    elsewhere = IntegrationFactory(tenant=TenantFactory())
    assert told == _answers(World(me=elsewhere), stranger, shown_as=name)
    assert theirs(acme, victims) == before


def _answers(world: World, name: str, shown_as: str = "") -> list[str]:
    return [str(world.send("me", request)).replace(name, shown_as or name) for request in attempts(name)]


@pytest.mark.parametrize("name", VICTIMS)
def test_no_second_tenant_opens(
    name: str, victims: dict[str, User], acme: Tenant, globex: Tenant, hostile: Integration, mallory: User
):
    before = theirs(acme, victims)
    ScimClient(hostile).user(name, emails=[{"value": ADDRESS}])
    pushed = User.objects.get(home=globex, username=name)
    by = access.principal_of(mallory)
    create_binding(by=by, tenant=globex, role=role_of(globex, "Admin"), subject=pushed)
    secret = issue_sign_in_link(by=by, tenant=globex, user=pushed)
    use_sign_in_link(by=nobody, tenant=globex, secret=secret, password=NEW_PASSWORD)

    assert theirs(acme, victims) == before
    assert not pushed.instance_owner
    assert not access.owns_instance(access.principal_of(pushed))
    assert list(access.tenants_of(access.principal_of(pushed))) == [globex]
    for home in (None, acme):
        assert authenticate(None, username=name, password=NEW_PASSWORD, home=home) is None
    assert authenticate(None, username=name, password=NEW_PASSWORD, home=globex) == pushed
    if name != "owner":
        assert not access.enters(access.principal_of(victims[name]), globex)


@pytest.mark.parametrize("name", VICTIMS)
def test_a_rename_opens_no_second_tenant_either(
    name: str, victims: dict[str, User], acme: Tenant, globex: Tenant, hostile: Integration
):
    before = theirs(acme, victims)
    scim = ScimClient(hostile)
    made = scim.user("harmless")
    response = scim.operations(f"/Users/{made['id']}", {"op": "replace", "path": "userName", "value": name})
    assert response.status_code == 200
    assert User.objects.get(home=globex, username=name).access_sources.get().tenant == globex
    assert theirs(acme, victims) == before


def test_an_account_of_the_instance_that_was_let_in_here_keeps_what_is_its_own(
    victims: dict[str, User], acme: Tenant, globex: Tenant, hostile: Integration, mallory: User
):
    """Linked, as it has access here; its fields, its password and its other tenant stay out of reach."""
    bob = victims["bob"]
    let_in(by=operator, tenant=globex, user=bob)
    fields = User.objects.filter(pk=bob.pk).values().get()
    scim = ScimClient(hostile)
    made = scim.user("bob", emails=[{"value": "mallory@example.org"}], name={"givenName": "Mallory"})
    scim.put(f"/Users/{made['id']}", {"schemas": [USER], "userName": "bob", "active": False})
    scim.operations(f"/Users/{made['id']}", {"op": "replace", "value": {"userName": "mallory2"}})
    scim.delete(f"/Users/{made['id']}")
    assert User.objects.filter(pk=bob.pk).values().get() == fields
    assert bob.check_password(PASSWORD)
    assert access.held(access.principal_of(bob), acme)
    assert access.enters(access.principal_of(bob), globex)


@pytest.mark.parametrize("place", ["/Users", "/Groups", "/ServiceProviderConfig", "/Schemas", "/Bulk", "/Me"])
def test_the_token_opens_no_other_endpoint(place: str, hostile: Integration, acme: Tenant, globex: Tenant):
    others = [IntegrationFactory(tenant=acme), IntegrationFactory(tenant=globex)]
    for other in others:
        for method in ("GET", "POST"):
            response = Client().generic(
                method,
                f"/api/v1/{other.tenant.slug}/integrations/{other.pk}/scim/v2{place}",
                headers={"Authorization": f"Bearer {hostile.secret_token}"},
            )
            assert response.status_code == 401
            assert response["WWW-Authenticate"].startswith("Bearer")
            assert response["Content-Type"] == "application/scim+json"


def test_an_integration_is_found_below_its_own_tenant_only(hostile: Integration, acme: Tenant):
    for slug, id in (("acme", hostile.pk), ("nowhere", hostile.pk), ("globex", "x" * 36), ("..", hostile.pk)):
        response = Client().get(
            f"/api/v1/{slug}/integrations/{id}/scim/v2/Users",
            headers={"Authorization": f"Bearer {hostile.secret_token}"},
        )
        assert response.status_code == 404
