"""Statements compiled once and executed with other parameters: the fast path of the ORM.

Building a queryset and its SQL costs several times what executing it does. The ORM stays the one definition
of every statement: a compiled query is its queryset's own SQL, a compiled write is made from its model's
fields. With ``ENABLED`` off everything goes through the ORM itself, and must behave the same.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

import orjson
from django.db import connections
from django.db.models import Model, Q, QuerySet

from tenants.statements import USING, rows_of, send, send_rows

ENABLED = True


class CompiledQuery:
    """A ``values_list`` queryset as a function of text parameters.

        find = CompiledQuery(lambda slug: Tenant.objects.filter(slug=slug).values_list("id", "name"))
        find.rows(slug="acme")  # [("…", "Acme")]

    Parameters must be compared with text columns: markers stand for them while the SQL is made. ``numbers`` names
    those that are integers in a slice, ``[start : start + limit]``.
    """

    def __init__(self, build: Callable[..., QuerySet], *, numbers: tuple[str, ...] = ()):
        self.build = build
        self.names = build.__code__.co_varnames[: build.__code__.co_argcount]
        # A slice puts its numbers into the SQL as text: these occur there for no other reason.
        self.numbers = {name: 7_700_000_000_000 + position for position, name in enumerate(numbers)}
        self._made: dict[str, tuple[str, list[Any], dict[int, Any], bool]] = {}
        self._made_for_each: dict[str, tuple[str, list[Any]]] = {}

    def rows(self, **parameters: str | int) -> list[tuple[Any, ...]]:
        """Return what the queryset would, as a list of tuples."""
        if not ENABLED:
            return list(self.build(**parameters))
        connection = connections[USING]
        made = self._made.get(connection.vendor)
        if made is None:
            made = self._made[connection.vendor] = self._compile()
        sql, order, converters, locks = made
        rows = rows_of(sql, _filled(order, parameters), locks=locks)
        return [_convert(row, converters, connection) for row in rows] if converters else rows

    def rows_of_each(self, name: str, given: list[str], **parameters: str) -> list[tuple[Any, ...]]:
        """Return what ``rows`` would for each value of the parameter ``name``, with that value in front of each row.

        One statement on PostgreSQL that looks each value up by itself. Asked for all with ``IN`` before it has
        statistics, PostgreSQL takes a table for a small one and reads all of it. Nothing is converted.
        """
        if not ENABLED or connections[USING].vendor != "postgresql":
            return [(value, *row) for value in given for row in self.rows(**{name: value}, **parameters)]
        made = self._made_for_each.get(name)
        if made is None:
            made = self._made_for_each[name] = self._for_each(name)
        sql, order = made
        return rows_of(sql, [orjson.dumps(given).decode(), *_filled(order, parameters)], locks=False)

    def _for_each(self, name: str) -> tuple[str, list[Any]]:
        sql, order, *_ = self._compile()
        places = iter(order)
        kept: list[Any] = []

        def placed(_: re.Match[str]) -> str:
            part = next(places)
            if getattr(part, "name", None) == name:
                return "given.value"
            kept.append(part)
            return "%s"

        sql = re.sub("%s", placed, sql)
        each = 'SELECT value COLLATE "C" AS value FROM jsonb_array_elements_text(%s::jsonb)'
        return f"SELECT given.value, found.* FROM ({each}) AS given, LATERAL ({sql}) AS found", kept

    def _compile(self) -> tuple[str, list[Any], dict[int, Any], bool]:
        queryset = self.build(**{name: self.numbers.get(name) or Marker(name) for name in self.names})
        compiler = queryset.query.get_compiler(USING)
        sql, parameters = compiler.as_sql()
        if self.numbers:
            sql, parameters = self._with_numbers(sql, parameters)
        converters = compiler.get_converters([expression for expression, *_ in compiler.select])
        return sql, list(parameters), converters, queryset.query.select_for_update

    def _with_numbers(self, sql: str, parameters: Iterable[Any]) -> tuple[str, list[Any]]:
        """Turn the numbers in the SQL into parameters, in their places among the others."""
        markers = {str(number): Marker(name) for name, number in self.numbers.items()}
        others, order = iter(parameters), []
        for found in (parts := re.split(f"(%s|{'|'.join(markers)})", sql))[1::2]:
            order.append(markers.get(found) or next(others))
        return "%s".join(parts[::2]), order


def exactly(column: str, value: Any) -> Q:
    """Return the condition that a column holds one value, as a range; ordered by it, for what finds one row of many.

    PostgreSQL plans a statement once for all values, often while its tables are empty, and keeps the plan for a while.
    It then takes any index with some of the columns for as good as the one that has all, and reads a whole directory
    for one row. The order of a range has one index alone.
    """
    return Q(**{f"{column}__gte": value, f"{column}__lte": value})


class Marker(str):
    """Stands for a parameter while SQL is made; it passes through a text field unchanged."""

    __slots__ = ("name",)
    name: str

    def __new__(cls, name: str) -> "Marker":
        made = super().__new__(cls, f"\x1a{name}\x1a")
        made.name = name
        return made


def _filled(order: list[Any], parameters: dict[str, Any]) -> list[Any]:
    """Return the values of a statement, with those of parameters in the places of their markers."""
    return [parameters[part.name] if isinstance(part, Marker) else part for part in order]


class CompiledWrites:
    """INSERT, UPDATE and DELETE of one model's rows."""

    def __init__(self, model: type[Model]):
        self.model = model
        self._fields = [field for field in model._meta.concrete_fields if not (field.primary_key and _numbered(field))]
        self._sql: dict[Any, str] = {}

    def insert(self, instances: list[Any]) -> None:
        """Insert new instances; what the database would fill in (a serial key) is not read back.

        They may be objects of another class that have all of the model's columns as attributes.
        """
        connection = connections[USING]
        if not ENABLED or not instances:
            self._create(instances)
        elif connection.vendor == "postgresql":
            rows = [{field.column: getattr(each, field.attname) for field in self._fields} for each in instances]
            send_rows(self._insert_recordset(connection), rows)
        elif len(instances) == 1:
            values = [
                field.get_db_prep_save(getattr(instances[0], field.attname), connection) for field in self._fields
            ]
            send(self._insert_values(connection), values)
        else:
            self._create(instances)

    def _create(self, instances: list[Any]) -> None:
        if instances and not isinstance(instances[0], self.model):
            names = [field.attname for field in self._fields]
            instances = [self.model(**{name: getattr(each, name) for name in names}) for each in instances]
        self.model._base_manager.bulk_create(instances, batch_size=1000)

    def update(self, instance: Any, names: tuple[str, ...]) -> None:
        """Write these fields of an instance that is known to exist."""
        if not ENABLED:
            instance.save(update_fields=names, force_update=True)
            return
        connection = connections[USING]
        sql = self._sql.get((connection.vendor, names)) or self._update(connection, names)
        fields: list[Any] = [self.model._meta.get_field(name) for name in names]
        values = [field.get_db_prep_save(getattr(instance, field.attname), connection) for field in fields]
        send(sql, [*values, instance.pk])

    def delete(self, name: str, value: Any) -> None:
        """Delete the rows with this value of a field; nothing may refer to them any more when the transaction ends."""
        if not ENABLED:
            self.model._base_manager.filter(**{name: value}).delete()
            return
        connection = connections[USING]
        if (sql := self._sql.get((connection.vendor, "delete", name))) is None:
            quote = connection.ops.quote_name
            meta: Any = self.model._meta
            sql = f"DELETE FROM {quote(meta.db_table)} WHERE {quote(meta.get_field(name).column)} = %s"
            self._sql[connection.vendor, "delete", name] = sql
        send(sql, [value])

    def _insert_recordset(self, connection: Any) -> str:
        """Return an INSERT of any number of rows that takes them as one JSON text: cheapest to prepare and send."""
        if (sql := self._sql.get("recordset")) is None:
            table, columns = self._names(connection)
            sql = self._sql["recordset"] = (
                f"INSERT INTO {table} ({columns}) "
                f"SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)"
            )
        return sql

    def _insert_values(self, connection: Any) -> str:
        if (sql := self._sql.get("values")) is None:
            table, columns = self._names(connection)
            holders = ", ".join(["%s"] * len(self._fields))
            sql = self._sql["values"] = f"INSERT INTO {table} ({columns}) VALUES ({holders})"
        return sql

    def _names(self, connection: Any) -> tuple[str, str]:
        quote = connection.ops.quote_name
        return quote(self.model._meta.db_table), ", ".join(quote(field.column) for field in self._fields)

    def _update(self, connection: Any, names: tuple[str, ...]) -> str:
        quote = connection.ops.quote_name
        meta: Any = self.model._meta
        settings = ", ".join(f"{quote(meta.get_field(name).column)} = %s" for name in names)
        sql = f"UPDATE {quote(meta.db_table)} SET {settings} WHERE {quote(meta.pk.column)} = %s"
        return self._sql.setdefault((connection.vendor, names), sql)


def _numbered(field: Any) -> bool:
    return field.get_internal_type() in ("AutoField", "BigAutoField", "SmallAutoField")


def _convert(row: tuple[Any, ...], converters: dict[int, Any], connection: Any) -> tuple[Any, ...]:
    values = list(row)
    for position, (functions, expression) in converters.items():
        for function in functions:
            values[position] = function(values[position], expression, connection)
    return tuple(values)
