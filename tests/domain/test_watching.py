"""Watching an integration: how long, what is kept, and what a full sync leaves untouched."""

from datetime import timedelta

import pytest
from django.utils import timezone

from kestra_iam.errors import Invalid, NotFound
from kestra_iam.models import AuditEvent, Group
from kestra_iam.principals import operator
from provisioning.actions import activity, watching
from provisioning.actions.removal import remove_integration
from provisioning.actions.watching import Heard, end_watch, is_watched, note_requests, untouched, watch
from provisioning.models import Integration, ProvisionedUser, WatchedRequest
from tests.pushes import Push

CONNECTION, FULL_SYNC = Integration.Watch.CONNECTION, Integration.Watch.FULL_SYNC


def begin(integration: Integration, purpose: str = FULL_SYNC, minutes: int = 10) -> Integration:
    return watch(by=operator, integration=integration, purpose=purpose, minutes=minutes)


def heard(path: str, method: str = "PUT", status: int = 200) -> Heard:
    return Heard(method, path, status, path)


def test_a_watch_lasts_as_long_as_asked_and_counts_refusals_from_its_beginning(integration: Integration):
    activity.note_unauthenticated(integration_id=integration.pk)
    watched = begin(integration, CONNECTION, 10)
    assert watched.watched_until - watched.watched_from == timedelta(minutes=10)
    assert is_watched(watched)
    assert watched.unauthenticated_before == 1
    Integration.objects.update(watched_until=timezone.now())
    assert not is_watched(Integration.objects.get())


def test_an_integration_is_not_watched_until_somebody_asks(integration: Integration):
    assert not is_watched(integration)


@pytest.mark.parametrize("minutes", [0, -1, 24 * 60 + 1])
def test_minutes_that_make_no_watch_are_refused(integration: Integration, minutes: int):
    with pytest.raises(Invalid) as refused:
        begin(integration, minutes=minutes)
    assert refused.value.field == "minutes"


def test_a_purpose_that_is_none_is_refused(integration: Integration):
    with pytest.raises(Invalid, match="connection, full-sync"):
        begin(integration, "curiosity")


def test_a_removed_integration_is_not_found(integration: Integration):
    remove_integration(by=operator, integration=Integration.objects.get(), keep_access=True)
    with pytest.raises(NotFound):
        begin(integration)
    with pytest.raises(NotFound):
        end_watch(by=operator, integration=integration)


def test_beginning_and_ending_are_audited(integration: Integration):
    begin(integration, CONNECTION, 10)
    end_watch(by=operator, integration=integration)
    end_watch(by=operator, integration=integration)
    told = AuditEvent.objects.filter(resource_id=integration.pk).filter(verb__contains="watch")
    assert {event.verb: event.details for event in told} == {
        "integration.watch": {"purpose": "connection", "minutes": 10},
        "integration.unwatch": {"purpose": "connection"},
    }
    assert told.count() == 2


def test_ending_keeps_what_was_seen_and_a_new_watch_forgets_it(
    integration: Integration, other_integration: Integration
):
    begin(integration)
    begin(other_integration)
    for each in (integration, other_integration):
        note_requests(integration_id=each.pk, heard=[heard("/Users")])
    end_watch(by=operator, integration=integration)
    assert WatchedRequest.objects.filter(integration=integration).count() == 1
    begin(integration)
    assert not WatchedRequest.objects.filter(integration=integration).exists()
    assert WatchedRequest.objects.filter(integration=other_integration).exists()


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/Users/" + "a" * 36, "a" * 36),
        ("https://iam.example.org/api/v1/t/integrations/i/scim/v2/Groups/" + "b" * 36, "b" * 36),
        ("/Users", ""),
        ("/Users/.search", ""),
        ("/Users/too-short", ""),
        ("/Schemas/" + "a" * 36, ""),
        ("/Users/" + "é" * 36, ""),
        ("", ""),
    ],
)
def test_the_id_of_a_user_or_group_is_kept_and_nothing_else(integration: Integration, path: str, found: str):
    note_requests(integration_id=integration.pk, heard=[heard(path)])
    assert WatchedRequest.objects.get().resource_id == found


def test_whatever_a_client_writes_fits(integration: Integration):
    note_requests(integration_id=integration.pk, heard=[heard("/\0" + "x" * 5000, method="M" * 500)])
    kept = WatchedRequest.objects.get()
    assert (len(kept.resource), len(kept.method)) == (255, 16)


def test_a_watch_that_is_full_ends(integration: Integration, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watching, "KEPT", 3)
    monkeypatch.setattr(watching, "COUNTED_EVERY", 1)
    begin(integration)
    note_requests(integration_id=integration.pk, heard=[heard("/Users")] * 2)
    assert is_watched(Integration.objects.get())
    note_requests(integration_id=integration.pk, heard=[heard("/Users")])
    assert not is_watched(Integration.objects.get())
    assert watching.is_full(integration.pk)


def test_who_and_what_no_request_was_about_is_untouched(integration: Integration, other_integration: Integration):
    push, elsewhere = Push(integration), Push(other_integration)
    anna, ben = push.user("anna"), push.user("ben")
    staff, left = push.group("Staff", anna), push.group("Left")
    elsewhere.user("anna")
    elsewhere.group("Staff")
    watched = begin(integration)
    note_requests(integration_id=integration.pk, heard=[heard(f"/Users/{anna.pk}"), heard(f"/Groups/{staff.pk}")])
    # The other integration's client speaks of an id that it cannot know: it counts for nobody.
    note_requests(integration_id=other_integration.pk, heard=[heard(f"/Users/{ben.pk}")])
    found = untouched(watched)
    assert list(found.users) == [ProvisionedUser.objects.get(pk=ben.pk)]
    assert list(found.groups) == [Group.objects.get(pk=left.pk)]


def test_who_came_or_changed_later_is_not_called_untouched(integration: Integration):
    push = Push(integration)
    changed, group = push.user("anna"), push.group("Staff")
    watched = begin(integration)
    push.user("ben")
    push.group("New")
    push.change(changed, displayName="Anna")
    push.change_group(group, name="Everybody")
    assert [list(each) for each in untouched(watched)] == [[], []]
