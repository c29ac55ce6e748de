"""An integration's tab *Pull from Keycloak*: its source, its runs, and what is offered when."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from kestra_iam.models import AuditEvent, User
from kestra_iam.principals import operator
from provisioning.actions.integrations import disable_integration
from provisioning.actions.pull_runs import SILENCE, begin_run
from provisioning.models import Integration, PullRun, PullSource
from provisioning.sealing import unseal
from tenants.models import Tenant
from tests.console.conftest import shown
from tests.factories import RoleFactory, person
from tests.keycloak_double import KeycloakDouble
from tests.pulls import Directory
from tests.pulls import people as people_of
from tests.pulls import realm as realm

SECRET = "puller-secret"


@pytest.fixture
def pull(integration: Integration) -> str:
    return shown("provisioning", integration, "pull")


@pytest.fixture
def sync(console: Client, integration: Integration, django_capture_on_commit_callbacks: Any) -> Callable[..., str]:
    """Press *Sync now*; the run is over when the page is shown."""

    def press(**values: str) -> str:
        with django_capture_on_commit_callbacks(execute=True):
            answer = console.post(shown("provisioning", integration, "pull-sync"), values)
        return told(console.get(answer.url) if answer.status_code == 302 else answer)

    return press


def told(answer: HttpResponse) -> str:
    """What a page says, without its markup."""
    page = re.sub(r"<(script|style|title).*?</\1>", " ", answer.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).replace("&#x27;", "'")


def given(keycloak: KeycloakDouble, **other: str) -> dict[str, str]:
    place = {"base_url": keycloak.url, "realm": "app", "client_id": "puller", "client_secret": SECRET}
    return {**place, "group_filter": "", "loss_limit": "20", **other}


def test_without_a_source_the_page_asks_for_one_and_leads_to_the_guide(
    console: Client, integration: Integration, pull: str
):
    page = console.get(pull)
    assert page.status_code == 200
    for label in ("Base URL", "Realm", "Client ID", "Client secret", "Groups", "Stop above (%)"):
        assert label in told(page)
    assert f"{shown('provisioning', integration, 'connect')}?client=keycloak-pull" in page.content.decode()
    assert "Sync now" not in told(page)


def test_a_source_is_saved_with_its_secret_encrypted_and_shown_nowhere(
    console: Client, integration: Integration, keycloak: KeycloakDouble, pull: str
):
    saved = console.post(pull, given(keycloak, group_filter="/staff\n/ops"), follow=True)
    source = PullSource.objects.get(integration=integration)
    assert (source.base_url, source.realm, source.client_id, source.loss_limit) == (keycloak.url, "app", "puller", 20)
    assert source.group_filter == "/staff\n/ops"
    assert unseal(source.sealed_secret) == SECRET
    assert "Sync now" in told(saved)
    for page in (
        saved,
        console.get(pull),
        console.get(f"{pull}?change"),
        console.get(shown("provisioning", integration)),
    ):
        assert SECRET not in page.content.decode()
        assert source.sealed_secret not in page.content.decode()
    assert SECRET not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"base_url": ""}, "Enter where Keycloak is, such as https://"),
        ({"base_url": "keycloak"}, "Enter an address such as"),
        ({"base_url": "https://10.0.0.7"}, "OUTBOUND_ALLOW"),
        ({"realm": ""}, "Enter the name of the realm"),
        ({"client_id": ""}, "Enter the ID of a client"),
        ({"client_secret": ""}, "Client secret must not be empty"),
        ({"group_filter": "staff"}, "is no path of a group"),
        ({"loss_limit": ""}, "Enter a whole number of per cent from 0 to 100"),
        ({"loss_limit": "101"}, "Enter a whole number of per cent from 0 to 100"),
        ({"loss_limit": "many"}, "Enter a whole number of per cent from 0 to 100"),
    ],
)
def test_a_wrong_value_is_told_at_its_field_and_nothing_typed_is_lost_but_the_secret(
    console: Client, keycloak: KeycloakDouble, pull: str, wrong: dict[str, str], sentence: str
):
    answer = console.post(pull, given(keycloak, **wrong))
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == list(wrong)
    assert sentence in told(answer)
    form = answer.context["form"]
    shown_again = {name: form[name].value() for name in form.fields if name != "client_secret"}
    assert {**given(keycloak, **wrong), **shown_again} == given(keycloak, **wrong)
    assert SECRET not in answer.content.decode()
    assert ("Enter it once more" in told(answer)) is ("client_secret" not in wrong)
    assert not PullSource.objects.exists()


def test_a_change_keeps_the_secret_but_not_for_another_server(console: Client, realm: Directory, pull: str):
    before = PullSource.objects.get().sealed_secret
    keycloak = realm.keycloak
    console.post(pull, given(keycloak, client_secret="", loss_limit="50"))
    assert (PullSource.objects.get().loss_limit, PullSource.objects.get().sealed_secret) == (50, before)
    elsewhere = console.post(pull, given(keycloak, client_secret="", realm="other"))
    assert elsewhere.status_code == 400
    assert "Enter the client secret again" in told(elsewhere)


def test_sync_now_pulls_and_shows_what_it_did(integration: Integration, realm: Directory, sync: Callable[..., str]):
    alice, bob = realm.user("alice"), realm.user("bob")
    realm.group("staff", alice, bob)
    page = sync()
    assert people_of(integration) == {"alice": True, "bob": True}
    assert "Succeeded" in page
    assert "People: 2 created; groups: 1 created; memberships: 2 added." in page
    assert "2 people 1 group" in page, "read and created, in the list of runs"
    assert "by admin" in page
    assert "Nothing had changed." in sync()


def test_a_try_writes_nothing_and_says_what_would_come(
    integration: Integration, realm: Directory, sync: Callable[..., str]
):
    realm.user("alice")
    page = sync(dry_run="1")
    assert "Nothing was written. It would write people: 1 created." in page
    assert "To create" in page
    assert people_of(integration) == {}


def test_a_run_that_takes_too_much_access_stops_and_is_run_by_the_button_that_names_how_many(
    integration: Integration, realm: Directory, sync: Callable[..., str]
):
    ids = realm.people(4)
    sync()
    for id in ids[:2]:
        realm.delete(id)
    page = sync()
    assert "Stopped" in page
    assert "it takes access from 2 of 4 people, more than the 20 %" in page
    assert "Run and take access from 2 people" in page
    assert len(people_of(integration)) == 4
    sync(allowed_losses="2")
    assert len(people_of(integration)) == 2


@pytest.mark.parametrize("losses", ["-1", "many", "", "9" * 30])
def test_what_is_no_number_of_people_allows_nothing(realm: Directory, sync: Callable[..., str], losses: str):
    assert "The losses allowed are a number of people" in sync(allowed_losses=losses)
    assert not PullRun.objects.exists()


def test_problems_are_listed_on_the_page_of_the_run(
    console: Client, integration: Integration, realm: Directory, sync: Callable[..., str]
):
    realm.user("x" * 300)
    assert "1 problem: who, and why" in sync()
    run = PullRun.objects.get()
    page = console.get(f"{shown('provisioning', integration, 'pull')}{run.pk}/")
    who, detail = run.problems[0]["who"], run.problems[0]["detail"]
    assert f"{who} {detail}" in told(page)


def test_a_failed_run_says_what_to_check(realm: Directory, sync: Callable[..., str]):
    realm.keycloak.client_secret = "another"
    page = sync()
    assert "Failed" in page
    assert "check Client ID and Client secret" in page


def test_while_a_run_is_on_its_progress_is_asked_for_and_none_other_is_offered(
    console: Client, integration: Integration, realm: Directory, pull: str
):
    run = begin_run(by=operator, integration=integration)
    PullRun.objects.filter(pk=run.pk).update(state="running", step="Reading people", done=100, total=2000)
    page = console.get(pull)
    assert 'data-poll="' in page.content.decode()
    assert '<progress value="100" max="2000">' in page.content.decode()
    assert "Reading people: 100 of 2,000" in told(page)
    assert "Sync now" not in told(page)
    progress = f"{pull}?part"
    assert 'id="runs" data-poll=' in console.get(progress).content.decode()
    assert "<main" not in console.get(progress).content.decode()
    refused = console.post(shown("provisioning", integration, "pull-sync"))
    assert refused.status_code == 409
    assert "A run is in progress since" in told(refused)
    own = f"{pull}{run.pk}/"
    assert f'id="run" data-poll="{own}?part"' in console.get(own).content.decode()
    assert f'id="run" data-poll="{own}?part"' in console.get(f"{own}?part").content.decode()
    assert "<main" not in console.get(f"{own}?part").content.decode()
    PullRun.objects.filter(pk=run.pk).update(state="succeeded", ended_at=run.started_at, message="Nothing had changed.")
    assert "data-poll" not in console.get(f"{own}?part").content.decode()
    assert "data-poll" not in console.get(progress).content.decode()
    assert "Sync now" in told(console.get(progress))


def test_a_run_without_life_is_told_as_interrupted_and_another_one_is_offered(
    console: Client, integration: Integration, realm: Directory, pull: str, sync: Callable[..., str]
):
    run = begin_run(by=operator, integration=integration)
    silent = timezone.now() - SILENCE
    PullRun.objects.filter(pk=run.pk).update(state="running", step="Reading people", done=100, alive_at=silent)
    page = console.get(pull)
    assert "data-poll" not in page.content.decode()
    assert "Interrupted" in told(page)
    assert "It has shown no life since" in told(page)
    assert "it was at Reading people: 100 so far" in told(page)
    assert "Sync now" in told(page)
    assert "Nothing had changed." in sync()


def test_a_run_that_no_worker_takes_up_says_what_the_operator_starts(
    console: Client, integration: Integration, realm: Directory, pull: str
):
    run = begin_run(by=operator, integration=integration)
    assert "No worker has taken it up" not in told(console.get(pull))
    PullRun.objects.filter(pk=run.pk).update(started_at=timezone.now() - timedelta(seconds=30))
    assert "the operator starts manage.py db_worker" in told(console.get(pull))


def test_the_last_twenty_runs_are_listed_newest_first(console: Client, integration: Integration, pull: str):
    began = timezone.now() - timedelta(days=1)
    for number in range(21):
        at = began + timedelta(minutes=number)
        message = f"Number {number:02}."
        PullRun.objects.create(
            integration=integration, state="failed", started_by="anna", started_at=at, ended_at=at, message=message
        )
    rows = console.get(pull).content.decode().split('class="k-table k-list k-runs"')[1]
    assert re.findall(r"Number (\d\d)", rows) == [f"{number:02}" for number in range(20, 0, -1)]


def test_who_does_not_hold_what_the_integration_gives_is_refused_with_a_sentence(
    client_for: Callable[[User], Client], acme: Tenant, integration: Integration, realm: Directory, pull: str
):
    RoleFactory(tenant=acme, name="Operations", permissions={"PROVISIONING": ["READ", "UPDATE"]})
    browser = client_for(person(acme, "Operations"))
    refused = browser.post(shown("provisioning", integration, "pull-sync"))
    assert refused.status_code == 403
    assert "The integration Corporate Keycloak" in told(refused)
    changed = browser.post(pull, given(realm.keycloak, loss_limit="100"))
    assert changed.status_code == 403
    assert "The integration Corporate Keycloak" in told(changed)
    assert PullSource.objects.get().loss_limit == 20
    assert not PullRun.objects.exists()


def test_a_disabled_integration_is_not_synced(
    console: Client, integration: Integration, realm: Directory, pull: str, sync: Callable[..., str]
):
    disable_integration(by=operator, integration=integration)
    page = told(console.get(pull))
    assert "This integration is disabled. Enable it to sync." in page
    assert "Sync now" not in page
    assert "is disabled: enable it first" in sync()


def test_with_tenants_disabled_nothing_is_synced(
    console: Client, realm: Directory, pull: str, sync: Callable[..., str], settings: Any
):
    settings.KESTRA_EE_TENANTS_ENABLED = False
    for page in (console.get(pull), console.get(f"{pull}?part")):
        assert "Sync now" not in told(page)
    assert "kestra.ee.tenants.enabled" in told(console.get(pull))
    assert "kestra.ee.tenants.enabled" in sync()
    assert not PullRun.objects.exists()


def test_removing_the_source_keeps_what_was_pulled(
    console: Client, integration: Integration, realm: Directory, sync: Callable[..., str]
):
    realm.user("alice")
    sync()
    asked = told(console.get(shown("provisioning", integration, "pull-remove")))
    assert f"Nothing is pulled from the realm app of {realm.keycloak.url} any more" in asked
    assert PullSource.objects.exists(), "asking removes nothing"
    page = told(console.post(shown("provisioning", integration, "pull-remove"), follow=True))
    assert "The source is removed. People and groups stay as they are." in page
    assert not PullSource.objects.exists()
    assert people_of(integration) == {"alice": True}
    assert console.post(shown("provisioning", integration, "pull-remove")).status_code == 404


def test_who_may_only_read_sees_source_and_runs_and_changes_nothing(
    client_for: Callable[[User], Client], acme: Tenant, integration: Integration, realm: Directory, pull: str
):
    RoleFactory(tenant=acme, name="Reader", permissions={"PROVISIONING": ["READ"]})
    reader = person(acme, "Reader")
    browser = client_for(reader)
    PullRun.objects.create(
        integration=integration, state="stopped", losses=9, started_by="anna", ended_at=timezone.now(), message="So."
    )
    for page in (told(browser.get(pull)), told(browser.get(f"{pull}?change"))):
        assert realm.keycloak.url in page
        for offer in ("Sync now", "Change ", "Remove source", "Save", "Run and take access"):
            assert offer not in page
    for operation in ("pull", "pull-sync", "pull-remove"):
        assert browser.post(shown("provisioning", integration, operation)).status_code == 403
    assert PullSource.objects.exists()


def test_another_tenant_reaches_neither_source_nor_run(
    client_for: Callable[[User], Client], globex: Tenant, integration: Integration, realm: Directory
):
    run = begin_run(by=operator, integration=integration)
    stranger = client_for(person(globex, "Admin"))
    for operation in ("pull", f"pull/{run.pk}", "pull-remove"):
        assert stranger.get(shown("provisioning", integration, operation, "globex")).status_code == 404
    for operation in ("pull", "pull-sync", "pull-remove"):
        assert stranger.post(shown("provisioning", integration, operation, "globex")).status_code == 404
    assert PullSource.objects.exists()
