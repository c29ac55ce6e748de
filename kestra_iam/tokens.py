"""Bearer tokens: ``kiam_`` + 24 characters to find it by + 171 characters of secret = 200 characters.

Only a SHA-256 digest is kept. A slow hash would add nothing: the secret holds over 1,000 bits of randomness.
"""

import hashlib
import hmac
import secrets
import string
from typing import NamedTuple

PREFIX = "kiam_"
LOOKUP_LENGTH = 24
TOKEN_LENGTH = 200
_ALPHABET = string.ascii_letters + string.digits


class NewToken(NamedTuple):
    """A token just made: the plaintext to show once, and what to store of it."""

    plaintext: str
    lookup: str
    digest: str


def _digest(plaintext: str) -> str:
    return hashlib.sha256(plaintext.encode()).hexdigest()


def new_token() -> NewToken:
    """Return a fresh random token."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(TOKEN_LENGTH - len(PREFIX)))
    plaintext = PREFIX + body
    return NewToken(plaintext, body[:LOOKUP_LENGTH], _digest(plaintext))


def lookup_of(plaintext: str) -> str:
    """Return the part of a presented token to find it by, ``''`` if it cannot be one of ours."""
    if len(plaintext) != TOKEN_LENGTH or not plaintext.startswith(PREFIX) or not plaintext.isascii():
        return ""
    return plaintext[len(PREFIX) : len(PREFIX) + LOOKUP_LENGTH]


def matches(plaintext: str, digest: str) -> bool:
    """Compare a presented token with a stored digest in constant time."""
    return hmac.compare_digest(_digest(plaintext), digest)


def hint(lookup: str) -> str:
    """Return what may be shown of a token ever after: its recognisable beginning."""
    return f"{PREFIX}{lookup[:6]}…"


def bearer(authorization: str) -> str:
    """Return the token of an ``Authorization: Bearer`` header (RFC 6750 §2.1), ``''`` if it holds none."""
    scheme, _, value = authorization.strip().partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""
