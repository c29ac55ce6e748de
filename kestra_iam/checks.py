"""System checks: deployment choices that work, and are still not what an operator wants."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register
from django.http.request import validate_host

from kestra_iam.environment import is_loopback

TAG = "kestra_iam"


@register(TAG, deploy=True)
def public_url_is_reachable(**_: Any) -> list[CheckMessage]:
    """W001: the server listens to the network but names itself by a loopback address."""
    if is_loopback(settings.PUBLIC_URL) and not ip_address(settings.LISTEN_ADDRESS).is_loopback:
        return [
            Warning(
                f"The server listens on {settings.LISTEN_ADDRESS}, but PUBLIC_URL is {settings.PUBLIC_URL}.",
                hint="Set PUBLIC_URL to the address that identity providers use.",
                id="kestra_iam.W001",
            )
        ]
    return []


@register(TAG, deploy=True)
def public_url_is_encrypted(**_: Any) -> list[CheckMessage]:
    """W002: passwords and Secret Tokens would travel readable."""
    if settings.PUBLIC_URL.startswith("http://") and not is_loopback(settings.PUBLIC_URL):
        return [
            Warning(
                f"PUBLIC_URL is {settings.PUBLIC_URL}: passwords and Secret Tokens travel unencrypted.",
                hint="Serve it behind TLS and set PUBLIC_URL to https://…",
                id="kestra_iam.W002",
            )
        ]
    return []


@register(TAG, deploy=True)
def public_url_is_allowed(**_: Any) -> list[CheckMessage]:
    """W003: the address under which clients reach the server would be refused."""
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    if not validate_host(f"[{host}]" if ":" in host else host, settings.ALLOWED_HOSTS):
        return [
            Warning(
                f"ALLOWED_HOSTS does not name {host}, the host of PUBLIC_URL: its requests are refused.",
                hint=f"Add {host} to ALLOWED_HOSTS.",
                id="kestra_iam.W003",
            )
        ]
    return []
