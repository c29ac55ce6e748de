"""What requests ask of the database: every statement of every route reads through indexes, and there are few of them.

Statements are taken from requests as they are sent, so that this holds however they come about.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse

from kestra_iam.models import ApiToken, AuditEvent, Membership
from provisioning.models import Integration, ProvisionedUser
from tests.clients import ScimClient
from tests.plans import MODELS
from tests.scim.directories import START, Directory

# Somebody else's rows are many, so that no plan can do without an index.
OWN, OTHERS = 150, 3000
GROWING = {model._meta.db_table for model in (*MODELS, ApiToken, AuditEvent)}
SAVEPOINTS = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
REFUSED = {"ask who one is": (501,), "come without a valid token": (401,)}
Statements = list[tuple[str, Any]]


@pytest.fixture
def directory(integration: Integration, other_integration: Integration) -> Directory:
    for each, many, days in ((other_integration, OTHERS, 0), (integration, OWN, 90)):
        directory = Directory(each, START + timedelta(days=days))
        for number in range(many):
            user = directory.user(
                f"user-{number}",
                externalId=f"external-{number}",
                displayName=f"User {number}",
                emails=[{"value": f"user-{number}@example.com"}],
            )
            directory.group(f"group-{number}", user, external_id=f"group-{number}")
        directory.write()
    # One group has many of its integration's people.
    Membership.objects.bulk_create(
        Membership(group=directory.groups[0], user=user.account, source_id=user.pk) for user in directory.users[1:120]
    )
    tenant, people = other_integration.tenant, ProvisionedUser.objects.filter(integration=other_integration)
    ApiToken.objects.bulk_create(
        ApiToken(tenant=tenant, user_id=user_id, name="mine", lookup=f"lookup-{number}", digest="none")
        for number, user_id in enumerate(people.values_list("account_id", flat=True))
    )
    AuditEvent.objects.bulk_create(
        AuditEvent(tenant=tenant, verb="tenant.create", resource="TENANTS", actor_kind="operator", actor_name="someone")
        for _ in range(OTHERS)
    )
    if connection.vendor == "postgresql":
        # What autovacuum does by itself; SQLite has no statistics, since nobody asks it to gather any.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return directory


@pytest.fixture
def few(integration: Integration) -> Directory:
    directory = Directory(integration)
    for number in range(15):
        user = directory.user(
            f"user-{number}", externalId=f"external-{number}", emails=[{"value": f"user-{number}@example.com"}]
        )
        directory.group(f"group-{number}", user, external_id=f"group-{number}")
    return directory.write()


@contextmanager
def statements() -> Iterator[Statements]:
    """Collect the statements of a block, as they are sent, with their parameters."""
    sent: Statements = []

    def keep(execute: Callable, sql: str, params: Any, many: bool, context: dict) -> Any:
        if not sql.startswith(SAVEPOINTS):
            sent.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        yield sent


def plan_of(sql: str, params: Any) -> list[str]:
    """Return the plan of a statement without carrying it out."""
    explain = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {sql}", params)
        return [str(row[-1]) for row in cursor.fetchall()]


def read_from_end_to_end(sql: str, plan: list[str]) -> set[str]:
    """Return the growing tables that a plan reads whole."""
    pattern = r"SCAN (\w+)" if connection.vendor == "sqlite" else r"Seq Scan on (\w+)"
    scanned = {name for line in plan for name in re.findall(pattern, line)}
    # SQLite speaks of aliases, as the statement names them after their tables.
    named = {alias: table for table, alias in re.findall(r'"(\w+)" (?:AS )?"?([UVWTS]\d+)"?', sql)}
    return {named.get(name, name) for name in scanned} & GROWING


def uses_index_on(plan: list[str], columns: tuple[str, ...]) -> bool:
    """Return whether one use of an index asks for all of these columns."""
    wanted = "USING" if connection.vendor == "sqlite" else "Index Cond"
    return any(wanted in line and all(re.search(rf"\b({column})\b", line) for column in columns) for line in plan)


def find(text: str) -> dict[str, str]:
    return {"filter": text}


class Routes:
    """Requests to every route, by name; ids are those of a directory."""

    def __init__(self, scim: ScimClient, users: list[Any], groups: list[Any]):
        self.scim = scim
        self.numbers = itertools.count()
        big, small = (f"/Groups/{group.pk}" for group in groups[:2])
        user, leaver = f"/Users/{users[7].pk}", f"/Users/{users[-2].pk}"
        joining = {"op": "add", "path": "members", "value": [{"value": users[-1].pk}]}
        leaving = {"op": "remove", "path": f'members[value eq "{users[-1].pk}"]'}
        moved = [{"value": each.pk} for each in users[2:100]]
        self.requests: dict[str, Callable[[], HttpResponse]] = {
            "read a user": lambda: scim.get(user),
            "create a user": self.create,
            "replace a user as it is": lambda: scim.put(user, self.body(7)),
            "replace a user": lambda: scim.put(user, self.body(7) | {"displayName": "Other"}),
            "rename a user": lambda: scim.put(user, self.body(7) | {"userName": "renamed"}),
            "suspend a user": lambda: scim.operations(user, {"op": "replace", "path": "active", "value": False}),
            "change a user's emails": lambda: scim.operations(
                user, {"op": "replace", "path": "emails", "value": [{"value": "new@example.com"}]}
            ),
            "delete a user": lambda: scim.delete(leaver),
            "list users": lambda: scim.get("/Users", {"count": 10}),
            "list users from the middle": lambda: scim.get("/Users", {"startIndex": 40, "count": 10}),
            "list users by cursor": lambda: self.second_page("/Users"),
            "list users sorted by cursor": lambda: self.second_page("/Users", sortBy="userName"),
            "find users by userName": lambda: scim.get("/Users", find('userName eq "user-7"')),
            "find users by externalId": lambda: scim.get("/Users", find('externalId eq "external-7"')),
            "find users by email": lambda: scim.get("/Users", find('emails.value eq "user-7@example.com"')),
            "find users by displayName": lambda: scim.get("/Users", find('displayName eq "User 7"')),
            "find changed users": lambda: scim.get("/Users", find('meta.lastModified gt "2026-04-01T02:25:00Z"')),
            "find users of a group": lambda: scim.get("/Users", find(f'groups.value eq "{groups[1].pk}"')),
            "search users": lambda: scim.post("/Users/.search", {"schemas": [SEARCH], "count": 10}),
            "read a group": lambda: scim.get(small),
            "read a large group": lambda: scim.get(big),
            "read a large group without members": lambda: scim.get(big, {"excludedAttributes": "members"}),
            "create a group": lambda: scim.post("/Groups", {"displayName": self.new_name(), "members": moved}),
            "replace a group": lambda: scim.put(big, {"displayName": "group-0", "members": moved}),
            "rename a group": lambda: scim.operations(
                big, {"op": "replace", "path": "displayName", "value": "renamed"}
            ),
            "add a member": lambda: scim.operations(big, joining),
            "remove a member": lambda: [scim.operations(big, joining), scim.operations(big, leaving)][-1],
            "delete a group": lambda: scim.delete(small),
            "list groups": lambda: scim.get("/Groups", {"count": 10}),
            "list groups by cursor": lambda: self.second_page("/Groups"),
            "find groups by displayName": lambda: scim.get("/Groups", find('displayName eq "group-7"')),
            "find groups by externalId": lambda: scim.get("/Groups", find('externalId eq "group-7"')),
            "find changed groups": lambda: scim.get("/Groups", find('meta.lastModified gt "2026-04-07T00:00:00Z"')),
            "find groups of a member": lambda: scim.get("/Groups", find(f'members.value eq "{users[7].pk}"')),
            "search groups": lambda: scim.post("/Groups/.search", {"schemas": [SEARCH], "count": 10}),
            "search everything": lambda: scim.post("/.search", {"schemas": [SEARCH], "count": 10}),
            "many changes at once": self.bulk,
            "read the service provider configuration": lambda: scim.get("/ServiceProviderConfig"),
            "read the resource types": lambda: scim.get("/ResourceTypes"),
            "read a resource type": lambda: scim.get("/ResourceTypes/User"),
            "read the schemas": lambda: scim.get("/Schemas"),
            "read a schema": lambda: scim.get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"),
            "ask who one is": lambda: scim.get("/Me"),
            "come without a valid token": lambda: ScimClient(scim.integration, token="wrong").get("/Users"),
        }

    def send(self, name: str) -> HttpResponse:
        response = self.requests[name]()
        assert response.status_code in REFUSED.get(name, (200, 201, 204)), (name, response.content)
        return response

    def body(self, number: int) -> dict[str, Any]:
        return {
            "userName": f"user-{number}",
            "externalId": f"external-{number}",
            "displayName": f"User {number}",
            "emails": [{"value": f"user-{number}@example.com"}],
        }

    def new_name(self) -> str:
        return f"new-{next(self.numbers)}"

    def create(self) -> HttpResponse:
        name = self.new_name()
        return self.scim.post("/Users", self.body(0) | {"userName": name, "externalId": name})

    def second_page(self, path: str, **parameters: Any) -> HttpResponse:
        first = self.scim.get(path, {"cursor": "", "count": 10, **parameters})
        return self.scim.get(path, {"cursor": first.json()["nextCursor"], "count": 10, **parameters})

    def bulk(self) -> HttpResponse:
        return create_many(self.scim, [self.new_name() for _ in range(5)])


def create_many(scim: ScimClient, names: list[str]) -> HttpResponse:
    operations = [{"method": "POST", "path": "/Users", "bulkId": name, "data": {"userName": name}} for name in names]
    schema = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
    return scim.post("/Bulk", {"schemas": [schema], "Operations": operations})


def test_no_statement_of_any_route_reads_a_growing_table_from_end_to_end(directory: Directory, scim: ScimClient):
    routes = Routes(scim, directory.users, directory.groups)
    whole = []
    for name in routes.requests:
        with statements() as sent:
            routes.send(name)
        assert sent, name
        for sql, params in sent:
            plan = plan_of(sql, params)
            whole += [(name, table, sql, plan) for table in read_from_end_to_end(sql, plan)]
    assert not whole, "\n\n".join(map(str, whole))


def test_many_new_users_are_looked_up_one_by_one_before_there_are_statistics(scim: ScimClient):
    """As in the first minute of an installation, which may begin with everybody."""
    directory = Directory(scim.integration)
    for number in range(OTHERS):
        directory.user(f"user-{number}")
    directory.write()
    with statements() as sent:
        create_many(scim, [f"new-{number}" for number in range(20)])
    lookups = [plan_of(sql, params) for sql, params in sent if "user_name_key" in sql and sql.startswith("SELECT")]
    assert lookups
    for plan in lookups:
        assert uses_index_on(plan, ("integration_id", "user_name_key")), plan
        assert uses_index_on(plan, ("home_key", "username_key")), plan
        whole = re.compile(r"(Index Cond|USING).*(integration_id|home_key)(?!.*user_?name_key)")
        assert not any(map(whole.search, plan)), plan


# What a request looks up, and the columns that one use of an index has to ask for; a | stands between alternatives.
LOOKUPS = [
    ("read a user", ("lookup",)),  # the token
    ("read a user", ("source_id",)),
    ("create a user", ("home_key", "username_key")),  # the account that the name links to
    ("create a user", ("integration_id", "user_name_key")),
    ("find users by userName", ("integration_id", "user_name_key")),
    ("find users by externalId", ("integration_id", "external_id")),
    ("find users by email", ("integration_id", "value_key")),
    ("find users by displayName", ("integration_id", "display_name_key")),
    ("find changed users", ("integration_id", "updated_at")),
    ("find groups by displayName", ("owner_key", "name_key")),
    ("find groups by externalId", ("owner_key", "external_id_key")),
    ("find changed groups", ("owner_key", "updated_at")),
    ("read a large group", ("group_id",)),
    # One member of many is sought as a person, never by the group alone.
    ("add a member", ("user_id|source_id",)),
    ("remove a member", ("user_id|source_id",)),
]


def test_lookups_are_answered_by_the_index_made_for_them(directory: Directory, scim: ScimClient):
    routes = Routes(scim, directory.users, directory.groups)
    missing: dict[str, Any] = {}
    for name, columns in LOOKUPS:
        with statements() as sent:
            routes.send(name)
        plans = [plan_of(sql, params) for sql, params in sent]
        if not any(uses_index_on(plan, columns) for plan in plans):
            missing[name] = plans
    assert not missing, "\n\n".join(map(str, missing.items()))


# How many statements a request may take: on SQLite, and on PostgreSQL, where the writes of an action are sent as one.
# Two pages stand behind "by cursor", and two requests behind "remove a member".
MOST = {
    "read a user": (2, 2),
    "create a user": (7, 3),
    "replace a user as it is": (4, 3),
    "replace a user": (4, 3),
    "rename a user": (9, 8),
    "suspend a user": (5, 4),
    "change a user's emails": (9, 8),
    "delete a user": (27, 27),
    "list users": (3, 3),
    "list users from the middle": (3, 3),
    "list users by cursor": (5, 5),
    "list users sorted by cursor": (5, 5),
    "find users by userName": (2, 2),
    "find users by externalId": (2, 2),
    "find users by email": (2, 2),
    "find users by displayName": (2, 2),
    "find changed users": (2, 2),
    "find users of a group": (2, 2),
    "search users": (3, 3),
    "read a group": (3, 3),
    "read a large group": (3, 3),
    "read a large group without members": (2, 2),
    "create a group": (8, 5),
    "replace a group": (13, 9),
    "rename a group": (6, 5),
    "add a member": (7, 5),
    "remove a member": (14, 11),
    "delete a group": (8, 8),
    "list groups": (4, 4),
    "list groups by cursor": (7, 7),
    "find groups by displayName": (3, 3),
    "find groups by externalId": (3, 3),
    "find changed groups": (2, 2),
    "find groups of a member": (3, 3),
    "search groups": (4, 4),
    "search everything": (4, 4),
    "many changes at once": (27, 12),
    "read the service provider configuration": (1, 1),
    "read the resource types": (1, 1),
    "read a resource type": (1, 1),
    "read the schemas": (1, 1),
    "read a schema": (1, 1),
    "ask who one is": (4, 4),
    "come without a valid token": (2, 2),
}


@pytest.mark.parametrize("name", MOST)
def test_a_request_takes_few_statements(few: Directory, scim: ScimClient, settings: Any, name: str):
    if not settings.FAST_PATH:
        pytest.skip("without the fast path there are others")
    # The first request of a minute notes when the token was used.
    scim.get("/Users", {"count": 0})
    with statements() as sent:
        Routes(scim, few.users, few.groups).send(name)
    assert len(sent) <= MOST[name][connection.vendor == "postgresql"], "\n".join(sql for sql, _ in sent)


def test_every_route_has_a_bound(few: Directory, scim: ScimClient):
    assert Routes(scim, few.users, few.groups).requests.keys() == MOST.keys()
