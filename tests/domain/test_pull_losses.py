"""A pull that would take access from too many people asks first."""

import pytest

from kestra_iam.actions.bindings import create_binding
from kestra_iam.models import Group, Membership
from kestra_iam.principals import operator
from tests.factories import role_of
from tests.pulls import ended, everything, people, pulled, succeeded


def test_a_run_that_would_take_access_from_too_many_writes_nothing(integration, realm):
    ids = realm.people(10)
    succeeded(integration)
    before = everything()
    for id in ids[:2]:
        realm.delete(id)
    realm.change(ids[2], enabled=False)
    realm.user("new")
    run = ended(pulled(integration), "stopped")
    assert run.losses == 3
    assert "3 of 10 people" in run.message
    assert "20 %" in run.message
    assert everything() == before


def test_a_run_that_may_goes_on(integration, realm):
    ids = realm.people(10)
    succeeded(integration)
    for id in ids[:3]:
        realm.delete(id)
    stopped = ended(pulled(integration, allowed_losses=2), "stopped")
    run = succeeded(integration, allowed_losses=stopped.losses)
    assert (run.users_removed, len(people(integration))) == (3, 7)


def test_as_many_as_the_limit_allows_lose_access_without_being_asked(integration, realm):
    ids = realm.people(10)
    succeeded(integration)
    for id in ids[:2]:
        realm.delete(id)
    assert succeeded(integration).losses == 2


def test_who_has_no_access_loses_none(integration, realm):
    ids = realm.people(4)
    for id in ids[:3]:
        realm.change(id, enabled=False)
    succeeded(integration)
    for id in ids[:3]:
        realm.delete(id)
    run = succeeded(integration)
    assert (run.losses, run.users_removed) == (0, 3)


@pytest.mark.parametrize("bound", [True, False])
@pytest.mark.parametrize("gone", ["the membership", "the group"])
def test_leaving_a_group_is_a_loss_if_a_role_is_bound_to_it(integration, realm, acme, bound: bool, gone: str):
    ids = realm.people(5)
    staff = realm.group("staff", *ids[:3])
    succeeded(integration)
    if bound:
        create_binding(by=operator, tenant=acme, role=role_of(acme, "Viewer"), subject=Group.objects.get())
    if gone == "the group":
        realm.delete_group(staff)
    else:
        realm.leave(staff, *ids[:3])
    run = pulled(integration)
    assert run.losses == (3 if bound else 0)
    ended(run, "stopped" if bound else "succeeded")
    assert Membership.objects.count() == (3 if bound else 0)


def test_a_dry_run_says_what_it_would_write_and_writes_nothing(integration, realm):
    ids = realm.people(10)
    staff = realm.group("staff", *ids[:4])
    gone = realm.group("gone")
    succeeded(integration)
    before = everything()
    realm.delete(ids[0])
    realm.change(ids[1], username="renamed")
    realm.leave(staff, ids[2])
    realm.delete_group(gone)
    realm.group("new", realm.user("new"), ids[5])
    run = succeeded(integration, dry_run=True)
    assert everything() == before
    counted = [
        *(run.users_created, run.users_changed, run.users_removed),
        *(run.groups_created, run.groups_changed, run.groups_removed),
        *(run.members_added, run.members_removed, run.losses),
    ]
    assert counted == [1, 1, 1, 1, 0, 1, 2, 1, 1]
    assert run.message.startswith("Nothing was written. It would write people: 1 created, 1 changed, 1 removed;")
    real = succeeded(integration)
    assert (real.users_created, real.users_changed, real.users_removed, real.members_added) == (1, 1, 1, 2)


def test_a_dry_run_says_that_the_real_one_would_stop(integration, realm):
    ids = realm.people(4)
    succeeded(integration)
    realm.delete(ids[0])
    realm.delete(ids[1])
    assert "would stop" in succeeded(integration, dry_run=True).message
    assert len(people(integration)) == 4
