"""Security integrations over REST, as Kestra's Terraform provider and SDK use them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from kestra_iam import permissions
from kestra_iam.actions.bindings import create_binding
from kestra_iam.actions.people import let_in, suspend_person
from kestra_iam.models import ApiToken, AuditEvent, User
from kestra_iam.principals import operator
from provisioning.actions.integrations import disable_integration
from provisioning.models import Integration
from tenants.models import Tenant
from tests.clients import ScimClient
from tests.factories import (
    AccountFactory,
    IntegrationFactory,
    RoleFactory,
    ServiceAccountFactory,
    person,
    role_of,
)

PATH = "security-integrations"
BODY = {"name": "corporate-keycloak", "type": "SCIM", "description": ""}


def document(integration: Integration) -> dict[str, Any]:
    return {
        "id": integration.pk,
        "name": integration.name,
        "type": "SCIM",
        "description": integration.description,
        "tenantId": integration.tenant.slug,
        "enabled": integration.enabled,
        "deleted": False,
    }


def is_problem(answer: Any, status: int) -> bool:
    assert answer.status == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["status"] == status
    assert {"type", "title", "detail"} <= answer.body.keys()
    assert "null" not in answer.text
    assert "Traceback" not in answer.text
    return True


# --- Shapes -------------------------------------------------------------------------------------------------


def test_create_answers_uri_and_full_token_once(api, acme, settings):
    answer = api("POST", PATH, BODY)
    made = Integration.objects.get()
    assert answer.status == 201
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    token = answer.body["apiToken"]["fullToken"]
    assert answer.body == {
        **document(made),
        "uri": f"{settings.PUBLIC_URL}/api/v1/acme/integrations/{made.pk}/scim/v2",
        "apiToken": {"fullToken": token},
    }
    assert ScimClient(made, token).get("/Users").status_code == 200
    for path in (PATH, f"{PATH}/{made.pk}"):
        assert token not in api("GET", path).text
        assert "uri" not in api("GET", path).text


def test_create_takes_what_the_clients_send_besides(api):
    sent = {**BODY, "id": "mine", "namespaceId": "", "deleted": False, "tenantId": "globex", "enabled": False}
    made = api("POST", PATH, sent)
    assert made.status == 201
    assert (made.body["tenantId"], made.body["enabled"]) == ("acme", True)
    assert made.body["id"] != "mine"


def test_description_is_a_string_even_when_it_was_not_given(api):
    assert api("POST", PATH, {"name": "first", "type": "SCIM"}).body["description"] == ""
    made = api("POST", PATH, {"name": "second", "type": "SCIM", "description": "Übersee 日本"})
    assert api("GET", f"{PATH}/{made.body['id']}").body["description"] == "Übersee 日本"


def test_show_list_enable_and_disable_answer_the_same_document(api, integration):
    assert api("GET", f"{PATH}/{integration.pk}").body == document(integration)
    assert api("GET", PATH).body == {"results": [document(integration)], "total": 1}
    disabled = api("POST", f"{PATH}/{integration.pk}/disable")
    assert (disabled.status, disabled.body) == (200, {**document(integration), "enabled": False})
    assert ScimClient(integration).get("/Users").status_code == 403
    enabled = api("POST", f"{PATH}/{integration.pk}/enable", b"")
    assert (enabled.status, enabled.body) == (200, document(integration))
    assert ScimClient(integration).get("/Users").status_code == 200


def test_no_answer_holds_null(api, integration):
    answers = [api("POST", PATH, BODY), api("GET", PATH), api("GET", f"{PATH}/{integration.pk}"), api("GET", "nothing")]
    for answer in answers:
        assert not re.search(r"\bnull\b", answer.text)


def test_delete_answers_200_and_keeps_peoples_access(api, integration, acme):
    alice = ScimClient(integration).user("alice")
    answer = api("DELETE", f"{PATH}/{integration.pk}")
    assert (answer.status, answer.body) == (200, None)
    assert User.objects.get(username="alice").access_sources.get().pk == alice["id"]
    assert is_problem(api("DELETE", f"{PATH}/{integration.pk}"), 404)
    assert is_problem(api("GET", f"{PATH}/{integration.pk}"), 404)


def test_lists_come_in_pages_and_are_searched(api, acme, globex_integration):
    for number in range(12):
        IntegrationFactory(tenant=acme, name=f"Keycloak {number:02}")
    first, second = api("GET", PATH).body, api("GET", f"{PATH}?page=2&size=10").body
    assert (first["total"], len(first["results"]), len(second["results"])) == (12, 10, 2)
    assert [each["name"] for each in first["results"]] == [f"Keycloak {number:02}" for number in range(10)]
    assert api("GET", f"{PATH}?q=CLOAK%2001").body["total"] == 1
    assert api("GET", f"{PATH}?q=nothing").body == {"results": [], "total": 0}
    assert api("GET", f"{PATH}?size=1000").body["total"] == 12
    assert api("GET", f"{PATH}?page=999999999&size=1000").body == {"results": [], "total": 12}


def test_what_is_done_is_told_with_the_token_and_the_circumstances(api, admin, acme):
    made = api("POST", PATH, BODY, x_forwarded_for="198.51.100.7")
    event = AuditEvent.objects.get(verb="integration.create", resource_id=made.body["id"])
    token = ApiToken.objects.get(user=admin)
    assert (event.actor_id, event.actor_name, event.token_id) == (admin.pk, "admin", token.pk)
    assert event.source_address == "127.0.0.1"
    assert len(event.request_id) == 32
    assert token.last_used_at is not None


# --- Who may ------------------------------------------------------------------------------------------------

REQUESTS = [
    ("GET", "", "READ"),
    ("POST", "", "CREATE"),
    ("GET", "/{id}", "READ"),
    ("DELETE", "/{id}", "DELETE"),
    ("POST", "/{id}/enable", "UPDATE"),
    ("POST", "/{id}/disable", "UPDATE"),
]
each_request = pytest.mark.parametrize(("method", "place", "action"), REQUESTS)


@each_request
def test_each_request_needs_its_own_permission(api_of, method, place, action, acme, integration):
    account = ServiceAccountFactory(tenant=acme)
    role = RoleFactory(tenant=acme, permissions=permissions.stored(permissions.ALL - {("PROVISIONING", action)}))
    create_binding(by=operator, tenant=acme, role=role, subject=account)
    refused = api_of(acme, account)(method, PATH + place.format(id=integration.pk), BODY)
    assert is_problem(refused, 403)
    assert f"PROVISIONING {action}" in refused.body["detail"]
    assert list(Integration.objects.values_list("pk", "enabled")) == [(integration.pk, True)]


@each_request
def test_a_service_account_with_that_permission_may(api_of, method, place, action, acme, integration):
    account = ServiceAccountFactory(tenant=acme)
    create_binding(by=operator, tenant=acme, role=role_of(acme, "Admin"), subject=account)
    assert api_of(acme, account)(method, PATH + place.format(id=integration.pk), BODY).status in (200, 201)


@each_request
def test_without_a_valid_token_nothing_is_told(api_of, method, place, action, acme, viewer, integration, outsider):
    anybody = api_of(acme, None)
    path = PATH + place.format(id=integration.pk)
    expired, deleted, foreign = api_of(acme, viewer), api_of(acme, viewer), api_of(integration.tenant, viewer)
    ApiToken.objects.filter(lookup=expired.token[5:29]).update(expires_at=timezone.now() - timedelta(seconds=1))
    ApiToken.objects.filter(lookup=deleted.token[5:29]).delete()
    foreign.token = api_of(Tenant.objects.get(slug="globex"), outsider).token
    for headers in (
        {},
        {"authorization": "Basic Og=="},
        {"authorization": "Bearer"},
        {"authorization": "Bearer x"},
        {"authorization": "Bearer " + "x" * 10_000},
        {"authorization": f"Bearer {integration.secret_token}"},
        {"authorization": f"Bearer {expired.token}"},
        {"authorization": f"Bearer {deleted.token}"},
        {"authorization": f"Bearer {foreign.token}"},
        {"authorization": f"Bearer {foreign.token[:-1]}x"},
        {"cookie": "kestra_iam_session=x"},
    ):
        answer = anybody(method, path, BODY, **headers)
        assert is_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert list(Integration.objects.values_list("pk", "enabled")) == [(integration.pk, True)]


def test_a_session_of_the_console_opens_nothing(client_for, admin, integration):
    response = client_for(admin).get(f"/api/v1/acme/{PATH}")
    assert response.status_code == 401


def test_a_token_is_valid_in_its_tenant_only(api_of, acme, globex, globex_integration):
    both = person(acme, "Admin", username="both")
    let_in(by=operator, tenant=globex, user=both)
    create_binding(by=operator, tenant=globex, role=role_of(globex, "Admin"), subject=both)
    api = api_of(acme, both)
    assert api("GET", PATH).status == 200
    api.base = "/api/v1/globex/"
    assert is_problem(api("GET", PATH), 401)


def test_a_suspended_person_is_refused_on_the_next_request(api, acme, admin):
    person(acme, "Admin", username="another")
    assert api("GET", PATH).status == 200
    suspend_person(by=operator, tenant=acme, user=admin)
    assert is_problem(api("GET", PATH), 403)


def test_an_instance_owner_may_in_every_tenant(api_of, acme, integration):
    owner = AccountFactory(instance_owner=True)
    assert api_of(acme, owner)("GET", PATH).body["total"] == 1


@pytest.mark.parametrize("place", ["/{id}", "/{id}/enable", "/{id}/disable"])
def test_what_belongs_to_another_tenant_does_not_exist(api, place, globex_integration):
    method = "GET" if place == "/{id}" else "POST"
    assert is_problem(api(method, PATH + place.format(id=globex_integration.pk)), 404)
    assert is_problem(api("DELETE", f"{PATH}/{globex_integration.pk}"), 404)
    assert api("GET", PATH).body["total"] == 0
    assert Integration.objects.get().enabled


def test_who_does_not_hold_what_an_integration_gives_cannot_create_or_enable_one(api_of, acme, integration):
    account = ServiceAccountFactory(tenant=acme)
    role = RoleFactory(tenant=acme, permissions={"PROVISIONING": ["CREATE", "READ", "UPDATE", "DELETE"]})
    create_binding(by=operator, tenant=acme, role=role, subject=account)
    api = api_of(acme, account)
    disable_integration(by=operator, integration=integration)
    assert is_problem(api("POST", PATH, BODY), 403)
    assert is_problem(api("POST", f"{PATH}/{integration.pk}/enable"), 403)
    assert Integration.objects.get().enabled is False


# --- What is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"name"',
        b"null",
        b"\xff",
        b"[" * 100_000,
        {},
        {"type": "SCIM"},
        {**BODY, "name": ""},
        {**BODY, "name": 7},
        {**BODY, "name": None},
        {**BODY, "name": ["x"]},
        {**BODY, "name": "x" * 256},
        {**BODY, "name": "nul\0"},
        {**BODY, "name": "half\ud800"},
        {**BODY, "description": "x" * 1025},
        {**BODY, "description": {}},
        {**BODY, "type": "LDAP"},
        {**BODY, "type": "half\ud800"},
        {**BODY, "type": 1},
    ],
    ids=lambda body: str(body)[:40],
)
def test_a_body_that_cannot_be_understood_is_400_and_creates_nothing(api, body):
    assert is_problem(api("POST", PATH, body), 400)
    assert not Integration.objects.exists()


def test_the_value_that_was_refused_is_named(api):
    assert api("POST", PATH, {**BODY, "name": ""}).body["field"] == "name"


def test_a_name_that_is_taken_is_409(api, integration):
    answer = api("POST", PATH, {**BODY, "name": "CORPORATE keycloak"})
    assert is_problem(answer, 409)
    assert "IntegrityError" not in answer.text
    assert Integration.objects.count() == 1


def test_a_role_made_by_hand_of_the_managed_name_is_409(api, acme):
    RoleFactory(tenant=acme, name="SCIMProvisioner")
    assert is_problem(api("POST", PATH, BODY), 409)
    assert not Integration.objects.exists()


def test_with_tenants_off_creating_is_403(api, settings):
    settings.KESTRA_EE_TENANTS_ENABLED = False
    answer = api("POST", PATH, BODY)
    assert is_problem(answer, 403)
    assert answer.body["detail"] == "Tenants are disabled: set kestra.ee.tenants.enabled to true"


def test_a_page_too_large_is_422(api):
    assert is_problem(api("GET", f"{PATH}?size=1001"), 422)


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "size=0", "size=", "page=1.5"])
def test_a_page_that_is_no_number_is_400(api, query):
    assert is_problem(api("GET", f"{PATH}?{query}"), 400)


@pytest.mark.parametrize("query", ["q=%ff", "q=%25", "q=_", "q='%20or%201=1", "q=" + "x" * 3000])
def test_any_text_can_be_searched_for(api, integration, query):
    assert api("GET", f"{PATH}?{query}").body == {"results": [], "total": 0}


def test_a_search_for_nul_is_400(api, integration):
    assert is_problem(api("GET", f"{PATH}?q=%00"), 400)


@pytest.mark.parametrize("id", ["x", "%00", "..%2f", "' or 1=1", "x" * 36, "x" * 3000, "é" * 36])
def test_an_id_that_nobody_has_is_404(api, integration, id):
    for method, suffix in (("GET", ""), ("DELETE", ""), ("POST", "/enable"), ("POST", "/disable")):
        assert is_problem(api(method, f"{PATH}/{id}{suffix}"), 404)
    assert is_problem(api("GET", f"{PATH}/{integration.pk}x"), 404)


def test_other_addresses_are_404(api, acme):
    assert is_problem(api("GET", "nothing"), 404)
    assert is_problem(api("GET", f"{PATH}/"), 404)
    api.base = "/api/v1/nowhere/"
    assert is_problem(api("GET", PATH), 404)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_405_with_those_that_exist(api, method):
    answer = api(method, PATH, BODY)
    assert is_problem(answer, 405)
    assert answer.headers["Allow"] == "GET, POST"


def test_another_media_type_is_415(api):
    assert is_problem(api("POST", PATH, b"name=x", content_type="application/x-www-form-urlencoded"), 415)


def test_a_body_of_20_mb_is_413(api):
    assert is_problem(api("POST", PATH, b'{"name": "' + b"x" * 20_000_000 + b'"}'), 413)
