"""``manage.py keycloak source | sync | runs``, against a stand-in Keycloak (``tests/keycloak_double.py``)."""

import io
import json
import signal
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command

from provisioning.management import sync as syncing
from provisioning.models import ProvisionedUser, PullRun, PullSource
from provisioning.sealing import unseal


class Terminal(io.StringIO):
    """A terminal at which somebody sits."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def secret(monkeypatch, keycloak):
    monkeypatch.setenv("KEYCLOAK_CLIENT_SECRET", keycloak.client_secret)


@pytest.fixture
def source(run, integration, keycloak, secret):
    return run("keycloak", "source", integration.pk, *place(keycloak))


def place(keycloak) -> list[str]:
    return ["--url", keycloak.url, "--realm", keycloak.realm, "--client-id", keycloak.client_id]


def people(keycloak, number: int) -> list[str]:
    return [keycloak.add_user(f"user{each:03}") for each in range(number)]


class Outcome:
    """What one command wrote, and its error, ``""`` for none."""

    def __init__(self, *arguments: str, terminal: bool = False):
        out, err = io.StringIO(), Terminal() if terminal else io.StringIO()
        self.error = ""
        try:
            call_command("keycloak", *arguments, stdout=out, stderr=err)
        except CommandError as error:
            self.error = str(error)
        self.out, self.err = out.getvalue(), err.getvalue()


# --- source


def test_a_source_is_saved_and_its_secret_never_printed(source, read, integration, keycloak):
    assert source == {
        "id": integration.pk,
        "name": integration.name,
        "base_url": keycloak.url,
        "realm": "app",
        "client_id": "puller",
        "groups": [],
        "loss_limit": 20,
    }
    assert unseal(PullSource.objects.get().sealed_secret) == keycloak.client_secret
    assert keycloak.client_secret not in read("keycloak", "source", integration.pk)


def test_what_is_left_out_stays_as_it_is(source, run, integration, keycloak):
    first = run("keycloak", "source", integration.pk, "--group", "/staff", "--group", "/guests", "--loss-limit", "5")
    assert (first["groups"], first["loss_limit"]) == (["/staff", "/guests"], 5)
    second = run("keycloak", "source", integration.pk, "--loss-limit", "7")
    assert (second["groups"], second["loss_limit"], second["base_url"]) == (["/staff", "/guests"], 7, keycloak.url)
    assert run("keycloak", "source", integration.pk, "--all-groups")["groups"] == []
    assert run("keycloak", "source", integration.pk) == source | {"loss_limit": 7}


def test_the_secret_can_come_from_standard_input(run, integration, keycloak, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("from-stdin\n"))
    run("keycloak", "source", integration.pk, *place(keycloak), "--secret-stdin")
    assert unseal(PullSource.objects.get().sealed_secret) == "from-stdin"


def test_another_realm_needs_the_secret_again(source, run, integration, monkeypatch):
    monkeypatch.delenv("KEYCLOAK_CLIENT_SECRET")
    with pytest.raises(CommandError, match="secret again"):
        run("keycloak", "source", integration.pk, "--realm", "other")
    assert run("keycloak", "source", integration.pk, "--loss-limit", "1")["loss_limit"] == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--url", "https://10.0.0.1"], "--url: .*not a public address"),
        (["--realm", ""], "--realm: "),
        (["--group", "staff"], "--group: "),
        (["--loss-limit", "101"], "--loss-limit: "),
    ],
)
def test_a_wrong_option_is_named(source, run, integration, options, sentence):
    with pytest.raises(CommandError, match=sentence):
        run("keycloak", "source", integration.pk, *options)
    assert run("keycloak", "source", integration.pk) == source


def test_without_a_source_it_says_what_to_give(run, integration):
    with pytest.raises(CommandError, match="has no source: give --url"):
        run("keycloak", "source", integration.pk)


def test_a_source_can_be_removed(source, run, integration):
    assert run("keycloak", "source", integration.pk, "--remove") == source
    assert not PullSource.objects.exists()
    with pytest.raises(CommandError, match="has no source"):
        run("keycloak", "source", integration.pk, "--remove")


# --- sync


def test_sync_pulls_and_tells_what_it_did(source, run, integration, keycloak):
    ada, _ = keycloak.add_user("ada"), keycloak.add_user("bob")
    keycloak.add_group("staff", ada)
    done = run("keycloak", "sync", integration.pk)
    assert done["state"] == "succeeded"
    assert done["started_by"] == "operator"
    assert done["users"] == {"read": 2, "created": 2, "changed": 0, "removed": 0}
    assert done["groups"] == {"read": 1, "created": 1, "changed": 0, "removed": 0}
    assert done["members"] == {"added": 1, "removed": 0}
    assert set(ProvisionedUser.objects.values_list("user_name", flat=True)) == {"ada", "bob"}


def test_a_second_sync_writes_nothing(source, run, integration, keycloak):
    people(keycloak, 3)
    run("keycloak", "sync", integration.pk)
    again = run("keycloak", "sync", integration.pk)
    assert again["users"] == {"read": 3, "created": 0, "changed": 0, "removed": 0}


def test_a_dry_run_only_counts(source, run, integration, keycloak):
    people(keycloak, 3)
    told = run("keycloak", "sync", integration.pk, "--dry-run")
    assert (told["dry_run"], told["users"]["created"]) == (True, 3)
    assert not ProvisionedUser.objects.exists()


def test_people_read_a_sentence_and_the_counts(source, integration, keycloak):
    people(keycloak, 3)
    outcome = Outcome("sync", integration.pk)
    assert "People: 3 created." in outcome.out
    assert "3 read, 3 created, 0 changed, 0 removed" in outcome.out


def test_progress_is_a_line_for_each_step_and_a_bar_on_a_terminal(source, integration, keycloak):
    people(keycloak, 3)
    lines = Outcome("sync", integration.pk).err
    assert len(lines.splitlines()) > 1
    assert "\r" not in lines
    bar = Outcome("sync", integration.pk, terminal=True).err
    assert "[" in bar
    assert bar.rpartition("\r")[0].rpartition("\r")[2].strip() == "", "the bar is still there at the end"


def test_json_is_one_document_and_nothing_beside_it(source, integration, keycloak):
    outcome = Outcome("sync", integration.pk, "--json", terminal=True)
    assert json.loads(outcome.out)["state"] == "succeeded"
    assert outcome.err == ""


def test_a_failed_run_is_an_error_with_its_sentence(source, integration, keycloak):
    keycloak.roles.clear()
    outcome = Outcome("sync", integration.pk, "--json")
    assert "view-users" in outcome.error
    assert json.loads(outcome.out)["state"] == "failed"


def test_a_secret_that_keycloak_refuses_is_told_and_not_repeated(source, run, integration, keycloak, monkeypatch):
    monkeypatch.setenv("KEYCLOAK_CLIENT_SECRET", "not-this-one")
    run("keycloak", "source", integration.pk, "--realm", "other")
    run("keycloak", "source", integration.pk, "--realm", "app")
    outcome = Outcome("sync", integration.pk)
    assert "refuses the client 'puller'" in outcome.error
    assert "not-this-one" not in outcome.out + outcome.err + outcome.error


def test_a_sync_without_a_source_is_refused(run, integration):
    with pytest.raises(CommandError, match="has no source"):
        run("keycloak", "sync", integration.pk)
    assert not PullRun.objects.exists()


@pytest.fixture
def leavers(source, run, integration, keycloak):
    """Ten people were pulled, and five of them are gone since: more than a run takes access from unasked."""
    ids = people(keycloak, 10)
    run("keycloak", "sync", integration.pk)
    for id in ids[:5]:
        keycloak.delete_user(id)


def test_a_run_that_would_take_much_access_stops_and_asks_nobody(leavers, integration, monkeypatch):
    for terminal, options in ((False, []), (True, ["--json"])):
        monkeypatch.setattr(sys, "stdin", Terminal("y\n") if terminal else io.StringIO("y\n"))
        outcome = Outcome("sync", integration.pk, *options, terminal=terminal)
        assert "allow 5 losses" in outcome.error
        assert "Go on?" not in outcome.err
    assert ProvisionedUser.objects.count() == 10


def test_so_many_losses_can_be_allowed(leavers, run, integration):
    assert run("keycloak", "sync", integration.pk, "--allow-losses", "5")["users"]["removed"] == 5


@pytest.mark.parametrize(("answer", "left"), [("y\n", 5), ("\n", 10), ("no\n", 10), ("", 10)])
def test_on_a_terminal_somebody_may_say_that_it_goes_on(leavers, integration, monkeypatch, answer, left):
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    outcome = Outcome("sync", integration.pk, terminal=True)
    assert "5 of 10 people" in outcome.err
    assert "Go on? [y/N]" in outcome.err
    assert (outcome.error == "") is (left == 5)
    assert ProvisionedUser.objects.count() == left


def interrupt(received: signal.Signals) -> None:
    """Send a signal to the command while it waits for an answer: in the middle of anything else Python may lose it."""
    time.sleep(0.1)
    signal.pthread_kill(threading.main_thread().ident, received)
    time.sleep(0.1)


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C works, also where these tests run in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("received", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_so_and_the_next_one_goes_on(source, run, integration, keycloak, ctrl_c, received):
    people(keycloak, 3)
    keycloak.before[2] = lambda: interrupt(received)
    outcome = Outcome("sync", integration.pk)
    assert "interrupted" in outcome.error
    assert PullRun.objects.get().state == PullRun.State.INTERRUPTED
    assert run("keycloak", "sync", integration.pk)["users"]["created"] == 3


@pytest.mark.django_db(transaction=True)
def test_every_repeats_until_it_is_interrupted_and_tells_what_fails(source, integration, keycloak, monkeypatch):
    people(keycloak, 1)
    pauses = []

    def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 1:
            keycloak.roles.clear()
        elif len(pauses) == 2:
            keycloak.roles.update(("users", "groups"))
            keycloak.add_user("grace")
        else:
            raise KeyboardInterrupt

    monkeypatch.setattr(syncing, "sleep", pause)
    outcome = Outcome("sync", integration.pk, "--every", "15m", "--json")
    assert outcome.error == ""
    assert [json.loads(line)["state"] for line in outcome.out.splitlines()] == ["succeeded", "failed", "succeeded"]
    assert "view-users" in outcome.err
    assert all(0 < seconds <= 15 * 60 for seconds in pauses)
    assert ProvisionedUser.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_every_ends_cleanly_when_a_run_is_interrupted(source, integration, keycloak):
    people(keycloak, 3)
    keycloak.before[2] = lambda: interrupt(signal.SIGTERM)
    outcome = Outcome("sync", integration.pk, "--every", "1h")
    assert outcome.error == ""
    assert "interrupted" in outcome.err
    assert PullRun.objects.get().state == PullRun.State.INTERRUPTED


@pytest.mark.parametrize("text", ["0s", "9s", "15", "m", "1w", "1.5h", "1000000d"])
def test_an_interval_that_makes_no_sense_is_a_usage_error(integration, text):
    assert "is no interval" in Outcome("sync", integration.pk, "--every", text).error


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("15m", 900), ("1h", 3600), ("1d", 86400)])
def test_intervals(text, seconds):
    assert syncing.interval(text) == seconds


def test_losses_are_allowed_for_one_run_only(source, integration):
    assert "one run" in Outcome("sync", integration.pk, "--every", "1h", "--allow-losses", "5").error


# --- runs


def test_the_last_runs_are_listed(source, run, read, integration, other_integration, keycloak):
    people(keycloak, 2)
    first, second = (run("keycloak", "sync", integration.pk, *options) for options in (["--dry-run"], []))
    assert run("keycloak", "runs", integration.pk) == [second, first]
    assert run("keycloak", "runs", other_integration.pk) == []
    table = read("keycloak", "runs", integration.pk)
    assert "succeeded (dry run)" in table
    assert "People: 2 created." in table


@pytest.mark.parametrize("verb", ["source", "sync", "runs", "connect"])
def test_an_unknown_integration_is_named(db, verb):
    options = ["--url", "https://keycloak.example.org", "--realm", "app"] if verb == "connect" else []
    assert "There is no integration 'nothing'" in Outcome(verb, "nothing", *options).error
