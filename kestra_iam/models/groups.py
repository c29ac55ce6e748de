"""Groups of people and who is in them."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from kestra_iam.models.service_accounts import ServiceAccount
from kestra_iam.models.users import AccessSource
from tenants.compiled import exactly
from tenants.fields import IdField, KeyField
from tenants.models import Tenant


class Group(models.Model):
    """A set of people; it belongs to one integration (``managed_by``) or to nobody.

    ``owner_key`` is the id of the integration that brought it, ``''`` for a group made by hand; it and
    ``owner_name`` stay when the integration is removed. ``version`` counts changes of name, external id
    and members.
    """

    id = IdField()
    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="groups", db_index=False)
    name = models.CharField(max_length=255)
    name_key = KeyField()
    description = models.CharField(max_length=1024, blank=True)
    external_id = models.CharField(max_length=255, null=True, editable=False)
    external_id_key = KeyField(default="")
    managed_by = models.ForeignKey(
        ServiceAccount, models.SET_NULL, null=True, editable=False, related_name="managed_groups"
    )
    owner_key = KeyField(max_length=36, default="")
    owner_name = models.CharField(max_length=255, default="", editable=False)
    version = models.PositiveBigIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    # No column: whether it has many members, known of a group that was locked for changing it.
    has_many: bool

    class Meta:
        ordering = ["name_key", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "owner_key", "name_key", "external_id_key"], name="group_once_per_owner"
            )
        ]
        # Each ends with the id: lists are in its order, and SQLite without statistics prefers an index that sorts.
        indexes = [
            models.Index(fields=["owner_key", "external_id_key", "id"], name="group_by_external_id"),
            models.Index(fields=["owner_key", "name_key", "id"], name="group_by_name"),
            models.Index(fields=["owner_key", "updated_at", "id"], name="group_by_change"),
            models.Index(fields=["owner_key", "id"], name="group_by_owner"),
        ]

    def __str__(self):
        return self.name

    @property
    def left_behind(self) -> bool:
        """Whether the integration that brought this group has been removed."""
        return bool(self.owner_key) and self.managed_by_id is None


class Membership(models.Model):
    """One person in one group.

    In an integration's group ``source`` is the access through which it knows the person: that row's id is
    the person's SCIM id there, so a member list is read without a join, and it goes when the source goes.
    Hand-made memberships have none. Who manages a membership is who manages its group.
    """

    id = models.BigAutoField(primary_key=True)
    group = models.ForeignKey(Group, models.CASCADE, related_name="memberships", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", db_index=False)
    source = models.ForeignKey(AccessSource, models.CASCADE, null=True, related_name="memberships", db_index=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "group"], name="membership_once")]
        indexes = [
            models.Index(fields=["source", "group"], name="membership_by_source"),
            models.Index(fields=["group", "id"], name="membership_by_group"),
        ]

    def __str__(self):
        return f"{self.user} in {self.group}"

    @classmethod
    def in_order(cls, group_id: Any) -> models.QuerySet["Membership"]:
        """Return the memberships of one group in the order of joining.

        Not asked for equality: PostgreSQL would expect every group to be of average size, and walk through the members
        of all to find a few of one.
        """
        return cls.objects.filter(exactly("group_id", group_id)).order_by("group_id", "pk")
