from django.db import models
from django.utils import timezone

from tenants.fields import IdField
from tenants.models import Tenant


class AuditEvent(models.Model):
    """What somebody did, with the ids and names of that time; written once, changed by nothing.

    ``details`` holds what changed, complete enough to rebuild who held what on any past day
    (``kestra_iam.audit`` lists the verbs and their details).
    """

    id = IdField()
    tenant = models.ForeignKey(
        Tenant, models.DO_NOTHING, null=True, related_name="audit_events", db_index=False, db_constraint=False
    )
    tenant_slug = models.CharField(max_length=63, blank=True)
    at = models.DateTimeField(default=timezone.now)
    verb = models.CharField(max_length=64)
    resource = models.CharField(max_length=32)
    resource_id = models.CharField(max_length=36, blank=True)
    resource_name = models.CharField(max_length=1024, blank=True)
    actor_kind = models.CharField(max_length=32)
    actor_id = models.CharField(max_length=36, blank=True)
    actor_name = models.CharField(max_length=255)
    token_id = models.CharField(max_length=36, blank=True)
    source_address = models.CharField(max_length=45, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["tenant", "at"], name="audit_by_time")]

    def __str__(self):
        return f"{self.verb} {self.resource_name}"
