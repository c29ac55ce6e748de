"""Watching what an integration sends: its first request, and what a full sync leaves untouched."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from kestra_iam.actions import guards
from kestra_iam.errors import Invalid
from kestra_iam.models import Group
from kestra_iam.principals import Principal
from provisioning.actions.integrations import lock_integration
from provisioning.actions.opening import record
from provisioning.models import Activity, Integration, ProvisionedUser, WatchedRequest
from tenants.fields import could_be_id

LONGEST = 24 * 60
# What one watch keeps, in rows; their number is looked at once for so many of them.
KEPT = 200_000
COUNTED_EVERY = 1000
_RESOURCES = ("Users", "Groups")


class Heard(NamedTuple):
    """One request or Bulk operation that was answered; ``about`` is the path of the resource it was about."""

    method: str
    resource: str
    status: int
    about: str


@guards.one_transaction()
def watch(*, by: Principal, integration: Integration, purpose: str, minutes: int) -> Integration:
    """Watch an integration for so many minutes from now; what an earlier watch has seen goes.

    ``purpose`` is one of ``Integration.Watch``. Raises ``Invalid`` for another one and for minutes outside 1 to
    1440, ``NotFound`` if the integration has been removed.
    """
    if purpose not in Integration.Watch.values:
        raise Invalid(f"Watch for one of {', '.join(Integration.Watch.values)}.", field="purpose")
    if not 1 <= minutes <= LONGEST:
        raise Invalid(f"Watch for 1 to {LONGEST} minutes.", field="minutes")
    integration = lock_integration(integration)
    WatchedRequest.objects.filter(integration=integration).delete()
    integration.watched_for = purpose
    integration.watched_from = timezone.now()
    integration.watched_until = integration.watched_from + timedelta(minutes=minutes)
    integration.unauthenticated_before = Activity.objects.values_list("unauthenticated", flat=True).get(
        pk=integration.pk
    )
    integration.save(update_fields=["watched_for", "watched_from", "watched_until", "unauthenticated_before"])
    record(by, integration, "integration.watch", {"purpose": purpose, "minutes": minutes})
    return integration


@guards.one_transaction()
def end_watch(*, by: Principal, integration: Integration) -> Integration:
    """End a watch now; what it has seen stays. Raises ``NotFound`` if the integration has been removed."""
    integration = lock_integration(integration)
    if is_watched(integration):
        integration.watched_until = timezone.now()
        integration.save(update_fields=["watched_until"])
        record(by, integration, "integration.unwatch", {"purpose": integration.watched_for})
    return integration


def is_watched(integration: Integration) -> bool:
    """Return whether the integration is watched now."""
    return integration.watched_until is not None and integration.watched_until > timezone.now()


def note_requests(*, integration_id: str, heard: list[Heard]) -> None:
    """Keep what a watched integration sent.

    A watch that has kept ``KEPT`` rows ends: its list would no longer say what was untouched.
    """
    now = timezone.now()
    made = WatchedRequest.objects.bulk_create(
        WatchedRequest(
            integration_id=integration_id,
            at=now,
            method=each.method[:16],
            resource=each.resource.replace("\x00", "\ufffd")[:255],
            resource_id=_resource_id(each.about),
            status=each.status,
        )
        for each in heard
    )
    if any(each.pk % COUNTED_EVERY == 0 for each in made) and is_full(integration_id):
        Integration.objects.filter(pk=integration_id, watched_until__gt=now).update(watched_until=now)


def is_full(integration_id: str) -> bool:
    """Return whether a watch keeps no more: it ended before its time."""
    return WatchedRequest.objects.filter(integration=integration_id).count() >= KEPT


class Untouched(NamedTuple):
    """People and groups of an integration, as querysets."""

    users: QuerySet[ProvisionedUser]
    groups: QuerySet[Group]


def untouched(integration: Integration) -> Untouched:
    """Return whom and what no request was about since the watch began, though they were there before."""
    since: datetime | None = integration.watched_from
    heard_of = WatchedRequest.objects.filter(integration=integration, resource_id=OuterRef("pk"))
    before = {"updated_at__lt": since}
    return Untouched(
        ProvisionedUser.objects.filter(~Exists(heard_of), integration=integration, **before).order_by("user_name_key"),
        Group.objects.filter(~Exists(heard_of), owner_key=integration.pk, **before).order_by("name_key", "id"),
    )


def _resource_id(path: str) -> str:
    """Return the id in ``…/Users/ID`` or ``…/Groups/ID``, ``''`` if there is none."""
    *_, resource, last = ("", *path.split("/"))
    return last if resource in _RESOURCES and could_be_id(last) else ""
