"""API tokens and Secret Tokens: shown once, kept as a digest, valid for what they were made for."""

import logging
from datetime import timedelta

import pytest
from django.apps import apps
from django.db.models import CharField, JSONField, TextField
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kestra_iam import access, tokens
from kestra_iam.actions.service_accounts import create_token, delete_token
from kestra_iam.errors import Invalid
from kestra_iam.models import ApiToken, AuditEvent, User
from kestra_iam.principals import operator
from provisioning.actions.integrations import OVERLAPS, create_integration, rotate_token
from provisioning.models import Integration
from tenants.models import Tenant
from tests.clients import ScimClient
from tests.factories import ServiceAccountFactory


def everything_stored() -> str:
    """All text of all tables."""
    return "\n".join(
        str(value)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, CharField | TextField | JSONField)
        for value in model.objects.values_list(field.attname, flat=True)
    )


def test_a_token_has_200_characters_and_says_whose_it_is():
    made = tokens.new_token()
    assert len(made.plaintext) == 200
    assert made.plaintext.startswith("kiam_")
    assert made.plaintext.isascii()
    assert made.plaintext.isprintable()
    assert tokens.lookup_of(made.plaintext) == made.lookup
    assert tokens.matches(made.plaintext, made.digest)
    assert tokens.new_token().plaintext != made.plaintext


@given(st.integers(5, 199), st.sampled_from("aZ09"))
def test_a_token_with_one_other_character_does_not_match(position: int, character: str):
    made = tokens.new_token()
    forged = made.plaintext[:position] + character + made.plaintext[position + 1 :]
    assert tokens.matches(forged, made.digest) == (forged == made.plaintext)


@given(st.text(max_size=250) | st.integers(0, 10_000).map(lambda length: "kiam_" + "x" * length))
def test_what_cannot_be_a_token_is_looked_up_nowhere(presented: str):
    lookup = tokens.lookup_of(presented)
    assert lookup == "" or (len(presented) == 200 and len(lookup) == tokens.LOOKUP_LENGTH)


def test_digests_are_compared_in_constant_time():
    assert "compare_digest" in tokens.matches.__code__.co_names


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_any_authorization_header_is_read_without_failing(header: str):
    tokens.bearer(header)
    assert tokens.bearer(f"Bearer {header}") == header.strip()


def test_no_table_and_no_log_holds_a_plaintext(acme: Tenant, viewer: User, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    integration = create_integration(by=operator, tenant=acme, name="Corporate Keycloak")
    first = integration.secret_token
    secrets = [first, rotate_token(by=operator, integration=integration, overlap=timedelta(hours=1)).secret_token]
    secrets.append(create_token(by=access.principal_of(viewer), tenant=acme, holder=viewer, name="mine")[1])
    account = ServiceAccountFactory(tenant=acme)
    secrets.append(create_token(by=operator, tenant=acme, holder=account, name="nightly")[1])
    ScimClient(integration, first).get("/Users")
    ScimClient(integration, first[:-1] + "x").get("/Users")
    kept = everything_stored() + caplog.text
    for secret in secrets:
        assert secret not in kept
        assert secret[30:] not in kept
        assert secret[-40:] not in kept
    assert ApiToken.objects.count() == 4
    assert {len(digest) for digest in ApiToken.objects.values_list("digest", flat=True)} == {64}


def test_a_saved_integration_does_not_hold_its_token(integration: Integration):
    assert not hasattr(Integration.objects.get(pk=integration.pk), "secret_token")


def valid(integration: Integration) -> list[ApiToken]:
    now = timezone.now()
    tokens_of = integration.service_account.api_tokens.all()
    return [token for token in tokens_of if token.expires_at is None or token.expires_at > now]


def test_rotation_without_overlap_ends_the_old_token_at_once(integration: Integration):
    old = integration.service_account.api_tokens.get()
    rotated = rotate_token(by=operator, integration=integration, overlap=timedelta(0))
    assert not ApiToken.objects.filter(pk=old.pk).exists()
    (only,) = valid(integration)
    assert tokens.matches(rotated.secret_token, only.digest)
    assert only.expires_at is None


@pytest.mark.parametrize("overlap", [each for each in OVERLAPS.values() if each])
def test_rotation_keeps_the_old_token_for_the_overlap(overlap: timedelta, integration: Integration):
    old = integration.service_account.api_tokens.get()
    before = timezone.now()
    rotate_token(by=operator, integration=integration, overlap=overlap)
    old.refresh_from_db()
    assert before + overlap <= old.expires_at <= timezone.now() + overlap
    assert len(valid(integration)) == 2


def test_a_second_rotation_never_lengthens_the_life_of_an_older_token(integration: Integration):
    old = integration.service_account.api_tokens.get()
    rotate_token(by=operator, integration=integration, overlap=timedelta(hours=1))
    rotate_token(by=operator, integration=integration, overlap=timedelta(days=7))
    old.refresh_from_db()
    assert old.expires_at <= timezone.now() + timedelta(hours=1)
    rotate_token(by=operator, integration=integration, overlap=timedelta(0))
    assert len(valid(integration)) == 1
    assert integration.service_account.api_tokens.count() == 1


def test_tokens_that_have_ended_are_gone_with_the_next_rotation(integration: Integration):
    integration.service_account.api_tokens.update(expires_at=timezone.now() - timedelta(seconds=1))
    rotate_token(by=operator, integration=integration, overlap=timedelta(hours=1))
    assert integration.service_account.api_tokens.count() == 1


def test_an_overlap_that_is_not_offered_is_refused(integration: Integration):
    with pytest.raises(Invalid):
        rotate_token(by=operator, integration=integration, overlap=timedelta(days=365))
    assert integration.service_account.api_tokens.count() == 1


@pytest.mark.parametrize("name", ["", "Nightly", "a b", "-a", "a-", "a--b", "x" * 64, "ä"])
def test_a_token_name_is_a_dns_label(name: str, acme: Tenant):
    with pytest.raises(Invalid):
        create_token(by=operator, tenant=acme, holder=ServiceAccountFactory(tenant=acme), name=name)


def test_making_and_deleting_a_token_is_told_without_the_secret(acme: Tenant, viewer: User):
    by = access.principal_of(viewer)
    token, plaintext = create_token(by=by, tenant=acme, holder=viewer, name="mine")
    delete_token(by=by, token=token)
    created, deleted = AuditEvent.objects.filter(actor_id=viewer.pk).order_by("at")
    assert (created.verb, deleted.verb) == ("token.create", "token.delete")
    for event in (created, deleted):
        assert event.resource_name == "mine"
        assert event.details["holder"] == {"kind": "user", "id": viewer.pk, "name": "viewer"}
        assert event.details["hint"] == plaintext[:11] + "…"
