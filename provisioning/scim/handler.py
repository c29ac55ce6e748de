"""One SCIM request from its arrival to its answer, outside the console's middleware.

The order of refusals: authentication (``provisioning.scim.auth``), too many 429, unknown path 404, method 405,
permission 403, then the body. Whatever goes wrong is answered as a SCIM error.
"""

import logging

from django.core.exceptions import DisallowedHost
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, get_resolver
from django.utils.log import log_response

from kestra_iam import access, origin
from kestra_iam.errors import IamError
from provisioning.actions import activity, watching
from provisioning.scim import responses, throttle
from provisioning.scim.auth import authenticate
from provisioning.scim.errors import ScimError, from_refusal

logger = logging.getLogger(__name__)
URLCONF = "provisioning.scim.urls"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def handle(request: HttpRequest) -> HttpResponse:
    """Answer a request below an integration's SCIM endpoint."""
    request.request_id = origin.request_id(request)
    request.provisioner = None
    request.refused_as_disabled = False
    # What is kept of it, while its integration is watched: the operations of a Bulk put themselves in front.
    request.heard = None
    # What was left out of a request that was carried out otherwise.
    request.remarks = {}
    try:
        response = _answer(request)
    except ScimError as error:
        # Noting each request that comes too fast would cost more than answering it.
        response = _refuse(request, error, noted=error.status != 429)
    except IamError as refusal:
        response = _refuse(request, from_refusal(refusal))
    except (OperationalError, InterfaceError, IntegrityError) as error:
        busy = ScimError(503, "The directory is busy: try again.", headers={"Retry-After": "5"})
        response = _refuse(request, busy, noted=False)
        log_response("The database did not answer", response=response, request=request, logger=logger, exception=error)
    except Exception as error:
        failed = ScimError(500, f"This request failed; the server's log tells why under {request.request_id}.")
        response = _refuse(request, failed)
        log_response("This request failed", response=response, request=request, logger=logger, exception=error)
    if request.heard is not None:
        _note_heard(request, response)
    response["X-Request-Id"] = request.request_id
    # Refusals are kept with the integration and failures are logged above: Django need not log them once more.
    response._has_been_logged = True
    return responses.compressed(request, response)


def _answer(request: HttpRequest) -> HttpResponse:
    try:
        request.get_host()
    except DisallowedHost:
        raise ScimError(400, "This host name is not served here: see ALLOWED_HOSTS.") from None
    caller = authenticate(request)
    throttle.admit(caller.provisioner.integration_id)
    try:
        match = get_resolver(URLCONF).resolve(request.mount.path)
    except Resolver404:
        raise ScimError(404, f"There is nothing at {request.mount.path[:200]}.") from None
    view = match.func(request)
    method = "GET" if request.method == "HEAD" else request.method
    if method not in view.permissions:
        allowed = [each for each in METHODS if each in view.permissions]
        raise ScimError(405, f"Use {', '.join(allowed)} here.", headers={"Allow": ", ".join(allowed)})
    for permission in view.permissions[method]:
        if not access.can(caller.provisioner.principal, caller.provisioner.tenant, *permission):
            raise ScimError(403, f"This integration's role does not give {' '.join(permission)}.")
    response = getattr(view, method.lower())(**match.kwargs)
    activity.note_success(
        integration_id=caller.provisioner.integration_id,
        token_id=caller.provisioner.principal.token_id,
        last_used_at=caller.last_used_at,
    )
    if request.remarks:
        _note(request, response.status_code, " ".join(request.remarks.values()))
    return response


def _refuse(request: HttpRequest, error: ScimError, *, noted: bool = True) -> HttpResponse:
    if noted and request.provisioner is not None:
        _note(request, int(error.status), error.detail)
    return responses.answer(error.to_dict(), status=int(error.status), headers=error.headers)


def _note(request: HttpRequest, status: int, detail: str) -> None:
    try:
        activity.note_refusals(
            integration_id=request.provisioner.integration_id,
            source_address=request.provisioner.principal.source_address,
            request_id=request.request_id,
            refusals=[activity.Refusal(request.method, request.mount.path, status, detail)],
            disabled=request.refused_as_disabled,
        )
    except (OperationalError, InterfaceError, IntegrityError):
        logger.exception("The refusal of request %s could not be noted", request.request_id)


def _note_heard(request: HttpRequest, response: HttpResponse) -> None:
    path = request.mount.path
    about = response.get("Content-Location", path)
    try:
        watching.note_requests(
            integration_id=request.provisioner.integration_id,
            heard=[*request.heard, watching.Heard(request.method, path, response.status_code, about)],
        )
    except (OperationalError, InterfaceError, IntegrityError):
        logger.exception("The watched request %s could not be noted", request.request_id)
