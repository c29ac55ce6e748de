"""Where an integration pulls from: set, change and remove."""

from kestra_iam.actions import guards
from kestra_iam.errors import Invalid, NotFound
from kestra_iam.principals import Principal
from provisioning.actions.integrations import lock_integration, must_hold_what_it_gives
from provisioning.actions.opening import record
from provisioning.actions.pull_runs import interrupt
from provisioning.keycloak.mapping import group_paths
from provisioning.models import Integration, PullSource
from provisioning.outbound import check_address
from provisioning.sealing import seal

LONGEST_FILTER = 20_000
# The client secret goes where these say.
_PLACE = ("base_url", "realm", "client_id")


@guards.one_transaction()
def save_source(
    *,
    by: Principal,
    integration: Integration,
    base_url: str,
    realm: str,
    client_id: str,
    client_secret: str | None,
    group_filter: str = "",
    loss_limit: int = 20,
) -> PullSource:
    """Let an integration pull from this realm; an empty secret keeps the one that is there.

    A changed base URL, realm or client needs the secret again: a stored one never goes to another server.
    Raises ``Invalid`` with the field, ``Forbidden`` if ``by`` does not hold everything that the integration gives.
    """
    integration = lock_integration(integration)
    must_hold_what_it_gives(by, integration)
    source = PullSource.objects.filter(pk=integration.pk).first()
    before = _details(source) if source else None
    source = source or PullSource(integration=integration, sealed_secret="")
    source.base_url = guards.text(base_url, field="base_url").rstrip("/")
    source.realm = guards.text(realm, field="realm")
    source.client_id = guards.text(client_id, field="client_id")
    source.group_filter = _filter(group_filter)
    source.loss_limit = _percentage(loss_limit)
    check_address(source.base_url, field="base_url")
    secret = guards.text(client_secret or "", field="client_secret", longest=1024, required=False)
    if not secret and not source.sealed_secret:
        raise Invalid("Client secret must not be empty: Keycloak shows it under Credentials.", field="client_secret")
    if not secret and before and any(before[name] != getattr(source, name) for name in _PLACE):
        raise Invalid(
            "Enter the client secret again: it is not sent to another server, realm or client unasked.",
            field="client_secret",
        )
    if secret:
        source.sealed_secret = seal(secret)
    after = _details(source)
    if before == after and not secret:
        return source
    source.save()
    details = {**after, "secret_changed": bool(secret), **({"before": before} if before else {})}
    record(by, integration, f"pull-source.{'update' if before else 'create'}", details)
    return source


@guards.one_transaction()
def remove_source(*, by: Principal, integration: Integration) -> None:
    """Let an integration pull no more; what it has pulled stays, a run that is on ends.

    Raises ``NotFound`` where there is no source.
    """
    integration = lock_integration(integration)
    source = PullSource.objects.filter(pk=integration.pk).first()
    if source is None:
        raise NotFound(f"The integration {integration.name} has no source to pull from.")
    interrupt(integration, "Its source was removed while it ran.")
    record(by, integration, "pull-source.delete", _details(source))
    source.delete()


def _filter(text: str) -> str:
    paths = "\n".join(group_paths(text))
    return guards.text(paths, field="group_filter", longest=LONGEST_FILTER, required=False)


def _percentage(value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        raise Invalid("The share at which a run stops is a whole number of per cent from 0 to 100.", field="loss_limit")
    return value


def _details(source: PullSource) -> dict[str, str | int]:
    return {name: getattr(source, name) for name in (*_PLACE, "group_filter", "loss_limit")}
