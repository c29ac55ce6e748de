"""One run of a pull at a time: begun by somebody who may, alive or interrupted, ended once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from kestra_iam.errors import Conflict, Forbidden, Invalid
from kestra_iam.models import AuditEvent
from kestra_iam.principals import operator
from provisioning.actions import pull_runs
from provisioning.actions.integrations import disable_integration
from provisioning.actions.pull_runs import Superseded, begin_run, end_run, proceed, take_up
from provisioning.actions.removal import remove_integration
from provisioning.models import Integration, PullRun, PullSource


@pytest.fixture
def source(integration: Integration) -> PullSource:
    return source_of(integration)


def source_of(integration: Integration) -> PullSource:
    return PullSource.objects.create(
        integration=integration, base_url="https://keycloak.example.org", realm="app", client_id="puller"
    )


def begun(source: PullSource, **given: Any) -> PullRun:
    return begin_run(by=operator, integration=source.integration, **given)


def silent_since(run: PullRun, minutes: int) -> None:
    PullRun.objects.filter(pk=run.pk).update(alive_at=timezone.now() - timedelta(minutes=minutes))


def test_a_run_waits_until_it_is_taken_up_and_says_who_began_it(source: PullSource):
    run = begun(source, dry_run=True, allowed_losses=7)
    run.refresh_from_db()
    assert (run.state, run.started_by, run.dry_run, run.allowed_losses) == ("waiting", "operator", True, 7)
    event = AuditEvent.objects.get(verb="pull.begin")
    assert (event.resource, event.resource_id) == ("PROVISIONING", source.pk)
    assert event.details == {"run": run.pk, "dry_run": True, "allowed_losses": 7}


def test_while_a_run_is_on_no_other_one_begins(source: PullSource):
    run = begun(source)
    with pytest.raises(Conflict, match=f"in progress since {run.started_at:%Y-%m-%d %H:%M}"):
        begun(source)
    take_up(run=run)
    with pytest.raises(Conflict, match="in progress"):
        begun(source)
    end_run(run=run, state="succeeded", message="Nothing had changed.")
    assert begun(source).pk != run.pk


def test_a_run_is_taken_up_once(source: PullSource):
    run = begun(source)
    take_up(run=run)
    with pytest.raises(Superseded):
        take_up(run=PullRun.objects.get(pk=run.pk))


@pytest.mark.parametrize("taken_up", [True, False])
def test_a_run_without_life_for_two_minutes_is_replaced_and_says_so(source: PullSource, taken_up: bool):
    run = begun(source)
    if taken_up:
        take_up(run=run)
        run.step, run.done, run.total = "Reading people", 300, 1000
        proceed(run=run)
    silent_since(run, 1)
    with pytest.raises(Conflict):
        begun(source)
    silent_since(run, 3)
    assert begun(source).pk != run.pk
    run.refresh_from_db()
    assert run.state == "interrupted"
    assert run.ended_at is not None
    expected = "It was interrupted while reading people, 300 of 1,000." if taken_up else "No worker took it up."
    assert run.message.startswith(expected)


def test_a_replaced_run_writes_nothing_more(source: PullSource):
    run = begun(source)
    take_up(run=run)
    silent_since(run, 3)
    begun(source)
    for write in (lambda: proceed(run=run), lambda: end_run(run=run, state="succeeded", message="")):
        with pytest.raises(Superseded):
            write()
    run.refresh_from_db()
    assert run.state == "interrupted"


def test_what_a_replaced_run_was_about_to_write_is_undone(source: PullSource):
    run = begun(source)
    take_up(run=run)
    pull_runs.interrupt(source.integration, "Enough.")
    with pytest.raises(Superseded), transaction.atomic():
        Integration.objects.filter(pk=source.pk).update(description="written")
        proceed(run=run)
    source.integration.refresh_from_db()
    assert source.integration.description == ""


def test_a_run_ends_where_its_integration_is_disabled_or_removed(source: PullSource):
    run = begun(source)
    take_up(run=run)
    disable_integration(by=operator, integration=source.integration)
    with pytest.raises(Forbidden, match="disabled"):
        proceed(run=run)
    remove_integration(by=operator, integration=source.integration, keep_access=True)
    with pytest.raises(Superseded):
        proceed(run=run)


def test_nothing_begins_without_a_source_or_while_disabled_or_without_tenants(integration: Integration, settings: Any):
    with pytest.raises(Invalid, match="no source"):
        begin_run(by=operator, integration=integration)
    source = source_of(integration)
    for losses in (-1, 2**31, True):
        with pytest.raises(Invalid) as caught:
            begun(source, allowed_losses=losses)
        assert caught.value.field == "allowed_losses"
    disable_integration(by=operator, integration=integration)
    with pytest.raises(Conflict, match="disabled"):
        begun(source)
    settings.KESTRA_EE_TENANTS_ENABLED = False
    with pytest.raises(Forbidden, match="kestra.ee.tenants.enabled"):
        begun(source)
    assert not PullRun.objects.exists()


def test_integrations_run_beside_each_other(source: PullSource, other_integration, globex_integration):
    for each in (source, source_of(other_integration), source_of(globex_integration)):
        begun(each)
    assert PullRun.objects.filter(ended_at=None).count() == 3


def test_the_last_runs_are_kept(source: PullSource, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pull_runs, "KEPT", 3)
    made = []
    for _ in range(5):
        run = begun(source)
        take_up(run=run)
        end_run(run=run, state="succeeded", message="")
        made.append(run.pk)
    assert set(PullRun.objects.values_list("pk", flat=True)) == set(made[-3:])


def test_a_run_keeps_a_bounded_list_of_problems(source: PullSource):
    run = begun(source)
    for number in range(pull_runs.PROBLEMS + 5):
        pull_runs.add_problem(run, f"user{number}", "x" * 5000)
    assert len(run.problems) == pull_runs.PROBLEMS
    assert all(len(problem["detail"]) <= 1024 for problem in run.problems)


@pytest.mark.django_db(transaction=True)
def test_of_two_begun_at_once_one_runs(integration: Integration):
    source = source_of(integration)
    together = threading.Barrier(2)

    def run(_: int) -> Any:
        together.wait()
        try:
            return begun(source)
        except Conflict as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(run, range(2)))
    assert sum(isinstance(outcome, PullRun) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
    assert PullRun.objects.count() == 1
