"""Keycloak changes or fails while it is read, and runs end anywhere: nobody is out by mistake, nobody doubled."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kestra_iam.models import AccessSource, Group, Membership, Role, User
from kestra_iam.principals import operator
from provisioning.actions.integrations import disable_integration
from provisioning.actions.pull_runs import begin_run, interrupt
from provisioning.actions.removal import remove_integration
from provisioning.models import ProvisionedUser, PullRun
from provisioning.pulling import pull
from tests.clients import ScimClient
from tests.pulls import ended, everything, groups, people, pulled, source_of, succeeded
from tests.pushes import Push

# --- A list that changes while it is read ----------------------------------------------------------------------


@given(request=st.integers(1, 8), deleted=st.integers(0, 249))
@example(request=3, deleted=0)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nobody_but_the_deleted_one_is_out_if_somebody_is_deleted_between_two_pages(
    request, deleted, integration, realm
):
    if len(realm.users) < 250:
        realm.people(250 - len(realm.users), prefix=f"more{realm.requests}-")
    succeeded(integration)
    id = sorted(realm.users)[deleted]
    realm.before(request, lambda: realm.delete(id))
    run = succeeded(integration)
    assert run.users_removed in (0, 1)
    left = set(ProvisionedUser.objects.values_list("external_id", flat=True))
    assert left >= set(realm.users)
    succeeded(integration)
    assert set(ProvisionedUser.objects.values_list("external_id", flat=True)) == set(realm.users)


def test_whom_a_page_skips_stays_in_even_if_the_count_agrees(integration, realm):
    ids = realm.people(250)
    succeeded(integration)
    # One goes and one comes between the first page and the second: the count is the same, and one is skipped.
    realm.before(3, lambda: (realm.delete(ids[0]), realm.user("zoe")))
    run = succeeded(integration)
    assert run.users_read == 250
    assert set(people(integration)) >= {user["username"] for user in realm.users.values()} - {"zoe"}
    succeeded(integration)
    assert set(people(integration)) == {user["username"] for user in realm.users.values()}


def test_a_person_without_an_external_id_stays_in_if_a_page_skips_them(integration, realm):
    push = Push(integration)
    for number in range(250):
        push.user(f"user{number:05}")
    ids = realm.people(250)
    realm.before(3, lambda: (realm.delete(ids[0]), realm.user("zoe")))
    succeeded(integration)
    assert set(people(integration)) >= {user["username"] for user in realm.users.values()}


def test_a_group_that_a_page_skips_stays(integration, realm):
    made = [realm.group(f"group{number:03}") for number in range(150)]
    succeeded(integration)
    # count, a page of people, the empty one, count, then two pages of groups
    realm.before(6, lambda: realm.delete_group(made[0]))
    run = succeeded(integration)
    assert run.groups_removed <= 1
    assert len(groups(integration)) >= 149
    realm.undisturbed()
    succeeded(integration)
    assert set(groups(integration)) == {f"group{number:03}" for number in range(1, 150)}


def test_if_the_groups_change_all_the_time_none_is_removed(integration, realm):
    made = [realm.group(f"group{number}") for number in range(3)]
    succeeded(integration)
    realm.delete_group(made[0])
    answer = realm.keycloak.answer
    realm.keycloak.answer = lambda path, query: (path == "/groups" and realm.group("new"), answer(path, query))[1]
    run = succeeded(integration)
    assert "No group was removed" in run.message
    assert "group0" in groups(integration)
    realm.keycloak.answer = answer
    succeeded(integration)
    assert "group0" not in groups(integration)


def test_if_the_count_never_agrees_nobody_is_removed_and_the_rest_is_done(integration, realm, monkeypatch):
    ids = realm.people(120)
    succeeded(integration)
    realm.delete(ids[0])
    realm.change(ids[1], firstName="New")
    answer = realm.keycloak.answer
    with monkeypatch.context() as patch:
        # Keycloak counts somebody whom it does not list, as it does for some user federations.
        patch.setattr(realm.keycloak, "answer", lambda path, query: 120 if "count" in path else answer(path, query))
        run = succeeded(integration)
    assert (run.users_changed, run.users_removed) == (1, 0)
    assert "No person was removed" in run.message
    assert "119 people read, 120 counted" in run.message
    assert succeeded(integration).users_removed == 1


def test_a_group_renamed_between_two_pages_stays_one_group(integration, realm):
    ids = realm.people(150)
    staff = realm.group("staff", *ids)
    devs = realm.group("devs", *ids[:5], parent=staff)
    succeeded(integration)
    before = dict(Group.objects.values_list("external_id", "pk"))
    for number in range(1, 12):
        realm.before(number, lambda number=number: realm.rename_group(staff, f"crew{number}"))
        run = succeeded(integration)
        assert (run.groups_created, run.groups_removed, run.members_removed) == (0, 0, 0)
    realm.undisturbed()
    succeeded(integration)
    assert dict(Group.objects.values_list("external_id", "pk")) == before
    assert dict(Group.objects.values_list("external_id", "name"))[devs].startswith("/crew")


def test_a_member_who_is_skipped_between_two_pages_stays_a_member(integration, realm):
    ids = realm.people(150)
    staff = realm.group("staff", *ids)
    succeeded(integration)
    for number in range(4, 9):
        realm.before(number, lambda: realm.leave(staff, min(realm.members(staff))))
        succeeded(integration)
        present = set(Membership.objects.values_list("source__provisioned_user__external_id", flat=True))
        assert present >= realm.members(staff)
    realm.undisturbed()
    succeeded(integration)
    assert Membership.objects.count() == len(realm.members(staff))


@pytest.mark.parametrize("number", range(1, 8))
def test_a_group_that_is_deleted_while_others_are_read_goes_by_itself(integration, realm, number: int):
    alice = realm.user("alice")
    realm.group("one", alice)
    two = realm.group("two", alice)
    succeeded(integration)
    realm.before(number, lambda: realm.delete_group(two))
    succeeded(integration)
    assert groups(integration)["one"] == {"alice"}
    succeeded(integration)
    assert groups(integration) == {"one": {"alice"}}


# --- What goes wrong -------------------------------------------------------------------------------------------


def test_a_wrong_realm_is_told(integration, realm):
    source_of(integration, realm, realm="nowhere")
    run = ended(pulled(integration), "failed")
    assert "nowhere" in run.message
    assert "Nothing was written." in run.message
    assert not ProvisionedUser.objects.exists()


def test_a_wrong_secret_is_told_and_not_shown(integration, realm):
    source_of(integration, realm, client_secret="wrong-secret")
    run = ended(pulled(integration), "failed")
    assert "secret" in run.message
    assert "wrong-secret" not in str(PullRun.objects.values())


@given(number=st.integers(1, 12))
@example(number=1)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_keycloak_down_at_any_request_leaves_what_was_and_the_next_run_completes(number, integration, realm):
    realm.undisturbed()
    ids = realm.people(110, prefix=f"r{realm.requests}-")
    realm.group(f"group{realm.requests}", *ids)
    before = everything()
    realm.down_from(number)
    run = ended(pulled(integration), "failed")
    assert everything() == before
    assert "Nothing was written." in run.message
    realm.undisturbed()
    succeeded(integration)
    assert set(ProvisionedUser.objects.values_list("external_id", flat=True)) == set(realm.users)
    assert ProvisionedUser.objects.count() == len(realm.users)


def test_a_role_that_lacks_something_is_told_before_anything_is_written(integration, realm):
    realm.user("alice")
    realm.group("staff")
    role = Role.objects.filter(name="SCIMProvisioner")
    role.update(permissions={"USERS": ["CREATE", "READ", "UPDATE"]})
    run = ended(pulled(integration), "failed")
    assert "GROUPS" in run.message
    assert not ProvisionedUser.objects.exists()
    role.update(permissions={"USERS": ["CREATE"], "GROUPS": ["CREATE"]})
    succeeded(integration)


def test_a_source_whose_secret_cannot_be_read_any_more_is_told(integration, realm, settings):
    settings.SECRET_KEY = "another key" * 5
    run = ended(pulled(integration), "failed")
    assert "nter it again" in run.message


@pytest.mark.parametrize("reached", range(1, 12))
def test_a_run_that_is_interrupted_anywhere_is_simply_run_again(integration, realm, reached: int):
    ids = realm.people(210)
    realm.group("staff", *ids)
    steps = 0

    def interrupt_there(run: PullRun) -> None:
        nonlocal steps
        steps += 1
        if steps == reached:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pulled(integration, on_progress=interrupt_there)
    run = ended(PullRun.objects.get(), "interrupted")
    assert run.users_created == ProvisionedUser.objects.count()
    succeeded(integration)
    assert ProvisionedUser.objects.count() == Membership.objects.count() == 210
    assert User.objects.filter(home=integration.tenant).count() == 210


def test_a_run_that_was_replaced_stops_writing(integration, realm):
    realm.people(350)

    def replace(run: PullRun) -> None:
        if run.users_created == 200:
            interrupt(integration, "Enough.")

    run = pulled(integration, on_progress=replace)
    assert (run.state, run.message) == ("interrupted", "Enough.")
    assert ProvisionedUser.objects.count() == 200
    succeeded(integration)
    assert ProvisionedUser.objects.count() == 350


def test_a_run_stops_when_its_integration_is_disabled(integration, realm):
    realm.people(350)

    def disable(run: PullRun) -> None:
        if run.users_created == 100:
            disable_integration(by=operator, integration=integration)

    run = ended(pulled(integration, on_progress=disable), "failed")
    assert "disabled" in run.message
    assert "It was creating people, 100 of 350. What it has written stays" in run.message
    assert ProvisionedUser.objects.count() == 100


def test_a_waiting_run_asks_again_whether_it_may(integration, realm, settings):
    run = begin_run(by=operator, integration=integration)
    settings.KESTRA_EE_TENANTS_ENABLED = False
    assert "kestra.ee.tenants.enabled" in ended(pull(run), "failed").message
    settings.KESTRA_EE_TENANTS_ENABLED = True
    run = begin_run(by=operator, integration=integration)
    disable_integration(by=operator, integration=integration)
    assert "disabled" in ended(pull(run), "failed").message


def test_a_run_whose_integration_is_removed_ends_quietly(integration, realm):
    realm.people(350)

    def remove(run: PullRun) -> None:
        if run.users_created == 100 and run.state == "running":
            remove_integration(by=operator, integration=integration, keep_access=False)

    run = pulled(integration, on_progress=remove)
    assert (run.state, run.message) == ("interrupted", "The integration was removed.")
    assert not PullRun.objects.exists()
    assert not AccessSource.objects.exists()


def test_a_run_that_is_over_is_left_alone(integration, realm):
    run = succeeded(integration)
    realm.user("alice")
    again = pull(PullRun.objects.get(pk=run.pk))
    assert (again.state, again.message) == ("succeeded", run.message)
    assert people(integration) == {}


@pytest.mark.django_db(transaction=True)
def test_pushes_at_the_same_time_leave_every_person_once(integration, realm):
    ids = realm.people(120)
    scim = ScimClient(integration)

    def push(number: int) -> int:
        try:
            name, schema = f"user{number:05}", "urn:ietf:params:scim:schemas:core:2.0:User"
            body = {"schemas": [schema], "userName": name, "externalId": ids[number]}
            return scim.post("/Users", body).status_code
        finally:
            connection.close()

    def run(_: int) -> PullRun:
        try:
            return pulled(integration)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        outcome = pool.submit(run, 0)
        statuses = set(pool.map(push, range(119, 80, -1)))
    assert statuses <= {201, 409}
    ended(outcome.result(), "succeeded")
    assert ProvisionedUser.objects.count() == AccessSource.objects.count() == User.objects.count() == 120
    assert {problem["who"] for problem in succeeded(integration).problems} == set()
