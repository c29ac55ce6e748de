"""Slowing down who guesses passwords: after ten failures a username waits, from that address.

Counted in the cache, so each worker process counts for itself unless ``CACHES`` names one that they share.
"""

import hashlib

from django.core.cache import cache

from tenants.fields import fold

ALLOWED = 10
WAIT_SECONDS = 5 * 60


def exhausted(home: str, username: str, address: str) -> bool:
    """Return whether this address failed so often for this username that it has to wait."""
    return cache.get(_key(home, username, address), 0) >= ALLOWED


def failed(home: str, username: str, address: str) -> None:
    """Count a failure; existing and unknown usernames are counted alike."""
    key = _key(home, username, address)
    cache.set(key, cache.get(key, 0) + 1, WAIT_SECONDS)


def succeeded(home: str, username: str, address: str) -> None:
    """Forget the failures."""
    cache.delete(_key(home, username, address))


def _key(home: str, username: str, address: str) -> str:
    return "sign-in:" + hashlib.sha256("\n".join((home, fold(username), address)).encode()).hexdigest()
