"""Request bodies: media type, compression, size and JSON (RFC 7644 §3.8, §3.12)."""

import zlib
from typing import Any

import orjson
from django.http import HttpRequest
from django.http.request import RawPostDataException, UnreadablePostError

from provisioning.scim.errors import ScimError

MEDIA_TYPES = ("application/scim+json", "application/json")
LARGEST = 16 * 1024 * 1024
LARGEST_BULK = 10 * 1024 * 1024
# How much of a body that is too large is read all the same: many clients look for the answer once they have sent it.
_DISCARDED = 64 * 1024 * 1024


def json_object(request: HttpRequest, *, largest: int = LARGEST) -> dict[str, Any]:
    """Return the body as a JSON object of at most ``largest`` bytes after decompression.

    Raises ``ScimError`` 415 for what is neither JSON type, 413 for more, 400 ``invalidSyntax`` for the rest.
    """
    media_type = request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES and media_type:
        raise ScimError(415, f"Send application/scim+json; '{media_type[:64]}' is not understood.")
    try:
        body = orjson.loads(_bytes(request, largest))
    except orjson.JSONDecodeError as error:
        if "surrogate in string" in error.msg:
            raise ScimError(400, "The body holds a lone surrogate: half a character.", "invalidValue") from None
        raise ScimError(
            400, f"The body is no JSON: {error.msg} at line {error.lineno}, column {error.colno}.", "invalidSyntax"
        ) from None
    if not isinstance(body, dict):
        raise ScimError(400, "The body must be one JSON object.", "invalidSyntax")
    return body


def _bytes(request: HttpRequest, largest: int) -> bytes:
    try:
        stream = _stream(request)
        if _announced(request) > largest or len(raw := stream.read(largest + 1)) > largest:
            _discard(stream)
            raise _too_large(largest)
    except (UnreadablePostError, RawPostDataException, OSError):
        raise ScimError(400, "The body did not arrive whole.", "invalidSyntax") from None
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
    if encoding in ("gzip", "x-gzip"):
        raw = _unzip(raw, largest)
    elif encoding not in ("identity", ""):
        raise ScimError(415, f"Send the body plain or with gzip; '{encoding[:32]}' is not understood.")
    if len(raw) > largest:
        raise _too_large(largest)
    return raw


def _stream(request: HttpRequest) -> Any:
    """Return where to read the body. Django takes one without Content-Length for empty, but it may come in chunks,
    and some servers end the stream where these end."""
    chunked = "HTTP_TRANSFER_ENCODING" in request.META and request.META.get("wsgi.input_terminated")
    return request.META["wsgi.input"] if chunked else request


def _discard(stream: Any) -> None:
    left = _DISCARDED
    while left > 0 and (piece := stream.read(64 * 1024)):
        left -= len(piece)


def _announced(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _unzip(raw: bytes, largest: int) -> bytes:
    stream = zlib.decompressobj(wbits=31)
    try:
        plain = stream.decompress(raw, largest + 1)
    except zlib.error:
        raise ScimError(400, "The body is no gzip stream.", "invalidSyntax") from None
    if not stream.eof and len(plain) <= largest:
        raise ScimError(400, "The gzip stream ends too early.", "invalidSyntax")
    return plain


def _too_large(largest: int) -> ScimError:
    return ScimError(413, f"The body is larger than {largest} bytes.")
