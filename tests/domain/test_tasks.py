"""Background tasks: what is enqueued, and when."""

import pytest
from django.db import transaction

from kestra_iam.principals import operator
from provisioning.actions.pull_runs import begin_run
from provisioning.actions.pull_sources import save_source
from provisioning.models import ProvisionedUser, PullRun
from provisioning.tasks import enqueue_pull, pull_from_keycloak


@pytest.fixture
def source(integration, keycloak):
    return save_source(
        by=operator,
        integration=integration,
        base_url=keycloak.url,
        realm=keycloak.realm,
        client_id=keycloak.client_id,
        client_secret=keycloak.client_secret,
    )


def test_a_pull_is_enqueued_when_its_run_is_committed(
    source, integration, keycloak, django_capture_on_commit_callbacks
):
    keycloak.add_user("ada")
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        run = begin_run(by=operator, integration=integration)
        enqueue_pull(run)
        assert PullRun.objects.get().state == PullRun.State.WAITING
    assert PullRun.objects.get().state == PullRun.State.SUCCEEDED
    assert ProvisionedUser.objects.get().user_name == "ada"


def test_a_pull_whose_run_ended_or_went_is_left_alone(source, integration, keycloak):
    run = begin_run(by=operator, integration=integration)
    pull_from_keycloak.call(run.pk)
    asked = len(keycloak.requests)
    pull_from_keycloak.call(run.pk)
    run.delete()
    pull_from_keycloak.call(run.pk)
    assert len(keycloak.requests) == asked
