"""Carrying out a plan: leavers first, so that their names are free; people before the groups that they join."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from kestra_iam.errors import Conflict, IamError
from provisioning.provisioner import Provisioner
from provisioning.pulling.batches import Refusals, Write, apply
from provisioning.pulling.changes import Changes, MembersChange
from provisioning.pulling.plan import Groups, PersonChange, Plan
from provisioning.pulling.progress import Progress

# People who join or leave one group with one change of it.
MEMBERS = 500
Thing = TypeVar("Thing")


def carry_out(by: Provisioner, plan: Plan, progress: Progress) -> None:
    """Write everything that the plan says; what is refused becomes a problem of the run, and the others go on."""
    changes, people, groups = Changes(by), plan.people, plan.groups

    def each(step: str, things: list[Thing], write: Write[Thing], name: Callable[[Thing], str]) -> None:
        _note(progress, _apply(step, things, write, progress), name)

    each("Removing people", people.leavers, changes.remove_person, lambda person: person.user_name)
    _change_people(changes, people.changed, progress)
    each("Creating people", people.created, changes.create_person, lambda user: user.username)
    each("Removing groups", groups.removed, changes.remove_group, lambda group: group.name)
    each("Changing groups", _pairs(groups), changes.change_group, lambda pair: pair[1].path)
    each("Creating groups", groups.created, changes.create_group, lambda group: group.path)
    stored = {id: group.id for id, group in groups.stored.items()}
    members = _members(groups, {**stored, **changes.made})
    each("Changing members", members, changes.change_members, lambda change: change.path)


def _apply(step: str, things: list[Thing], write: Write[Thing], progress: Progress) -> Refusals[Thing]:
    if not things:
        return []
    progress.step(step, len(things))
    return apply(things, write, progress)


def _change_people(changes: Changes, changed: list[PersonChange], progress: Progress) -> None:
    """Write changed people; who gets a name that another one gives up later in the run is tried again.

    Two who have swapped their names wait for each other. Whose change is refused and who is disabled in Keycloak is
    disabled here all the same.
    """
    refused: Refusals[PersonChange] = []
    waiting = changed
    while waiting:
        refusals = _apply("Changing people", waiting, changes.change_person, progress)
        blocked = [(change, refusal) for change, refusal in refusals if isinstance(refusal, Conflict)]
        refused += [(change, refusal) for change, refusal in refusals if not isinstance(refusal, Conflict)]
        if len(blocked) == len(waiting):
            refused += blocked
            break
        waiting = [change for change, _ in blocked]
    _note(progress, refused, _user_name)
    disabled = [change for change, _ in refused if change.stored.active and not change.user.enabled]
    _note(progress, _apply("Disabling people", disabled, changes.disable_person, progress), _user_name)


def _user_name(change: PersonChange) -> str:
    return change.user.username


def _pairs(groups: Groups):
    return [(groups.stored[group.id], group) for group in groups.changed]


def _members(groups: Groups, ids: dict[str, str]) -> list[MembersChange]:
    """Return who leaves and joins which group, in pieces; ``ids`` are our groups by Keycloak's ids."""
    leaving: dict[str, list[str]] = {}
    for person_id, left in groups.leaving.items():
        for group_id in left.groups:
            leaving.setdefault(group_id, []).append(person_id)
    return [
        MembersChange(ids[id], group.path, kind, tuple(people[start : start + MEMBERS]))
        for id, group in groups.wanted.items()
        if id in ids
        for kind, people in (("remove", leaving.get(id, [])), ("add", groups.joining.get(id, [])))
        for start in range(0, len(people), MEMBERS)
    ]


def _note(progress: Progress, refusals: Iterable[tuple[Thing, IamError]], name: Callable[[Thing], str]) -> None:
    for thing, refusal in refusals:
        progress.problem(name(thing), refusal.message)
