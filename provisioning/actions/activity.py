"""When an integration was last heard of, and what was refused; bounded, without bodies or secrets."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import F, Q
from django.utils import timezone

from kestra_iam.models import ApiToken
from provisioning.models import Activity, RefusedRequest

KEPT = 200
_MINUTE = timedelta(minutes=1)


def note_success(*, integration_id: str, token_id: str, last_used_at: datetime | None) -> None:
    """Note that a request was answered; exact to a minute, so that most requests write nothing."""
    now = timezone.now()
    if last_used_at is not None and now - last_used_at < _MINUTE:
        return
    ApiToken.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=now - _MINUTE), pk=token_id).update(
        last_used_at=now
    )
    Activity.objects.filter(pk=integration_id).update(last_request_at=now, last_success_at=now)


def note_unauthenticated(*, integration_id: str) -> None:
    """Count a request without a valid token; nothing else of it is kept."""
    Activity.objects.filter(pk=integration_id).update(unauthenticated=F("unauthenticated") + 1)


class Refusal(NamedTuple):
    """One request or Bulk operation that was refused or failed."""

    method: str
    resource: str
    status: int
    detail: str


def note_refusals(
    *,
    integration_id: str,
    source_address: str,
    request_id: str,
    refusals: list[Refusal],
    disabled: bool = False,
) -> None:
    """Keep refused or failed requests; the last 200 of an integration stay."""
    if not refusals:
        return
    now = timezone.now()
    counted = {"refused_while_disabled": F("refused_while_disabled") + 1, "refused_from": source_address}
    Activity.objects.filter(pk=integration_id).update(
        last_request_at=now,
        last_refusal_at=now,
        last_refusal=_storable(refusals[-1].detail)[:1024],
        **(counted if disabled else {}),
    )
    RefusedRequest.objects.bulk_create(
        RefusedRequest(
            integration_id=integration_id,
            at=now,
            method=refusal.method[:16],
            resource=_storable(refusal.resource)[:255],
            status=refusal.status,
            detail=_storable(refusal.detail)[:1024],
            source_address=source_address,
            request_id=request_id,
        )
        for refusal in refusals[-KEPT:]
    )
    kept = RefusedRequest.objects.filter(integration_id=integration_id)
    for oldest in kept.order_by("-id").values_list("id", flat=True)[KEPT : KEPT + 1]:
        kept.filter(id__lte=oldest).delete()


def _storable(text: str) -> str:
    """Return what a client wrote without NUL, which no column of PostgreSQL takes."""
    return text.replace("\x00", "\ufffd")
