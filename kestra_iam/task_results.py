"""What stays of tasks that have ended: enough to look into, and no more."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.db import DatabaseError
from django.db.models.functions import Coalesce
from django.dispatch import receiver
from django.utils import timezone
from django_tasks import TaskResult, TaskResultStatus, task_backends
from django_tasks.signals import task_finished
from django_tasks_db import DatabaseBackend
from django_tasks_db.models import DBTaskResult

KEPT = timedelta(days=7)


@receiver(task_finished)
def forget_old_results(task_result: TaskResult, **_: Any) -> None:
    """Delete what is left of tasks that ended long ago, or whose worker was killed long ago, whenever one ends."""
    if not isinstance(task_backends[task_result.backend], DatabaseBackend):
        return
    begun = DBTaskResult.objects.exclude(status=TaskResultStatus.READY)
    old = begun.annotate(last=Coalesce("finished_at", "started_at")).filter(last__lt=timezone.now() - KEPT)
    # An error here would count as one of the task; the next one that ends tries again.
    with suppress(DatabaseError):
        old.delete()
