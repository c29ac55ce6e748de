"""Secrets of others that have to be used again: encrypted with a key derived from the server's own secret."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from kestra_iam.errors import Invalid

# Ties the key to its purpose: the same secret signs cookies and cursors.
_PURPOSE = b"provisioning: client secrets of pull sources"


def seal(text: str) -> str:
    """Return ``text`` encrypted and signed (Fernet: AES-128-CBC and HMAC-SHA256)."""
    return _cipher().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Return what was sealed; raises ``Invalid`` if it was sealed with another key or has been changed."""
    try:
        return _cipher().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Invalid(
            "The client secret cannot be read, because the server's secret key has changed: enter it again.",
            field="client_secret",
        ) from None


def _cipher() -> Fernet:
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(settings.SECRET_KEY.encode())
    return Fernet(base64.urlsafe_b64encode(key))
