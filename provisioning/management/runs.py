"""Runs of a pull as commands tell them: one JSON object each, or lines for people."""

from typing import Any

from provisioning.models import PullRun

_COUNTS = {
    "users": ("read", "created", "changed", "removed"),
    "groups": ("read", "created", "changed", "removed"),
    "members": ("added", "removed"),
}


def document(run: PullRun) -> dict[str, Any]:
    """Return everything that is known of a run; times as ISO 8601."""
    return {
        "id": run.pk,
        "state": run.state,
        "dry_run": run.dry_run,
        "started_by": run.started_by,
        "started_at": run.started_at.isoformat(),
        "ended_at": run.ended_at and run.ended_at.isoformat(),
        "step": run.step,
        **{thing: {count: getattr(run, f"{thing}_{count}") for count in _COUNTS[thing]} for thing in _COUNTS},
        "losses": run.losses,
        "message": run.message,
        "problems": run.problems,
    }


def lines(run: dict[str, Any]) -> list[str]:
    """Return how one run ended, for people; without the message of one that did not succeed, which is its error."""
    counts = [
        f"{thing.capitalize():8}" + ", ".join(f"{value:,} {name}" for name, value in run[thing].items())
        for thing in _COUNTS
    ]
    problems = [f"  {problem['who']}: {problem['detail']}" for problem in run["problems"]]
    message = [run["message"]] if run["state"] == PullRun.State.SUCCEEDED else []
    return [*message, *counts, *(["Not carried out:", *problems] if problems else [])]


def row(run: dict[str, Any]) -> dict[str, Any]:
    """Return what fits into a line of a table."""
    return {
        "started": f"{run['started_at'][:10]} {run['started_at'][11:19]}",
        "state": f"{run['state']}{' (dry run)' if run['dry_run'] else ''}",
        "by": run["started_by"],
        "message": run["message"] or run["step"],
    }
