"""New users in a row are made together, and nothing but the number of statements tells."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kestra_iam.models import AccessSource, AuditEvent, User
from kestra_iam.principals import operator
from provisioning.actions import many_users, users
from provisioning.actions.watching import watch
from provisioning.definitions import ENTERPRISE_SCHEMA
from provisioning.models import (
    Integration,
    ProvisionedEmail,
    ProvisionedUser,
    RefusedRequest,
    WatchedRequest,
)
from provisioning.scim import bulk_runs
from tenants import compiled
from tests.clients import ScimClient
from tests.factories import AccountFactory, IntegrationFactory, person

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIMES = ("created_at", "at", "updated_at")
WRITTEN = (User, AccessSource, ProvisionedUser, ProvisionedEmail, AuditEvent, RefusedRequest, WatchedRequest)
HELD, AT_HOME, LET_IN, OUTSIDE = "held", "at-home", "let-in", "outside"
OWNER = "owner"


def create(bulk_id: str, **data: Any) -> dict[str, Any]:
    return {"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": data}


names = st.sampled_from(["anna", "ANNA", "ben", "Ömer", "carl", "dora", HELD, AT_HOME, "Let-In", OUTSIDE, OWNER])
references = st.integers(0, 9).map(lambda number: {ENTERPRISE_SCHEMA: {"manager": {"value": f"bulkId:{number}"}}})
bodies = st.one_of(
    st.fixed_dictionaries({"userName": names}),
    st.fixed_dictionaries(
        {"userName": st.integers(0, 99).map("new-{}".format)},
        optional={
            "active": st.booleans(),
            "externalId": names,
            "displayName": names,
            "emails": names.map(lambda name: [{"value": f"{name}@example.org"}, {"value": "x@example.org"}]),
        },
    ),
    st.tuples(st.fixed_dictionaries({"userName": names}), references).map(lambda pair: {**pair[0], **pair[1]}),
    st.sampled_from([{}, {"userName": 1}, {"userName": "n", "emails": 7}, {"userName": "n\0"}, [], None]),
)
others = st.one_of(
    st.integers(0, 9).map(lambda number: {"method": "DELETE", "path": f"/Users/bulkId:{number}"}),
    st.tuples(st.integers(0, 9), names).map(
        lambda pair: {"method": "PUT", "path": f"/Users/bulkId:{pair[0]}", "data": {"userName": pair[1]}}
    ),
    st.integers(0, 9).map(
        lambda number: {
            "method": "POST",
            "path": "/Groups",
            "data": {"displayName": f"Group {number}", "members": [{"value": f"bulkId:{number}"}]},
        }
    ),
)
operations = st.lists(
    st.one_of(*[bodies.map(lambda body: {"method": "POST", "path": "/Users", "data": body})] * 4, others),
    max_size=10,
).map(lambda listed: [{"bulkId": str(number), **each} for number, each in enumerate(listed)])


@pytest.fixture
def directory(integration: Integration, other_integration: Integration) -> Integration:
    """One of each kind whom a new user's name may meet: held, at home here, let in, and strangers of that name."""
    scim = ScimClient(integration)
    scim.user(HELD)
    ScimClient(other_integration).user(AT_HOME)
    person(integration.tenant, username=LET_IN)
    ScimClient(IntegrationFactory()).user(OUTSIDE)
    AccountFactory(username=OWNER, instance_owner=True)
    watch(by=operator, integration=integration, purpose=Integration.Watch.FULL_SYNC, minutes=10)
    return integration


def told(integration: Integration, longest_run: int, request: dict[str, Any]) -> str:
    """Send a Bulk request with runs of that length at most, and undo it.

    Returns the results and all rows in their order, with ids numbered by their first appearance and without times.
    """
    with pytest.MonkeyPatch.context() as patch, transaction.atomic():
        patch.setattr(bulk_runs, "LONGEST_RUN", longest_run)
        results = ScimClient(integration).bulk(*request["Operations"], failOnErrors=request["failOnErrors"])
        text = json.dumps({"results": results, **{model.__name__: rows(model) for model in WRITTEN}}, default=str)
        transaction.set_rollback(True)
    seen: dict[str, str] = {}
    return ID.sub(lambda found: seen.setdefault(found[0], f"id-{len(seen)}"), text)


def rows(model: Any) -> list[dict[str, Any]]:
    """All rows in the order in which they came, without times, serial numbers and the request's id."""
    fields = [field.attname for field in model._meta.concrete_fields]
    serial = model._meta.pk.get_internal_type() == "BigAutoField"
    order = "pk" if serial else next(name for name in TIMES if name in fields)
    left_out = {*TIMES, "request_id", "id" if serial else ""}
    return list(model.objects.order_by(order).values(*[name for name in fields if name not in left_out]))


@given(operations, st.integers(0, 3))
@example([create("0", userName="a"), create("1", userName="A"), create("2", userName="b")], 1)
@example([create(str(n), userName=name) for n, name in enumerate(["a", "b", HELD, "c", "d", AT_HOME, "e", "f"])], 0)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_runs_make_what_one_by_one_makes(directory: Integration, wanted: list[dict[str, Any]], most: int):
    request = {"Operations": wanted, "failOnErrors": most}
    one_by_one = told(directory, 1, request)
    for longest in (2, 3, 100):
        assert json.loads(told(directory, longest, request)) == json.loads(one_by_one)


@pytest.fixture
def made_together(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Grows by the names of those who are about to be made together."""
    groups: list[list[str]] = []
    create_strangers = many_users.create_strangers

    def noting(*, by: Any, wanted: Any) -> Any:
        groups.append([each.document.user_name for each in wanted])
        return create_strangers(by=by, wanted=wanted)

    monkeypatch.setattr(bulk_runs, "create_strangers", noting)
    return groups


def test_strangers_in_a_row_are_made_together_and_all_others_by_themselves(
    directory: Integration, made_together: list[list[str]]
):
    listed = ["a", "b", HELD, "c", "d", "A", "e", "f", LET_IN, "g", "h", AT_HOME, "i"]
    results = ScimClient(directory).bulk(*[create(str(number), userName=name) for number, name in enumerate(listed)])
    assert made_together == [["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"], ["i"]]
    assert [name for name, result in zip(listed, results, strict=True) if result["status"] != "201"] == [HELD, "A"]


def test_what_refers_to_somebody_of_the_run_begins_the_next_one(scim: ScimClient, made_together: list[list[str]]):
    boss = {ENTERPRISE_SCHEMA: {"manager": {"value": "bulkId:a"}}}
    results = scim.bulk(
        create("a", userName="a"),
        create("b", userName="b"),
        create("c", userName="c", **boss),
        create("d", userName="d"),
    )
    assert made_together == [["a", "b"], ["c", "d"]]
    assert scim.get(f"/Users/{results[2]['id']}").json()[ENTERPRISE_SCHEMA]["manager"]["value"] == results[0]["id"]


def test_runs_are_bounded(scim: ScimClient, made_together: list[list[str]], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bulk_runs, "LONGEST_RUN", 3)
    scim.bulk(*[create(name, userName=name) for name in "abcdefg"])
    assert made_together == [["a", "b", "c"], ["d", "e", "f"]]


def test_fail_on_errors_makes_nobody_after_the_last_error(scim: ScimClient, made_together: list[list[str]]):
    listed = [create("a", userName="a"), create("b", userName="b"), create("x"), create("c", userName="c")]
    assert len(scim.bulk(*listed, failOnErrors=1)) == 3
    assert made_together == [["a", "b"]]
    assert set(ProvisionedUser.objects.values_list("user_name", flat=True)) == {"a", "b"}


@pytest.fixture
def faster(integration: Integration, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lets somebody else write a user of that name between the look and the write; here in the same transaction,
    since a connection of its own would wait for the test's."""

    def let(name: str) -> None:
        strangers = many_users.strangers

        def overtaken(*, by: Any, wanted: Any) -> list[bool]:
            found = strangers(by=by, wanted=wanted)
            users.create_user(by=by, **wanted[[each.document.user_name for each in wanted].index(name)]._asdict())
            return found

        monkeypatch.setattr(bulk_runs, "strangers", overtaken)

    return let


def test_if_another_writer_was_faster_the_run_goes_one_by_one(scim: ScimClient, faster: Callable[[str], None]):
    faster("b")
    results = scim.bulk(*[create(name, userName=name) for name in "abc"])
    assert [result["status"] for result in results] == ["201", "409", "201"]
    holder = ProvisionedUser.objects.get(user_name="b").pk
    assert holder in results[1]["response"]["detail"]
    assert ProvisionedUser.objects.count() == User.objects.filter(username__in="abc").count() == 3
    assert AuditEvent.objects.filter(verb="user.create").count() == 3


def test_a_run_takes_as_many_statements_for_fifty_as_for_five(scim: ScimClient):
    if connection.vendor != "postgresql" or not compiled.ENABLED:
        pytest.skip("Here each row is a statement.")

    def statements(*names: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert {each["status"] for each in scim.bulk(*[create(name, userName=name) for name in names])} == {"201"}
        return len(captured)

    scim.user("first")
    assert statements(*[f"five-{n}" for n in range(5)]) == statements(*[f"fifty-{n}" for n in range(50)])
