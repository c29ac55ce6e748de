"""A realm to pull from as tests change it, and runs that pull it."""

from collections.abc import Callable
from typing import Any

import pytest

from kestra_iam.models import AccessSource, AuditEvent, Binding, Group, Membership, User
from kestra_iam.principals import operator
from provisioning.actions.pull_runs import begin_run
from provisioning.actions.pull_sources import save_source
from provisioning.models import Integration, ProvisionedEmail, ProvisionedUser, PullRun, PullSource
from provisioning.pulling import pull
from tests.keycloak_double import KeycloakDouble


class Directory:
    """People and groups of a realm, by the ids that their makers return."""

    def __init__(self, keycloak: KeycloakDouble):
        self.keycloak = keycloak

    @property
    def users(self) -> dict[str, dict[str, Any]]:
        return self.keycloak.users

    @property
    def requests(self) -> int:
        return len(self.keycloak.requests)

    def user(self, username: str, **attributes: Any) -> str:
        return self.keycloak.add_user(username, **attributes)

    def people(self, number: int, prefix: str = "user") -> list[str]:
        return [self.user(f"{prefix}{each:05}") for each in range(number)]

    def change(self, id: str, **attributes: Any) -> None:
        self.users[id].update(attributes)

    def delete(self, id: str) -> None:
        self.keycloak.delete_user(id)

    def group(self, name: str, *members: str, parent: str = "") -> str:
        return self.keycloak.add_group(name, *members, parent=parent)

    def has_group(self, id: str) -> bool:
        return id in self.keycloak.groups

    def members(self, group: str) -> set[str]:
        return set(self.keycloak.groups[group]["members"])

    def rename_group(self, group: str, name: str) -> None:
        self.keycloak.groups[group]["name"] = name

    def delete_group(self, group: str) -> None:
        """Delete a group with those below it, as Keycloak does."""
        for id in [id for id, each in self.keycloak.groups.items() if each["parent"] == group]:
            self.delete_group(id)
        del self.keycloak.groups[group]

    def join(self, group: str, *people: str) -> None:
        self.keycloak.groups[group]["members"] += people

    def leave(self, group: str, *people: str) -> None:
        members = self.keycloak.groups[group]["members"]
        self.keycloak.groups[group]["members"] = [member for member in members if member not in people]

    def before(self, number: int, act: Callable[[], Any]) -> None:
        """Do something before the ``number``-th request from now is answered."""
        self.keycloak.before = {self.requests + number: lambda: act() and None}

    def down_from(self, number: int) -> None:
        """Break every connection off from the ``number``-th request from now on."""
        start = self.requests + number
        self.keycloak.before = dict.fromkeys(range(start, start + 100), lambda: "drop")

    def undisturbed(self) -> None:
        self.keycloak.before = {}


@pytest.fixture
def realm(integration: Integration, keycloak: KeycloakDouble) -> Directory:
    """A realm that ``integration`` pulls from."""
    directory = Directory(keycloak)
    source_of(integration, directory)
    return directory


def source_of(integration: Integration, directory: Directory, **given: Any) -> PullSource:
    """Let an integration pull from a realm."""
    keycloak = directory.keycloak
    place = {
        "base_url": keycloak.url,
        "realm": keycloak.realm,
        "client_id": keycloak.client_id,
        "client_secret": keycloak.client_secret,
    }
    return save_source(by=operator, integration=integration, **{**place, **given})


def pulled(integration: Integration, *, on_progress: Any = None, **given: Any) -> PullRun:
    """Begin a run and carry it out."""
    return pull(begin_run(by=operator, integration=integration, **given), on_progress=on_progress)


def people(integration: Integration) -> dict[str, bool]:
    """The userNames that an integration knows, and whether each is active."""
    return dict(ProvisionedUser.objects.filter(integration=integration).values_list("user_name", "active"))


def groups(integration: Integration) -> dict[str, set[str]]:
    """The names of an integration's groups and of their members."""
    rows = Group.objects.filter(owner_key=integration.pk).values_list("name", "memberships__user__username")
    found: dict[str, set[str]] = {name: set() for name, _ in rows}
    for name, member in rows:
        found[name] |= {member} - {None}
    return found


def everything() -> dict[str, list[Any]]:
    """Every row that a pull may write, but the runs and the events of their beginning."""
    models = (User, AccessSource, ProvisionedUser, ProvisionedEmail, Group, Membership, Binding)
    found = {model.__name__: list(model.objects.order_by("pk").values()) for model in models}
    return found | {"events": list(AuditEvent.objects.exclude(verb="pull.begin").order_by("pk").values())}


def ended(run: PullRun, state: str) -> PullRun:
    """Check how a run ended; ``message`` and ``problems`` tell why it is otherwise."""
    run.refresh_from_db()
    assert run.state == state, (run.message, run.problems)
    assert run.ended_at is not None
    assert run.message
    return run


def succeeded(integration: Integration, **given: Any) -> PullRun:
    return ended(pulled(integration, **given), "succeeded")
