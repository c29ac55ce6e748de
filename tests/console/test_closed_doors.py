"""Django's own doors are closed unless they call an action."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory

from kestra_iam.console.pages import ConsoleAdmin
from kestra_iam.console.site import site
from kestra_iam.models import Group, Role
from kestra_iam.urls import console as console_urls
from tenants.models import Tenant
from tests.console.conftest import listed, shown

assert console_urls.urlpatterns, "Importing the addresses registers the pages."
PAGES = [page.url_path for page in site._registry.values()]
EXTRA_SUBMITS = ("_addanother", "_continue", "_saveasnew", "_popup")


def page_of(url_path: str) -> ConsoleAdmin:
    return next(page for page in site._registry.values() if page.url_path == url_path)


@pytest.mark.parametrize("url_path", PAGES)
def test_nothing_is_done_from_a_list(console: Client, everything: dict[str, Any], url_path: str):
    for action in ("delete_selected", ""):
        body = {"action": action, "_selected_action": everything[url_path].pk, "_save": "Save", "form-TOTAL_FORMS": "1"}
        assert console.post(listed(url_path), body).status_code == 405
    assert type(everything[url_path]).objects.filter(pk=everything[url_path].pk).exists()


@pytest.mark.parametrize("url_path", PAGES)
def test_every_page_is_of_our_base_class_and_declares_its_resource(url_path: str):
    page = page_of(url_path)
    assert isinstance(page, ConsoleAdmin)
    assert page.resource
    assert page.actions is None
    assert not page.list_editable
    assert not page.get_inlines(None, None)


@pytest.mark.parametrize("url_path", PAGES)
@pytest.mark.parametrize(
    "method", ["save_model", "save_form", "save_formset", "save_related", "delete_model", "delete_queryset"]
)
def test_django_s_own_writes_refuse(everything: dict[str, Any], url_path: str, method: str):
    with pytest.raises(PermissionDenied):
        getattr(page_of(url_path), method)(RequestFactory().post("/"), everything[url_path], None, True)


@pytest.mark.parametrize("url_path", PAGES)
@pytest.mark.parametrize("address", ["history/", "password/", "/view-on-site/"])
def test_django_s_other_pages_do_not_exist(console: Client, everything: dict[str, Any], url_path: str, address: str):
    assert console.get(shown(url_path, everything[url_path]).replace("change/", address)).status_code == 404


@pytest.mark.parametrize(
    "address",
    ["login/", "logout/", "password_change/", "jsi18n/", "autocomplete/", "search/?s=acme", "r/1/1/", "auth/"],
)
def test_the_site_has_no_page_of_django_s(console: Client, address: str):
    assert console.get(f"/ui/acme/administration/{address}").status_code == 404


@pytest.mark.parametrize("submit", EXTRA_SUBMITS)
def test_an_extra_submit_is_a_plain_save(console: Client, acme: Tenant, submit: str):
    answer = console.post(listed("groups") + "add/", {"name": "Staff", submit: "1"})
    group = Group.objects.get(tenant=acme)
    assert answer.headers["Location"] == shown("groups", group)
    answer = console.post(shown("groups", group), {"name": "Everybody", "description": "", submit: "1"})
    assert answer.headers["Location"] == shown("groups", group)
    assert [group.name for group in Group.objects.filter(tenant=acme)] == ["Everybody"]


@pytest.mark.parametrize("url_path", PAGES)
@pytest.mark.parametrize(
    "lookup", ["tenant__slug=globex", "password__startswith=a", "api_tokens__digest__startswith=a", "id__gt=0"]
)
def test_no_lookup_in_an_address_tests_hidden_columns(console: Client, url_path: str, lookup: str):
    assert console.get(f"{listed(url_path)}?{lookup}").status_code in (302, 400)


def test_managed_things_are_read_only(console: Client, acme: Tenant, everything: dict[str, Any]):
    role = Role.objects.get(tenant=acme, name="Admin")
    group = Group.objects.get(tenant=acme, name="Engineering")
    account = everything["provisioning"].service_account
    refused = [
        (shown("roles", role), {"name": "Admin", "permissions": []}),
        (shown("roles", role, "delete"), {}),
        (shown("groups", group), {"name": "Mine"}),
        (shown("groups", group, "delete"), {}),
        (shown("groups", group, "remove-member"), {"user": everything["users"].pk}),
        (shown("service-accounts", account, "create-token"), {"name": "mine", "lifetime": "none"}),
        (shown("service-accounts", account, "remove-token"), {"token": account.api_tokens.get().pk}),
        (shown("service-accounts", account, "delete"), {}),
        (shown("bindings", account.bindings.get(), "delete"), {}),
    ]
    assert [console.post(address, body).status_code for address, body in refused] == [403] * len(refused)
    for address, _ in refused:
        if address.endswith("/change/"):
            assert b'name="name"' not in console.get(address).content


def test_forms_are_refused_without_their_token(admin, everything: dict[str, Any]):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(admin)
    answer = browser.post(shown("provisioning", everything["provisioning"], "disable"))
    assert answer.status_code == 403
    assert b"This page was open too long" in answer.content
    everything["provisioning"].refresh_from_db()
    assert everything["provisioning"].enabled
