"""Querysets compiled once and executed with other parameters.

Building a queryset and its SQL costs several times what executing it does. The ORM stays the one
definition of every read: a compiled query is its queryset's own SQL, and tests compare both.
"""

from collections.abc import Callable
from typing import Any

from django.db import connections
from django.db.models import QuerySet


class CompiledQuery:
    """A ``values_list`` queryset as a function of text parameters.

        find = CompiledQuery(lambda slug: Tenant.objects.filter(slug=slug).values_list("id", "name"))
        find.rows(slug="acme")  # [("…", "Acme")]

    Parameters must be compared with text columns: markers stand for them while the SQL is made.
    """

    def __init__(self, build: Callable[..., QuerySet], *, using: str = "default"):
        self.build = build
        self.using = using
        self.names = build.__code__.co_varnames[: build.__code__.co_argcount]
        self._made: dict[str, tuple[str, list[Any], dict[int, Any]]] = {}

    def rows(self, **parameters: str) -> list[tuple[Any, ...]]:
        """Return what the queryset would, as a list of tuples."""
        connection = connections[self.using]
        made = self._made.get(connection.vendor)
        if made is None:
            made = self._made[connection.vendor] = self._compile()
        sql, order, converters = made
        with connection.cursor() as cursor:
            cursor.execute(sql, [parameters[part.name] if isinstance(part, Marker) else part for part in order])
            rows = cursor.fetchall()
        return [_convert(row, converters, connection) for row in rows] if converters else rows

    def _compile(self):
        queryset = self.build(**{name: Marker(name) for name in self.names})
        compiler = queryset.query.get_compiler(self.using)
        sql, parameters = compiler.as_sql()
        converters = compiler.get_converters([expression for expression, *_ in compiler.select])
        return sql, list(parameters), converters


class Marker(str):
    """Stands for a parameter while SQL is made; it passes through a text field unchanged."""

    __slots__ = ("name",)

    def __new__(cls, name: str):
        made = super().__new__(cls, f"\x1a{name}\x1a")
        made.name = name
        return made


def _convert(row, converters, connection):
    values = list(row)
    for position, (functions, expression) in converters.items():
        for function in functions:
            values[position] = function(values[position], expression, connection)
    return tuple(values)
