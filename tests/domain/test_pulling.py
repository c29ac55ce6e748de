"""Pulling from a Keycloak: the same people, groups and rows as by SCIM, and nothing where nothing differs."""

from kestra_iam.actions.bindings import create_binding
from kestra_iam.models import AccessSource, AuditEvent, Binding, Group, Membership, User
from kestra_iam.principals import operator
from provisioning.models import ProvisionedUser
from tests.clients import ScimClient
from tests.factories import role_of
from tests.pulls import ended, everything, groups, people, pulled, source_of, succeeded
from tests.pushes import Push

# --- What arrives ----------------------------------------------------------------------------------------------


def test_a_pulled_person_has_the_document_that_a_plugin_pushes(integration, other_integration, realm):
    alice = realm.user("alice", firstName="Alice", lastName="Doe", email="alice@example.org")
    bob = realm.user("bob", enabled=False)
    succeeded(integration)
    push = Push(other_integration)
    push.user(
        "alice",
        externalId=alice,
        displayName="Alice Doe",
        name={"givenName": "Alice", "familyName": "Doe"},
        emails=[{"value": "alice@example.org", "primary": True}],
        active=True,
    )
    push.user("bob", externalId=bob, displayName="bob", name={}, active=False)
    columns = ("user_name", "external_id", "display_name_key", "active", "document", "folded", "emails__value_key")
    rows = ProvisionedUser.objects.order_by("user_name")
    pulled_rows = list(rows.filter(integration=integration).values_list(*columns))
    assert pulled_rows == list(rows.filter(integration=other_integration).values_list(*columns))
    account = User.objects.get(username="alice")
    assert (account.email, account.first_name, account.last_name) == ("alice@example.org", "Alice", "Doe")
    assert account.home_id == integration.tenant_id


def test_two_people_who_share_an_address_are_two_people(integration, realm):
    for name in ("alice", "bob"):
        realm.user(name, email="office@example.org")
    succeeded(integration)
    assert people(integration) == {"alice": True, "bob": True}
    assert User.objects.filter(email="office@example.org").count() == 2


def test_nested_groups_are_named_by_their_paths_and_have_their_direct_members(integration, realm):
    alice, bob = realm.user("alice"), realm.user("bob")
    staff = realm.group("staff", alice)
    devs = realm.group("devs", bob, parent=staff)
    realm.group("devs", alice, parent=realm.group("partners"))
    realm.group("interns", parent=devs)
    succeeded(integration)
    assert groups(integration) == {
        "staff": {"alice"},
        "/staff/devs": {"bob"},
        "/staff/devs/interns": set(),
        "partners": set(),
        "/partners/devs": {"alice"},
    }
    assert Group.objects.get(name="/staff/devs").external_id == devs


def test_a_filter_takes_groups_and_those_below_them_and_everybody(integration, realm):
    alice = realm.user("alice")
    staff = realm.group("staff", alice)
    realm.group("devs", alice, parent=staff)
    realm.group("staffing", alice)
    realm.group("other", alice)
    realm.user("bob")
    source_of(integration, realm, group_filter="/staff")
    succeeded(integration)
    assert groups(integration) == {"staff": {"alice"}, "/staff/devs": {"alice"}}
    assert people(integration) == {"alice": True, "bob": True}
    source_of(integration, realm, group_filter="/other")
    succeeded(integration)
    assert groups(integration) == {"other": {"alice"}}


def test_a_filter_that_names_no_group_is_told_and_removes_nothing(integration, realm):
    realm.group("staff")
    realm.group("other")
    succeeded(integration)
    source_of(integration, realm, group_filter="/staff\n/crew")
    run = succeeded(integration)
    assert [problem["who"] for problem in run.problems] == ["/crew"]
    assert "No group was removed" in run.message
    assert set(groups(integration)) == {"staff", "other"}


def test_more_than_a_thousand_people_arrive_once(integration, realm):
    ids = realm.people(1050)
    realm.group("everybody", *ids)
    run = succeeded(integration)
    assert (run.users_read, run.users_created, run.members_added) == (1050, 1050, 1050)
    assert ProvisionedUser.objects.count() == Membership.objects.count() == 1050
    before = everything()
    run = succeeded(integration)
    assert (run.users_read, run.users_created, run.users_changed, run.members_added) == (1050, 0, 0, 0)
    assert everything() == before


# --- What changes ----------------------------------------------------------------------------------------------


def test_where_nothing_differs_nothing_but_the_run_is_written(integration, realm):
    alice = realm.user("alice", firstName="Älice", email="alice@example.org")
    realm.user("bob", enabled=False)
    realm.group("devs", alice, parent=realm.group("staff", alice))
    succeeded(integration)
    before = everything()
    run = succeeded(integration)
    assert run.message == "Nothing had changed."
    assert everything() == before


def test_changes_arrive_and_ids_stay(integration, realm, acme):
    alice, bob = realm.user("alice", email="a@example.org"), realm.user("bob")
    staff = realm.group("staff", alice)
    source_of(integration, realm, loss_limit=100)
    succeeded(integration)
    create_binding(by=operator, tenant=acme, role=role_of(acme, "Viewer"), subject=Group.objects.get())
    before = {row.external_id: row.pk for row in ProvisionedUser.objects.all()} | {staff: Group.objects.get().pk}
    realm.change(alice, username="alicia", email="")
    realm.change(bob, enabled=False)
    realm.rename_group(staff, "crew")
    realm.join(staff, bob)
    realm.leave(staff, alice)
    run = succeeded(integration)
    assert (run.users_changed, run.groups_changed, run.members_added, run.members_removed) == (2, 1, 1, 1)
    assert people(integration) == {"alicia": True, "bob": False}
    assert groups(integration) == {"crew": {"bob"}}
    assert before == {row.external_id: row.pk for row in ProvisionedUser.objects.all()} | {
        staff: Group.objects.get().pk
    }
    assert Binding.objects.filter(group__name="crew").exists()
    assert User.objects.get(username="alicia").email == ""
    realm.change(bob, enabled=True)
    succeeded(integration)
    assert people(integration) == {"alicia": True, "bob": True}


def test_a_leaver_loses_access_and_keeps_the_account(integration, realm, acme):
    ids = realm.people(10)
    realm.group("staff", *ids)
    succeeded(integration)
    leaver = User.objects.get(username="user00003")
    create_binding(by=operator, tenant=acme, role=role_of(acme, "Viewer"), subject=leaver)
    realm.delete(ids[3])
    run = succeeded(integration)
    assert (run.users_removed, run.losses) == (1, 1)
    assert "user00003" not in people(integration)
    assert Membership.objects.count() == 9
    assert not Binding.objects.filter(user=leaver).exists()
    assert not AccessSource.objects.filter(user=leaver).exists()
    assert User.objects.filter(pk=leaver.pk).exists()


def test_who_is_created_anew_under_a_name_is_somebody_new(integration, realm, acme):
    ids = realm.people(10)
    succeeded(integration)
    create_binding(
        by=operator, tenant=acme, role=role_of(acme, "Viewer"), subject=User.objects.get(username="user00003")
    )
    old = ProvisionedUser.objects.get(user_name="user00003")
    realm.delete(ids[3])
    new = realm.user("user00003")
    run = succeeded(integration)
    assert (run.users_created, run.users_removed, run.problems) == (1, 1, [])
    row = ProvisionedUser.objects.get(user_name="user00003")
    assert (row.external_id, row.pk != old.pk) == (new, True)
    assert not Binding.objects.filter(role__name="Viewer").exists()


def test_names_that_move_on_arrive_in_one_run(integration, realm):
    first, second, third = (realm.user(name) for name in ("a", "b", "c"))
    succeeded(integration)
    # Each takes the name of the next one; the last one a new name, and the first name goes to somebody new.
    for id, name in ((third, "d"), (second, "c"), (first, "b")):
        realm.change(id, username=name)
    realm.user("a")
    run = succeeded(integration)
    assert (run.users_changed, run.users_created, run.problems) == (3, 1, [])
    names = dict(ProvisionedUser.objects.values_list("external_id", "user_name"))
    assert (names[first], names[second], names[third]) == ("b", "c", "d")


def test_names_that_are_swapped_are_a_problem_until_one_takes_a_third_name(integration, realm):
    alice, bob = realm.user("alice"), realm.user("bob")
    realm.user("carol")
    succeeded(integration)
    realm.change(alice, username="bob")
    realm.change(bob, username="alice", enabled=False)
    realm.user("dave")
    source_of(integration, realm, loss_limit=100)
    run = succeeded(integration)
    assert {problem["who"] for problem in run.problems} == {"alice", "bob"}
    # Whose name is blocked loses access all the same, and the others go on.
    assert people(integration) == {"alice": True, "bob": False, "carol": True, "dave": True}
    realm.change(alice, username="elsewhere")
    succeeded(integration)
    realm.change(alice, username="bob")
    assert succeeded(integration).problems == []
    assert people(integration) == {"alice": False, "bob": True, "carol": True, "dave": True}


def test_a_group_that_is_gone_goes_with_those_below_it(integration, realm):
    staff = realm.group("staff", realm.user("alice"))
    realm.group("devs", parent=staff)
    realm.group("other")
    succeeded(integration)
    realm.delete_group(staff)
    run = succeeded(integration)
    assert (run.groups_removed, groups(integration)) == (2, {"other": set()})


def test_names_that_fold_alike_are_a_problem_of_one_person(integration, realm):
    realm.user("strasse")
    realm.user("straße", enabled=False)
    realm.user("zoe")
    run = succeeded(integration)
    assert [problem["who"] for problem in run.problems] == ["straße"]
    assert "taken in this integration" in run.problems[0]["detail"]
    assert "1 could not be carried out" in run.message
    assert people(integration) == {"strasse": True, "zoe": True}


# --- What was pushed before ------------------------------------------------------------------------------------


def test_what_a_plugin_pushed_is_gone_on_with(integration, realm):
    push = Push(integration)
    alice, bob = realm.user("alice"), realm.user("bob")
    staff = realm.group("staff", alice, bob)
    pushed = push.user("alice", externalId=alice), push.user("Bob")
    push.group("staff", *pushed, external_id=staff)
    before = set(ProvisionedUser.objects.values_list("pk")), set(Membership.objects.values_list("pk"))
    run = succeeded(integration)
    assert (run.users_created, run.users_removed, run.members_added, run.members_removed) == (0, 0, 0, 0)
    assert (set(ProvisionedUser.objects.values_list("pk")), set(Membership.objects.values_list("pk"))) == before
    assert ProvisionedUser.objects.get(user_name="bob").external_id == bob


def test_a_pushed_group_without_an_external_id_is_adopted_by_name(integration, realm):
    pushed = Push(integration).group("Staff")
    staff = realm.group("staff")
    succeeded(integration)
    pushed.refresh_from_db()
    assert (Group.objects.count(), pushed.name, pushed.external_id) == (1, "staff", staff)


def test_whom_keycloak_does_not_have_is_a_leaver_whoever_pushed_them(integration, realm):
    push = Push(integration)
    push.user("stranger", externalId="1234")
    push.user("nobody")
    push.group("Old", external_id="5678")
    push.group("Older")
    realm.user("alice")
    run = ended(pulled(integration), "stopped")
    assert run.losses == 2
    run = succeeded(integration, allowed_losses=2)
    assert (run.users_removed, run.groups_removed) == (2, 2)
    assert people(integration) == {"alice": True}
    assert groups(integration) == {}


def test_of_two_people_with_one_external_id_one_stays(integration, realm):
    alice = realm.user("alice")
    push = Push(integration)
    kept = push.user("alice", externalId=alice)
    push.user("alice2", externalId=alice)
    succeeded(integration, allowed_losses=1)
    assert list(ProvisionedUser.objects.values_list("pk", "user_name")) == [(kept.pk, "alice")]


# --- Who did it, and who is not touched ------------------------------------------------------------------------


def test_the_service_account_acts_and_its_events_name_the_run(integration, realm):
    realm.group("staff", realm.user("alice"))
    run = succeeded(integration)
    events = AuditEvent.objects.filter(request_id=run.pk)
    assert set(events.values_list("actor_id", flat=True)) == {integration.pk}
    assert set(events.values_list("verb", flat=True)) == {
        "account.create",
        "access.grant",
        "user.create",
        "group.create",
        "membership.add",
    }


def test_progress_is_told_as_it_goes(integration, realm):
    realm.people(250)
    told = []
    pulled(integration, on_progress=lambda run: told.append((run.step, run.done, run.total)))
    assert ("Reading people", 100, 250) in told
    assert ("Creating people", 200, 250) in told
    assert told[-1][0] == ""


def test_other_integrations_and_tenants_keep_theirs(integration, realm, other_integration, globex_integration):
    for other in (other_integration, globex_integration):
        push = Push(other)
        push.group("staff", push.user("alice", externalId="1"), push.user("zoe"), external_id="2")
    kept = [
        (people(other), groups(other), list(ProvisionedUser.objects.filter(integration=other).values()))
        for other in (other_integration, globex_integration)
    ]
    realm.group("staff", realm.user("alice"))
    succeeded(integration)
    assert groups(integration) == {"staff": {"alice"}}
    assert kept == [
        (people(other), groups(other), list(ProvisionedUser.objects.filter(integration=other).values()))
        for other in (other_integration, globex_integration)
    ]
    assert User.objects.filter(username="alice", home=integration.tenant).count() == 1
    assert User.objects.filter(username="alice", home=globex_integration.tenant).count() == 1
    # The person of the same name in this tenant is one account, whose access by the other integration stays.
    realm.delete(next(iter(realm.users)))
    succeeded(integration, allowed_losses=1)
    alice = User.objects.get(username="alice", home=integration.tenant)
    assert [source.owner_key for source in alice.access_sources.all()] == [other_integration.pk]


def test_the_same_door_stays_open_for_pushes(integration, realm):
    realm.user("alice")
    succeeded(integration)
    scim = ScimClient(integration)
    found = scim.get("/Users", {"filter": 'userName eq "alice"'}).json()
    assert found["totalResults"] == 1
