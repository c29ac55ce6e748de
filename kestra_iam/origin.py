"""Where a request comes from: its source address and its id, as audit events keep them."""

import uuid
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


def source_address(request: HttpRequest) -> str:
    """Return the client's address.

    ``X-Forwarded-For`` is believed only as far as it was written by a proxy named in ``TRUSTED_PROXIES``:
    the last address that is not one of those.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if not settings.TRUSTED_PROXIES or "HTTP_X_FORWARDED_FOR" not in request.META:
        return address
    for forwarded in reversed(request.META["HTTP_X_FORWARDED_FOR"].split(",")):
        if not _trusted(address):
            break
        forwarded = forwarded.strip()
        try:
            ip_address(forwarded)
        except ValueError:
            break
        address = forwarded
    return address


def request_id(request: HttpRequest) -> str:
    """Return the id of this request, made on first use."""
    found = getattr(request, "request_id", "")
    if not found:
        found = request.request_id = uuid.uuid4().hex
    return found


def _trusted(address: str) -> bool:
    try:
        return any(ip_address(address) in ip_network(proxy, strict=False) for proxy in settings.TRUSTED_PROXIES)
    except ValueError:
        return False
