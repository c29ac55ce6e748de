"""The task worker that ``manage.py serve`` starts beside the web server."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db import DatabaseBackend
from django_tasks_db.models import DBTaskResult

from kestra_iam.principals import operator
from provisioning.actions.pull_runs import begin_run
from provisioning.actions.pull_sources import save_source
from provisioning.models import Integration, PullRun
from provisioning.tasks import pull_from_keycloak
from tests.e2e.installation import ROOT, Installation
from tests.factories import IntegrationFactory, TenantFactory

SECONDS = 20


def eventually(what: str, condition: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def below(pid: int) -> dict[int, str]:
    """The processes below one, children first, with their command lines."""
    parents, commands = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            commands[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    found: dict[int, str] = {}
    waiting = [pid]
    while waiting:
        parent = waiting.pop(0)
        children = [child for child, of in parents.items() if of == parent]
        found.update({child: commands[child] for child in children if child in commands})
        waiting += children
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def worker_of(installation: Installation) -> int:
    """Return the task worker, once it is one."""
    found: list[int] = []

    def there() -> bool:
        found[:] = [pid for pid, command in below(installation.pid).items() if "db_worker" in command]
        return bool(found)

    eventually(f"There is no worker:\n{installation.log.read_text()}", there)
    assert len(found) == 1
    return found[0]


def enqueue(run: PullRun) -> None:
    """Enqueue as the product does; the tests' own process would run the task at once."""
    DatabaseBackend("default", {}).enqueue(pull_from_keycloak, (run.pk,), {})


@pytest.fixture
def source(installation: Installation, settings) -> Integration:
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    integration = IntegrationFactory(tenant=TenantFactory(slug="acme"))
    place = {"base_url": "http://127.0.0.1:1", "realm": "app", "client_id": "puller", "client_secret": "secret"}
    save_source(by=operator, integration=integration, **place)
    return integration


def test_a_task_that_is_enqueued_is_run(installation, source):
    run = begin_run(by=operator, integration=source)
    enqueue(run)
    eventually("The run goes on.", lambda: PullRun.objects.get(pk=run.pk).ended_at)
    run.refresh_from_db()
    assert run.state == PullRun.State.FAILED
    assert "OUTBOUND_ALLOW" in run.message, "this server may not go there"


def test_results_of_long_ago_are_forgotten(installation, source):
    for _ in range(2):
        DatabaseBackend("default", {}).enqueue(pull_from_keycloak, ("none",), {})
    ended = DBTaskResult.objects.filter(status=TaskResultStatus.SUCCESSFUL)
    eventually("The tasks wait.", lambda: ended.count() == 2)
    old, killed = DBTaskResult.objects.all()
    long_ago = timezone.now() - timedelta(days=8)
    DBTaskResult.objects.filter(pk=old.pk).update(finished_at=long_ago)
    DBTaskResult.objects.filter(pk=killed.pk).update(
        status=TaskResultStatus.RUNNING, started_at=long_ago, finished_at=None
    )
    last = DatabaseBackend("default", {}).enqueue(pull_from_keycloak, ("none",), {})
    eventually("They stay.", lambda: [str(each.pk) for each in DBTaskResult.objects.all()] == [last.id])


def test_sigterm_ends_web_server_and_worker_and_leaves_no_process(installation):
    worker_of(installation)
    processes = below(installation.pid)
    assert len(processes) >= 3
    os.kill(installation.pid, signal.SIGTERM)
    assert installation.wait() == 0
    assert [command for pid, command in processes.items() if is_alive(pid)] == []


def test_a_pull_that_goes_on_is_interrupted_by_the_end(installation, source, settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        installation.stop()
        installation.environment["OUTBOUND_ALLOW"] = "127.0.0.1"
        installation.start()
        save_source(
            by=operator,
            integration=source,
            base_url=f"http://127.0.0.1:{silent.getsockname()[1]}",
            realm="app",
            client_id="puller",
            client_secret="secret",
        )
        run = begin_run(by=operator, integration=source)
        enqueue(run)
        silent.settimeout(SECONDS)
        asked, _ = silent.accept()
        os.kill(installation.pid, signal.SIGTERM)
        assert installation.wait() == 0
        asked.close()
    run.refresh_from_db()
    assert run.state == PullRun.State.INTERRUPTED
    assert begin_run(by=operator, integration=source).state == PullRun.State.WAITING


def test_a_worker_that_is_killed_is_replaced(installation):
    killed = worker_of(installation)
    os.kill(killed, signal.SIGKILL)
    eventually("It is not replaced.", lambda: not is_alive(killed) and worker_of(installation) != killed)
    assert "The task worker ended (exit status -9)" in installation.log.read_text()


def test_a_web_server_that_is_killed_ends_the_whole(installation):
    worker_of(installation)
    processes = below(installation.pid)
    web_server = next(pid for pid, command in processes.items() if "granian" in command)
    os.kill(web_server, signal.SIGKILL)
    assert installation.wait() == 128 + signal.SIGKILL
    eventually("Processes are left.", lambda: not any(is_alive(pid) for pid in processes))


def test_nothing_outlives_a_server_that_is_killed(installation):
    worker_of(installation)
    processes = below(installation.pid)
    os.kill(installation.pid, signal.SIGKILL)
    installation.wait()
    eventually("Processes are left.", lambda: not any(is_alive(pid) for pid in processes))


def test_the_web_server_can_run_without_a_worker(installation):
    installation.stop()
    command = [sys.executable, "manage.py", "serve", "--no-worker"]
    with subprocess.Popen(command, cwd=ROOT, env=installation.environment, stdout=subprocess.DEVNULL) as alone:
        eventually("It does not serve.", installation._answers)
        assert "granian" in Path(f"/proc/{alone.pid}/cmdline").read_text()
        assert not [each for each in below(alone.pid).values() if "db_worker" in each]
        alone.terminate()
        assert alone.wait(15) == 0


def test_a_worker_can_run_alone_and_says_what_is_wrong_with_the_database(installation, tmp_path):
    command = [sys.executable, "manage.py", "db_worker", "--batch"]
    done = subprocess.run(command, cwd=ROOT, env=installation.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    broken = {**installation.environment, "DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3"}
    done = subprocess.run(command, cwd=ROOT, env=broken, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "The database cannot be used" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
