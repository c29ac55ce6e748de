"""Where an integration pulls from, as an operator says it: only what changes has to be said again."""

from typing import Any

from kestra_iam.errors import Invalid
from kestra_iam.management.operator_command import Error
from kestra_iam.principals import operator
from provisioning.actions.pull_sources import save_source
from provisioning.models import Integration, PullSource

# What the options are called that give these fields.
_OPTIONS = {"base_url": "--url", "realm": "--realm", "client_id": "--client-id", "group_filter": "--group"}
_PLACE = ("base_url", "realm", "client_id")
_DEFAULTS: dict[str, Any] = {"base_url": "", "realm": "", "client_id": "", "group_filter": "", "loss_limit": 20}


def source_of(integration: Integration) -> PullSource | None:
    """Return what there is."""
    return PullSource.objects.filter(pk=integration.pk).first()


def needs_secret(source: PullSource | None, given: dict[str, Any]) -> bool:
    """Return whether the client secret has to be told: for the first time, or for another place than before."""
    return source is None or any(given[name] not in (None, getattr(source, name)) for name in _PLACE)


def save(integration: Integration, source: PullSource | None, given: dict[str, Any], secret: str | None) -> PullSource:
    """Save a source: what is ``None`` in ``given`` stays as it is. Raises ``Error`` naming the option."""
    fields: dict[str, Any] = {
        name: (getattr(source, name) if source else default) if given[name] is None else given[name]
        for name, default in _DEFAULTS.items()
    }
    try:
        return save_source(by=operator, integration=integration, client_secret=secret, **fields)
    except Invalid as error:
        option = _OPTIONS.get(error.field) or f"--{error.field.replace('_', '-')}"
        raise Error(f"{option}: {error.message}" if error.field else error.message) from error


def document(integration: Integration, source: PullSource) -> dict[str, Any]:
    """Return a source without its secret."""
    return {
        "id": integration.pk,
        "name": integration.name,
        "base_url": source.base_url,
        "realm": source.realm,
        "client_id": source.client_id,
        "groups": source.group_filter.splitlines(),
        "loss_limit": source.loss_limit,
    }
