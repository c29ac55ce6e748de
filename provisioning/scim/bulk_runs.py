"""Runs of new users in a Bulk request: consecutive creates, made with few statements instead of a few each.

A run is looked at as a whole: who is valid and known to nobody is made together with the neighbours that are, too.
All others keep their place in the order and go by themselves. The results are those of one by one.
"""

from collections.abc import Iterator
from itertools import groupby, islice

from provisioning import documents
from provisioning.actions.many_users import NewUser, create_strangers, strangers
from provisioning.errors import Refused
from provisioning.models import ProvisionedUser
from provisioning.provisioner import Provisioner
from provisioning.scim.bulk_references import BulkOperation, resolved
from provisioning.scim.errors import ScimError

# What one statement takes, and what is tried again one by one if somebody else is faster; 1 makes no runs.
LONGEST_RUN = 100


Described = dict[int, NewUser | None]


def described(operations: list[BulkOperation]) -> Described:
    """Return by position whom the creates of users describe, None where that is refused.

    Nothing is asked of the database. What refers to other operations is left out.
    """
    return {each.position: _described(each) for each in operations if _is_create(each) and not each.refers_to}


class Runs:
    """The runs of a request's operations, which are given in the order in which they are carried out.

    ``known`` is what ``described`` has found out before.
    """

    def __init__(self, provisioner: Provisioner, order: list[BulkOperation], known: Described):
        self.provisioner = provisioner
        self.order = order
        self.known = known
        self._places = {operation.position: place for place, operation in enumerate(order)}
        self._looked_at = 0
        self._together: dict[int, dict[int, NewUser]] = {}
        self._made: dict[int, ProvisionedUser] = {}

    def user_made_for(self, operation: BulkOperation, ids: dict[str, str]) -> ProvisionedUser | None:
        """Return the user of this operation if it goes together with others, None if it has to go by itself.

        ``ids`` says what references stand for so far. The first of those that go together makes them all, so the
        caller has asked before whether this is permitted.
        """
        if self._places[operation.position] >= self._looked_at:
            self._look_ahead(self._places[operation.position], ids)
        if (group := self._together.pop(operation.position, None)) is not None:
            users = create_strangers(by=self.provisioner, wanted=list(group.values()))
            self._made.update(zip(group, users, strict=False))
        return self._made.pop(operation.position, None)

    def _look_ahead(self, start: int, ids: dict[str, str]) -> None:
        """Find out which operations of the run that starts here go together."""
        run = dict(islice(self._run(start, ids), LONGEST_RUN))
        self._looked_at = start + max(len(run), 1)
        if len(run) < 2:
            return
        new = strangers(by=self.provisioner, wanted=list(run.values()))
        for is_new, members in groupby(zip(run.items(), new, strict=True), key=lambda member: member[1]):
            if is_new:
                group = {position: user for (position, user), _ in members if user}
                self._together[next(iter(group))] = group

    def _run(self, start: int, ids: dict[str, str]) -> Iterator[tuple[int, NewUser | None]]:
        """Yield positions of creates in a row and whom they describe, None where that is refused.

        What refers to an operation that has not been carried out ends the run.
        """
        for operation in islice(self.order, start, None):
            if not _is_create(operation):
                return
            if operation.position in self.known:
                yield operation.position, self.known[operation.position]
                continue
            try:
                operation = resolved(operation, ids)
            except ScimError:
                return
            yield operation.position, _described(operation)


def _is_create(operation: BulkOperation) -> bool:
    return (operation.method, operation.endpoint, operation.id) == ("POST", "users", None)


def _described(operation: BulkOperation) -> NewUser | None:
    try:
        attributes = documents.user_attributes(operation.data)
        return NewUser(attributes, documents.user_document(attributes))
    except Refused:
        return None
