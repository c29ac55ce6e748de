"""Which account a pushed userName stands for, and whose fields follow the integration."""

import pytest

from kestra_iam import access
from kestra_iam.actions.bindings import create_binding
from kestra_iam.actions.groups import add_member
from kestra_iam.actions.people import end_access, let_in
from kestra_iam.errors import Conflict
from kestra_iam.models import AccessSource, AuditEvent, Membership, User
from kestra_iam.principals import operator
from provisioning.actions.removal import remove_integration
from provisioning.models import Integration, ProvisionedUser
from tenants.fields import fold
from tenants.models import Tenant
from tests.factories import PASSWORD, AccountFactory, IntegrationFactory, person, role_of
from tests.pushes import Push


@pytest.fixture
def push(integration: Integration) -> Push:
    return Push(integration)


@pytest.fixture
def other(other_integration: Integration) -> Push:
    return Push(other_integration)


def created_event(account: User) -> AuditEvent:
    return AuditEvent.objects.filter(verb="user.create", resource_id=account.pk).latest("at")


# --- Which account ------------------------------------------------------------------------------------------


def test_a_name_nobody_has_makes_an_account_at_home_in_the_tenant(push: Push, acme: Tenant):
    account = push.user("alice").account
    assert account.home == acme
    assert account.username == "alice"
    assert not account.has_usable_password()
    assert not account.instance_owner
    assert created_event(account).details["linked"] is False


def test_two_integrations_of_a_tenant_stand_for_the_same_person(push: Push, other: Push):
    first, second = push.user("Alice"), other.user("alice")
    assert first.account == second.account
    assert first.pk != second.pk
    assert created_event(second.account).details["linked"] is True


def test_an_instance_account_with_access_here_is_linked(push: Push, acme: Tenant):
    bob = person(acme, username="bob")
    pushed = push.user("BOB")
    assert pushed.account == bob
    assert created_event(bob).details["linked"] is True
    assert bob.access_sources.count() == 2


def test_an_account_at_home_here_is_preferred_to_one_of_the_instance(push: Push, other: Push, acme: Tenant):
    at_home = push.user("bob").account
    person(acme, username="bob")
    assert other.user("bob").account == at_home


def test_an_instance_account_without_access_here_is_a_stranger(push: Push, globex: Tenant):
    bob = person(globex, "Admin", username="bob")
    account = push.user("bob").account
    assert account != bob
    assert account.home == push.integration.tenant
    assert bob.access_sources.get().tenant == globex


def test_an_instance_owner_is_never_linked(push: Push, acme: Tenant, owner: User):
    let_in(by=operator, tenant=acme, user=owner)
    account = push.user("owner").account
    assert account != owner
    assert not account.instance_owner
    assert owner.access_sources.get().owner_key == ""


def test_an_account_at_home_in_another_tenant_is_a_stranger(push: Push, globex_integration: Integration):
    there = Push(globex_integration).user("alice").account
    here = push.user("alice").account
    assert here != there
    assert there.access_sources.count() == here.access_sources.count() == 1


def test_an_email_never_links(push: Push, other: Push, acme: Tenant):
    bob = person(acme, username="bob", email="bob@example.org")
    push.user("carol", emails=[{"value": "carol@example.org"}])
    account = other.user("robert", emails=[{"value": "bob@example.org"}, {"value": "carol@example.org"}]).account
    assert account.username == "robert"
    assert bob.access_sources.count() == 1


def test_a_user_name_is_taken_only_in_its_own_integration(push: Push, other: Push, globex_integration: Integration):
    alice = push.user("alice")
    with pytest.raises(Conflict, match=alice.pk):
        push.user("ALICE")
    other.user("ALICE")
    Push(globex_integration).user("ALICE")
    assert ProvisionedUser.objects.count() == 3


# --- Renaming follows the same rule -------------------------------------------------------------------------


def test_a_new_name_that_nobody_has_renames_the_account(push: Push, acme: Tenant):
    alice = push.user("alice")
    create_binding(by=operator, tenant=acme, role=role_of(acme, "Viewer"), subject=alice.account)
    renamed = push.change(alice, userName="alice.smith")
    assert renamed.pk == alice.pk
    assert renamed.account == alice.account
    assert renamed.account.username == "alice.smith"
    assert renamed.account.username_key == "alice.smith"
    assert renamed.account.bindings.count() == 1
    event = AuditEvent.objects.get(verb="account.rename")
    assert (event.resource_name, event.details) == ("alice.smith", {"before": "alice"})


def test_another_letter_case_renames_the_account_too(push: Push):
    renamed = push.change(push.user("alice"), userName="Alice")
    assert (renamed.user_name, renamed.account.username) == ("Alice", "Alice")


def test_a_new_name_of_somebody_at_home_here_moves_to_that_account(push: Push, other: Push):
    alice, bob = push.user("alice"), other.user("bob")
    group = push.group("Staff", alice)
    moved = push.change(alice, userName="bob")
    assert moved.pk == alice.pk
    assert moved.account == bob.account
    assert list(group.memberships.values_list("user", "source")) == [(bob.account.pk, alice.pk)]
    assert not access.people_known(push.integration.tenant).filter(pk=alice.account.pk).exists()
    assert AccessSource.objects.filter(user=bob.account).count() == 2


def test_a_new_name_of_an_instance_owner_or_a_stranger_moves_to_nobody(
    push: Push, acme: Tenant, owner: User, outsider: User
):
    let_in(by=operator, tenant=acme, user=owner)
    alice = push.user("alice")
    for name in ("owner", "outsider"):
        renamed = push.change(alice, userName=name)
        assert renamed.account == alice.account
        assert renamed.account.home == acme
    assert owner.access_sources.count() == outsider.access_sources.count() == 1


def test_an_account_that_somebody_else_uses_keeps_its_name(push: Push, other: Push):
    alice = push.user("alice")
    other.user("alice")
    renamed = push.change(alice, userName="alicia")
    assert renamed.account != alice.account
    assert renamed.account.username == "alicia"
    alice.account.refresh_from_db()
    assert alice.account.username == "alice"
    assert alice.account.access_sources.get().owner_key == other.integration.pk


def test_an_instance_account_keeps_its_name(push: Push, acme: Tenant):
    bob = person(acme, username="bob")
    renamed = push.change(push.user("bob"), userName="bobby")
    bob.refresh_from_db()
    assert bob.username == "bob"
    assert renamed.account.home == acme


def test_what_a_renamed_person_had_by_other_sources_stays_with_the_old_account(push: Push, other: Push, acme: Tenant):
    alice = push.user("alice")
    other.user("alice")
    create_binding(by=operator, tenant=acme, role=role_of(acme, "Admin"), subject=alice.account)
    renamed = push.change(alice, userName="alicia")
    assert access.held(access.principal_of(renamed.account), acme) == frozenset()
    assert access.held(access.principal_of(alice.account), acme)


def test_a_new_name_that_this_integration_has_is_refused_and_changes_nothing(push: Push):
    alice, bob = push.user("alice"), push.user("bob")
    events = AuditEvent.objects.count()
    with pytest.raises(Conflict, match=bob.pk):
        push.change(alice, userName="BOB", displayName="New")
    unchanged = push.again(alice)
    assert (unchanged.user_name, unchanged.version, unchanged.document) == ("alice", 1, alice.document)
    assert AuditEvent.objects.count() == events


def test_moving_to_somebody_who_is_in_the_same_group_by_hand_leaves_one_membership(
    push: Push, other: Push, acme: Tenant
):
    """The group of a removed integration may hold both: one pushed, one added by hand since."""
    gone = Push(IntegrationFactory(tenant=acme))
    group = gone.group("Staff", gone.user("alice"))
    remove_integration(by=operator, integration=gone.integration, keep_access=True)
    alice, bob = push.user("alice"), other.user("bob")
    add_member(by=operator, group=group, user=bob.account)
    moved = push.change(alice, userName="bob")
    assert moved.account == bob.account
    assert list(Membership.objects.filter(group=group).values_list("user", flat=True)) == [bob.account.pk]
    # The membership by hand is not the integration's to take away.
    push.delete(moved)
    assert Membership.objects.filter(group=group, user=bob.account).exists()


# --- Fields -------------------------------------------------------------------------------------------------


def fields(account: User) -> tuple[str, str, str]:
    account.refresh_from_db()
    return account.email, account.first_name, account.last_name


NEW = {
    "name": {"givenName": "Alicia", "familyName": "Smythe"},
    "emails": [{"value": "old@example.org"}, {"value": "alicia@example.org", "primary": True}],
}


def test_fields_follow_while_nobody_else_uses_the_account(push: Push):
    alice = push.user("alice", name={"givenName": "Alice"}, emails=[{"value": "alice@example.org"}])
    assert fields(alice.account) == ("alice@example.org", "Alice", "")
    push.change(alice, **NEW)
    assert fields(alice.account) == ("alicia@example.org", "Alicia", "Smythe")
    push.change(alice)
    assert fields(alice.account) == ("", "", "")


def test_fields_stay_while_another_integration_uses_the_account_and_follow_again_after(push: Push, other: Push):
    alice = push.user("alice", name={"givenName": "Alice"})
    second = other.user("alice", name={"givenName": "Somebody else"})
    push.change(alice, **NEW)
    assert fields(alice.account) == ("", "Alice", "")
    other.delete(second)
    push.change(alice, **NEW, displayName="Alicia")
    push.change(alice, name={"givenName": "Al"})
    assert fields(alice.account) == ("", "Al", "")


def test_fields_stay_while_the_person_was_let_in_by_hand(push: Push, acme: Tenant):
    alice = push.user("alice", name={"givenName": "Alice"})
    let_in(by=operator, tenant=acme, user=alice.account)
    push.change(alice, **NEW)
    assert fields(alice.account) == ("", "Alice", "")


def test_fields_of_an_instance_account_never_follow(push: Push, acme: Tenant):
    bob = person(acme, username="bob", email="bob@example.org", first_name="Bob")
    pushed = push.user("bob", **NEW)
    end_access(by=operator, tenant=acme, user=bob)
    push.change(pushed, **NEW, displayName="x")
    assert fields(bob) == ("bob@example.org", "Bob", "")
    assert bob.check_password(PASSWORD)


def test_an_email_that_is_pushed_is_unverified(push: Push):
    alice = push.user("alice", emails=[{"value": "alice@example.org"}])
    User.objects.update(email_verified=True)
    push.change(alice, emails=[{"value": "boss@example.org"}])
    alice.account.refresh_from_db()
    assert not alice.account.email_verified


def test_a_pushed_password_is_discarded_and_no_change_by_itself(push: Push):
    alice = push.user("alice", password="t1meMa$heen")
    assert not alice.account.has_usable_password()
    assert "t1meMa$heen" not in alice.document
    unchanged = push.change(alice, password="another one")
    assert unchanged.version == 1
    assert not unchanged.account.has_usable_password()
    assert not AuditEvent.objects.filter(verb="user.update").exists()


def test_every_pushed_user_name_is_its_accounts_username(push: Push, other: Push, acme: Tenant):
    person(acme, username="bob")
    alice, bob = push.user("alice"), push.user("bob")
    other.user("alice")
    other.user("BOB")
    push.change(alice, userName="carol")
    push.change(bob, userName="alice")
    for user in ProvisionedUser.objects.select_related("account"):
        assert user.user_name_key == user.account.username_key == fold(user.user_name)
    assert not AccountFactory.create().access_sources.exists()
