"""What connects a Keycloak to a SCIM endpoint: the provider of keycloak-scim with its settings, and its listener."""

from collections.abc import Callable
from typing import Any, NamedTuple

from provisioning.keycloak.administration import USER_STORAGE, Administration
from provisioning.keycloak.errors import KeycloakError

# What keycloak-scim calls its user storage provider and its event listener.
PROVIDER = LISTENER = "scim"
NAME = "kestra-iam"
TOKEN = "auth-pass"
SETTINGS = {
    "content-type": "application/scim+json",
    "auth-mode": "BEARER",
    "propagation-user": "true",
    "propagation-group": "true",
    "sync-refresh": "true",
    "sync-import": "false",
    "sync-import-action": "NOTHING",
    "user-patchOp": "false",
    "group-patchOp": "false",
}
# In place of a secret that Keycloak does not tell.
_MASKED = "**********"
_NO_EXTENSION = (
    "This Keycloak has no extension that pushes SCIM. Put the jar of pelotech/keycloak-scim or mitodl/keycloak-scim "
    "into its directory providers/ (/opt/keycloak/providers/ in the official image) and start it again; with "
    "'kc.sh start --optimized' run 'kc.sh build' first."
)


class Plan(NamedTuple):
    """What has to change in a Keycloak: ``settings`` of the provider ``component_id`` (``''``: to be created)."""

    component_id: str
    name: str
    realm_id: str
    settings: dict[str, str]
    before: dict[str, str]
    listeners: list[str] | None
    needs_token: bool
    others: list[str]

    @property
    def changes(self) -> list[str]:
        """One sentence for each thing that changes; without secrets."""
        lines = []
        if not self.component_id:
            lines.append(f"User federation: add the provider '{self.name}'.")
        for name, value in self.settings.items():
            old = self.before.get(name)
            lines.append(f"Provider '{self.name}': {name} is {value}{f', was {old}' if old else ''}.")
        if self.needs_token:
            lines.append(f"Provider '{self.name}': {TOKEN} is a new Secret Token.")
        if self.listeners is not None:
            lines.append(f"Event listeners: add {LISTENER}, keep {', '.join(self.listeners[:-1]) or 'none'}.")
        return lines


def plan(
    keycloak: Administration,
    *,
    endpoint: str,
    names: tuple[str, ...],
    new_token: bool,
    is_known: Callable[[str], bool],
) -> Plan:
    """Return what connecting this realm to ``endpoint`` changes.

    A provider is ours if it leads to this integration, or has one of ``names`` and leads nowhere. ``is_known`` tells
    whether a token that Keycloak has is one of the integration's. Raises ``KeycloakError``, too where the extension
    is missing.
    """
    known = keycloak.storage_settings(PROVIDER)
    if known is None:
        raise KeycloakError(_NO_EXTENSION)
    if "endpoint" not in known or TOKEN not in known:
        raise KeycloakError(
            f"The extension that calls itself '{PROVIDER}' in this Keycloak is no keycloak-scim: it has no setting "
            f"endpoint or {TOKEN}. Set it up as its own documentation says."
        )
    realm = keycloak.realm()
    providers = [each for each in keycloak.components(realm["id"]) if each.get("providerId") == PROVIDER]
    component = _ours(providers, endpoint, names)
    before = _config(component)
    # A setting that this version of the extension does not know would keep Keycloak from taking the others.
    wanted = {name: value for name, value in {"endpoint": endpoint, **SETTINGS}.items() if name in known}
    if before.get("enabled") == "false":
        wanted["enabled"] = "true"
    token = before.get(TOKEN, "")
    stale = not token or (token != _MASKED and not token.startswith("${vault.") and not is_known(token))
    return Plan(
        component_id=component["id"] if component else "",
        name=component["name"] if component else names[0],
        realm_id=realm["id"],
        settings={name: value for name, value in wanted.items() if before.get(name) != value},
        before={name: value for name, value in before.items() if name != TOKEN},
        listeners=None if LISTENER in realm["eventsListeners"] else [*realm["eventsListeners"], LISTENER],
        needs_token=new_token or stale,
        others=[
            f"'{each['name']}' ({_config(each).get('endpoint') or '-'})" for each in providers if each != component
        ],
    )


def write_provider(keycloak: Administration, plan: Plan, token: str | None) -> str:
    """Create or change the provider, with ``token`` if there is a new one; return its id."""
    config = {**plan.settings, **({TOKEN: token} if token else {})}
    if plan.component_id and not config:
        return plan.component_id
    body: dict[str, Any] = {
        "name": plan.name,
        "providerId": PROVIDER,
        "providerType": USER_STORAGE,
        "parentId": plan.realm_id,
        "config": {name: [value] for name, value in config.items()},
    }
    if plan.component_id:
        keycloak.update_component(plan.component_id, {"id": plan.component_id, **body})
        return plan.component_id
    return keycloak.create_component(body)


def write_listener(keycloak: Administration, plan: Plan) -> None:
    """Add the event listener to those that the realm has."""
    if plan.listeners is not None:
        keycloak.set_event_listeners(plan.listeners)


def _ours(providers: list[dict[str, Any]], endpoint: str, names: tuple[str, ...]) -> dict[str, Any] | None:
    # The same integration under another host: PUBLIC_URL has changed.
    path = endpoint[endpoint.index("/api/v1/") :]
    for each in providers:
        if _config(each).get("endpoint", "").rstrip("/").endswith(path):
            return each
    for each in providers:
        # One that leads elsewhere is not turned round: it remembers ids that mean nothing here.
        if each.get("name") in names and not _config(each).get("endpoint"):
            return each
    return None


def _told(component: dict[str, Any]) -> str:
    return f"'{component.get('name')}' ({_config(component).get('endpoint') or 'without an endpoint'})"


def _config(component: dict[str, Any] | None) -> dict[str, str]:
    """Return the settings of a provider; Keycloak keeps lists, of which keycloak-scim reads the first."""
    config = component.get("config") if component else None
    return {name: values[0] for name, values in (config or {}).items() if values}
