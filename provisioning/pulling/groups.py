"""Reading the groups of a realm and their members, and comparing them with those that are known."""

from kestra_iam.models import Group, Membership
from provisioning.documents import group_attributes
from provisioning.errors import Refused
from provisioning.keycloak.errors import Gone
from provisioning.keycloak.mapping import display_name, is_wanted
from provisioning.keycloak.realm import KeycloakGroup, Realm
from provisioning.pulling.people import PAGE, READINGS
from provisioning.pulling.plan import Groups, Leaving, People, StoredGroup
from provisioning.pulling.progress import Progress
from tenants.fields import fold

Tree = dict[str, KeycloakGroup]


def read_groups(
    realm: Realm, integration_id: str, paths: tuple[str, ...], people: People, progress: Progress
) -> Groups:
    """Return what differs in the groups that the filter ``paths`` takes, and in who is in them.

    A group goes only if two readings of the tree agreed that it is not there, and none while a path of the filter
    names no group.
    """
    rows = Group.objects.filter(owner_key=integration_id).order_by("created_at", "pk")
    stored = [StoredGroup(*row) for row in rows.values_list("pk", "external_id_key", "name")]
    progress.step("Reading groups")
    tree = _read_tree(realm, progress)
    groups = _compare(tree, stored, paths)
    if groups.removed:
        for _ in range(READINGS - 1):
            tree, before = _read_tree(realm, progress), tree
            groups = _compare(tree, stored, paths)
            if tree == before:
                break
        else:
            groups.removed = []
            groups.remarks.append("No group was removed: Keycloak's groups changed while they were read.")
    _check_filter(tree, paths, groups)
    _read_members(realm, groups, people, progress)
    return groups


def _read_tree(realm: Realm, progress: Progress) -> Tree:
    tree: Tree = {}
    progress.run.done = 0
    for group in realm.group_tree():
        tree[group.id] = group
        progress.advance()
    progress.run.groups_read = len(tree)
    progress.write()
    return tree


def _compare(tree: Tree, stored: list[StoredGroup], paths: tuple[str, ...]) -> Groups:
    groups = Groups(wanted={id: group for id, group in tree.items() if is_wanted(group.path, paths)})
    by_id = {row.external_id: row for row in reversed(stored) if row.external_id}
    by_name = {fold(row.name): row for row in reversed(stored) if not row.external_id}
    for id, group in groups.wanted.items():
        name = display_name(group)
        row = by_id.get(id) or by_name.pop(fold(name), None)
        if row is not None:
            groups.stored[id] = row
        try:
            group_attributes({"displayName": name, "externalId": id})
        except Refused as refusal:
            groups.refused.append((group.path, refusal.message))
            continue
        if row is None:
            groups.created.append(group)
        elif (row.name, row.external_id) != (name, id):
            groups.changed.append(group)
    kept = {row.id for row in groups.stored.values()}
    groups.removed = [row for row in stored if row.id not in kept]
    return groups


def _check_filter(tree: Tree, paths: tuple[str, ...], groups: Groups) -> None:
    present = {group.path for group in tree.values()}
    for path in paths:
        if path not in present:
            groups.refused.append((path, "The filter names this group, but Keycloak has none of this path."))
    if not present.issuperset(paths) and groups.removed:
        groups.removed = []
        groups.remarks.append("No group was removed, since the filter names a group that Keycloak does not have.")


def _read_members(realm: Realm, groups: Groups, people: People, progress: Progress) -> None:
    progress.step("Reading members", len(groups.wanted))
    for id, group in groups.wanted.items():
        progress.advance()
        try:
            members = _members(realm, group, progress)
        except Gone:
            # It was deleted a moment ago; the next run will not find it in the tree.
            continue
        present = _present(groups.stored[id].id, people) if id in groups.stored else {}
        joining = members - {external_id for external_id, _ in present.values()}
        if joining:
            groups.joining[id] = sorted(joining)
        for source_id, (external_id, active) in present.items():
            if external_id not in members:
                groups.leaving.setdefault(source_id, Leaving(external_id, active)).groups.add(id)


def _members(realm: Realm, group: KeycloakGroup, progress: Progress) -> set[str]:
    members: set[str] = set()
    first = 0
    while page := realm.members_page(group.id, first, PAGE):
        first += PAGE
        members.update(page)
        progress.advance(0)
        if len(page) < PAGE:
            break
    return members


def _present(group_id: str, people: People) -> dict[str, tuple[str, bool]]:
    """Return the members of a group of ours: Keycloak's ids and whether they are active, by the ids that they have
    here."""
    rows = Membership.objects.filter(group=group_id, source__provisioned_user__isnull=False)
    columns = rows.values_list("source_id", "source__provisioned_user__external_id", "source__active")
    return {id: (external_id or people.adopted.get(id, ""), active) for id, external_id, active in columns}
