"""The base of the REST API: Bearer tokens, permissions declared as data, errors as problem documents.

Undeclared means denied. Answers never hold null (some clients stop at it): what is not set is left out.
"""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import Http404, HttpRequest, JsonResponse
from django.utils import timezone
from rest_framework import exceptions, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.response import Response
from rest_framework.views import APIView

from kestra_iam import access, origin, tokens
from kestra_iam.errors import Conflict, Forbidden, IamError, Invalid, NotFound
from kestra_iam.models import ApiToken
from kestra_iam.permissions import Permission
from kestra_iam.principals import Principal

_MINUTE = timedelta(minutes=1)
_LARGEST_PAGE = 1000


class TokenAuthentication(BaseAuthentication):
    """API tokens of people and of service accounts made by hand.

    An integration's Secret Token opens its SCIM endpoint and nothing else, so it is refused here.
    """

    def authenticate(self, request):
        presented = tokens.bearer(request.META.get("HTTP_AUTHORIZATION", ""))
        if not presented:
            return None
        token = self._find(presented, request.tenant)
        if token is None:
            raise exceptions.AuthenticationFailed("This API token is not valid in this tenant.")
        principal = access.principal_of(token.holder).seen_from(
            source_address=origin.source_address(request), request_id=origin.request_id(request), token_id=token.pk
        )
        return principal, token

    def authenticate_header(self, request):
        return 'Bearer realm="api"'

    def _find(self, presented: str, tenant) -> ApiToken | None:
        now = timezone.now()
        token = (
            ApiToken.objects.select_related("user", "service_account")
            .filter(Q(expires_at=None) | Q(expires_at__gt=now), lookup=tokens.lookup_of(presented), tenant=tenant)
            .exclude(service_account__managed=True)
            .first()
        )
        if token is None or not tokens.matches(presented, token.digest):
            return None
        if token.last_used_at is None or now - token.last_used_at >= _MINUTE:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        return token


class DeclaredPermission(BasePermission):
    """Asks ``access.can`` for what the view declares for the method; another method does not exist."""

    def has_permission(self, request, view):
        if request.auth is None:
            return False
        wanted: Permission | None = view.permissions.get("GET" if request.method == "HEAD" else request.method)
        if wanted is None:
            raise exceptions.MethodNotAllowed(request.method)
        if not access.can(request.user, request.tenant, *wanted):
            raise exceptions.PermissionDenied(f"This needs the permission {wanted[0]} {wanted[1]}.")
        return True


class RestView(APIView):
    """One address of the REST API; ``permissions`` says what each method needs."""

    authentication_classes = (TokenAuthentication,)
    permission_classes = (DeclaredPermission,)
    permissions: dict[str, Permission] = {}

    @property
    def allowed_methods(self) -> list[str]:
        return list(self.permissions)

    @property
    def principal(self) -> Principal:
        return self.request.user

    @property
    def tenant(self):
        return self.request.tenant

    @property
    def body(self) -> dict[str, Any]:
        """The body as an object; raises ``Invalid`` for anything else, ``TooLargeError`` for 16 MiB and more."""
        if int(self.request.META.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise TooLargeError(f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.")
        try:
            data = self.request.data
        except RecursionError:
            raise Invalid("The body is nested too deeply.") from None
        if not isinstance(data, dict):
            raise Invalid("The body must be a JSON object.")
        return data

    def text(self, field: str, *, default: str | None = None) -> str:
        """Return a text of the body; raises ``Invalid`` if it is missing without a default or no text."""
        value = self.body.get(field, default)
        if not isinstance(value, str):
            raise Invalid(f"'{field}' must be a string.", field=field)
        return value

    def query(self, field: str) -> str:
        """Return a text of the query, ``''`` for none; raises ``Invalid`` for NUL, which no database keeps."""
        value = self.request.query_params.get(field, "")
        if "\0" in value:
            raise Invalid(f"'{field}' holds a NUL character.", field=field)
        return value

    def page(self, queryset, render) -> Response:
        """Return one page of a queryset as ``{"results": […], "total": n}`` (``page`` from 1, ``size``)."""
        number, size = self._number("page", 1), self._number("size", 10)
        if size > _LARGEST_PAGE:
            raise UnprocessableError(f"'size' is at most {_LARGEST_PAGE}.")
        rows = queryset[(number - 1) * size : number * size]
        return Response({"results": [render(row) for row in rows], "total": queryset.count()})

    def _number(self, name: str, default: int) -> int:
        given = self.request.query_params.get(name, str(default))
        if not given.isdecimal() or int(given[:9]) < 1:
            raise Invalid(f"'{name}' must be a whole number from 1.", field=name)
        return int(given[:9])


class UnprocessableError(exceptions.APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY


class TooLargeError(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


_STATUSES = {Invalid: 400, Forbidden: 403, NotFound: 404, Conflict: 409}


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception into ``application/problem+json`` (RFC 9457); unknown ones go on to the 500 page."""
    headers: dict[str, str] = {}
    field = ""
    if isinstance(error, IamError):
        code = next(code for kind, code in _STATUSES.items() if isinstance(error, kind))
        detail, field = error.message, error.field
    elif isinstance(error, exceptions.APIException):
        code, detail = error.status_code, str(error.detail)
        if header := getattr(error, "auth_header", ""):
            headers["WWW-Authenticate"] = header
        if wait := getattr(error, "wait", None):
            headers["Retry-After"] = str(int(wait))
    elif isinstance(error, Http404):
        code, detail = 404, "There is nothing here."
    else:
        return None
    document = document_of(code, detail, field)
    return Response(document, status=code, headers=headers, content_type="application/problem+json")


def document_of(code: int, detail: str, field: str = "") -> dict[str, Any]:
    """Return a problem document; ``field`` names the value that was refused."""
    named = {"field": field} if field else {}
    return {"type": "about:blank", "title": HTTPStatus(code).phrase, "status": code, "detail": detail, **named}


def not_found(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Answer an address of the REST API that does not exist."""
    return _plain(404, "There is nothing here.")


def server_error(request: HttpRequest) -> JsonResponse:
    """Answer an error nobody expected, without telling what it was."""
    return _plain(500, f"This request failed; the server's log tells why under {origin.request_id(request)}.")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Answer a request that Django refused before any view."""
    return _plain(400, "This request is not acceptable.")


def _plain(code: int, detail: str) -> JsonResponse:
    return JsonResponse(document_of(code, detail), status=code, content_type="application/problem+json")
