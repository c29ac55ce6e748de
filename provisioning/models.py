"""Integrations and what a SCIM client knows of a person."""

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from kestra_iam.models import AccessSource, ServiceAccount
from kestra_iam.principals import Principal
from tenants.fields import IdField, KeyField, fold
from tenants.models import Tenant


class Integration(models.Model):
    """A door for one identity provider into one tenant."""

    class Type(models.TextChoices):
        SCIM = "SCIM", "SCIM 2.0"

    id = IdField()
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="integrations")
    name = models.CharField(max_length=255)
    name_key = KeyField()
    description = models.CharField(max_length=1024, blank=True)
    type = models.CharField("Provisioning Type", max_length=16, choices=Type, default=Type.SCIM)
    enabled = models.BooleanField(default=True)
    service_account = models.OneToOneField(
        ServiceAccount, models.PROTECT, null=True, editable=False, related_name="integration"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    # No columns: who opens it, and the Secret Token, known to the instance that has just been opened or rotated.
    opened_by: Principal
    secret_token: str

    class Meta:
        ordering = ["name_key", "id"]
        verbose_name = "integration"
        constraints = [models.UniqueConstraint(fields=["tenant", "name_key"], name="integration_name_once_per_tenant")]

    def __str__(self):
        return self.name

    def save(self, **options):
        # One transaction with the receiver of post_save: what it opens appears with this row or not at all.
        self.name_key = fold(self.name)[:255]
        with transaction.atomic():
            super().save(**options)


class Activity(models.Model):
    """When an integration was last heard of and how often it was refused; its own row, so that counting
    never waits for a writer that holds the integration's row."""

    integration = models.OneToOneField(Integration, models.CASCADE, primary_key=True, related_name="activity")
    last_request_at = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    last_refusal_at = models.DateTimeField(null=True)
    last_refusal = models.CharField(max_length=1024, blank=True)
    unauthenticated = models.PositiveBigIntegerField(default=0)
    disabled_since = models.DateTimeField(null=True)
    refused_while_disabled = models.PositiveBigIntegerField(default=0)
    refused_from = models.CharField(max_length=45, blank=True)

    def __str__(self):
        return f"Activity of {self.integration_id}"


class RefusedRequest(models.Model):
    """One of the last refused or failed requests of an integration; no bodies, no secrets."""

    id = models.BigAutoField(primary_key=True)
    integration = models.ForeignKey(Integration, models.CASCADE, related_name="refused_requests", db_index=False)
    at = models.DateTimeField(default=timezone.now)
    method = models.CharField(max_length=16)
    resource = models.CharField(max_length=255)
    status = models.PositiveSmallIntegerField()
    detail = models.CharField(max_length=1024)
    source_address = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=64)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["integration", "id"], name="refused_request_by_integration")]

    def __str__(self):
        return f"{self.method} {self.resource} {self.status}"


class ProvisionedUser(models.Model):
    """What one integration knows of one person: the SCIM User resource (RFC 7643 §4.1).

    Its id is that of the access source it gives. ``document`` is the resource as JSON text, rendered when
    it is written (``provisioning.documents``), without ``id``, ``meta`` and ``groups``. ``folded`` is what
    filters read that ignore letter case; none where the document is ASCII, whose lower case is the same.
    """

    source = models.OneToOneField(AccessSource, models.CASCADE, primary_key=True, related_name="provisioned_user")
    integration = models.ForeignKey(Integration, models.CASCADE, related_name="provisioned_users", db_index=False)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="provisioned_users", db_index=False
    )
    user_name = models.CharField(max_length=255)
    user_name_key = KeyField()
    external_id = KeyField(default="")
    display_name_key = KeyField(default="")
    active = models.BooleanField(default=True)
    version = models.PositiveBigIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    document = models.TextField()
    folded = models.TextField(null=True, editable=False)

    # No column: the groups of a user read together with them, as JSON text.
    groups: str

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["integration", "user_name_key"], name="user_name_once_per_integration"),
            models.UniqueConstraint(fields=["account", "integration"], name="account_once_per_integration"),
        ]
        indexes = [
            models.Index(fields=["integration", "external_id"], name="user_by_external_id"),
            models.Index(fields=["integration", "display_name_key"], name="user_by_display_name"),
            models.Index(fields=["integration", "updated_at", "source"], name="user_by_change"),
            models.Index(fields=["integration", "source"], name="user_by_id"),
        ]

    def __str__(self):
        return self.user_name


class ProvisionedEmail(models.Model):
    """One e-mail address of a provisioned user, kept beside the document so that an index finds it."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(ProvisionedUser, models.CASCADE, related_name="emails")
    # That of the user, for the index; the user's own keeps the promise.
    integration = models.ForeignKey(Integration, models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    value_key = KeyField(max_length=320)

    class Meta:
        indexes = [models.Index(fields=["integration", "value_key", "user"], name="email_by_value")]

    def __str__(self):
        return self.value_key
