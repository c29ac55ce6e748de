"""What lets a person into a tenant: each source by itself, all of them at once, and the last one's end."""

from datetime import timedelta

import pytest

from kestra_iam import access
from kestra_iam.access import principal_of
from kestra_iam.actions.bindings import create_binding
from kestra_iam.actions.groups import add_member
from kestra_iam.actions.passwords import issue_sign_in_link, sign_in_link_account, use_sign_in_link
from kestra_iam.actions.people import (
    end_access,
    let_in,
    resume_person,
    suspend_person,
)
from kestra_iam.actions.service_accounts import create_token
from kestra_iam.errors import Forbidden, Invalid, NotFound
from kestra_iam.models import (
    AccessSource,
    ApiToken,
    AuditEvent,
    Binding,
    Membership,
    SignInLink,
    Suspension,
    User,
)
from kestra_iam.principals import nobody, operator
from provisioning.actions.removal import remove_integration
from provisioning.models import Integration, ProvisionedEmail, ProvisionedUser
from tenants.models import Tenant
from tests.factories import PASSWORD, AccountFactory, GroupFactory, IntegrationFactory, person, role_of
from tests.pushes import Push


@pytest.fixture
def push(integration: Integration) -> Push:
    return Push(integration)


@pytest.fixture
def other(other_integration: Integration) -> Push:
    return Push(other_integration)


def is_in(tenant: Tenant, account: User) -> bool:
    entered = access.enters(access.principal_of(account), tenant)
    assert entered == access.people_let_in(tenant).filter(pk=account.pk).exists()
    assert entered == access.tenants_of(access.principal_of(account)).filter(pk=tenant.pk).exists()
    return entered


def holds(tenant: Tenant, account: User) -> bool:
    return bool(access.held(access.principal_of(account), tenant))


def give(tenant: Tenant, subject, role: str = "Viewer") -> None:
    create_binding(by=operator, tenant=tenant, role=role_of(tenant, role), subject=subject)


def everything_here(tenant: Tenant, account: User) -> list[int]:
    return [
        AccessSource.objects.filter(tenant=tenant, user=account).count(),
        Binding.objects.filter(tenant=tenant, user=account).count(),
        Membership.objects.filter(group__tenant=tenant, user=account).count(),
        ApiToken.objects.filter(tenant=tenant, user=account).count(),
        Suspension.objects.filter(tenant=tenant, user=account).count(),
        SignInLink.objects.filter(user=account).count(),
    ]


# --- One source ---------------------------------------------------------------------------------------------


def test_inactive_suspends_at_once_and_active_resumes(push: Push, acme: Tenant):
    alice = push.user("alice")
    group = push.group("Staff", alice)
    give(acme, group)
    assert holds(acme, alice.account)
    suspended = push.change(alice, active=False)
    assert not is_in(acme, alice.account)
    assert not holds(acme, alice.account)
    assert suspended.user_name == "alice"
    assert list(group.memberships.values_list("source_id", flat=True)) == [alice.pk]
    push.change(alice, active=True)
    assert is_in(acme, alice.account)
    assert holds(acme, alice.account)
    verbs = ["access.grant", "access.suspend", "access.resume"]
    assert (
        list(AuditEvent.objects.filter(verb__startswith="access.").order_by("at").values_list("verb", flat=True))
        == verbs
    )


def test_leaving_active_out_lets_nobody_in_again(push: Push, acme: Tenant):
    alice = push.user("alice", active=False)
    assert not is_in(acme, alice.account)
    push.change(alice, displayName="Alice")
    assert not is_in(acme, alice.account)


def test_another_source_keeps_a_person_in(push: Push, other: Push, acme: Tenant):
    alice = push.user("alice")
    second = other.user("alice")
    push.change(alice, active=False)
    assert is_in(acme, alice.account)
    other.delete(second)
    assert not is_in(acme, alice.account)


def test_a_membership_counts_only_while_the_source_it_came_by_is_active(push: Push, other: Push, acme: Tenant):
    alice = push.user("alice")
    other.user("alice")
    give(acme, push.group("Staff", alice), "Admin")
    push.change(alice, active=False)
    assert is_in(acme, alice.account)
    assert not holds(acme, alice.account)


def test_other_tenants_notice_nothing(push: Push, acme: Tenant, globex: Tenant):
    bob = person(globex, "Viewer", username="bob")
    let_in(by=operator, tenant=acme, user=bob)
    pushed = push.user("bob")
    end_access(by=operator, tenant=acme, user=bob)
    session = bob.get_session_auth_hash()
    push.change(pushed, active=False)
    assert not is_in(acme, bob)
    assert is_in(globex, bob)
    push.delete(pushed)
    bob.refresh_from_db()
    assert not is_in(acme, bob)
    assert holds(globex, bob)
    assert bob.check_password(PASSWORD)
    assert bob.get_session_auth_hash() == session


def test_delete_takes_this_source_and_its_memberships_and_nothing_else(push: Push, other: Push, acme: Tenant):
    alice = push.user("alice", emails=[{"value": "alice@example.org"}])
    second = other.user("alice")
    mine, theirs, by_hand = push.group("Staff", alice), other.group("Staff", second), GroupFactory(tenant=acme)
    add_member(by=operator, group=by_hand, user=alice.account)
    give(acme, alice.account)
    push.delete(alice)
    assert not ProvisionedUser.objects.filter(pk=alice.pk).exists()
    assert not ProvisionedEmail.objects.exists()
    assert set(alice.account.memberships.values_list("group", flat=True)) == {theirs.pk, by_hand.pk}
    assert holds(acme, alice.account)
    mine.refresh_from_db()
    assert mine.version == 2


# --- The last source ----------------------------------------------------------------------------------------


def test_with_the_last_source_goes_everything_and_a_new_person_of_that_name_starts_with_nothing(
    push: Push, other: Push, acme: Tenant
):
    alice = push.user("alice")
    account = alice.account
    group = GroupFactory(tenant=acme)
    add_member(by=operator, group=group, user=account)
    give(acme, account, "Admin")
    secret = issue_sign_in_link(by=operator, tenant=acme, user=account)
    account = use_sign_in_link(by=nobody, tenant=acme, secret=secret, password=PASSWORD)
    unused = issue_sign_in_link(by=operator, tenant=acme, user=account)
    token, _ = create_token(by=access.principal_of(account), tenant=acme, holder=account, name="mine")
    person(acme, "Admin")
    suspend_person(by=operator, tenant=acme, user=account)
    session = account.get_session_auth_hash()
    assert everything_here(acme, account) == [1, 1, 1, 1, 1, 1]

    push.delete(alice)

    assert everything_here(acme, account) == [0] * 6
    account.refresh_from_db()
    assert not account.has_usable_password()
    assert account.get_session_auth_hash() != session
    assert sign_in_link_account(tenant=acme, secret=unused) is None
    verbs = set(
        AuditEvent.objects.filter(resource_id__in=[account.pk, group.pk, token.pk]).values_list("verb", flat=True)
    )
    assert {"access.end", "membership.remove", "token.delete", "person.resume", "user.delete"} <= verbs
    assert AuditEvent.objects.filter(verb="binding.delete", details__subject__id=account.pk).count() == 1

    again = other.user("alice")
    assert again.account == account
    assert is_in(acme, account)
    assert everything_here(acme, account) == [1, 0, 0, 0, 0, 0]


def test_while_one_source_is_left_nothing_else_goes(push: Push, other: Push, acme: Tenant):
    alice = push.user("alice")
    second = other.user("alice", active=False)
    give(acme, alice.account)
    push.delete(alice)
    assert alice.account.bindings.exists()
    assert not is_in(acme, alice.account)
    other.change(second, active=True)
    assert holds(acme, alice.account)


def test_an_instance_account_keeps_its_password_and_other_tenants(acme: Tenant, globex: Tenant):
    bob = person(acme, "Viewer", username="bob")
    let_in(by=operator, tenant=globex, user=bob)
    give(globex, bob)
    end_access(by=operator, tenant=acme, user=bob)
    bob.refresh_from_db()
    assert everything_here(acme, bob) == [0] * 6
    assert holds(globex, bob)
    assert bob.check_password(PASSWORD)


def test_only_the_source_made_by_hand_is_ended_by_hand(push: Push, acme: Tenant):
    alice = push.user("alice").account
    with pytest.raises(NotFound):
        end_access(by=operator, tenant=acme, user=alice)
    let_in(by=operator, tenant=acme, user=alice)
    end_access(by=operator, tenant=acme, user=alice)
    assert is_in(acme, alice)


def test_somebody_at_home_in_another_tenant_cannot_be_let_in(globex_integration: Integration, acme: Tenant):
    stranger = Push(globex_integration).user("alice").account
    with pytest.raises(NotFound, match="Nobody of that username"):
        let_in(by=operator, tenant=acme, user=stranger)


def test_an_admin_lets_in_nobody_whom_the_tenant_does_not_know_yet(acme: Tenant, admin: User, owner: User):
    stranger = AccountFactory(username="stranger")
    with pytest.raises(NotFound, match="Nobody of that username"):
        let_in(by=principal_of(admin), tenant=acme, user=stranger)
    let_in(by=principal_of(owner), tenant=acme, user=stranger)
    assert is_in(acme, stranger)


def test_letting_in_twice_changes_nothing(acme: Tenant, viewer: User):
    events = AuditEvent.objects.count()
    let_in(by=operator, tenant=acme, user=viewer)
    assert viewer.access_sources.count() == 1
    assert AuditEvent.objects.count() == events


# --- Suspension over all sources ----------------------------------------------------------------------------


def test_an_administrator_stops_a_person_over_all_sources(push: Push, acme: Tenant):
    alice = push.user("alice").account
    let_in(by=operator, tenant=acme, user=alice)
    give(acme, alice)
    suspend_person(by=operator, tenant=acme, user=alice)
    suspend_person(by=operator, tenant=acme, user=alice)
    assert not is_in(acme, alice)
    assert not holds(acme, alice)
    resume_person(by=operator, tenant=acme, user=alice)
    resume_person(by=operator, tenant=acme, user=alice)
    assert holds(acme, alice)
    for verb in ("person.suspend", "person.resume"):
        assert AuditEvent.objects.filter(verb=verb).count() == 1


def test_no_push_resumes_whom_an_administrator_suspended(push: Push, other: Push, acme: Tenant):
    alice = push.user("alice", active=False)
    suspend_person(by=operator, tenant=acme, user=alice.account)
    push.change(alice, active=True)
    other.user("alice")
    assert not is_in(acme, alice.account)


def test_nobody_is_suspended_where_they_have_no_access(acme: Tenant, outsider: User):
    with pytest.raises(NotFound):
        suspend_person(by=operator, tenant=acme, user=outsider)


# --- Keep their access --------------------------------------------------------------------------------------


def test_kept_access_is_taken_over_by_the_next_integration_that_links_the_account(
    push: Push, other: Push, acme: Tenant
):
    alice = push.user("alice")
    give(acme, push.group("Staff", alice), "Viewer")
    remove_integration(by=operator, integration=push.integration, keep_access=True)
    assert is_in(acme, alice.account)
    assert alice.account.access_sources.get().owner_name == "Corporate Keycloak"

    taken = other.user("alice")
    source = alice.account.access_sources.get()
    assert source.pk == taken.pk
    assert (source.owner_key, source.owner_name) == (other.integration.pk, "Partner Keycloak")
    assert source.managed_by == other.integration.service_account
    assert AuditEvent.objects.filter(verb="access.take-over", resource_id=alice.account.pk).count() == 1
    assert holds(acme, alice.account)

    other.delete(taken)
    assert not is_in(acme, alice.account)
    assert everything_here(acme, alice.account) == [0] * 6


@pytest.mark.parametrize(("kept", "pushed"), [(True, False), (False, True)])
def test_taking_over_follows_what_is_pushed(kept: bool, pushed: bool, push: Push, other: Push, acme: Tenant):
    alice = push.user("alice", active=kept)
    remove_integration(by=operator, integration=push.integration, keep_access=True)
    other.user("alice", active=pushed)
    assert is_in(acme, alice.account) is pushed


def test_several_kept_sources_become_one(push: Push, other: Push, acme: Tenant):
    first, second = push.user("alice"), other.user("alice")
    groups = push.group("Staff", first), other.group("Staff", second)
    for integration in (push.integration, other.integration):
        remove_integration(by=operator, integration=integration, keep_access=True)
    third = Push(IntegrationFactory(tenant=acme))
    taken = third.user("alice")
    assert alice_sources(first.account) == [taken.pk]
    assert {membership.group for membership in first.account.memberships.all()} == set(groups)
    merged = AuditEvent.objects.get(verb="access.end")
    assert {merged.details["source"]["id"], taken.pk} == {first.pk, second.pk}
    assert merged.details["into"] == taken.pk
    third.delete(taken)
    assert everything_here(acme, first.account) == [0] * 6


def alice_sources(account: User) -> list[str]:
    return list(account.access_sources.values_list("pk", flat=True))


def test_renaming_takes_over_what_was_kept_of_the_new_name(push: Push, other: Push, acme: Tenant):
    kept = push.user("bob")
    remove_integration(by=operator, integration=push.integration, keep_access=True)
    moved = other.change(other.user("alice"), userName="bob")
    assert moved.account == kept.account
    assert alice_sources(kept.account) == [moved.pk]
    assert AuditEvent.objects.get(verb="access.end", resource_id=kept.account.pk).details == {
        "source": {"id": kept.pk, "owner": push.integration.pk, "owner_name": "Corporate Keycloak"},
        "into": moved.pk,
    }


def test_access_given_by_hand_is_not_taken_over(push: Push, acme: Tenant):
    bob = person(acme, username="bob")
    pushed = push.user("bob")
    push.delete(pushed)
    assert is_in(acme, bob)


# --- Sign-in links ------------------------------------------------------------------------------------------


def test_a_sign_in_link_sets_the_password_once(push: Push, acme: Tenant):
    alice = push.user("alice").account
    secret = issue_sign_in_link(by=operator, tenant=acme, user=alice)
    assert sign_in_link_account(tenant=acme, secret=secret) == alice
    with pytest.raises(Invalid):
        use_sign_in_link(by=nobody, tenant=acme, secret=secret, password="12345")
    assert use_sign_in_link(by=nobody, tenant=acme, secret=secret, password=PASSWORD).check_password(PASSWORD)
    with pytest.raises(NotFound):
        use_sign_in_link(by=nobody, tenant=acme, secret=secret, password=PASSWORD)
    event = AuditEvent.objects.get(verb="sign-in-link.use")
    assert (event.actor_id, event.actor_name) == (alice.pk, "alice")


def test_a_sign_in_link_opens_its_own_tenant_for_24_hours_until_the_next_one(push: Push, acme: Tenant, globex: Tenant):
    alice = push.user("alice").account
    first = issue_sign_in_link(by=operator, tenant=acme, user=alice)
    second = issue_sign_in_link(by=operator, tenant=acme, user=alice)
    assert sign_in_link_account(tenant=acme, secret=first) is None
    assert sign_in_link_account(tenant=globex, secret=second) is None
    with pytest.raises(NotFound):
        use_sign_in_link(by=nobody, tenant=globex, secret=second, password=PASSWORD)
    link = SignInLink.objects.get()
    assert second not in link.digest
    link.expires_at -= timedelta(hours=24)
    link.save()
    assert sign_in_link_account(tenant=acme, secret=second) is None
    with pytest.raises(NotFound):
        use_sign_in_link(by=nobody, tenant=acme, secret=second, password=PASSWORD)


def test_there_is_no_sign_in_link_for_accounts_at_home_elsewhere(
    acme: Tenant, viewer: User, owner: User, globex_integration: Integration
):
    for stranger in (viewer, owner, Push(globex_integration).user("alice").account):
        with pytest.raises(Forbidden):
            issue_sign_in_link(by=operator, tenant=acme, user=stranger)


def test_there_is_no_sign_in_link_for_somebody_whose_access_has_ended(push: Push, acme: Tenant):
    """The password would wait for the next person of that userName."""
    alice = push.user("alice")
    push.delete(alice)
    with pytest.raises(NotFound):
        issue_sign_in_link(by=operator, tenant=acme, user=alice.account)
