"""Groups belong to one integration or to nobody."""

import pytest

from kestra_iam.actions.bindings import create_binding
from kestra_iam.actions.groups import add_member, create_group, delete_group, remove_member, update_group
from kestra_iam.errors import Conflict, Invalid, NotFound
from kestra_iam.models import AuditEvent, Binding, Group, User
from kestra_iam.principals import operator
from provisioning.errors import Refused
from provisioning.models import Integration
from tenants.models import Tenant
from tests.factories import GroupFactory, person, role_of
from tests.pushes import Push


@pytest.fixture
def push(integration: Integration) -> Push:
    return Push(integration)


@pytest.fixture
def other(other_integration: Integration) -> Push:
    return Push(other_integration)


def members(group: Group) -> set[str]:
    return set(group.memberships.values_list("user__username", flat=True))


# --- Names --------------------------------------------------------------------------------------------------


def test_each_owner_has_its_own_group_of_a_name(push: Push, other: Push, acme: Tenant, globex_integration: Integration):
    groups = [
        push.group("Staff"),
        other.group("Staff"),
        create_group(by=operator, tenant=acme, name="Staff"),
        Push(globex_integration).group("Staff"),
    ]
    assert len({group.pk for group in groups}) == 4
    assert [group.owner_key for group in groups[:3]] == [push.integration.pk, other.integration.pk, ""]
    assert [group.managed_by for group in groups[:3]] == [
        push.integration.service_account,
        other.integration.service_account,
        None,
    ]


def test_a_name_is_taken_once_per_owner_in_any_letter_case(push: Push, acme: Tenant):
    push.group("Staff")
    create_group(by=operator, tenant=acme, name="Staff")
    with pytest.raises(Conflict):
        push.group("STAFF")
    with pytest.raises(Conflict):
        create_group(by=operator, tenant=acme, name="STAFF")
    assert Group.objects.count() == 2


def test_groups_with_different_external_ids_share_a_bare_name(push: Push):
    first, second = push.group("Staff", external_id="a"), push.group("Staff", external_id="b")
    assert first.pk != second.pk
    for external_id in ("a", None):
        with pytest.raises(Conflict):
            push.group("staff", external_id=external_id)
    with pytest.raises(Conflict):
        push.change_group(second, external_id="a")


def test_renaming_keeps_id_members_and_bindings(push: Push, acme: Tenant):
    group = push.group("Staff", push.user("alice"))
    create_binding(by=operator, tenant=acme, role=role_of(acme, "Viewer"), subject=group)
    renamed = push.change_group(group, name="People")
    assert (renamed.pk, renamed.name, renamed.version) == (group.pk, "People", 2)
    assert members(renamed) == {"alice"}
    assert renamed.bindings.count() == 1
    event = AuditEvent.objects.get(verb="group.update")
    assert (event.resource_name, event.details["before"]["name"]) == ("People", "Staff")


def test_a_rename_to_a_name_that_is_taken_changes_nothing(push: Push):
    push.group("People")
    alice = push.user("alice")
    group = push.group("Staff")
    with pytest.raises(Conflict):
        push.change_group(group, name="people", add=[alice])
    group.refresh_from_db()
    assert (group.name, group.version, members(group)) == ("Staff", 1, set())


@pytest.mark.parametrize("name", ["", " ", "x" * 256, "nul\0", "half\udfff"])
def test_a_name_that_cannot_be_kept_is_refused(name: str, acme: Tenant):
    with pytest.raises(Invalid):
        create_group(by=operator, tenant=acme, name=name)
    assert not Group.objects.exists()


# --- Members ------------------------------------------------------------------------------------------------


def test_members_are_people_this_integration_knows(
    push: Push, other: Push, acme: Tenant, globex_integration: Integration
):
    mine, theirs, foreign = push.user("alice"), other.user("bob"), Push(globex_integration).user("carol")
    group = push.group("Staff", mine)
    for stranger in (theirs, foreign):
        with pytest.raises(Refused, match=stranger.pk) as refusal:
            push.change_group(group, add=[stranger])
        assert refusal.value.scim_type == "invalidValue"
        with pytest.raises(Refused):
            push.change_group(group, replace=[mine, stranger])
        with pytest.raises(Refused):
            push.group("People", mine, stranger)
    group.refresh_from_db()
    assert (members(group), group.version) == ({"alice"}, 1)
    assert Group.objects.count() == 1


def test_the_same_person_known_by_two_integrations_is_no_member_of_the_others_group(push: Push, other: Push):
    mine, theirs = push.user("alice"), other.user("alice")
    group = push.group("Staff")
    with pytest.raises(Refused):
        push.change_group(group, add=[theirs])
    push.change_group(group, add=[mine])
    other.delete(theirs)
    assert members(group) == {"alice"}


def test_removing_who_is_no_member_and_adding_who_is_one_change_nothing(push: Push):
    alice, bob = push.user("alice"), push.user("bob")
    group = push.group("Staff", alice)
    events = AuditEvent.objects.count()
    assert push.change_group(group, add=[alice], remove=[bob]).version == 1
    assert push.change_group(group, replace=[alice]).version == 1
    assert AuditEvent.objects.count() == events


def test_replacing_writes_the_difference_only(push: Push):
    alice, bob, carol = (push.user(name) for name in ("alice", "bob", "carol"))
    group = push.group("Staff", alice, bob)
    kept = group.memberships.get(source=bob.pk).pk
    assert push.change_group(group, replace=[bob, carol]).version == 2
    assert members(group) == {"bob", "carol"}
    assert group.memberships.get(source=bob.pk).pk == kept
    told = {
        event.verb: [person[1] for person in event.details["people"]]
        for event in AuditEvent.objects.filter(verb__startswith="membership.").order_by("at")
    }
    assert told == {"membership.add": ["carol"], "membership.remove": ["alice"]}


def test_deleting_tells_which_bindings_and_people_lose_what(push: Push, acme: Tenant):
    group = push.group("Staff", push.user("alice"), push.user("bob"))
    create_binding(by=operator, tenant=acme, role=role_of(acme, "Viewer"), subject=group)
    push.delete_group(group)
    assert not Binding.objects.filter(group=group.pk).exists()
    removed = AuditEvent.objects.get(verb="membership.remove", resource_id=group.pk)
    assert {person[1] for person in removed.details["people"]} == {"alice", "bob"}
    unbound = AuditEvent.objects.get(verb="binding.delete")
    assert unbound.details["subject"] == {"kind": "group", "id": group.pk, "name": "Staff"}
    assert unbound.details["role"]["name"] == "Viewer"
    assert AuditEvent.objects.filter(verb="group.delete", resource_name="Staff").count() == 1


# --- By hand ------------------------------------------------------------------------------------------------


def test_a_group_made_by_hand_is_changed_by_hand(acme: Tenant, viewer: User):
    group = create_group(by=operator, tenant=acme, name=" Staff ", description="Everybody")
    assert group.name == "Staff"
    add_member(by=operator, group=group, user=viewer)
    add_member(by=operator, group=group, user=viewer)
    assert members(group) == {"viewer"}
    update_group(by=operator, group=group, name="People", description="")
    remove_member(by=operator, group=group, user=viewer)
    remove_member(by=operator, group=group, user=viewer)
    assert members(group) == set()
    group.refresh_from_db()
    assert (group.name, group.version) == ("People", 4)
    delete_group(by=operator, group=group)
    assert not Group.objects.exists()


def test_only_people_with_access_become_members(acme: Tenant, outsider: User):
    with pytest.raises(NotFound):
        add_member(by=operator, group=GroupFactory(tenant=acme), user=outsider)


def test_a_group_made_by_hand_is_out_of_every_integrations_reach(push: Push, acme: Tenant):
    group = GroupFactory(tenant=acme, name="Staff")
    alice = push.user("alice")
    for change in (
        lambda: push.change_group(group, add=[alice]),
        lambda: push.delete_group(group),
    ):
        with pytest.raises(NotFound):
            change()
    assert members(group) == set()


def test_by_hand_a_person_known_by_an_integration_can_be_added(push: Push, acme: Tenant):
    alice = push.user("alice")
    group = GroupFactory(tenant=acme)
    add_member(by=operator, group=group, user=alice.account)
    push.change(alice, active=False)
    assert members(group) == {"alice"}


def test_somebody_may_be_in_groups_of_several_owners(push: Push, other: Push, acme: Tenant):
    push.group("Staff", push.user("alice"))
    other.group("Staff", other.user("alice"))
    by_hand = GroupFactory(tenant=acme)
    alice = User.objects.get(username="alice")
    add_member(by=operator, group=by_hand, user=alice)
    assert alice.memberships.count() == 3
    assert person(acme).memberships.count() == 0
