"""Bulk: many changes in one request (RFC 7644 §3.7).

One transaction, a savepoint per operation: one bad operation never undoes a good one, and nothing is
visible before all is written. The integration's row is locked first, so that two Bulks of one integration
never interleave.
"""

from typing import Any
from urllib.parse import quote

from django.http import HttpResponse

from kestra_iam import access
from kestra_iam.errors import IamError
from provisioning.actions import activity, watching
from provisioning.models import Integration
from provisioning.scim import bodies, operations, responses
from provisioning.scim.adapters import base
from provisioning.scim.bulk_references import BulkOperation, in_order, parse, resolved
from provisioning.scim.bulk_runs import Described, Runs, described
from provisioning.scim.errors import ScimError, from_refusal
from provisioning.scim.schemas import MOST_BULK_OPERATIONS
from provisioning.scim.views import GroupCollection, GroupResource, UserCollection, UserResource, View
from tenants.compiled import CompiledQuery
from tenants.fields import could_be_id

REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
_VIEWS: dict[tuple[str, bool], type[View]] = {
    ("users", False): UserCollection,
    ("users", True): UserResource,
    ("groups", False): GroupCollection,
    ("groups", True): GroupResource,
}
_lock = CompiledQuery(
    lambda integration_id: (
        Integration.objects.select_for_update(no_key=True).filter(pk=integration_id).order_by().values_list("pk")
    )
)
Result = dict[str, Any]


class Bulk(View):
    """Each operation needs its own permission; the request itself needs a valid token."""

    permissions = {"POST": ()}

    def post(self) -> HttpResponse:
        body = bodies.json_object(self.request, largest=bodies.LARGEST_BULK)
        wanted, fail_on_errors = parse(body, most=MOST_BULK_OPERATIONS, schema=REQUEST)
        order, circular = in_order(wanted)
        # Before other Bulks have to wait for this one.
        known = described(order)
        results = operations.settled(self._carry_out)(order, circular, known, fail_on_errors)
        self._note(results)
        if self.request.heard is not None:
            self.request.heard += [_heard(result) for result in results]
        return responses.answer({"schemas": [RESPONSE], "Operations": results})

    def _carry_out(
        self, order: list[BulkOperation], circular: set[int], known: Described, fail_on_errors: int
    ) -> list[Result]:
        if not _lock.rows(integration_id=self.request.provisioner.integration_id):
            raise ScimError(404, "There is no such integration in this tenant.")
        ids: dict[str, str] = {}
        results: dict[int, Result] = {}
        failures = 0
        self.runs = Runs(self.request.provisioner, order, known)
        for operation in order:
            if fail_on_errors and failures >= fail_on_errors:
                break
            try:
                if operation.position in circular:
                    raise ScimError(409, "This operation refers to itself through other operations of the request.")
                operation = resolved(operation, ids)
                results[operation.position] = self._one(operation, ids)
            except (ScimError, IamError) as error:
                results[operation.position] = self._failed(operation, error)
                failures += 1
        return [results[position] for position in sorted(results)]

    def _failed(self, operation: BulkOperation, error: ScimError | IamError) -> Result:
        """Return the result of an operation that failed; only a failed POST has no location (RFC 7644 §3.7.3)."""
        failure = error if isinstance(error, ScimError) else from_refusal(error)
        where = {}
        if operation.method != "POST":
            where["location"] = self._place(operation)
        if operation.id and could_be_id(operation.id):
            where["id"] = operation.id
        return operation.result(int(failure.status), **where, response=failure.to_dict())

    def _one(self, operation: BulkOperation, ids: dict[str, str]) -> Result:
        view = _VIEWS.get((operation.endpoint, operation.id is not None))
        permissions = view.permissions.get(operation.method) if view else None
        if view is None or permissions is None or operation.method == "GET":
            raise ScimError(400, f"{operation.method} {operation.path[:100]} is no Bulk operation.", "invalidPath")
        provisioner = self.request.provisioner
        for permission in permissions:
            if not access.can(provisioner.principal, provisioner.tenant, *permission):
                raise ScimError(403, f"This integration's role does not give {' '.join(permission)}.")
        if operation.method != "DELETE" and not isinstance(operation.data, dict):
            raise ScimError(400, f"Operation {operation.position + 1} needs an object as data.", "invalidSyntax")
        adapter = view(self.request).adapter()
        status = 200
        if operation.method == "POST":
            adapter.obj = self.runs.user_made_for(operation, ids)
            if adapter.obj is None:
                operations.create(adapter, operation.data)
            status = 201
        elif operation.method == "PUT":
            operations.replace(adapter, operation.id, operation.data, if_match=operation.version)
        elif operation.method == "PATCH":
            operations.patch(adapter, operation.id, operation.data, if_match=operation.version)
        else:
            operations.delete(adapter, operation.id, if_match=operation.version)
            # What is gone has no id any more.
            return operation.result(204, location=self._place(operation), id=operation.id)
        if operation.bulk_id:
            ids[operation.bulk_id] = adapter.id
        return operation.result(status, location=adapter.location, version=adapter.etag, id=adapter.id)

    def _place(self, operation: BulkOperation) -> str:
        place = "/".join(each for each in (operation.endpoint.capitalize(), operation.id) if each)
        return f"{base(self.request.provisioner)}/{quote(place[:1000], safe='/:')}"

    def _note(self, results: list[Result]) -> None:
        principal = self.request.provisioner.principal
        activity.note_refusals(
            integration_id=self.request.provisioner.integration_id,
            source_address=principal.source_address,
            request_id=principal.request_id,
            refusals=[
                activity.Refusal(result["method"], "/Bulk", int(result["status"]), result["response"].get("detail", ""))
                for result in results
                if int(result["status"]) >= 400
            ],
        )


def _heard(result: Result) -> watching.Heard:
    below = result.get("location", "").partition("/scim/v2")[2]
    return watching.Heard(result["method"], f"/Bulk{below}", int(result["status"]), below)
