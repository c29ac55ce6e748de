"""A Secret Token and an API token stand in one answer and nowhere else."""

import re
from html import unescape

import pytest
from django.apps import apps
from django.core import serializers
from django.test import Client

from kestra_iam.models import ApiToken, ServiceAccount, User
from provisioning.models import Integration
from tenants.models import Tenant
from tests.clients import ScimClient
from tests.console.conftest import listed, shown
from tests.factories import ServiceAccountFactory


def box(answer, label: str) -> str:
    """What stands in the box of that label."""
    page = answer.content.decode()
    id = re.search(rf'<label for="([^"]+)">{label}</label>', page)[1]
    return unescape(re.search(rf'<textarea id="{id}"[^>]*>(.*?)</textarea>', page, re.DOTALL)[1])


def everywhere() -> str:
    """Every row of the database, as text."""
    rows = (row for model in apps.get_models() for row in model._base_manager.all())
    return serializers.serialize("json", rows)


@pytest.fixture
def saved(console: Client, acme: Tenant):
    return console.post(
        listed("provisioning") + "add/",
        {"name": "Corporate Keycloak", "description": "Head office", "type": "SCIM"},
    )


def test_the_page_after_save_shows_endpoint_and_token(saved, acme: Tenant):
    integration = Integration.objects.get(tenant=acme)
    assert saved.status_code == 200
    assert box(saved, "SCIM endpoint") == (f"http://127.0.0.1:8000/api/v1/acme/integrations/{integration.pk}/scim/v2")
    token = box(saved, "Secret Token")
    assert len(token) == 200
    assert ScimClient(integration, token).get("/Users").status_code == 200


def test_nothing_keeps_the_page(saved):
    assert "no-store" in saved.headers["Cache-Control"]
    assert saved.headers["Referrer-Policy"] == "same-origin"
    assert b"data-leave-to" in saved.content
    assert b"I have saved the Secret Token" in saved.content


def test_the_token_is_in_no_row_session_or_cookie_and_on_no_other_page(console: Client, saved, acme: Tenant):
    token = box(saved, "Secret Token")
    integration = Integration.objects.get(tenant=acme)
    assert token not in everywhere()
    assert token not in str(dict(console.session))
    assert not any(token in morsel.value for morsel in console.cookies.values())
    for address in (
        shown("provisioning", integration),
        shown("service-accounts", integration.service_account),
        listed("provisioning"),
        listed("audit-logs"),
    ):
        assert token.encode() not in console.get(address).content


def test_the_page_after_save_links_to_what_was_created(saved, acme: Tenant):
    integration = Integration.objects.get(tenant=acme)
    role = integration.service_account.bindings.get().role
    assert shown("roles", role).encode() in saved.content
    assert shown("service-accounts", integration.service_account).encode() in saved.content
    assert shown("provisioning", integration, "disable").encode() in saved.content


@pytest.mark.parametrize(("overlap", "old_status"), [("0", 401), ("1h", 200), ("24h", 200), ("7d", 200)])
def test_rotating_shows_the_new_token_and_keeps_the_old_one_as_chosen(
    console: Client, integration: Integration, overlap: str, old_status: int
):
    old = ScimClient(integration)
    answer = console.post(shown("provisioning", integration, "rotate"), {"overlap": overlap})
    new = box(answer, "Secret Token")
    assert "no-store" in answer.headers["Cache-Control"]
    assert old.get("/Users").status_code == old_status
    assert ScimClient(integration, new).get("/Users").status_code == 200


def test_rotating_needs_an_overlap_that_is_offered(console: Client, integration: Integration):
    answer = console.post(shown("provisioning", integration, "rotate"), {"overlap": "30d"})
    assert answer.status_code == 400
    assert ScimClient(integration).get("/Users").status_code == 200


def test_an_api_token_of_a_service_account_is_shown_once(console: Client, acme: Tenant):
    account = ServiceAccountFactory(tenant=acme, name="nightly-export")
    answer = console.post(shown("service-accounts", account, "create-token"), {"name": "production", "lifetime": "90"})
    token = box(answer, "API token")
    assert "no-store" in answer.headers["Cache-Control"]
    assert token not in everywhere()
    page = console.get(shown("service-accounts", account)).content.decode()
    assert token not in page
    assert token[:11] in page
    removed = console.post(shown("service-accounts", account, "remove-token"), {"token": ApiToken.objects.get().pk})
    assert removed.status_code == 302
    assert not ApiToken.objects.exists()


def test_people_make_api_tokens_for_themselves(console: Client, client_for, viewer: User, acme: Tenant):
    answer = console.post("/ui/acme/account/tokens/", {"name": "laptop", "lifetime": "30"})
    assert len(box(answer, "API token")) == 200
    token = ApiToken.objects.get()
    assert client_for(viewer).post(f"/ui/acme/account/tokens/{token.pk}/remove/").status_code == 404
    assert console.post(f"/ui/acme/account/tokens/{token.pk}/remove/").status_code == 302
    assert not ApiToken.objects.exists()


def test_a_token_of_another_service_account_is_not_removed(console: Client, acme: Tenant, integration: Integration):
    account = ServiceAccountFactory(tenant=acme, name="nightly-export")
    secret_token = integration.service_account.api_tokens.get()
    answer = console.post(shown("service-accounts", account, "remove-token"), {"token": secret_token.pk})
    assert answer.status_code == 404
    assert ServiceAccount.objects.get(pk=integration.pk).api_tokens.exists()
