"""What becomes of a change when another writer is faster."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, OperationalError, connection, transaction

from kestra_iam.actions.guards import is_overtaken
from kestra_iam.errors import Overtaken

P = ParamSpec("P")
R = TypeVar("R")


def settled(change: Callable[P, R]) -> Callable[P, R]:
    """Run a change in one transaction, and once more if another writer was faster: what that one wrote decides.

    After a deadlock the outermost transaction alone is tried again: an inner one still holds what the other wants.
    """

    @wraps(change)
    def run(*args: P.args, **options: P.kwargs) -> R:
        try:
            with transaction.atomic():
                return change(*args, **options)
        except (DatabaseError, Overtaken) as error:
            if not is_overtaken(error) or (isinstance(error, OperationalError) and connection.in_atomic_block):
                raise
            with transaction.atomic():
                return change(*args, **options)

    return run
