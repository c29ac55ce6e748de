"""SCIM errors (RFC 7644 §3.12)."""

from typing import Any

from django_scim.exceptions import SCIMException

from kestra_iam.errors import Conflict, Forbidden, IamError, NotFound
from provisioning.errors import Refused


class ScimError(SCIMException):
    """An answer that is an error: ``status``, a sentence for people, ``scim_type`` where the RFC defines one.

    ``headers`` go with the answer (``Allow``, ``Retry-After``, ``WWW-Authenticate``).
    """

    def __init__(self, status: int, detail: str, scim_type: str = "", *, headers: dict[str, str] | None = None):
        super().__init__(detail, status=status, scim_type=scim_type)
        self.headers = headers or {}

    def to_dict(self) -> dict[str, Any]:
        """Return the body; its ``status`` is a string (RFC 7644 §3.12)."""
        return super().to_dict() | {"status": str(self.status)}


def from_refusal(refusal: IamError) -> ScimError:
    """Return the SCIM error for what an action or the SCIM vocabulary refused; an unknown kind is a 400."""
    if isinstance(refusal, Refused):
        return ScimError(400, refusal.detail, refusal.scim_type)
    for kind, status, scim_type in _ANSWERS:
        if isinstance(refusal, kind):
            return ScimError(status, refusal.message, scim_type)
    return ScimError(400, refusal.message, "invalidValue")


_ANSWERS = ((Conflict, 409, "uniqueness"), (NotFound, 404, ""), (Forbidden, 403, ""))
