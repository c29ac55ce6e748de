"""Bulk requests beside other writers: two never interleave, a deadlock is one more try."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from kestra_iam.models import AuditEvent
from provisioning.models import ProvisionedUser
from provisioning.scim import bulk
from provisioning.scim.bulk import Bulk
from provisioning.scim.bulk_runs import Runs
from tests.clients import ScimClient

pytestmark = pytest.mark.django_db(transaction=True)
REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


def in_a_thread(call: Callable[[], Any]) -> Future:
    def run() -> Any:
        try:
            return call()
        finally:
            connection.close()

    return ThreadPoolExecutor(1).submit(run)


def creates(*names: str) -> list[dict[str, Any]]:
    return [{"method": "POST", "path": "/Users", "bulkId": name, "data": {"userName": name}} for name in names]


def titled(user_id: str, title: str) -> dict[str, Any]:
    data = {"Operations": [{"op": "replace", "path": "title", "value": title}]}
    return {"method": "PATCH", "path": f"/Users/{user_id}", "data": data}


def names() -> list[str]:
    """Those who are there for everybody else, in the order in which they came."""
    return list(ProvisionedUser.objects.order_by("created_at").values_list("user_name", flat=True))


def until_somebody_waits_for_a_lock() -> None:
    for _ in range(1000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.01)
    pytest.fail("Nobody waits for a lock.")


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one whenever a Bulk request is carried out from its start."""
    counted: list[int] = []

    def counting(*given: Any) -> Runs:
        counted.append(1)
        return Runs(*given)

    monkeypatch.setattr(bulk, "Runs", counting)
    return counted


def test_two_bulks_of_one_integration_never_interleave(scim: ScimClient):
    together = threading.Barrier(2)

    def push(letter: str) -> list[dict[str, Any]]:
        together.wait()
        return scim.bulk(*creates(*[f"{letter}{number}" for number in range(15)]))

    pushes = [in_a_thread(lambda letter=letter: push(letter)) for letter in "ab"]
    assert {result["status"] for each in pushes for result in each.result()} == {"201"}
    assert "".join(name[0] for name in names()) in ("a" * 15 + "b" * 15, "b" * 15 + "a" * 15)


def test_nothing_of_a_bulk_is_seen_before_all_of_it_is_written(scim: ScimClient, monkeypatch: pytest.MonkeyPatch):
    seen = []
    one = Bulk._one

    def looking(self: Bulk, *arguments: Any) -> dict[str, Any]:
        done = one(self, *arguments)
        seen.append(in_a_thread(names).result())
        return done

    monkeypatch.setattr(Bulk, "_one", looking)
    scim.bulk(*creates("alice", "bob"))
    assert seen == [[], []]
    assert in_a_thread(names).result() == ["alice", "bob"]


def test_after_a_deadlock_the_whole_request_runs_once_more(scim: ScimClient, tries: list[int]):
    """We hold bob and want alice; the Bulk holds alice and wants bob. It waited first, so PostgreSQL ends it."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: none waits for another in a circle.")
    alice, bob = scim.user("alice")["id"], scim.user("bob")["id"]
    with transaction.atomic():
        ProvisionedUser.objects.select_for_update().get(pk=bob)
        answer = in_a_thread(lambda: scim.bulk(*creates("carol"), titled(alice, "A"), titled(bob, "B")))
        until_somebody_waits_for_a_lock()
        ProvisionedUser.objects.select_for_update().get(pk=alice)
    assert [result["status"] for result in answer.result()] == ["201", "200", "200"]
    assert len(tries) == 2
    assert [scim.get(f"/Users/{id}").json()["title"] for id in (alice, bob)] == ["A", "B"]
    assert names() == ["alice", "bob", "carol"]
    told = list(AuditEvent.objects.filter(resource_name="carol").values_list("verb", flat=True))
    assert sorted(told) == sorted(set(told))


@pytest.mark.parametrize("state", [psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure])
@pytest.mark.parametrize("times", [1, 2])
def test_who_loses_a_second_time_is_told_to_come_again_and_leaves_nothing(
    scim: ScimClient, tries: list[int], monkeypatch: pytest.MonkeyPatch, state: type[Exception], times: int
):
    """The database's verdict is pronounced here after the last operation, for on SQLite there is none."""
    one = Bulk._one

    def losing(self: Bulk, operation: Any, ids: dict[str, str]) -> dict[str, Any]:
        done = one(self, operation, ids)
        if operation.bulk_id == "bob" and len(tries) <= times:
            raise OperationalError("relation kestra_iam_user") from state()
        return done

    monkeypatch.setattr(Bulk, "_one", losing)
    answer = scim.post("/Bulk", {"schemas": [REQUEST], "Operations": creates("alice", "bob")})
    assert len(tries) == 2
    if times == 1:
        assert [result["status"] for result in answer.json()["Operations"]] == ["201", "201"]
        assert names() == ["alice", "bob"]
    else:
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert "kestra_iam" not in answer.content.decode()
        assert names() == []


def test_another_failure_of_the_database_is_not_tried_again(
    scim: ScimClient, tries: list[int], monkeypatch: pytest.MonkeyPatch
):
    def losing(self: Bulk, *arguments: Any) -> dict[str, Any]:
        raise OperationalError from psycopg.errors.DiskFull()

    monkeypatch.setattr(Bulk, "_one", losing)
    answer = scim.post("/Bulk", {"schemas": [REQUEST], "Operations": creates("alice")})
    assert (answer.status_code, len(tries)) == (503, 1)
