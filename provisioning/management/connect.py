"""Connecting a Keycloak to an integration: what both sides do, and what arrived afterwards."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from kestra_iam import tokens
from kestra_iam.errors import IamError
from kestra_iam.management.operator_command import Error
from kestra_iam.models import Group
from kestra_iam.principals import operator
from provisioning.actions.integrations import rotate_token
from provisioning.endpoints import is_loopback, scim_endpoint
from provisioning.keycloak.administration import Administration
from provisioning.keycloak.connecting import NAME, Plan, plan, write_listener, write_provider
from provisioning.keycloak.errors import KeycloakError
from provisioning.models import Activity, Integration, ProvisionedUser, RefusedRequest

# So long the command waits for a full sync; Keycloak goes on with it by itself.
SECONDS_TO_SYNC = 60
OVERLAP = timedelta(hours=1)


def connect(
    integration: Integration,
    keycloak: Administration,
    *,
    rotate: bool,
    dry_run: bool,
    sync: bool,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """Set up Keycloak's side, unless ``dry_run``, and let it push everybody, if ``sync``; return what came of it.

    Raises ``Error`` and ``IamError``; what was done up to then stays, and the next time goes on from there.
    """
    changes = _plan(integration, keycloak, rotate)
    provider = changes.component_id or None
    warnings = _warnings(integration, changes)
    if not dry_run and changes.changes:
        provider = _carry_out(integration, keycloak, changes)
        if left := _plan(integration, keycloak, False).changes:
            raise KeycloakError(f"Keycloak took the settings and does not show them all: {' '.join(left)}")
    arrived = None
    if sync and provider and not dry_run and integration.enabled:
        say(f"Keycloak pushes everybody now; this waits up to {SECONDS_TO_SYNC} seconds.")
        arrived = _sync(integration, keycloak, provider)
        warnings += _what_went_wrong(integration, arrived)
    return {
        "id": integration.pk,
        "endpoint": scim_endpoint(integration),
        "provider": provider,
        "dry_run": dry_run,
        "changes": changes.changes,
        "sync": arrived,
        "warnings": warnings,
    }


def _plan(integration: Integration, keycloak: Administration, rotate: bool) -> Plan:
    return plan(
        keycloak,
        endpoint=scim_endpoint(integration),
        names=(NAME, integration.name),
        new_token=rotate,
        is_known=lambda token: _is_token_of(integration, token),
    )


def _carry_out(integration: Integration, keycloak: Administration, changes: Plan) -> str:
    """Write what the plan says. The token is made last: nothing is rotated for a Keycloak that cannot be asked."""
    if not changes.needs_token:
        provider = write_provider(keycloak, changes, None)
    else:
        used = Activity.objects.filter(integration=integration).exclude(last_request_at=None).exists()
        overlap = OVERLAP if used else timedelta(0)
        made = rotate_token(by=operator, integration=integration, overlap=overlap)
        try:
            provider = write_provider(keycloak, changes, made.secret_token)
        except IamError as error:
            valid = "older ones work for one hour more" if used else "nothing has used the old one yet"
            raise Error(
                f"{error.message} A new Secret Token was made before, and Keycloak did not take it; {valid}. "
                "Run this again when Keycloak takes changes."
            ) from error
    write_listener(keycloak, changes)
    return provider


def _is_token_of(integration: Integration, token: str) -> bool:
    account = integration.service_account
    found = account and account.api_tokens.filter(lookup=tokens.lookup_of(token)).first()
    if not found or not tokens.matches(token, found.digest):
        return False
    return found.expires_at is None or found.expires_at > timezone.now()


def _warnings(integration: Integration, changes: Plan) -> list[str]:
    warnings = []
    if is_loopback():
        warnings.append("PUBLIC_URL is a loopback address: only a Keycloak on this very machine reaches the endpoint.")
    if not integration.enabled:
        warnings.append(
            "The integration is disabled, so nothing is pushed yet: "
            f"run 'manage.py integration enable {integration.pk}', then this again."
        )
    if changes.others:
        warnings.append(f"The realm pushes elsewhere too, and goes on with it: {', '.join(changes.others)}.")
    return warnings


def _sync(integration: Integration, keycloak: Administration, provider: str) -> dict[str, Any]:
    began, before = timezone.now(), _counts(integration)
    result = keycloak.full_sync(provider, seconds=SECONDS_TO_SYNC)
    after = _counts(integration)
    refused = RefusedRequest.objects.filter(integration=integration, at__gte=began)
    activity = Activity.objects.get(integration=integration)
    return {
        "finished": result is not None,
        "keycloak_says": str(result.get("status") or "") if result else None,
        "failed": result.get("failed") if result else None,
        "users_before": before["users"],
        "users": after["users"],
        "groups_before": before["groups"],
        "groups": after["groups"],
        "refused": refused.count(),
        "last_refusal": activity.last_refusal if refused.exists() else None,
        "without_valid_token": after["unauthenticated"] - before["unauthenticated"],
        # It is noted once a minute.
        "heard_of": bool(activity.last_request_at and activity.last_request_at > began - timedelta(minutes=1)),
        "last_request_at": activity.last_request_at and activity.last_request_at.isoformat(),
    }


def _counts(integration: Integration) -> dict[str, int]:
    return {
        "users": ProvisionedUser.objects.filter(integration=integration).count(),
        "groups": Group.objects.filter(owner_key=integration.pk).count(),
        "unauthenticated": Activity.objects.get(integration=integration).unauthenticated,
    }


def _what_went_wrong(integration: Integration, arrived: dict[str, Any]) -> list[str]:
    warnings = []
    if arrived["without_valid_token"]:
        warnings.append(
            f"Requests without a valid Secret Token: {arrived['without_valid_token']}. Run this again with --rotate."
        )
    if arrived["refused"]:
        warnings.append(f"{arrived['refused']} requests were refused, the last one so: {arrived['last_refusal']}")
    if not arrived["heard_of"] and not arrived["without_valid_token"]:
        warnings.append(
            f"No request has arrived: Keycloak has nobody to push, or cannot reach {scim_endpoint(integration)}. "
            "Its log tells which."
        )
    if not arrived["finished"]:
        warnings.append("The sync goes on in Keycloak; the page of the integration shows what arrives.")
    return warnings


def told(document: dict[str, Any]) -> list[str]:
    """Return the lines for people of what ``connect`` returned."""
    changes, sync = document["changes"], document["sync"]
    lines = [f"Provider   {document['provider'] or 'none yet'}", f"Endpoint   {document['endpoint']}"]
    if not changes:
        lines.append("Keycloak was set up already: nothing had to change.")
    else:
        lines += ["It would change:" if document["dry_run"] else "Changed:", *(f"  {line}" for line in changes)]
    if sync:
        said = f": {sync['keycloak_says']}" if sync["keycloak_says"] else ""
        lines += [
            f"Full sync  {'done' if sync['finished'] else 'not done yet'}{said}",
            f"Users      {sync['users']:,}, before {sync['users_before']:,}",
            f"Groups     {sync['groups']:,}, before {sync['groups_before']:,}",
            f"Last request  {sync['last_request_at'] or 'never'}",
        ]
    return [*lines, *(f"Warning: {warning}" for warning in document["warnings"])]
