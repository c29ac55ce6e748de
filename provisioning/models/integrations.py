"""Integrations, and what has been heard of them."""

from django.db import models, transaction
from django.utils import timezone

from kestra_iam.models import ServiceAccount
from kestra_iam.principals import Principal
from tenants.fields import IdField, KeyField, fold
from tenants.models import Tenant


class Integration(models.Model):
    """A door for one identity provider into one tenant."""

    class Type(models.TextChoices):
        SCIM = "SCIM", "SCIM 2.0"

    class Watch(models.TextChoices):
        """What an integration is watched for: its first request, or what a full sync touches."""

        CONNECTION = "connection"
        FULL_SYNC = "full-sync"

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
    # While it is watched, each request that is answered leaves a row (``WatchedRequest``); read with authentication.
    watched_for = models.CharField(max_length=16, choices=Watch, blank=True, default="", editable=False)
    watched_from = models.DateTimeField(null=True, editable=False)
    watched_until = models.DateTimeField(null=True, editable=False)
    # ``Activity.unauthenticated`` when the watch began: what comes on top is a client with a wrong token.
    unauthenticated_before = models.PositiveBigIntegerField(default=0, editable=False)

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


class WatchedRequest(models.Model):
    """One request, or operation of a Bulk, that arrived while its integration was watched.

    ``resource`` is its path below the SCIM endpoint, ``resource_id`` the User or Group it was about, ``''`` for none.
    """

    id = models.BigAutoField(primary_key=True)
    integration = models.ForeignKey(Integration, models.CASCADE, related_name="watched_requests", db_index=False)
    at = models.DateTimeField(default=timezone.now)
    method = models.CharField(max_length=16)
    resource = models.CharField(max_length=255)
    resource_id = KeyField(max_length=36, default="")
    status = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["integration", "id"], name="watched_request_in_order"),
            models.Index(fields=["integration", "resource_id"], name="watched_request_by_resource"),
        ]

    def __str__(self):
        return f"{self.method} {self.resource} {self.status}"
