"""What a SCIM client knows of a person."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from kestra_iam.models import AccessSource
from provisioning.models.integrations import Integration
from tenants.fields import KeyField


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

    # No columns: what is read together with a user. Its groups as JSON text, and for changing it the e-mail address of
    # its account, None where that does not take over what the integration says.
    groups: str
    account_email: str | None

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["integration", "user_name_key"], name="user_name_once_per_integration"),
            models.UniqueConstraint(fields=["account", "integration"], name="account_once_per_integration"),
        ]
        indexes = [
            models.Index(fields=["integration", "external_id", "source"], name="user_by_external_id"),
            models.Index(fields=["integration", "display_name_key", "source"], name="user_by_display_name"),
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
