"""Accounts of programs and the API tokens that programs and people hold."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from tenants.fields import IdField
from tenants.models import Tenant


class ServiceAccount(models.Model):
    """A program's account in one tenant.

    A managed one belongs to an integration and has its id, so that ``owner_key`` on everything that the
    integration brought stays meaningful after both are gone; no door changes it.
    """

    id = IdField()
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="service_accounts")
    name = models.CharField(max_length=63, help_text="Lower-case letters, digits and single hyphens.")
    description = models.CharField(max_length=1024, blank=True)
    managed = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="service_account_name_once_per_tenant"),
            models.CheckConstraint(
                condition=models.Q(name__regex=r"^[a-z0-9]+(-[a-z0-9]+)*$"), name="service_account_name_is_a_dns_label"
            ),
        ]

    def __str__(self):
        return self.name


class ApiToken(models.Model):
    """A bearer token; only its digest is kept (see ``kestra_iam.tokens``)."""

    id = IdField()
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="api_tokens")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="api_tokens")
    service_account = models.ForeignKey(ServiceAccount, models.CASCADE, null=True, related_name="api_tokens")
    name = models.CharField(max_length=63)
    lookup = models.CharField(max_length=32, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=True) ^ models.Q(service_account__isnull=True),
                name="api_token_has_one_holder",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def holder(self):
        """The service account or the person that presents it."""
        return self.service_account or self.user
