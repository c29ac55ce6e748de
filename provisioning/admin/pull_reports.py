"""What a run of a pull looks like to people, while it is on and after it."""

from datetime import timedelta
from typing import NamedTuple

from django.utils import timezone

from provisioning.actions.pull_runs import SILENCE
from provisioning.models import Integration, PullRun

SHOWN = 20
_TONES = {"succeeded": "good", "stopped": "warn", "interrupted": "warn", "failed": "bad"}
# A worker takes a run up within a second or two.
_WAITS_LONG = timedelta(seconds=20)


class RunReport(NamedTuple):
    """``on``: it goes on; ``silent``: it should, but shows no life any more; ``waits_long``: no worker is there for it.

    ``columns`` are counts of people and groups by what became of them, ``rows`` all counts by what was counted; none
    where nothing is counted.
    """

    run: PullRun
    word: str
    tone: str
    on: bool
    silent: bool
    waits_long: bool
    progress: str
    columns: tuple[tuple[str, int, int], ...]
    rows: tuple[tuple[str, ...], ...]


def of_run(run: PullRun) -> RunReport:
    """Return what is shown of a run."""
    now = timezone.now()
    silent = run.ended_at is None and now - run.alive_at >= SILENCE
    on = run.ended_at is None and not silent
    state = PullRun.State.INTERRUPTED if silent else PullRun.State(run.state)
    return RunReport(
        run,
        str(state.label),
        _TONES.get(state, "plain"),
        on,
        silent,
        on and state == PullRun.State.WAITING and now - run.started_at > _WAITS_LONG,
        _progress(run),
        (
            ("Read", run.users_read, run.groups_read),
            ("Created", run.users_created, run.groups_created),
            ("Changed", run.users_changed, run.groups_changed),
            ("Removed", run.users_removed, run.groups_removed),
        ),
        (
            _row("People", run.users_read, run.users_created, run.users_changed, run.users_removed),
            _row("Groups", run.groups_read, run.groups_created, run.groups_changed, run.groups_removed),
            _row("Memberships", None, run.members_added, None, run.members_removed),
        ),
    )


def of_integration(integration: Integration) -> list[RunReport]:
    """Return the last runs of an integration, the newest first."""
    return [of_run(run) for run in PullRun.objects.filter(integration=integration)[:SHOWN]]


def _row(name: str, *counts: int | None) -> tuple[str, ...]:
    return name, *("" if count is None else f"{count:,}" for count in counts)


def _progress(run: PullRun) -> str:
    if not run.step:
        return "Waiting for a worker" if run.state == PullRun.State.WAITING else "Beginning"
    done = f": {run.done:,} of {run.total:,}" if run.total else f": {run.done:,} so far" if run.done else ""
    return run.step + done
