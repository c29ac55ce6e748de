"""Pulling people and groups from a Keycloak: where from, and what each run came to."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from provisioning.models.integrations import Integration
from tenants.fields import IdField


class PullSource(models.Model):
    """The realm of a Keycloak that an integration pulls from, through a client of that realm.

    ``sealed_secret`` is the client secret, encrypted (``provisioning.sealing``). ``group_filter`` holds paths,
    one a line: these groups and those below them are pulled, every group for none. ``loss_limit`` is the share of
    its people, in per cent, from whom one run may take access without being asked.
    """

    integration = models.OneToOneField(Integration, models.CASCADE, primary_key=True, related_name="pull_source")
    base_url = models.CharField("Base URL", max_length=255)
    realm = models.CharField("Realm", max_length=255)
    client_id = models.CharField("Client ID", max_length=255)
    sealed_secret = models.TextField(editable=False)
    group_filter = models.TextField("Groups", blank=True)
    loss_limit = models.PositiveSmallIntegerField("Stop above", default=20)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(loss_limit__lte=100), name="loss_limit_is_a_percentage")]

    def __str__(self):
        return f"{self.base_url} {self.realm}"


class PullRun(models.Model):
    """One run of a pull: how far it came and what it did. It is on while ``ended_at`` is none.

    A run that shows no life (``alive_at``) any more was interrupted; the next one says so of it. ``losses`` counts
    the people from whom the run takes access, or would take it; ``allowed_losses`` is what an administrator has
    agreed to. ``problems`` lists what could not be carried out: ``[{"who": …, "detail": …}]``, bounded.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"
        INTERRUPTED = "interrupted", "Interrupted"

    id = IdField()
    integration = models.ForeignKey(Integration, models.CASCADE, related_name="pull_runs", db_index=False)
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    started_by = models.CharField(max_length=255)
    dry_run = models.BooleanField(default=False)
    allowed_losses = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(default=timezone.now)
    alive_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    # What it is doing now, and how far it is: ``done`` of ``total`` (0 while that is unknown).
    step = models.CharField(max_length=64, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    users_read = models.PositiveIntegerField(default=0)
    users_created = models.PositiveIntegerField(default=0)
    users_changed = models.PositiveIntegerField(default=0)
    users_removed = models.PositiveIntegerField(default=0)
    groups_read = models.PositiveIntegerField(default=0)
    groups_created = models.PositiveIntegerField(default=0)
    groups_changed = models.PositiveIntegerField(default=0)
    groups_removed = models.PositiveIntegerField(default=0)
    members_added = models.PositiveIntegerField(default=0)
    members_removed = models.PositiveIntegerField(default=0)
    losses = models.PositiveIntegerField(default=0)
    # One line for people: how it ended.
    message = models.CharField(max_length=1024, blank=True)
    problems = models.JSONField(default=list)

    class Meta:
        ordering = ["-started_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["integration"], condition=Q(ended_at=None), name="one_pull_run_at_a_time")
        ]
        indexes = [models.Index(fields=["integration", "started_at"], name="pull_run_by_start")]

    def __str__(self):
        return f"{self.get_state_display()} {self.started_at:%Y-%m-%d %H:%M}"
