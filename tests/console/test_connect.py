"""An integration's tab *Connect*, testing the connection, and watching a full sync."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from kestra_iam.models import AuditEvent, User
from provisioning.actions import watching
from provisioning.endpoints import scim_endpoint
from provisioning.guides import GUIDES
from provisioning.models import Integration, PullSource
from tenants.models import Tenant
from tests.clients import ScimClient
from tests.console.conftest import shown
from tests.factories import RoleFactory, person
from tests.pushes import Push

KEYS = [guide.key for guide in GUIDES]


@pytest.fixture
def connect(integration: Integration) -> str:
    return shown("provisioning", integration, "connect")


@pytest.fixture
def trial(integration: Integration) -> str:
    return shown("provisioning", integration, "connection-test")


@pytest.fixture
def sync(integration: Integration) -> str:
    return shown("provisioning", integration, "full-sync")


def text(console: Client, address: str) -> str:
    answer = console.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def polls(fragment: str) -> bool:
    return "data-poll=" in fragment


def test_the_tabs_lead_from_one_page_to_the_other(console: Client, integration: Integration, connect: str):
    overview = shown("provisioning", integration)
    assert f'<a href="{connect}">Connect</a>' in text(console, overview)
    assert f'<a href="{overview}" aria-current="page">Overview</a>' in text(console, overview)
    assert f'<a href="{connect}" aria-current="page">Connect</a>' in text(console, connect)


@pytest.mark.parametrize("key", KEYS)
def test_each_client_has_its_steps_with_the_values_filled_in(
    console: Client, integration: Integration, connect: str, key: str
):
    page = text(console, f"{connect}?client={key}")
    guide = console.get(f"{connect}?client={key}").context["guide"]
    assert guide.key == key
    assert "ENDPOINT" not in page
    assert "INTEGRATION_ID" not in page
    copied = [
        value.text for section in guide.sections for step in section.steps for value in step.values if value.copied
    ]
    boxes = re.findall(r"<textarea readonly[^>]*>(.*?)</textarea>", page)
    assert len(boxes) == len(copied) == page.count("data-copy=")
    if key != "keycloak-pull":
        assert [each for each in copied if scim_endpoint(integration) in each]
    assert page.count(f'href="?client={key}" aria-current="true"') == 1
    assert all(f'href="?client={other}"' in page for other in KEYS)


def test_an_unknown_client_is_shown_the_first_guide(console: Client, connect: str):
    assert console.get(f"{connect}?client=%00%27").context["guide"].key == "keycloak"


def test_the_values_of_a_pull_source_are_filled_in(console: Client, integration: Integration, connect: str):
    PullSource.objects.create(
        integration=integration, base_url="https://sso.acme.example", realm="staff", client_id="c", sealed_secret="s"
    )
    page = text(console, f"{connect}?client=keycloak-pull")
    assert "https://sso.acme.example" in page
    assert "<code>/realms/staff</code>" in page


@pytest.mark.parametrize("key", KEYS)
def test_the_secret_token_is_on_no_page(console: Client, integration: Integration, connect: str, key: str):
    page = text(console, f"{connect}?client={key}")
    assert integration.secret_token not in page
    if key != "keycloak-pull":
        assert "It was shown once" in page
        assert "Rotate</a> makes a new one" in page


def test_who_may_not_change_an_integration_reads_the_guide_and_starts_nothing(
    client_for, viewer: User, connect: str, trial: str, sync: str, integration: Integration
):
    browser = client_for(viewer)
    assert 'action="' + trial not in text(browser, connect)
    assert 'action="' + sync not in text(browser, shown("provisioning", integration))
    assert browser.post(trial).status_code == browser.post(sync).status_code == 403
    assert not Integration.objects.get().watched_until


def test_a_test_leads_back_to_its_client_and_waits(console: Client, connect: str, trial: str):
    assert "A test waits up to 10 minutes" in text(console, connect)
    answer = console.post(trial, {"client": "okta"})
    assert answer.headers["Location"] == f"{connect}?client=okta#test"
    page = text(console, f"{connect}?client=okta")
    assert "Waiting for the first request" in page
    assert f'data-poll="{trial}"' in page
    watched = Integration.objects.get()
    assert watched.watched_until - watched.watched_from == timedelta(minutes=10)
    assert AuditEvent.objects.get(verb="integration.watch").actor_name == "admin"


def test_a_client_that_is_none_does_not_come_back_in_the_address(console: Client, connect: str, trial: str):
    answer = console.post(trial, {"client": "x#/evil"})
    assert answer.headers["Location"] == f"{connect}?client=keycloak#test"


def test_the_first_request_is_shown_and_the_page_asks_no_more(console: Client, trial: str, scim: ScimClient):
    console.post(trial)
    scim.get("/ServiceProviderConfig")
    scim.user("anna")
    fragment = text(console, trial)
    assert "<strong>Connected.</strong> <code>GET /ServiceProviderConfig</code> was answered with 200." in fragment
    assert fragment.count("<tr><td><time") == 2
    assert not polls(fragment)


def test_requests_of_before_the_test_do_not_count(
    console: Client, trial: str, scim: ScimClient, integration: Integration
):
    ScimClient(integration, "wrong").get("/Users")
    console.post(trial)
    scim.user("anna")
    console.post(trial)
    assert "Waiting for the first request" in text(console, trial)


def test_a_wrong_token_is_told(console: Client, trial: str, integration: Integration):
    ScimClient(integration, "wrong").get("/Users")
    console.post(trial)
    for _ in range(2):
        ScimClient(integration, "wrong").get("/Users")
    fragment = text(console, trial)
    assert "2 requests came without a valid Secret Token" in fragment
    assert polls(fragment)


def test_a_refused_request_is_told_with_its_reason_and_the_next_one_counts(
    console: Client, trial: str, scim: ScimClient
):
    console.post(trial)
    scim.get("/Nothing")
    fragment = text(console, trial)
    assert "its request was refused.</strong> <bdi>There is nothing at /Nothing.</bdi>" in fragment
    assert polls(fragment)
    scim.get("/Users")
    assert "<strong>Connected.</strong> <code>GET /Users</code>" in text(console, trial)


def test_a_disabled_integration_is_told(console: Client, trial: str, scim: ScimClient, integration: Integration):
    console.post(shown("provisioning", integration, "disable"))
    console.post(trial)
    assert "This integration is disabled:" in text(console, trial)
    scim.get("/Users")
    fragment = text(console, trial)
    assert "This integration is disabled:" in fragment
    assert "<code>GET /Users</code>" in fragment


def test_when_nothing_came_the_page_says_what_to_check(console: Client, trial: str):
    console.post(trial)
    Integration.objects.update(watched_until=timezone.now())
    fragment = text(console, trial)
    assert "Nothing has arrived" in fragment
    assert "Can it reach the endpoint" in fragment
    assert not polls(fragment)


def test_a_test_of_long_ago_is_not_shown(console: Client, trial: str, scim: ScimClient):
    console.post(trial)
    scim.get("/Users")
    long_ago = timezone.now() - timedelta(days=2)
    Integration.objects.update(watched_from=long_ago, watched_until=long_ago)
    assert "A test waits up to 10 minutes" in text(console, trial)


def test_what_a_client_writes_is_text(console: Client, trial: str, scim: ScimClient):
    console.post(trial)
    scim.get("/<img src=x onerror=alert(1)>")
    assert "<img" not in text(console, trial)


def test_the_other_tenants_integration_is_not_found(client_for, outsider: User, trial: str, sync: str, connect: str):
    browser = client_for(outsider)
    for address in (trial, sync, connect):
        assert browser.get(address.replace("/acme/", "/globex/")).status_code == 404


def test_a_full_sync_is_watched_and_ended(console: Client, sync: str, scim: ScimClient, integration: Integration):
    overview = shown("provisioning", integration)
    anna, ben = scim.user("anna")["id"], scim.user("ben")["id"]
    staff, left = scim.group("Staff", anna)["id"], scim.group("Left", ben)["id"]
    assert "Watch a full sync" in text(console, overview)
    assert console.post(sync).headers["Location"] == f"{overview}#full-sync"
    assert "Start the full sync in the client now." in text(console, sync)

    scim.put(f"/Users/{anna}", {"userName": "anna"})
    scim.put(f"/Groups/{staff}", {"displayName": "Staff"})
    fragment = text(console, sync)
    assert "2 requests so far; 1 user and 1 group are not touched yet." in fragment
    assert polls(fragment)
    assert "The full sync is over" in text(console, overview)

    console.post(shown("provisioning", integration, "end-watch"))
    page = text(console, overview)
    assert "1 user and 1 group were not touched" in page
    untouched = re.search(r'<div id="sync".*?</section>', page)[0]
    assert re.findall(r"<bdi>(.*?)</bdi>", untouched) == ["ben", "Left"]
    assert f"/iam/groups/{left}/change/" in untouched
    assert not polls(page)
    assert "a subgroup whose parent was removed stays behind" in untouched


def test_when_everything_was_touched_the_page_says_so(
    console: Client, sync: str, scim: ScimClient, integration: Integration
):
    anna = scim.user("anna")["id"]
    console.post(sync)
    scim.put(f"/Users/{anna}", {"userName": "anna"})
    console.post(shown("provisioning", integration, "end-watch"))
    assert "Everything was touched." in text(console, sync)


def test_without_any_request_nothing_is_called_left_behind(
    console: Client, sync: str, scim: ScimClient, integration: Integration
):
    scim.user("anna")
    console.post(sync)
    console.post(shown("provisioning", integration, "end-watch"))
    fragment = text(console, sync)
    assert "No request came" in fragment
    assert "anna" not in fragment


def test_more_requests_than_are_kept_say_nothing_of_the_rest(
    console: Client, sync: str, scim: ScimClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(watching, "KEPT", 2)
    scim.user("anna")
    console.post(sync)
    scim.get("/Users")
    scim.get("/Groups")
    assert "More than 2 requests came" in text(console, sync)


def test_a_test_connection_calls_nobody_left_behind(
    console: Client, trial: str, scim: ScimClient, integration: Integration
):
    scim.user("anna")
    console.post(trial)
    scim.get("/Users")
    console.post(shown("provisioning", integration, "end-watch"))
    assert "were not touched" not in text(console, shown("provisioning", integration))


def test_fifty_are_listed_and_all_are_counted(
    console: Client, sync: str, scim: ScimClient, integration: Integration, django_assert_max_num_queries
):
    push = Push(integration)
    for number in range(53):
        push.user(f"person{number:02}")
        push.group(f"Group {number:02}")
    console.post(sync)
    scim.get("/Users")
    console.post(shown("provisioning", integration, "end-watch"))
    with django_assert_max_num_queries(25):
        fragment = text(console, sync)
    assert "53 users and 53 groups were not touched" in fragment
    assert fragment.count("<li>") == 100
    assert fragment.count("The first 50 of 53.") == 2


def test_who_may_not_read_people_gets_no_links_to_them(
    client_for, viewer: User, console: Client, sync: str, scim: ScimClient, integration: Integration, acme: Tenant
):
    RoleFactory(tenant=acme, name="Connector", permissions={"PROVISIONING": ["READ"]})
    scim.user("anna")
    console.post(sync)
    scim.get("/Users")
    console.post(shown("provisioning", integration, "end-watch"))
    fragment = text(client_for(person(acme, "Connector")), sync)
    assert "<bdi>anna</bdi>" in fragment
    assert "/iam/users/" not in fragment


def test_a_watched_full_sync_by_bulk_touches_each_one(
    console: Client, sync: str, scim: ScimClient, integration: Integration
):
    anna = scim.user("anna")["id"]
    console.post(sync)
    scim.bulk({"method": "PUT", "path": f"/Users/{anna}", "data": {"userName": "anna"}})
    assert json.loads(scim.get(f"/Users/{anna}").content)["id"] == anna
    console.post(shown("provisioning", integration, "end-watch"))
    assert "Everything was touched." in text(console, sync)


def test_the_buttons_of_our_own_that_guides_name_are_there(console: Client, integration: Integration, everything: dict):
    PullSource.objects.create(
        integration=integration, base_url="https://sso.acme.example", realm="app", client_id="c", sealed_secret="s"
    )
    pages = [shown("provisioning", integration), shown("provisioning", integration, "pull")]
    there = " ".join(text(console, page) for page in pages)
    named = {name for guide in GUIDES for name in re.findall(r"\*\*([^*]+)\*\*", str(guide))}
    assert {"Rotate", "Sync now", "Watch a full sync"} <= named
    assert [name for name in named if not re.search(rf">\s*{name}\s*<", there)] == []
