"""Checking refusals: the right error, and nothing written."""

from django.http import HttpResponse

from kestra_iam.models import AccessSource, AuditEvent, Group, Membership, User
from provisioning.models import ProvisionedEmail, ProvisionedUser


def refused(answer: HttpResponse, status: int = 400, scim_type: str | None = "invalidValue") -> str:
    """Check that an answer is this SCIM error; return its sentence."""
    assert answer.status_code == status, answer.content
    body = answer.json()
    assert body["status"] == str(status)
    assert body.get("scimType") == scim_type
    return body["detail"]


def rows() -> dict[str, int]:
    """Return how many rows there are of everything that a push writes."""
    kinds = (User, AccessSource, ProvisionedUser, ProvisionedEmail, Group, Membership, AuditEvent)
    return {kind.__name__: kind.objects.count() for kind in kinds}
