"""The four changes of a resource, for single requests and Bulk alike (RFC 7644 §3.3 to §3.6)."""

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

from django.db import DatabaseError, OperationalError, connection, transaction

from kestra_iam.actions.guards import is_overtaken
from kestra_iam.errors import Overtaken
from provisioning.scim import responses
from provisioning.scim.adapters import Adapter
from provisioning.scim.errors import ScimError
from provisioning.scim.patch import parse_operations

Body = dict[str, Any]
P = ParamSpec("P")
R = TypeVar("R")


class Outcome(NamedTuple):
    """What became of a change: the resource, and whether it differs from before."""

    adapter: Adapter
    changed: bool


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


@settled
def create(adapter: Adapter, body: Body) -> Outcome:
    """Create the resource that ``body`` describes; ``adapter`` holds none yet."""
    adapter.obj = None
    adapter.from_dict(body)
    return Outcome(adapter, adapter.save())


@settled
def replace(adapter: Adapter, id: str, body: Body, *, if_match: str = "") -> Outcome:
    """Replace a resource: what ``body`` leaves out is gone."""
    _load(adapter, id, if_match)
    adapter.from_dict(body)
    return Outcome(adapter, adapter.save())


@settled
def patch(adapter: Adapter, id: str, body: Body, *, if_match: str = "") -> Outcome:
    """Apply PATCH operations in order, all or none."""
    operations = parse_operations(body)
    _load(adapter, id, if_match)
    adapter.handle_operations(operations)
    return Outcome(adapter, adapter.save())


@settled
def delete(adapter: Adapter, id: str, *, if_match: str = "") -> None:
    """Delete a group; end the access that this integration gives a user."""
    _load(adapter, id, if_match)
    adapter.delete()


def _load(adapter: Adapter, id: str, if_match: str) -> None:
    adapter.lock(id)
    if not responses.matches(if_match, adapter.etag):
        raise ScimError(412, f"The resource has version {adapter.etag} now, not {if_match[:64]}.")
