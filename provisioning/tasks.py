"""What a worker does in the background: pulls from Keycloak."""

from functools import partial

from django.db import transaction
from django_tasks import task

from provisioning.models import PullRun
from provisioning.pulling import pull


@task()
def pull_from_keycloak(run_id: str) -> None:
    """Carry out a run that waits; one that has ended meanwhile, or whose integration was removed, is left alone."""
    run = PullRun.objects.filter(pk=run_id).first()
    if run is not None:
        pull(run)


def enqueue_pull(run: PullRun) -> None:
    """Let a worker carry out a run that ``pull_runs.begin_run`` has begun, once the transaction is committed."""
    transaction.on_commit(partial(pull_from_keycloak.enqueue, run.pk))
