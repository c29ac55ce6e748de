"""One run of a pull after the other: begun, going on, ended.

A run writes only while its own row says that it is on: whoever takes over or ends it writes there first, and
what the old one was about to write is undone with its transaction (``proceed``).
"""

from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from kestra_iam.actions import guards
from kestra_iam.errors import Conflict, Forbidden, Invalid
from kestra_iam.principals import Principal
from provisioning.actions.integrations import lock_integration, must_hold_what_it_gives
from provisioning.actions.opening import record
from provisioning.endpoints import TENANTS_DISABLED
from provisioning.models import Integration, PullRun, PullSource

# Without a sign of life for so long a run has been interrupted.
SILENCE = timedelta(minutes=2)
# Runs of an integration that are kept, and problems of a run.
KEPT, PROBLEMS = 200, 200
_PROGRESS = (
    "step",
    "done",
    "total",
    "users_read",
    "users_created",
    "users_changed",
    "users_removed",
    "groups_read",
    "groups_created",
    "groups_changed",
    "groups_removed",
    "members_added",
    "members_removed",
    "losses",
    "problems",
)


class Superseded(Conflict):
    """This run is on no more: it was interrupted, or another one has taken its place."""


@guards.one_transaction()
def begin_run(*, by: Principal, integration: Integration, dry_run: bool = False, allowed_losses: int = 0) -> PullRun:
    """Begin a run, which waits until ``provisioning.pulling.pull`` takes it up.

    A run without life is marked as interrupted first. Raises ``Conflict`` while one is on or the integration is
    disabled, ``Forbidden`` while tenants are disabled or if ``by`` does not hold everything that the integration
    gives, ``Invalid`` without a source or for losses below 0.
    """
    if not settings.KESTRA_EE_TENANTS_ENABLED:
        raise Forbidden(TENANTS_DISABLED)
    integration = lock_integration(integration)
    must_hold_what_it_gives(by, integration)
    if not integration.enabled:
        raise Conflict(f"The integration {integration.name} is disabled: enable it first.")
    if not PullSource.objects.filter(pk=integration.pk).exists():
        raise Invalid(f"The integration {integration.name} has no source: say first where to pull from.")
    if isinstance(allowed_losses, bool) or not isinstance(allowed_losses, int) or not 0 <= allowed_losses < 2**31:
        raise Invalid("The losses allowed are a number of people, 0 or more.", field="allowed_losses")
    _make_room(integration)
    run = PullRun.objects.create(
        integration=integration,
        started_by=(by.name or by.kind)[:255],
        dry_run=dry_run,
        allowed_losses=allowed_losses,
        alive_at=Now(),
    )
    run.refresh_from_db(fields=["alive_at"])
    details = {"run": run.pk, "dry_run": dry_run, "allowed_losses": allowed_losses}
    record(by, integration, "pull.begin", details)
    return run


def take_up(*, run: PullRun) -> None:
    """Let a waiting run go on in this process, and in no other.

    Raises ``Superseded`` if it is on already or has ended.
    """
    run.state = PullRun.State.RUNNING
    waiting = PullRun.objects.filter(pk=run.pk, ended_at=None, state=PullRun.State.WAITING)
    if not waiting.update(state=run.state, alive_at=Now()):
        raise Superseded("This run has been taken up already, or has ended.")


def proceed(*, run: PullRun) -> None:
    """Write how far a run is and that it is alive; its row stays locked until the transaction ends.

    Raises ``Superseded`` if it is on no more, ``Forbidden`` if its integration has been disabled meanwhile.
    """
    if not _on(run).update(alive_at=Now(), **{name: getattr(run, name) for name in _PROGRESS}):
        raise Superseded("This run was ended by somebody else, or another one has taken its place.")
    if not Integration.objects.filter(pk=run.integration_id, enabled=True).exists():
        raise Forbidden("The integration was disabled while it ran.")


def end_run(*, run: PullRun, state: str, message: str) -> None:
    """End a run, saying in one line how; raises ``Superseded`` if it has ended already."""
    run.state, run.message, run.ended_at, run.step = state, message[:1024], timezone.now(), ""
    written = {name: getattr(run, name) for name in ("state", "message", "ended_at", *_PROGRESS)}
    if not _on(run).update(alive_at=Now(), **written):
        raise Superseded("This run was ended by somebody else, or another one has taken its place.")


def interrupt(integration: Integration, message: str) -> None:
    """End the run of a locked integration, if one is on; the process that carries it out writes nothing more."""
    PullRun.objects.filter(integration=integration, ended_at=None).update(
        state=PullRun.State.INTERRUPTED, message=message, ended_at=timezone.now()
    )


def add_problem(run: PullRun, who: str, detail: str) -> None:
    """Keep one line about somebody or something that could not be carried out; the first 200 of a run stay."""
    if len(run.problems) < PROBLEMS:
        run.problems.append({"who": who[:255], "detail": detail[:1024]})


def _on(run: PullRun):
    return PullRun.objects.filter(pk=run.pk, ended_at=None, state=PullRun.State.RUNNING)


def _make_room(integration: Integration) -> None:
    """End a run that shows no life any more, and forget the oldest ones."""
    runs = PullRun.objects.filter(integration=integration)
    on = runs.filter(ended_at=None).first()
    if on is not None:
        # The database's clock wrote it and reads it: those of the processes may differ.
        if runs.filter(pk=on.pk, alive_at__gt=Now() - SILENCE).exists():
            raise Conflict(f"A run is in progress since {on.started_at:%Y-%m-%d %H:%M} UTC.")
        interrupt(integration, _last_words(on))
    oldest = runs.order_by("-started_at", "-id").values_list("pk", flat=True)[KEPT - 1 :]
    runs.filter(pk__in=list(oldest)).delete()


def _last_words(run: PullRun) -> str:
    if run.state == PullRun.State.WAITING:
        return "No worker took it up."
    done = f", {run.done:,} of {run.total:,}" if run.total else ""
    step = f" while {run.step[0].lower()}{run.step[1:]}{done}" if run.step else ""
    return f"It was interrupted{step}. The next run goes on from there."
