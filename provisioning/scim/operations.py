"""The four changes of a resource, for single requests and Bulk alike (RFC 7644 §3.3 to §3.6)."""

from typing import Any, NamedTuple

from provisioning.actions.settling import settled
from provisioning.scim import responses
from provisioning.scim.adapters import Adapter
from provisioning.scim.errors import ScimError
from provisioning.scim.patch import parse_operations
from tenants.statements import alone

Body = dict[str, Any]


class Outcome(NamedTuple):
    """What became of a change: the resource, and whether it differs from before."""

    adapter: Adapter
    changed: bool


@settled
def create(adapter: Adapter, body: Body) -> Outcome:
    """Create the resource that ``body`` describes; ``adapter`` holds none yet."""
    adapter.obj = None
    adapter.from_dict(body)
    with alone():
        return Outcome(adapter, adapter.save())


@settled
def replace(adapter: Adapter, id: str, body: Body, *, if_match: str = "") -> Outcome:
    """Replace a resource: what ``body`` leaves out is gone."""
    _load(adapter, id, if_match)
    adapter.from_dict(body)
    with alone():
        return Outcome(adapter, adapter.save())


@settled
def patch(adapter: Adapter, id: str, body: Body, *, if_match: str = "") -> Outcome:
    """Apply PATCH operations in order, all or none."""
    operations = parse_operations(body)
    _load(adapter, id, if_match)
    adapter.handle_operations(operations)
    with alone():
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
