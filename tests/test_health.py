import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from tenants import health


@pytest.fixture(autouse=True)
def _fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_migrated", False)


@pytest.mark.parametrize("probe", health.PROBES)
@pytest.mark.parametrize("method", ["get", "head"])
def test_probes_answer_anybody(db, probe, method):
    client = Client()
    response = getattr(client, method)(probe)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert not response.cookies


def test_live_asks_no_database(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        assert Client().get("/health/live").json() == {"status": "up"}


def test_ready_looks_at_migrations_once_in_a_process(django_assert_num_queries, db):
    Client().get("/health/ready")
    with django_assert_num_queries(1):
        assert Client().get("/health/ready").json() == {"status": "up"}


def test_ready_waits_for_migrations(db):
    [last] = MigrationLoader(connection).graph.leaf_nodes("provisioning")
    MigrationRecorder(connection).record_unapplied(*last)
    response = Client().get("/health/ready")
    assert response.status_code == 503
    assert response.json() == {"status": "down", "reason": "Migrations have not been applied."}


@pytest.mark.parametrize("probe", health.PROBES)
def test_probes_are_only_read(db, probe):
    assert Client().post(probe).status_code == 405


@pytest.mark.parametrize("probe", health.PROBES)
def test_probes_answer_under_allowed_names_only(db, probe):
    assert Client().get(probe, headers={"Host": "elsewhere.example"}).status_code == 400
