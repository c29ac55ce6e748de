"""Applying things in transactions of at most 100, each thing in a savepoint of its own."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from django.db import DatabaseError, transaction

from kestra_iam.actions.guards import is_overtaken
from kestra_iam.errors import IamError
from provisioning.actions import pull_runs
from provisioning.actions.settling import settled
from provisioning.pulling.progress import Progress

BATCH = 100
# A batch that another writer has undone (a deadlock) is tried so often in all.
TRIES = 5
Thing = TypeVar("Thing")
# Carries out one thing; returns by how much it counts, by the names of a run's counters.
Write = Callable[[Thing], dict[str, int]]
Refusals = list[tuple[Thing, IamError]]


def apply(things: Iterable[Thing], write: Write, progress: Progress) -> Refusals:
    """Carry out every thing; return what was refused and why. A refusal undoes nothing else.

    Each transaction takes the run's row first and writes its progress last, so that a run that is on no more
    (``pull_runs.Superseded``) leaves nothing of its last batch.
    """
    refusals: Refusals = []
    for batch in _batches(things):
        refusals += _apply_batch(batch, write, progress)
        progress.tell()
    return refusals


def _apply_batch(batch: list[Thing], write: Write, progress: Progress) -> Refusals:
    for _ in range(TRIES - 1):
        try:
            return _try(batch, write, progress)
        except DatabaseError as error:
            if not is_overtaken(error):
                raise
    return _try(batch, write, progress)


def _try(batch: list[Thing], write: Write, progress: Progress) -> Refusals:
    run, refusals, counted = progress.run, [], Counter[str]()
    with transaction.atomic():
        pull_runs.proceed(run=run)
        for thing in batch:
            try:
                counted.update(settled(write)(thing))
            except IamError as refusal:
                refusals.append((thing, refusal))
        counted["done"] += len(batch)
        _count(progress, counted, 1)
        try:
            pull_runs.proceed(run=run)
        except BaseException:
            _count(progress, counted, -1)
            raise
    return refusals


def _count(progress: Progress, counted: Counter[str], sign: int) -> None:
    for name, number in counted.items():
        setattr(progress.run, name, getattr(progress.run, name) + sign * number)


def _batches(things: Iterable[Thing]) -> Iterator[list[Thing]]:
    rest = iter(things)
    while batch := list(islice(rest, BATCH)):
        yield batch
