"""A run that is interrupted says how far it came, and the next one goes on from there."""

import signal
import subprocess
import time
from collections.abc import Callable

from provisioning.models import ProvisionedUser, PullRun
from tests.keycloak.agreement import assert_pulled
from tests.keycloak.product import Product
from tests.keycloak.realms import Realm

SECONDS = 60


def wait_for(run: subprocess.Popen, happens: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not happens():
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_keycloak_that_dies_in_the_middle_of_a_run_costs_nothing(product: Product, company: Realm):
    integration = product.pull_from(company)
    command = product.begin("keycloak", "sync", integration)
    wait_for(command, lambda: PullRun.objects.filter(step="Reading members").exists())
    company.keycloak.kill()
    _, said = command.communicate(timeout=SECONDS)
    company.keycloak.start()
    assert command.returncode == 1
    run = PullRun.objects.get()
    assert run.state == "failed"
    assert run.users_read == len(company.users())
    assert "It was reading members, " in run.message
    assert run.message.endswith("Nothing was written.")
    assert run.message in said
    assert not ProvisionedUser.objects.exists()
    product.sync(integration)
    assert_pulled(company, integration)


def test_a_run_that_is_ended_while_it_writes_is_simply_run_again(product: Product, company: Realm):
    integration = product.pull_from(company)
    command = product.begin("keycloak", "sync", integration)
    wait_for(command, lambda: ProvisionedUser.objects.count() > 0)
    command.send_signal(signal.SIGTERM)
    command.communicate(timeout=SECONDS)
    assert command.returncode == 1
    run = PullRun.objects.get()
    written = ProvisionedUser.objects.count()
    assert run.state == "interrupted"
    assert 0 < written < len(company.users())
    assert "What it has written stays; the next run goes on from there." in run.message
    assert product.sync(integration)["users"]["created"] == len(company.users()) - written
    assert_pulled(company, integration)
