import re

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from tenants.fields import IdField

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
# First path segments of /ui and /api/v1 that belong to the instance and therefore to no tenant.
RESERVED_SLUGS = frozenset(
    "account accounts administration api api-tokens auditlogs auths bindings bulk configs error errors "
    "favicon groups health iam instance integrations invitation invitations license-info login logout me "
    "new password provisioning public roles schema scim security-integrations service-accounts setup "
    "sign-in sign-out static system tenant tenant-access tenants ui users".split()
)


def validate_slug(value: str) -> None:
    """Refuse what cannot be a tenant's address; the sentence says what would be right."""
    if not SLUG.fullmatch(value):
        raise ValidationError("Use 1 to 63 lower-case letters, digits, '-' or '_', starting with a letter or a digit.")
    if value in RESERVED_SLUGS:
        raise ValidationError(f"'{value}' is an address of the product itself: choose another slug.")


class Tenant(models.Model):
    """Who owns a row: one organisation of the installation."""

    id = IdField()
    slug = models.CharField(max_length=63, unique=True, validators=[validate_slug])
    name = models.CharField(max_length=255)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(slug__regex=r"^[a-z0-9][a-z0-9_-]*$"), name="tenant_slug_is_an_address"
            ),
            models.CheckConstraint(
                condition=~models.Q(slug__in=sorted(RESERVED_SLUGS)), name="tenant_slug_is_not_reserved"
            ),
        ]

    def __str__(self):
        return self.name
