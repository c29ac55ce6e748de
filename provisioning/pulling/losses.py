"""Who loses access by a run: confirmed one by one, counted, and more than is allowed stops it."""

from kestra_iam.models import Binding, Membership
from provisioning.keycloak.realm import Realm
from provisioning.models import ProvisionedUser, PullRun
from provisioning.pulling.plan import Groups, Plan, StoredPerson
from provisioning.pulling.progress import Progress


class Limit:
    """How many people of an integration may lose access in one run without being asked."""

    def __init__(self, run: PullRun, percentage: int):
        self.active = ProvisionedUser.objects.filter(integration=run.integration_id, active=True).count()
        self.percentage = percentage
        self.allowed = max(self.active * percentage // 100, run.allowed_losses)

    def is_passed(self, losses: int) -> bool:
        return losses > self.allowed


def confirm(realm: Realm, plan: Plan, limit: Limit, integration_id: str, progress: Progress) -> None:
    """Ask Keycloak once more about everybody who is to lose something, and note who loses access.

    Offsets shift while people are deleted, so being absent from a page means nothing. Once more people than the
    limit allows are confirmed the others are counted as they are: the run stops anyway.
    """
    bound = set(Binding.objects.filter(group__owner_key=integration_id).values_list("group_id", flat=True))
    changed = plan.people.changed
    plan.losers = {change.stored.id for change in changed if change.stored.active and not change.user.enabled}
    for group in plan.groups.removed:
        if group.id in bound:
            members = Membership.objects.filter(group=group.id, source__active=True)
            plan.losers.update(members.values_list("source_id", flat=True))
    progress.step("Confirming who has left", len(plan.people.leavers))
    plan.people.leavers = [
        each for each in plan.people.leavers if _has_left(realm, each, plan, limit, progress) and _noted(each, plan)
    ]
    _confirm_members(realm, plan, limit, bound, progress)


def _has_left(realm: Realm, person: StoredPerson, plan: Plan, limit: Limit, progress: Progress) -> bool:
    progress.advance()
    if limit.is_passed(len(plan.losers)) or person.id in plan.people.doubles:
        return True
    if not person.external_id:
        return not realm.has_user_named(person.user_name)
    return not realm.user_exists(person.external_id)


def _noted(person: StoredPerson, plan: Plan) -> bool:
    if person.active:
        plan.losers.add(person.id)
    return True


def _confirm_members(realm: Realm, plan: Plan, limit: Limit, bound: set[str], progress: Progress) -> None:
    """Keep of who is to leave a group those whom Keycloak does not name there; leavers leave with their access."""
    gone = {person.id for person in plan.people.leavers}
    progress.step("Confirming who has left a group", len(plan.groups.leaving))
    for source_id, leaving in list(plan.groups.leaving.items()):
        progress.advance()
        if source_id in gone or not leaving.external_id:
            del plan.groups.leaving[source_id]
            continue
        if not limit.is_passed(len(plan.losers)):
            leaving.groups -= realm.groups_of(leaving.external_id)
        if leaving.active and _takes_access(plan.groups, leaving.groups, bound):
            plan.losers.add(source_id)
        if not leaving.groups:
            del plan.groups.leaving[source_id]


def _takes_access(groups: Groups, left: set[str], bound: set[str]) -> bool:
    return any(groups.stored[id].id in bound for id in left)
