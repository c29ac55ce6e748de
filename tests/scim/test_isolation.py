"""An integration's world is its own: whatever others do, it is told what it would be told alone."""

import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kestra_iam.actions.bindings import create_binding
from kestra_iam.actions.people import let_in
from kestra_iam.models import AccessSource, Group, Membership, User
from kestra_iam.principals import operator
from provisioning.models import ProvisionedEmail, ProvisionedUser
from tests.factories import AccountFactory, IntegrationFactory, TenantFactory, person, role_of
from tests.scim.worlds import BULK, GROUP, USER, Request, World

# Two of one tenant, one of another.
WHO = ("first", "second", "elsewhere")
NAMES = ("alice", "Alice", "bob", "boss", "owner")
EMAILS = ("alice@example.org", "boss@example.org")
GROUPS = ("Staff", "staff", "Admin", "Team")

names, emails, group_names = st.sampled_from(NAMES), st.sampled_from(EMAILS), st.sampled_from(GROUPS)
whose = st.sampled_from(("me", "me", "me", *WHO))
people = st.tuples(whose, st.just("User"), st.integers(0, 2))
some_groups = st.tuples(whose, st.just("Group"), st.integers(0, 1))


@st.composite
def user_bodies(draw: st.DrawFn) -> dict[str, Any]:
    body: dict[str, Any] = {"schemas": [USER], "userName": draw(names)}
    if draw(st.booleans()):
        body["emails"] = [{"value": draw(emails), "type": "work"}]
    if draw(st.booleans()):
        body |= {"externalId": draw(st.sampled_from(["a", "b"])), "displayName": draw(group_names)}
    if draw(st.booleans()):
        body["active"] = draw(st.booleans())
    return body


@st.composite
def group_bodies(draw: st.DrawFn) -> dict[str, Any]:
    body: dict[str, Any] = {"schemas": [GROUP], "displayName": draw(group_names)}
    if draw(st.booleans()):
        body["externalId"] = draw(st.sampled_from(["a", "b"]))
    return body | {"members": [{"value": f"{{{position}}}"} for position in range(draw(st.integers(0, 2)))]}


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": list(operations)}


user_patches = st.one_of(
    st.booleans().map(lambda active: patch({"op": "replace", "path": "active", "value": active})),
    names.map(lambda name: patch({"op": "replace", "value": {"userName": name}})),
    emails.map(lambda email: patch({"op": "add", "path": "emails", "value": [{"value": email}]})),
)
group_patches = st.sampled_from(
    [
        patch({"op": "add", "path": "members", "value": [{"value": "{1}"}]}),
        patch({"op": "replace", "path": "members", "value": [{"value": "{1}"}]}),
        patch({"op": "remove", "path": 'members[value eq "{1}"]'}),
        patch({"op": "replace", "value": {"displayName": "Team"}}),
        patch({"op": "remove", "path": "members"}),
    ]
)

# {0} is the id of a person, {1} that of a group, of whomever.
FILTERS = (
    'userName eq "alice"',
    'userName eq "alice" or userName eq "boss"',
    'userName sw "a" or not (userName sw "a")',
    'id eq "{0}" or emails.value eq "alice@example.org"',
    'externalId eq "a" or externalId pr',
    'emails[value co "example"] or active eq false',
    'groups.value eq "{1}" or userName eq "bob"',
    "not (active eq true)",
    'meta.lastModified gt "2020-01-01T00:00:00Z"',
)
GROUP_FILTERS = (
    'displayName eq "staff"',
    'displayName eq "Staff" or displayName pr',
    'members.value eq "{0}" or displayName eq "Team"',
    'members[value eq "{0}"]',
    'id eq "{1}" or externalId eq "a"',
    'not (displayName sw "S")',
)


@st.composite
def questions(draw: st.DrawFn) -> Request:
    named = (draw(people), draw(some_groups))
    kind, filters = draw(st.sampled_from([("/Users", FILTERS), ("/Groups", GROUP_FILTERS)]))
    parameters = {"filter": draw(st.sampled_from(filters))} if draw(st.booleans()) else {}
    match draw(st.integers(0, 3)):
        case 0:
            body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], **parameters}
            return Request("POST", f"{kind}/.search", body, named)
        case 1:
            return Request("POST", "/.search", {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]})
        case 2:
            return Request("GET", draw(st.sampled_from(["/Users/{0}", "/Groups/{1}"])), None, named)
    return Request("GET", kind, None, named, parameters)


@st.composite
def changes(draw: st.DrawFn) -> Request:
    member = draw(people)
    match draw(st.integers(0, 7)):
        case 0 | 1:
            return Request("POST", "/Users", draw(user_bodies()))
        case 2:
            return Request("POST", "/Groups", draw(group_bodies()), (member, draw(people)))
        case 3:
            return Request("PUT", "/Users/{0}", draw(user_bodies()), (member,))
        case 4:
            return Request("PATCH", "/Users/{0}", draw(user_patches), (member,))
        case 5:
            return Request("PATCH", "/Groups/{0}", draw(group_patches), (draw(some_groups), member))
        case 6:
            return Request("PUT", "/Groups/{2}", draw(group_bodies()), (member, draw(people), draw(some_groups)))
    return Request("DELETE", draw(st.sampled_from(["/Users/{0}", "/Groups/{1}"])), None, (member, draw(some_groups)))


@st.composite
def bulks(draw: st.DrawFn) -> Request:
    """A Bulk of one to three changes; ids are named by all of them together."""
    operations, named = [], []
    for request in draw(st.lists(changes(), min_size=1, max_size=3)):
        operation: dict[str, Any] = {"method": request.method, "path": request.path, "bulkId": f"b{len(operations)}"}
        if request.content is not None:
            operation["data"] = request.content
        operations.append(_shifted(operation, len(named)))
        named += request.named
    return Request("POST", "/Bulk", {"schemas": [BULK], "Operations": operations}, tuple(named))


def _shifted(value: Any, by: int) -> Any:
    """Count the placeholders of one operation on from those before it."""
    if isinstance(value, dict):
        return {name: _shifted(each, by) for name, each in value.items()}
    if isinstance(value, list):
        return [_shifted(each, by) for each in value]
    if isinstance(value, str):
        for position in (2, 1, 0):
            value = value.replace(f"{{{position}}}", f"{{{position + by}}}")
    return value


requests = st.tuples(st.sampled_from(WHO), st.one_of(changes(), questions(), questions(), bulks()))


# What each integration has pushed before anything else happens.
BEGINNING = [
    Request("POST", "/Users", {"schemas": [USER], "userName": "alice", "emails": [{"value": "alice@example.org"}]}),
    Request("POST", "/Users", {"schemas": [USER], "userName": "bob", "externalId": "a"}),
    Request(
        "POST",
        "/Groups",
        {"schemas": [GROUP], "displayName": "Staff", "members": [{"value": "{0}"}]},
        (("me", "User", 0),),
    ),
]


def together() -> World:
    """Three integrations, among accounts of the instance that have the names they push."""
    acme, globex = TenantFactory(slug=f"a{uuid.uuid4().hex}"), TenantFactory(slug=f"g{uuid.uuid4().hex}")
    User.objects.filter(home_key="").delete()
    owner = AccountFactory(username="owner", email="boss@example.org", instance_owner=True)
    let_in(by=operator, tenant=acme, user=owner)
    person(acme, "Admin", username="boss", email="boss@example.org")
    person(globex, "Admin", username="bob", email="alice@example.org")
    return World(
        first=IntegrationFactory(tenant=acme),
        second=IntegrationFactory(tenant=acme),
        elsewhere=IntegrationFactory(tenant=globex),
    )


def alone(who: str) -> World:
    return World(**{who: IntegrationFactory()})


def nothing_crosses() -> None:
    """Every row that an integration brought belongs to its tenant and points at nothing outside."""
    for user in ProvisionedUser.objects.select_related("account", "source", "integration"):
        tenant = user.integration.tenant_id
        assert user.source.tenant_id == tenant
        assert user.source.owner_key == user.integration_id
        assert user.source.user_id == user.account_id
        assert user.account.username_key == user.user_name_key
        assert user.account.home_id in (None, tenant)
        assert not user.account.instance_owner
    for email in ProvisionedEmail.objects.select_related("user"):
        assert email.integration_id == email.user.integration_id
    for membership in Membership.objects.select_related("group", "source"):
        assert membership.source.owner_key == membership.group.owner_key
        assert membership.source.tenant_id == membership.group.tenant_id
    for account in User.objects.filter(home__isnull=False):
        assert set(account.access_sources.values_list("tenant", flat=True)) <= {account.home_id}
    assert AccessSource.objects.filter(user__username="bob", user__home=None).values("tenant").distinct().count() == 1


@pytest.mark.django_db
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(requests, min_size=6, max_size=20))
def test_an_integration_is_told_what_it_would_be_told_alone(drawn: list[tuple[str, Request]]):
    sequence = [(who, request) for who in WHO for request in BEGINNING] + drawn
    world = together()
    told = [(who, world.send(who, request)) for who, request in sequence]
    nothing_crosses()
    for who in WHO:
        lonely = alone(who)
        expected = [lonely.send(who, request) for whose, request in sequence if whose == who]
        assert [answer for whose, answer in told if whose == who] == expected
        assert all(status < 500 for status, _ in expected)


def test_a_pushed_person_of_an_administrators_name_gets_nothing_by_the_group(scim, acme, admin, other_scim):
    """A group of the same name as somebody else's is another group."""
    mine = scim.group("Administrators", scim.user("alice")["id"])
    create_binding(by=operator, tenant=acme, role=role_of(acme, "Admin"), subject=Group.objects.get(pk=mine["id"]))
    theirs = other_scim.group("Administrators", other_scim.user("mallory")["id"])
    assert theirs["id"] != mine["id"]
    assert not Group.objects.get(pk=theirs["id"]).bindings.exists()
