"""Two at the same moment: the database keeps every promise, and nobody is told of an error that is none."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from kestra_iam import access
from kestra_iam.actions.bindings import create_binding
from kestra_iam.actions.groups import add_member, create_group
from kestra_iam.actions.passwords import issue_sign_in_link, use_sign_in_link
from kestra_iam.actions.people import end_access, let_in, suspend_person
from kestra_iam.actions.roles import create_role, delete_role
from kestra_iam.errors import Conflict, IamError, NotFound
from kestra_iam.models import AccessSource, AuditEvent, Binding, Group, Membership, Role, User
from kestra_iam.principals import nobody, operator
from provisioning.actions.integrations import create_integration, rotate_token
from provisioning.actions.removal import remove_integration
from provisioning.models import Integration, ProvisionedUser
from tenants.models import Tenant
from tests.clients import ScimClient
from tests.factories import PASSWORD, AccountFactory, GroupFactory, person, role_of

pytestmark = pytest.mark.django_db(transaction=True)
USER = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"]}
GROUP = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"]}
ROUNDS = 5


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Call all of them at the same moment; return what each returned, or the refusal that it raised."""
    together = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        together.wait()
        try:
            return call()
        except IamError as refusal:
            return type(refusal)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(run, call) for call in calls]]


def refused(outcome: Any) -> bool:
    return isinstance(outcome, type) and issubclass(outcome, Conflict)


def statuses(*calls: Callable[[], Any]) -> list[int]:
    return sorted(response.status_code for response in at_once(*calls))


def test_two_first_integrations_of_a_tenant_share_one_role(acme: Tenant):
    made = at_once(
        lambda: create_integration(by=operator, tenant=acme, name="One"),
        lambda: create_integration(by=operator, tenant=acme, name="Two"),
    )
    assert all(isinstance(each, Integration) for each in made)
    assert Role.objects.filter(name="SCIMProvisioner").count() == 1
    assert Binding.objects.count() == 2


def test_the_last_integration_goes_while_the_next_one_comes(integration: Integration):
    acme = integration.tenant
    _, made = at_once(
        lambda: remove_integration(by=operator, integration=integration, keep_access=True),
        lambda: create_integration(by=operator, tenant=acme, name="Next"),
    )
    assert made.service_account.bindings.get().role.name == "SCIMProvisioner"


@pytest.mark.parametrize(
    "create",
    [
        lambda tenant: create_integration(by=operator, tenant=tenant, name="Same"),
        lambda tenant: create_role(by=operator, tenant=tenant, name="Same", permissions={}),
        lambda tenant: create_group(by=operator, tenant=tenant, name="Same"),
        lambda tenant: create_binding(
            by=operator, tenant=tenant, role=role_of(tenant, "Viewer"), subject=User.objects.get(username="viewer")
        ),
    ],
    ids=["integration", "role", "group", "binding"],
)
def test_of_two_that_are_the_same_one_is_made(create: Callable[[Tenant], Any], acme: Tenant, globex: Tenant):
    let_in(by=operator, tenant=acme, user=AccountFactory(username="viewer"))
    made = at_once(lambda: create(acme), lambda: create(acme))
    assert len([each for each in made if refused(each)]) == 1


def test_letting_in_the_same_person_twice_at_once_lets_them_in_once(acme: Tenant):
    user = AccountFactory()
    made = at_once(*[lambda: let_in(by=operator, tenant=acme, user=user)] * 2)
    assert made[0] == made[1]
    assert AuditEvent.objects.filter(verb="access.grant").count() == 1


def test_one_user_name_pushed_twice_at_once_is_one_user(scim: ScimClient):
    for number in range(ROUNDS):
        body = {**USER, "userName": f"user{number}"}
        assert statuses(*[lambda body=body: scim.post("/Users", body)] * 3) == [201, 409, 409]
    assert ProvisionedUser.objects.count() == User.objects.filter(home__isnull=False).count() == ROUNDS
    assert AccessSource.objects.count() == ROUNDS


def test_two_integrations_pushing_a_new_person_at_once_stand_for_one_account(scim: ScimClient, other_scim: ScimClient):
    for number in range(ROUNDS):
        body = {**USER, "userName": f"user{number}"}
        assert statuses(
            lambda body=body: scim.post("/Users", body), lambda body=body: other_scim.post("/Users", body)
        ) == [201, 201]
    assert User.objects.filter(home__isnull=False).count() == ROUNDS
    assert AccessSource.objects.count() == 2 * ROUNDS


def test_two_integrations_renaming_to_a_new_name_at_once_stand_for_one_account(
    scim: ScimClient, other_scim: ScimClient
):
    for number in range(ROUNDS):
        one, two = scim.user(f"a{number}"), other_scim.user(f"b{number}")
        rename = {"op": "replace", "path": "userName", "value": f"same{number}"}
        assert statuses(
            lambda one=one, rename=rename: scim.operations(f"/Users/{one['id']}", rename),
            lambda two=two, rename=rename: other_scim.operations(f"/Users/{two['id']}", rename),
        ) == [200, 200]
        assert User.objects.filter(username=f"same{number}").count() == 1


def test_one_group_pushed_twice_at_once_is_one_group(scim: ScimClient):
    for number in range(ROUNDS):
        body = {**GROUP, "displayName": f"Group {number}"}
        assert statuses(*[lambda body=body: scim.post("/Groups", body)] * 2) == [201, 409]
    assert Group.objects.count() == ROUNDS


def test_members_added_at_once_are_all_there_once(scim: ScimClient):
    people = [scim.user(f"user{number}")["id"] for number in range(4)]
    group = scim.group("Staff")["id"]

    def add(id: str) -> Callable[[], Any]:
        operation = {"op": "add", "path": "members", "value": [{"value": id}]}
        return lambda: scim.operations(f"/Groups/{group}", operation)

    assert statuses(*map(add, [*people, people[0]])) == [200] * 5
    assert Membership.objects.count() == 4
    assert Group.objects.get().version == 5


def test_a_person_deleted_while_being_added_to_a_group_is_in_no_group(scim: ScimClient):
    group = scim.group("Staff")["id"]
    for number in range(ROUNDS):
        id = scim.user(f"user{number}")["id"]
        operation = {"op": "add", "path": "members", "value": [{"value": id}]}
        deleted, added = at_once(
            lambda id=id: scim.delete(f"/Users/{id}"),
            lambda operation=operation: scim.operations(f"/Groups/{group}", operation),
        )
        assert deleted.status_code == 204
        assert added.status_code in (200, 400)
    assert not Membership.objects.exists()
    assert not AccessSource.objects.exists()


def test_a_person_taken_away_by_both_integrations_at_once_leaves_nothing(scim, other_scim, acme: Tenant):
    for number in range(ROUNDS):
        name = f"user{number}"
        one, two = scim.user(name), other_scim.user(name)
        account = User.objects.get(username=name)
        create_binding(by=operator, tenant=acme, role=role_of(acme, "Viewer"), subject=account)
        assert statuses(
            lambda one=one: scim.delete(f"/Users/{one['id']}"), lambda two=two: other_scim.delete(f"/Users/{two['id']}")
        ) == [204, 204]
        assert not account.access_sources.exists()
        assert not account.bindings.exists()


def test_a_person_renamed_by_one_and_taken_away_by_the_other_leaves_nothing_at_the_old_name(
    scim, other_scim, acme: Tenant
):
    for number in range(ROUNDS):
        name = f"user{number}"
        one, two = scim.user(name), other_scim.user(name)
        account = User.objects.get(username=name)
        create_binding(by=operator, tenant=acme, role=role_of(acme, "Viewer"), subject=account)
        rename = {"op": "replace", "path": "userName", "value": f"new{number}"}
        at_once(
            lambda one=one, rename=rename: scim.operations(f"/Users/{one['id']}", rename),
            lambda two=two: other_scim.delete(f"/Users/{two['id']}"),
        )
        account.refresh_from_db()
        # Whoever was first: either the account follows the new name, or nobody has it any more.
        assert account.access_sources.exists() == (account.username == f"new{number}")
        assert account.bindings.exists() == account.access_sources.exists()


def test_a_role_deleted_while_it_is_bound_is_bound_to_nobody(acme: Tenant):
    user = person(acme)
    for number in range(ROUNDS):
        role = create_role(by=operator, tenant=acme, name=f"Role {number}", permissions={})
        bound, deleted = at_once(
            lambda role=role: create_binding(by=operator, tenant=acme, role=role, subject=user),
            lambda role=role: delete_role(by=operator, role=role),
        )
        assert isinstance(bound, Binding) == refused(deleted)


def test_what_is_pushed_while_the_integration_is_removed_leaves_nothing_behind(integration: Integration):
    scim = ScimClient(integration)
    scim.user("alice")
    answers = at_once(
        lambda: remove_integration(by=operator, integration=integration, keep_access=False),
        *[lambda number=number: scim.post("/Users", {**USER, "userName": f"user{number}"}) for number in range(3)],
    )
    assert {answer.status_code for answer in answers[1:]} <= {201, 404, 503}
    assert not Integration.objects.exists()
    assert not ProvisionedUser.objects.exists()
    assert not AccessSource.objects.exists()


def test_two_admins_who_remove_each_other_at_once_leave_one(acme: Tenant):
    for end in (end_access, suspend_person):
        one, two = person(acme, "Admin"), person(acme, "Admin")
        done = at_once(
            lambda end=end, one=one: end(by=operator, tenant=acme, user=one),
            lambda end=end, two=two: end(by=operator, tenant=acme, user=two),
        )
        assert sorted(map(refused, done)) == [False, True]
        (left,) = access.active_admins(acme)
        other = person(acme, "Admin")
        end_access(by=operator, tenant=acme, user=left)
        suspend_person(by=operator, tenant=acme, user=person(acme))
        assert list(access.active_admins(acme)) == [other]
        User.objects.all().delete()


def test_somebody_added_to_a_group_while_their_access_ends_is_in_no_group(acme: Tenant):
    group, user = GroupFactory(tenant=acme), person(acme)
    for _ in range(ROUNDS):
        let_in(by=operator, tenant=acme, user=user)
        at_once(
            lambda: end_access(by=operator, tenant=acme, user=user),
            lambda: add_member(by=operator, group=group, user=user),
        )
        assert not Membership.objects.filter(user=user).exists()


def test_somebody_bound_while_their_access_ends_holds_nothing(acme: Tenant):
    user, role = person(acme), role_of(acme, "Viewer")
    for _ in range(ROUNDS):
        let_in(by=operator, tenant=acme, user=user)
        at_once(
            lambda: end_access(by=operator, tenant=acme, user=user),
            lambda: create_binding(by=operator, tenant=acme, role=role, subject=user),
        )
        assert not Binding.objects.filter(user=user).exists()


def test_two_rotations_at_once_leave_one_valid_token(integration: Integration):
    rotated = at_once(*[lambda: rotate_token(by=operator, integration=integration, overlap=timedelta(0))] * 2)
    opened = [ScimClient(integration, each.secret_token).get("/Users").status_code for each in rotated]
    assert sorted(opened) == [200, 401]


def test_a_sign_in_link_used_twice_at_once_works_once(scim: ScimClient, acme: Tenant):
    scim.user("alice")
    alice = User.objects.get(username="alice")
    secret = issue_sign_in_link(by=operator, tenant=acme, user=alice)
    used = at_once(
        *[lambda: use_sign_in_link(by=nobody, tenant=acme, secret=secret, password=PASSWORD)] * 2,
    )
    assert used.count(NotFound) == 1
