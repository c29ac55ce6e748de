"""What a watch has come to, for the pages that show it while it is on and after it."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from kestra_iam.models import Group
from provisioning.actions import watching
from provisioning.models import Integration, ProvisionedUser, WatchedRequest

SHOWN = 50
REQUESTS_SHOWN = 10
# A test of longer ago says nothing about the connection any more.
_RECENT = timedelta(hours=24)


class ConnectionReport(NamedTuple):
    """What has arrived since *Test connection*; ``state`` is one word for it.

    ``none``: not tested of late; ``waiting``: nothing yet; ``unauthenticated``: requests without a valid token alone;
    ``refused``: only refused ones; ``arrived``: one was answered; ``nothing``: the time is over.
    """

    state: str
    on: bool
    until: datetime | None = None
    first: WatchedRequest | None = None
    requests: tuple[WatchedRequest, ...] = ()
    unauthenticated: int = 0
    refusal: str = ""

    @property
    def sentence(self) -> str:
        """What a screen reader is told when it changes."""
        return {
            "waiting": "Waiting for the first request.",
            "unauthenticated": "Requests arrive, but without a valid Secret Token.",
            "refused": "A request arrived and was refused.",
            "arrived": "Connected: the first request has arrived.",
            "nothing": "Nothing has arrived.",
        }.get(self.state, "")


def of_connection(integration: Integration) -> ConnectionReport:
    """Return what *Test connection* has seen of an integration whose activity is loaded."""
    began = integration.watched_from
    if integration.watched_for != Integration.Watch.CONNECTION or began is None or began < timezone.now() - _RECENT:
        return ConnectionReport("none", on=False)
    on = watching.is_watched(integration)
    heard = WatchedRequest.objects.filter(integration=integration)
    first = heard.filter(status__lt=400).first()
    requests = tuple(heard[:REQUESTS_SHOWN])
    unauthenticated = integration.activity.unauthenticated - integration.unauthenticated_before
    refused_at = integration.activity.last_refusal_at
    refusal = integration.activity.last_refusal if refused_at is not None and refused_at >= began else ""
    if first:
        state = "arrived"
    elif requests:
        state = "refused"
    elif unauthenticated > 0:
        state = "unauthenticated"
    else:
        state = "waiting" if on else "nothing"
    return ConnectionReport(state, on, integration.watched_until, first, requests, unauthenticated, refusal)


class SyncReport(NamedTuple):
    """What a full sync has touched and, once it is over, what it has not; ``state`` is one word for it.

    ``none``: never watched; ``on``; ``nothing``: no request came; ``full``: more requests than a watch keeps; ``over``.
    """

    state: str
    began: datetime | None = None
    until: datetime | None = None
    requests: int = 0
    user_count: int = 0
    group_count: int = 0
    users: tuple[ProvisionedUser, ...] = ()
    groups: tuple[Group, ...] = ()


def of_sync(integration: Integration) -> SyncReport:
    """Return what *Watch a full sync* has seen of an integration."""
    if integration.watched_for != Integration.Watch.FULL_SYNC:
        return SyncReport("none")
    began, until = integration.watched_from, integration.watched_until
    requests = WatchedRequest.objects.filter(integration=integration).count()
    on = watching.is_watched(integration)
    if not requests or requests >= watching.KEPT:
        state = "full" if requests else "on" if on else "nothing"
        return SyncReport(state, began, until, requests)
    left = watching.untouched(integration)
    counts = (left.users.count(), left.groups.count())
    if on:
        return SyncReport("on", began, until, requests, *counts)
    return SyncReport("over", began, until, requests, *counts, tuple(left.users[:SHOWN]), tuple(left.groups[:SHOWN]))
