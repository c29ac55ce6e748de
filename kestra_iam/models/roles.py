"""Roles and the bindings that give them to somebody."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from kestra_iam.models.groups import Group
from kestra_iam.models.service_accounts import ServiceAccount
from tenants.fields import IdField, KeyField
from tenants.models import Tenant


class Role(models.Model):
    """A named set of permissions: ``{"USERS": ["READ", "UPDATE"], …}`` (``kestra_iam.permissions``)."""

    id = IdField()
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="roles")
    name = models.CharField(max_length=255)
    name_key = KeyField()
    description = models.CharField(max_length=1024, blank=True)
    permissions = models.JSONField(default=dict, blank=True)
    managed = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name_key", "id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "name_key"], name="role_name_once_per_tenant")]

    def __str__(self):
        return self.name


class Binding(models.Model):
    """One role given to one user, group or service account; never edited, only created and deleted."""

    id = IdField()
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="bindings")
    role = models.ForeignKey(Role, models.PROTECT, related_name="bindings")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="bindings")
    group = models.ForeignKey(Group, models.CASCADE, null=True, blank=True, related_name="bindings")
    service_account = models.ForeignKey(ServiceAccount, models.CASCADE, null=True, blank=True, related_name="bindings")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=False, group__isnull=True, service_account__isnull=True)
                | models.Q(user__isnull=True, group__isnull=False, service_account__isnull=True)
                | models.Q(user__isnull=True, group__isnull=True, service_account__isnull=False),
                name="binding_has_one_subject",
            ),
            models.UniqueConstraint(fields=["tenant", "role", "user"], name="binding_of_user_once"),
            models.UniqueConstraint(fields=["tenant", "role", "group"], name="binding_of_group_once"),
            models.UniqueConstraint(fields=["tenant", "role", "service_account"], name="binding_of_account_once"),
        ]

    def __str__(self):
        return f"{self.role} → {self.subject}"

    @property
    def subject(self):
        return self.user or self.group or self.service_account
