"""What differs between a Keycloak and an integration: all that a run keeps in memory.

Of what is the same only the ids are kept, so that it fits for 100,000 people.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from provisioning.keycloak.realm import KeycloakGroup, KeycloakUser


class StoredPerson(NamedTuple):
    """A person whom the integration knows; ``external_id`` is Keycloak's id, ``''`` for none."""

    id: str
    external_id: str
    user_name: str
    active: bool


class PersonChange(NamedTuple):
    """A person whom both know and whose attributes differ."""

    stored: StoredPerson
    user: KeycloakUser


@dataclass
class People:
    """The people of one reading.

    ``seen`` holds the ids that Keycloak named; ``complete`` says whether they are as many as it counts.
    ``adopted`` has Keycloak's ids of people who were known without one, by our ids. ``doubles`` are the ids of
    people of an external id that another one has too. ``refused`` are people whose attributes cannot be kept.
    """

    seen: set[str] = field(default_factory=set)
    counted: int = 0
    complete: bool = False
    created: list[KeycloakUser] = field(default_factory=list)
    changed: list[PersonChange] = field(default_factory=list)
    leavers: list[StoredPerson] = field(default_factory=list)
    adopted: dict[str, str] = field(default_factory=dict)
    doubles: set[str] = field(default_factory=set)
    refused: list[tuple[str, str]] = field(default_factory=list)


class StoredGroup(NamedTuple):
    """A group of the integration; ``external_id`` is Keycloak's id, ``''`` for none."""

    id: str
    external_id: str
    name: str


@dataclass
class Leaving:
    """A person in groups of the integration in which Keycloak did not name them: groups by Keycloak's ids."""

    external_id: str
    active: bool
    groups: set[str] = field(default_factory=set)


@dataclass
class Groups:
    """The groups of one reading and who is to join or leave them.

    ``stored`` has the groups that both know, by Keycloak's id. ``joining`` has the ids of Keycloak's users by those
    of its groups, ``leaving`` people by the ids that they have here.
    """

    wanted: dict[str, KeycloakGroup] = field(default_factory=dict)
    stored: dict[str, StoredGroup] = field(default_factory=dict)
    created: list[KeycloakGroup] = field(default_factory=list)
    changed: list[KeycloakGroup] = field(default_factory=list)
    removed: list[StoredGroup] = field(default_factory=list)
    joining: dict[str, list[str]] = field(default_factory=dict)
    leaving: dict[str, Leaving] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


@dataclass
class Plan:
    """Everything that a run is about to write, and ``losers``: the ids of people from whom it takes access."""

    people: People
    groups: Groups
    losers: set[str] = field(default_factory=set)
