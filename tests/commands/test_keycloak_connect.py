"""``manage.py keycloak connect``, against a stand-in Keycloak (``tests/keycloak_admin_double.py``)."""

import io
import sys
import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.db import connection
from django.utils import timezone

from kestra_iam.models import ApiToken
from kestra_iam.principals import operator
from provisioning.actions.integrations import disable_integration
from provisioning.endpoints import scim_endpoint
from provisioning.guides.keycloak_push import COMPONENT
from provisioning.keycloak.connecting import SETTINGS
from provisioning.management import connect as connecting
from provisioning.models import Activity
from tests.clients import ScimClient
from tests.keycloak_admin_double import KeycloakAdminDouble
from tests.keycloak_admin_double import keycloak_admin as keycloak_admin


@pytest.fixture
def connect(run, integration, keycloak_admin):
    """Run the command for the integration and return its document."""

    def command(*options: str, sync: bool = False, url: str = keycloak_admin.url, realm: str = "app"):
        arguments = ["connect", integration.pk, "--url", url, "--realm", realm, *options]
        return run("keycloak", *arguments, *([] if sync else ["--no-sync"]))

    return command


def config_of(keycloak_admin: KeycloakAdminDouble, number: int = 0) -> dict[str, str]:
    return {name: values[0] for name, values in keycloak_admin.components[number]["config"].items()}


def set_up(keycloak_admin, integration, **config):
    """A provider as an earlier connect has left it."""
    settings = {name.replace("-", "_"): value for name, value in SETTINGS.items()}
    given = {"endpoint": scim_endpoint(integration), "auth_pass": integration.secret_token, **settings, **config}
    keycloak_admin.realm["eventsListeners"] = ["scim"]
    return keycloak_admin.add_provider("kestra-iam", **given)


def test_a_keycloak_is_set_up_to_push_with_a_token_that_works(connect, integration, keycloak_admin):
    made = connect()
    [component] = keycloak_admin.components
    config = config_of(keycloak_admin)
    token = config.pop("auth-pass")
    assert config == {"endpoint": scim_endpoint(integration), **SETTINGS}
    assert (component["name"], component["providerId"], component["parentId"]) == (
        "kestra-iam",
        "scim",
        keycloak_admin.realm["id"],
    )
    assert component["providerType"] == "org.keycloak.storage.UserStorageProvider"
    assert keycloak_admin.realm["eventsListeners"] == ["jboss-logging", "scim"]
    assert made["provider"] == component["id"]
    assert token not in str(made)
    assert ScimClient(integration, token).get("/Users").status_code == 200


def test_the_settings_are_those_that_the_guide_shows():
    shown = {name for value in COMPONENT for name in value.setting.split(", ")}
    assert shown == {"endpoint", "auth-pass", *SETTINGS}


def test_a_second_time_nothing_changes(connect, integration, keycloak_admin):
    connect()
    keycloak_admin.writes.clear()
    tokens = set(ApiToken.objects.values_list("pk", "expires_at"))
    again = connect()
    assert again["changes"] == []
    assert keycloak_admin.writes == []
    assert set(ApiToken.objects.values_list("pk", "expires_at")) == tokens


def test_people_are_told_that_nothing_had_to_change(read, integration, keycloak_admin):
    set_up(keycloak_admin, integration)
    text = read("keycloak", "connect", integration.pk, "--url", keycloak_admin.url, "--realm", "app", "--no-sync")
    assert "nothing had to change" in text


def test_a_dry_run_tells_all_and_changes_nothing_on_either_side(connect, keycloak_admin, integration, scim):
    told = connect("--dry-run", sync=True)
    assert told["dry_run"] is True
    assert told["sync"] is None
    assert "User federation: add the provider 'kestra-iam'." in told["changes"]
    assert "Event listeners: add scim, keep jboss-logging." in told["changes"]
    assert any(scim_endpoint(integration) in line for line in told["changes"])
    assert keycloak_admin.writes == []
    assert ApiToken.objects.count() == 1
    assert scim.get("/Users").status_code == 200


def test_settings_that_differ_are_put_right_and_the_others_stay(connect, integration, keycloak_admin, scim):
    set_up(keycloak_admin, integration, sync_refresh="false", group_filter="staff", enabled="false")
    changed = connect()["changes"]
    assert changed == [
        "Provider 'kestra-iam': sync-refresh is true, was false.",
        "Provider 'kestra-iam': enabled is true, was false.",
    ]
    assert config_of(keycloak_admin)["group-filter"] == "staff"
    assert config_of(keycloak_admin)["auth-pass"] == integration.secret_token
    assert scim.get("/Users").status_code == 200


def test_a_token_that_works_or_that_keycloak_does_not_tell_is_left_alone(connect, integration, keycloak_admin):
    component = set_up(keycloak_admin, integration)
    for told in (integration.secret_token, "**********", "${vault.kestra-iam}"):
        component["config"]["auth-pass"] = [told]
        assert connect()["changes"] == []
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize("token", ["", "kiam_of-another-server"])
def test_a_token_that_cannot_work_is_replaced(connect, integration, keycloak_admin, token):
    component = set_up(keycloak_admin, integration, auth_pass=token)
    assert connect()["changes"] == ["Provider 'kestra-iam': auth-pass is a new Secret Token."]
    assert ScimClient(integration, component["config"]["auth-pass"][0]).get("/Users").status_code == 200


def test_rotate_lets_a_token_in_use_work_for_an_hour_more(connect, integration, keycloak_admin, scim):
    assert scim.get("/Users").status_code == 200
    set_up(keycloak_admin, integration)
    connect("--rotate")
    assert config_of(keycloak_admin)["auth-pass"] != integration.secret_token
    assert scim.get("/Users").status_code == 200
    ends = ApiToken.objects.exclude(expires_at=None).get().expires_at
    assert timedelta(minutes=55) < ends - timezone.now() <= timedelta(hours=1)


def test_a_token_that_nobody_has_used_ends_at_once(connect, integration, keycloak_admin, scim):
    connect()
    assert ApiToken.objects.count() == 1
    assert scim.get("/Users").status_code == 401


def test_a_provider_without_an_endpoint_is_taken_by_its_name(connect, integration, keycloak_admin):
    keycloak_admin.add_provider(integration.name)
    connect()
    assert len(keycloak_admin.components) == 1
    assert config_of(keycloak_admin)["endpoint"] == scim_endpoint(integration)


def test_a_provider_follows_when_public_url_has_changed(connect, integration, keycloak_admin, settings):
    set_up(keycloak_admin, integration)
    settings.PUBLIC_URL = "https://iam.example.org"
    changed = connect()["changes"]
    assert len(changed) == 1
    assert "endpoint is https://iam.example.org/" in changed[0]
    assert config_of(keycloak_admin)["auth-pass"] == integration.secret_token


def test_a_provider_of_another_integration_is_not_turned_round(connect, integration, other_integration, keycloak_admin):
    set_up(keycloak_admin, other_integration)
    made = connect()
    assert config_of(keycloak_admin, 0)["endpoint"] == scim_endpoint(other_integration)
    assert config_of(keycloak_admin, 1)["endpoint"] == scim_endpoint(integration)
    assert any("pushes elsewhere too" in warning for warning in made["warnings"])


def test_settings_that_an_older_extension_does_not_know_are_not_sent(connect, keycloak_admin):
    keycloak_admin.extensions["scim"].remove("user-patchOp")
    connect()
    assert "user-patchOp" not in config_of(keycloak_admin)


def test_a_missing_extension_is_told_with_what_to_do(connect, keycloak_admin):
    del keycloak_admin.extensions["scim"]
    with pytest.raises(CommandError, match="jar of pelotech/keycloak-scim .* providers/"):
        connect()
    assert ApiToken.objects.count() == 1


def test_another_extension_of_the_same_name_is_not_written_to(connect, keycloak_admin):
    keycloak_admin.extensions["scim"] = ["baseUrl", "token"]
    with pytest.raises(CommandError, match="no keycloak-scim"):
        connect()
    assert keycloak_admin.writes == []


def test_a_token_that_runs_out_in_between_is_renewed(connect, keycloak_admin):
    keycloak_admin.requests_of_a_token = 1
    assert connect()["provider"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"realm": "nowhere"}, "There is no realm 'nowhere'"),
        ({"url": "http://127.0.0.1:1"}, "127.0.0.1 cannot be reached"),
        ({"url": "http://keycloak.internal.example.org"}, "--url: Use https.*OUTBOUND_ALLOW"),
        ({"url": "https://10.0.0.1"}, "not a public address.*OUTBOUND_ALLOW"),
        ({"url": "keycloak"}, "--url: Enter an address"),
    ],
)
def test_a_wrong_address_or_realm_is_told(connect, options, sentence):
    with pytest.raises(CommandError, match=sentence):
        connect(**options)
    assert ApiToken.objects.count() == 1


def test_a_wrong_realm_of_the_administrator_is_told(connect):
    with pytest.raises(CommandError, match="no realm 'elsewhere' .* --admin-realm"):
        connect("--admin-realm", "elsewhere")


def test_a_wrong_password_is_told_and_not_repeated(connect, monkeypatch):
    monkeypatch.setenv("KEYCLOAK_ADMIN_PASSWORD", "not-this-one")
    with pytest.raises(CommandError, match=r"refuses 'admin' in the realm 'master' \(Invalid user") as refusal:
        connect()
    assert "not-this-one" not in str(refusal.value)


def test_the_password_can_come_from_standard_input(connect, keycloak_admin, monkeypatch):
    monkeypatch.delenv("KEYCLOAK_ADMIN_PASSWORD")
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{keycloak_admin.password}\n"))
    assert connect("--password-stdin")["provider"]


def test_without_a_password_and_a_terminal_nothing_is_asked(connect, monkeypatch):
    monkeypatch.delenv("KEYCLOAK_ADMIN_PASSWORD")
    with pytest.raises(CommandError, match="set KEYCLOAK_ADMIN_PASSWORD"):
        connect()


def test_an_administrator_who_may_not_write_is_told_which_role_it_takes(connect, keycloak_admin):
    keycloak_admin.refuse[("GET", "/components")] = 403
    with pytest.raises(CommandError, match="it takes the role manage-realm"):
        connect()


def test_a_keycloak_that_fails_after_the_rotation_leaves_no_doubt(connect, integration, keycloak_admin, scim):
    assert scim.get("/Users").status_code == 200
    keycloak_admin.refuse[("POST", "/components")] = 500
    with pytest.raises(CommandError, match="told to.*Keycloak did not take it; older ones work for one hour more"):
        connect()
    assert scim.get("/Users").status_code == 200
    keycloak_admin.refuse.clear()
    assert (
        ScimClient(integration, connect() and config_of(keycloak_admin)["auth-pass"]).get("/Users").status_code == 200
    )


def test_a_listener_that_could_not_be_added_is_added_the_next_time(connect, keycloak_admin):
    keycloak_admin.refuse[("PUT", "/realms/app")] = 500
    with pytest.raises(CommandError, match="answers 500"):
        connect()
    keycloak_admin.refuse.clear()
    assert connect()["changes"] == ["Event listeners: add scim, keep jboss-logging."]
    assert keycloak_admin.realm["eventsListeners"] == ["jboss-logging", "scim"]


def test_a_loopback_address_is_warned_about(connect, settings):
    assert any("loopback" in warning for warning in connect()["warnings"])
    settings.PUBLIC_URL = "https://iam.example.org"
    assert not any("loopback" in warning for warning in connect()["warnings"])


def test_a_disabled_integration_is_set_up_and_not_synced(connect, integration, keycloak_admin):
    disable_integration(by=operator, integration=integration)
    made = connect(sync=True)
    assert made["provider"]
    assert made["sync"] is None
    assert any(f"integration enable {integration.pk}" in warning for warning in made["warnings"])


def test_with_tenants_off_nothing_is_asked(connect, settings, keycloak_admin):
    settings.KESTRA_EE_TENANTS_ENABLED = False
    with pytest.raises(CommandError, match="^Tenants are disabled"):
        connect()
    assert keycloak_admin.tokens == set()


@pytest.mark.django_db(transaction=True)
def test_what_the_first_sync_brought_is_reported(connect, integration, keycloak_admin):
    def push(component):
        scim = ScimClient(integration, component["config"]["auth-pass"][0])
        ada = scim.user("ada")
        scim.group("staff", ada["id"])
        assert scim.post("/Users", {"userName": "ada"}).status_code == 409
        connection.close()
        return {"status": "1 imported users, 1 failed", "failed": 1}

    keycloak_admin.on_sync = push
    arrived = connect(sync=True)
    sync = arrived["sync"]
    assert (sync["finished"], sync["keycloak_says"], sync["failed"]) == (True, "1 imported users, 1 failed", 1)
    assert (sync["users_before"], sync["users"]) == (0, 1)
    assert (sync["groups_before"], sync["groups"]) == (0, 1)
    assert (sync["refused"], sync["without_valid_token"]) == (1, 0)
    assert sync["last_request_at"]
    assert any("1 requests were refused" in warning for warning in arrived["warnings"])
    assert not any("No request has arrived" in warning for warning in arrived["warnings"])


def test_a_sync_that_brings_nothing_says_what_to_look_at(connect, keycloak_admin):
    assert any("No request has arrived" in warning for warning in connect(sync=True)["warnings"])


@pytest.mark.django_db(transaction=True)
def test_a_sync_with_a_token_that_does_not_work_is_told(connect, integration, keycloak_admin):
    set_up(keycloak_admin, integration, auth_pass="**********")

    def push(_):
        assert ScimClient(integration, "kiam_old").get("/Users").status_code == 401
        connection.close()
        return {"status": "0 users"}

    keycloak_admin.on_sync = push
    assert any("--rotate" in warning for warning in connect(sync=True)["warnings"])
    assert Activity.objects.get(integration=integration).unauthenticated == 1


def test_a_sync_that_takes_long_is_left_to_keycloak(connect, keycloak_admin, monkeypatch):
    monkeypatch.setattr(connecting, "SECONDS_TO_SYNC", 0.2)
    goes_on = threading.Event()
    keycloak_admin.on_sync = lambda _: {"status": str(goes_on.wait(10))}
    made = connect(sync=True)
    goes_on.set()
    assert made["sync"]["finished"] is False
    assert any("goes on in Keycloak" in warning for warning in made["warnings"])


def test_on_a_terminal_the_password_is_asked_for(connect, keycloak_admin, monkeypatch):
    monkeypatch.delenv("KEYCLOAK_ADMIN_PASSWORD")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    asked = []
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or keycloak_admin.password)
    assert connect("--admin-user", "admin")["provider"]
    assert asked == ["Password of admin: "]
