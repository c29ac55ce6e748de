"""How a run ended, in one line for people."""

from provisioning.models import PullRun
from provisioning.pulling.losses import Limit
from provisioning.pulling.plan import Plan

# What a run counts of what it has written, by what people call it.
_COUNTS = {
    "people": {"created": "users_created", "changed": "users_changed", "removed": "users_removed"},
    "groups": {"created": "groups_created", "changed": "groups_changed", "removed": "groups_removed"},
    "memberships": {"added": "members_added", "removed": "members_removed"},
}
WRITTEN = [name for counts in _COUNTS.values() for name in counts.values()]


def foresee(run: PullRun, plan: Plan) -> None:
    """Count what a run would write."""
    people, groups = plan.people, plan.groups
    run.users_created, run.users_changed = len(people.created), len(people.changed)
    run.users_removed, run.groups_removed = len(people.leavers), len(groups.removed)
    run.groups_created, run.groups_changed = len(groups.created), len(groups.changed)
    run.members_added = sum(len(people.seen.intersection(joining)) for joining in groups.joining.values())
    run.members_removed = sum(len(leaving.groups) for leaving in groups.leaving.values())


def outcome(run: PullRun, remarks: list[str], limit: Limit, *, problems: int) -> str:
    """Return what a run did, or would do if it is a dry run, and what it left."""
    parts = []
    for thing, counts in _COUNTS.items():
        counted = ", ".join(f"{getattr(run, name):,} {verb}" for verb, name in counts.items() if getattr(run, name))
        if counted:
            parts.append(f"{thing}: {counted}")
    done = "; ".join(parts)
    if run.dry_run:
        sentence = f"Nothing was written. It would write {done}." if done else "Nothing was written, nor is there need."
        if limit.is_passed(run.losses):
            sentence += f" It would stop first and ask: {losses(run, limit)}"
    else:
        sentence = f"{done[0].upper()}{done[1:]}." if done else "Nothing had changed."
    if problems:
        sentence += f" {problems:,} could not be carried out."
        if problems > len(run.problems):
            sentence += f" The first {len(run.problems)} are listed."
    return " ".join([sentence, *remarks])


def place(run: PullRun) -> str:
    """Return how far a run came, ``''`` before its first step."""
    if not run.step:
        return ""
    done = f", {run.done:,} of {run.total:,}" if run.total else f", {run.done:,} so far" if run.done else ""
    return f"It was {run.step[0].lower()}{run.step[1:]}{done}."


def stopped(run: PullRun, limit: Limit) -> str:
    """Return why a run has stopped before it wrote anything."""
    return (
        f"Stopped before anything was written: {losses(run, limit)} "
        f"If that is meant, run it again and allow {run.losses:,} losses."
    )


def losses(run: PullRun, limit: Limit) -> str:
    """Return how many people of how many would lose access."""
    return (
        f"it takes access from {run.losses:,} of {limit.active:,} people, more than the {limit.percentage} % "
        "that go without asking."
    )


def incomplete(seen: int, counted: int) -> str:
    """Return the sentence for people who could not be counted."""
    return (
        f"No person was removed: Keycloak's list changed while it was read ({seen:,} people read, {counted:,} "
        "counted). The next run looks again."
    )
