"""Answers: one media type, ETag and locations, gzip where it pays (RFC 7644 §3.1, §3.14)."""

import gzip
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

MEDIA_TYPE = "application/scim+json"
# Below this a client waits longer for the compression than for the bytes.
_WORTH_COMPRESSING = 4096


def answer(
    content: bytes | dict[str, Any] | None,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """Return a SCIM answer; a dict is written as JSON, None has no body."""
    if content is None:
        response = HttpResponse(status=status)
        del response["Content-Type"]
    else:
        body = orjson.dumps(content) if isinstance(content, dict) else content
        response = HttpResponse(body, status=status, content_type=MEDIA_TYPE)
    response["Cache-Control"] = "private, no-cache"
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def of_resource(content: bytes | None, *, location: str, etag: str, status: int = 200) -> HttpResponse:
    """Return an answer that carries one resource, or what became of it."""
    headers = {"ETag": etag, "Content-Location": location}
    if status == 201:
        headers["Location"] = location
    return answer(content, status=status, headers=headers)


def compressed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Compress a large answer for a client that takes gzip."""
    if len(response.content) < _WORTH_COMPRESSING:
        return response
    patch_vary_headers(response, ["Accept-Encoding"])
    if "gzip" in request.META.get("HTTP_ACCEPT_ENCODING", "").lower():
        response.content = gzip.compress(response.content, compresslevel=1)
        response["Content-Encoding"] = "gzip"
    # Told here, since a large body is handed over in pieces.
    response["Content-Length"] = str(len(response.content))
    return response


def not_modified(request: HttpRequest, etag: str) -> bool:
    """Return whether the client holds this version (If-None-Match, weak comparison; RFC 9110 §13.1.2)."""
    return _lists(request.META.get("HTTP_IF_NONE_MATCH", ""), etag)


def matches(condition: str, etag: str) -> bool:
    """Return whether an If-Match condition, ``''`` for none, allows a change of this version.

    Versions are weak, and RFC 7644 §3.14 compares them all the same.
    """
    return not condition or _lists(condition, etag)


def _lists(header: str, etag: str) -> bool:
    wanted = etag.removeprefix("W/")
    return any(each.strip().removeprefix("W/") in ("*", wanted) for each in header.split(","))
