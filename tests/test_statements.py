"""Compiled statements: they find and write what their querysets do, and survive what happens to connections."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, connections, transaction
from django.utils import timezone

from kestra_iam.actions import access_sources, guards, linking, pushed_groups
from kestra_iam.models import ApiToken, Group
from provisioning import reading
from provisioning.actions import user_rows
from provisioning.models import Integration, ProvisionedUser
from provisioning.scim import auth, bulk, lookups
from tenants import statements
from tenants.compiled import CompiledQuery, CompiledWrites
from tenants.models import Tenant
from tenants.statements import alone, run_first, sent_together
from tests.clients import ScimClient

MODULES = (access_sources, auth, bulk, guards, linking, lookups, pushed_groups, reading, user_rows)


def _compiled() -> Iterator[Any]:
    """Yield every compiled query of the product with a name for it."""
    for module in MODULES:
        for name, found in vars(module).items():
            for key, each in (found if isinstance(found, dict) else {"": found}).items():
                query = getattr(each, "statement", each)
                if isinstance(query, CompiledQuery):
                    yield pytest.param(query, id=f"{module.__name__}.{name.strip('_')}{key or ''}")


@pytest.fixture
def known(integration: Integration, scim: ScimClient) -> dict[str, list[Any]]:
    """A small directory, as the values that parameters of these names can have."""
    names = ("ada", "grace", "joan")
    ids = [scim.user(name, emails=[{"value": f"{name}@example.com"}], externalId=f"x-{name}")["id"] for name in names]
    groups = [scim.group(name, *ids, externalId=f"x-{name.lower()}")["id"] for name in ("Engineers", "Pioneers")]
    people = ProvisionedUser.objects.filter(pk__in=ids)
    accounts = [person.account_id for person in people]
    nobody = "00000000-0000-4000-8000-000000000000"
    keys = [*names, *(f"{name}@example.com" for name in names), "x-ada", "engineers", "x-engineers"]
    return {
        "slug": [integration.tenant.slug, "nowhere"],
        "tenant_id": [integration.tenant_id, nobody],
        "integration_id": [integration.pk, nobody],
        "owner_key": [integration.pk, nobody],
        "lookup": [ApiToken.objects.get(service_account=integration.pk).lookup, "no such token"],
        "key": [*keys, ""],
        "name_key": ["engineers", "nobody"],
        "user_id": [*accounts, nobody],
        "source_id": [*ids, nobody],
        "group_id": [*groups, nobody],
        "id": [*ids, *accounts, *groups, nobody],
        "start": [0, 1, 2, 5],
        "limit": [1, 2, 100],
    }


@pytest.mark.parametrize("query", list(_compiled()))
def test_a_compiled_query_finds_what_its_queryset_finds(query: CompiledQuery, known: dict[str, list[Any]]):
    found = False
    for values in product(*(known[name] for name in query.names)):
        parameters = dict(zip(query.names, values, strict=True))
        expected = list(query.build(**parameters))
        assert query.rows(**parameters) == expected, parameters
        found = found or bool(expected)
    assert found, "none of the values finds anything"


@pytest.mark.parametrize("name", ["key", "integration_id"])
def test_each_of_many_values_finds_what_it_finds_alone(name: str, known: dict[str, list[Any]]):
    query = user_rows._find_named
    chosen = {each: known[each][0] for each in query.names}
    given = known[name]
    alone = [(value, *row) for value in given for row in query.rows(**{**chosen, name: value})]
    others = {each: value for each, value in chosen.items() if each != name}
    assert sorted(map(str, query.rows_of_each(name, given, **others))) == sorted(map(str, alone))
    assert any(row[1] for row in alone)
    assert query.rows_of_each(name, [], **others) == []


def _group(tenant: Tenant, name: str) -> Group:
    return Group(tenant=tenant, name=name, name_key=name.casefold())


def test_compiled_writes_write_what_the_orm_writes(acme: Tenant):
    writes, group = CompiledWrites(Group), _group(acme, "Engineers 😀 100% \\ \"'")
    writes.insert([group])
    assert _values(Group.objects.get(pk=group.pk)) == _values(group)
    group.version, group.external_id, group.updated_at = 7, None, timezone.now()
    writes.update(group, ("version", "external_id", "updated_at"))
    assert _values(Group.objects.get(pk=group.pk)) == _values(group)
    writes.delete("name_key", group.name_key)
    assert not Group.objects.filter(pk=group.pk).exists()


def _values(group: Group) -> dict[str, Any]:
    return {field.attname: getattr(group, field.attname) for field in Group._meta.concrete_fields}


@pytest.mark.django_db(transaction=True)
def test_what_is_sent_alone_is_written_whole_or_not_at_all(acme: Tenant):
    writes = CompiledWrites(Group)
    with pytest.raises(IntegrityError), transaction.atomic(), alone(), sent_together(last=True):
        writes.insert([_group(acme, "Engineers")])
        writes.insert([_group(acme, "Engineers")])
    assert not Group.objects.exists()
    with transaction.atomic(), alone(), sent_together(last=True):
        writes.insert([_group(acme, "Engineers")])
        writes.insert([_group(acme, "Pioneers")])
    assert Group.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("longest_quoted", [0, 65_536])
def test_the_last_statement_of_a_transaction_ends_it(
    acme: Tenant, longest_quoted: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(statements, "_LONGEST_QUOTED", longest_quoted)
    writes, pioneers = CompiledWrites(Group), _group(acme, "Pioneers")
    pioneers.description = "'\\é😀;--" * 100
    with transaction.atomic(), alone():
        writes.insert([_group(acme, "Engineers")])
        with sent_together(last=True):
            writes.insert([pioneers])
    assert Group.objects.count() == 2
    assert _values(Group.objects.get(pk=pioneers.pk)) == _values(pioneers)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("wrong", ["a name twice", "a tenant that does not exist"])
def test_a_last_statement_that_is_refused_undoes_its_transaction(acme: Tenant, wrong: str):
    group = _group(acme, "Engineers")
    if wrong == "a tenant that does not exist":
        group.tenant_id, group.name_key = "nobody", "other"
    with pytest.raises(IntegrityError), transaction.atomic(), alone():
        CompiledWrites(Group).insert([_group(acme, "Engineers")])
        with sent_together(last=True):
            CompiledWrites(Group).insert([group])
    assert not Group.objects.exists()
    with transaction.atomic():
        CompiledWrites(Group).insert([_group(acme, "Engineers")])
    assert Group.objects.exists(), "the connection goes on"


@pytest.mark.django_db(transaction=True)
def test_what_is_sent_alone_inside_another_transaction_goes_with_it(acme: Tenant):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        with transaction.atomic(), alone(), sent_together(last=True):
            CompiledWrites(Group).insert([_group(acme, "Engineers")])
        raise ZeroDivisionError
    assert not Group.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_fails_after_compiled_statements_undoes_them(acme: Tenant):
    find = CompiledQuery(lambda slug: Tenant.objects.filter(slug=slug).values_list("id"))
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert find.rows(slug="acme") == [(acme.pk,)]
        CompiledWrites(Group).insert([_group(acme, "Engineers")])
        raise ZeroDivisionError
    assert not Group.objects.exists()
    assert find.rows(slug="acme") == [(acme.pk,)], "what is prepared outlives a rollback"


def test_what_is_prepared_is_bounded(acme: Tenant, monkeypatch: pytest.MonkeyPatch):
    prepared = getattr(connection, "prepared_statements", None)
    if prepared is None:
        pytest.skip("Nothing is prepared here.")
    before = dict(prepared.names)
    monkeypatch.setattr(statements, "MOST_PREPARED", len(before))
    find = CompiledQuery(lambda slug: Tenant.objects.filter(slug=slug).values_list("id", "slug"))
    assert find.rows(slug="acme") == [(acme.pk, "acme")]
    assert prepared.names == before


@pytest.fixture
def server() -> Any:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no server that ends connections.")
    return connections.create_connection("default")


def _end_connection(server: Any) -> None:
    connection.ensure_connection()
    with server.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])
    server.close()


@pytest.mark.django_db(transaction=True)
def test_a_request_after_the_database_has_ended_the_connection_is_answered(scim: ScimClient, server: Any):
    scim.user("ada")
    _end_connection(server)
    assert scim.get("/Users").json()["totalResults"] == 1


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_ends_within_a_transaction_is_no_secret(acme: Tenant, server: Any):
    find = CompiledQuery(lambda slug: Tenant.objects.filter(slug=slug).values_list("id"))
    with pytest.raises(OperationalError), transaction.atomic():
        CompiledWrites(Group).insert([_group(acme, "Engineers")])
        _end_connection(server)
        run_first(lambda: find.rows(slug="acme"))
    assert not Group.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_the_database_refuses_is_run_once(db: None):
    tries = []

    def refused() -> None:
        tries.append(1)
        raise OperationalError("too much for it")

    connection.ensure_connection()
    with pytest.raises(OperationalError):
        run_first(refused)
    assert tries == [1]
