"""Reading the people of a realm, page by page, and comparing them with those that are known."""

from typing import NamedTuple

from provisioning.documents import user_attributes, user_document
from provisioning.errors import Refused
from provisioning.keycloak.errors import KeycloakError
from provisioning.keycloak.mapping import user_body
from provisioning.keycloak.realm import KeycloakUser, Realm
from provisioning.models import ProvisionedUser
from provisioning.pulling.plan import People, PersonChange, StoredPerson
from provisioning.pulling.progress import Progress
from tenants.fields import fold

PAGE = 100
# A list that changes while it is read is read again, so often in all.
READINGS = 3
Row = tuple[StoredPerson, str]


def read_people(realm: Realm, integration_id: str, progress: Progress) -> People:
    """Return what differs, after as many readings as it takes until they agree with Keycloak's own count.

    Pages are offsets in a list that others change, so the count before and after must be that of the people read.
    If they never agree nobody is a leaver, and ``complete`` is false. Raises ``KeycloakError`` if there are people
    and the client sees none.
    """
    for _ in range(READINGS):
        before = realm.count_users()
        people = _read(realm, integration_id, progress, before)
        people.counted = realm.count_users()
        people.complete = before == people.counted == len(people.seen)
        if people.complete:
            people.leavers = _absent(integration_id, people)
            break
    if people.counted and not people.seen:
        # To a client without view-users Keycloak shows empty lists, of groups too.
        raise KeycloakError(
            f"Keycloak counts {people.counted:,} people and shows none of them: give the service account of the client "
            "the role view-users of realm-management."
        )
    return people


def _read(realm: Realm, integration_id: str, progress: Progress, counted: int) -> People:
    people = People()
    progress.step("Reading people", counted)
    first = 0
    while page := realm.users_page(first, PAGE):
        first += PAGE
        new = list({user.id: user for user in page if user.id not in people.seen}.values())
        people.seen.update(user.id for user in new)
        _compare(integration_id, new, people)
        progress.run.users_read = progress.run.done = len(people.seen)
        progress.write()
    return people


def _compare(integration_id: str, users: list[KeycloakUser], people: People) -> None:
    known = _known(integration_id, users)
    for user in users:
        rows = known.rows_of(user, people)
        stored, document = _best(rows, user) if rows else (None, "")
        people.doubles.update(other.id for other, _ in rows if stored is not None and other.id != stored.id)
        if stored is not None and not stored.external_id:
            people.adopted[stored.id] = user.id
        try:
            attributes = user_attributes(user_body(user))
        except Refused as refusal:
            # Who is disabled there must not stay active here since a name cannot be kept.
            if stored is not None and stored.active and not user.enabled:
                people.changed.append(PersonChange(stored, user))
            else:
                people.refused.append((user.username, refusal.message))
            continue
        if stored is None:
            people.created.append(user)
        elif user_document(attributes).document != document:
            people.changed.append(PersonChange(stored, user))


class _Known(NamedTuple):
    """Stored people of one page: by Keycloak's id, and by folded userName those that have no external id."""

    by_id: dict[str, list[Row]]
    by_name: dict[str, Row]

    def rows_of(self, user: KeycloakUser, people: People) -> list[Row]:
        """Return who stands for a user of Keycloak; nobody is adopted twice."""
        if user.id in self.by_id:
            return self.by_id[user.id]
        row = self.by_name.get(fold(user.username))
        return [row] if row is not None and row[0].id not in people.adopted else []


def _known(integration_id: str, users: list[KeycloakUser]) -> _Known:
    rows = ProvisionedUser.objects.filter(integration=integration_id).order_by("created_at", "pk")
    by_id: dict[str, list[Row]] = {}
    for row in _columns(rows.filter(external_id__in=[user.id for user in users])):
        by_id.setdefault(row[0].external_id, []).append(row)
    others = [fold(user.username) for user in users if user.id not in by_id]
    named = _columns(rows.filter(external_id="", user_name_key__in=others)) if others else []
    return _Known(by_id, {fold(row[0].user_name): row for row in named})


def _columns(rows) -> list[Row]:
    columns = rows.values_list("pk", "external_id", "user_name", "active", "document")
    return [(StoredPerson(*columns), document) for *columns, document in columns]


def _best(rows: list[Row], user: KeycloakUser) -> Row:
    """Return the row that stands for the person; a client may have given one external id twice."""
    return next((row for row in rows if fold(row[0].user_name) == fold(user.username)), rows[0])


def _absent(integration_id: str, people: People) -> list[StoredPerson]:
    rows = ProvisionedUser.objects.filter(integration=integration_id).order_by("pk")
    stored = (StoredPerson(*row) for row in rows.values_list("pk", "external_id", "user_name", "active").iterator())
    return [
        each
        for each in stored
        if each.id in people.doubles or (each.external_id not in people.seen and each.id not in people.adopted)
    ]
