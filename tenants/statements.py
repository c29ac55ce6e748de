"""How compiled statements reach the database.

On PostgreSQL they are prepared once in a connection and executed through libpq, on which the driver stands: its cursors
in Django's wrappers take twice as long as the statement itself. Where somebody looks on (the log of queries, execution
wrappers) and on other databases, Django's own way is taken.
"""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from typing import Any, TypeVar

import orjson
import psycopg
from django.db import InterfaceError, OperationalError, connections
from psycopg import errors, pq
from psycopg.adapt import Transformer

USING = "default"
# Writes sent together make statements of their own. There are a few dozen; more would fill the server's memory.
MOST_PREPARED = 200
# A plan stays until the statistics of its tables are renewed, which may take minutes. One that was made for a few rows
# is slow for thousands, so plans are made anew after so many executions, and after twice as many each time.
PLANS_KEPT_FOR = 50
# Values of more bytes are sent as they are, not quoted within a statement.
_LONGEST_QUOTED = 65_536
_MOMENTS: Any = psycopg.adapters.get_loader(psycopg.adapters.types["timestamptz"].oid, pq.Format.TEXT)
_IDLE = pq.TransactionStatus.IDLE
_SUCCEEDED = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
R = TypeVar("R")


def rows_of(sql: str, values: list[Any], *, locks: bool) -> list[tuple[Any, ...]]:
    """Execute a query and return its rows; ``locks`` tells whether it locks them until the transaction ends."""
    connection: Any = connections[USING]
    if (prepared := _prepared(connection)) is not None:
        with connection.wrap_database_errors:
            return prepared.rows_of(sql, values, locks=locks)
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def execute(sql: str, values: list[Any], *, last: bool = False) -> None:
    """Execute a statement for what it does; the ``last`` one of a transaction is committed in the same round trip."""
    connection: Any = connections[USING]
    if (prepared := _prepared(connection)) is not None:
        with connection.wrap_database_errors:
            prepared.execute(sql, values, begin=not last, commit=last)
        return
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def send(sql: str, values: list[Any]) -> None:
    """Execute a write, now or with the others of the block around it (``sent_together``)."""
    if _local.waiting is None:
        execute(sql, values)
    else:
        _local.waiting.append((sql, values))


def send_rows(sql: str, rows: list[Any]) -> None:
    """Execute an INSERT that takes any number of rows as one JSON text; in a block sent together once for them all."""
    if _local.waiting is None:
        execute(sql, _as_json([rows]))
        return
    for statement, values in _local.waiting:
        if statement == sql:
            values[0] += rows
            return
    _local.waiting.append((sql, [rows]))


@contextmanager
def sent_together(*, last: bool = False) -> Iterator[None]:
    """Send the compiled writes of the block as one statement at its end (PostgreSQL).

    New rows of one table go in together, in their order. All writes see the rows as they were before, so no row may be
    written twice; a broken constraint is raised at the end of the block. ``last`` promises that the action around it
    writes nothing after the block; where it is ``alone`` in its transaction, that ends with the statement.
    """
    connection = connections[USING]
    if connection.vendor != "postgresql" or _local.waiting is not None:
        yield
        return
    statements: list[Any] = []
    _local.waiting = statements
    try:
        yield
    finally:
        _local.waiting = None
    if statements:
        execute(*_joined([(sql, _as_json(values)) for sql, values in statements]), last=last and _local.alone)


@contextmanager
def alone() -> Iterator[None]:
    """Promise that the transaction around the block is there for the one action in it.

    The promise is dropped where that transaction has others around it.
    """
    _local.alone = not connections[USING].savepoint_ids
    try:
        yield
    finally:
        _local.alone = False


def _as_json(values: list[Any]) -> list[Any]:
    return [orjson.dumps(value).decode() if isinstance(value, list) else value for value in values]


def _joined(statements: list[tuple[str, list[Any]]]) -> tuple[str, list[Any]]:
    """Return several writes as one statement (data-modifying common table expressions).

    PostgreSQL carries out the last one first. Written backwards they lock rows in the same order as one by one,
    so that two transactions do not wait for each other.
    """
    if len(statements) == 1:
        return statements[0]
    backwards = statements[::-1]
    parts = (f"w{number} AS ({sql})" for number, (sql, _) in enumerate(backwards))
    return f"WITH {', '.join(parts)} SELECT 1", [value for _, values in backwards for value in values]


class _Local(threading.local):
    """What this thread collects, and what it has promised."""

    waiting: list[tuple[str, list[Any]]] | None = None
    alone = False


_local = _Local()


def run_first(statement: Callable[[], R]) -> R:
    """Run the statement that a request begins with, a second time if the connection kept from before has died.

    So the statement itself tells whether the connection lives. Django's own question (``CONN_HEALTH_CHECKS``) is one
    more round trip, for which every request would wait.
    """
    connection: Any = connections[USING]
    if connection.in_atomic_block:
        return statement()
    connection.health_check_done = True
    try:
        return statement()
    except (OperationalError, InterfaceError):
        if connection.connection is not None and connection.is_usable():
            raise
        connection.close()
        return statement()


def _prepared(connection: Any) -> "Prepared | None":
    if connection.vendor != "postgresql" or connection.queries_logged or connection.execute_wrappers:
        return None
    connection.close_if_health_check_failed()
    connection.validate_no_broken_transaction()
    driver = connection.connection
    if driver is None or driver.prepare_threshold is not None or driver.isolation_level is not None:
        # Not connected yet; or the driver would deallocate what is prepared here, or has to begin transactions itself.
        return None
    kept: Prepared | None = getattr(connection, "prepared_statements", None)
    if kept is None or kept.driver is not driver:
        kept = connection.prepared_statements = Prepared(driver, connection.create_cursor())
    return kept


class Prepared:
    """The statements that one connection has prepared; ``cursor`` knows how Django wants values to be read."""

    def __init__(self, driver: Any, cursor: Any):
        self.driver, self.libpq = driver, driver.pgconn
        # Moments come in the connection's time zone, which is Django's: its own loader, which sets that one, takes
        # twenty times as long.
        cursor.adapters.register_loader("timestamptz", _MOMENTS)
        self.reader, self.quoting = Transformer(cursor), pq.Escaping(driver.pgconn)
        self.names: dict[str, bytes] = {}
        self.executed, self.plan_anew_at = 0, PLANS_KEPT_FOR

    def rows_of(self, sql: str, values: list[Any], *, locks: bool) -> list[tuple[Any, ...]]:
        # A query sees what is committed when it starts, in a transaction or not (READ COMMITTED).
        result = self.execute(sql, values, begin=locks)
        self.reader.set_pgresult(result)
        return self.reader.load_rows(0, result.ntuples, tuple)

    def execute(self, sql: str, values: list[Any], *, begin: bool, commit: bool = False) -> Any:
        """Execute a statement; ``begin`` tells that it needs a transaction, ``commit`` that it is the last of one.

        A transaction begins with its first statement, as the driver does it, and what is first and last is one by
        itself. BEGIN and COMMIT go with the statement: round trips are a good part of what a change takes.
        """
        is_idle = self.libpq.transaction_status == _IDLE
        begin = begin and is_idle and not self.driver.autocommit
        commit = commit and not is_idle
        self.executed += 1
        if self.executed == self.plan_anew_at:
            self.plan_anew_at *= 2
            self._checked(self.libpq.exec_(b"DISCARD PLANS"))
        texts = [_text(value) for value in values]
        name = self._name_of(sql)
        if (begin or commit) and name is not None and sum(len(text or b"") for text in texts) <= _LONGEST_QUOTED:
            literals = b",".join([b"NULL" if text is None else self.quoting.escape_literal(text) for text in texts])
            call = b"EXECUTE %b(%b)" % (name, literals) if texts else b"EXECUTE %b" % name
            return self._checked(
                self.libpq.exec_(b"%b%b%b" % (b"BEGIN;" if begin else b"", call, b";COMMIT" if commit else b""))
            )
        if begin:
            self._checked(self.libpq.exec_(b"BEGIN"))
        if name is None:
            return self._checked(self.libpq.exec_params(_numbered(sql), texts))
        return self._checked(self.libpq.exec_prepared(name, texts))

    def _name_of(self, sql: str) -> bytes | None:
        """Prepare a statement unless it is, and return its name; None where enough are prepared."""
        if (name := self.names.get(sql)) is None and len(self.names) < MOST_PREPARED:
            name = f"compiled_{len(self.names)}".encode()
            self._checked(self.libpq.prepare(name, _numbered(sql)))
            self.names[sql] = name
        return name

    def _checked(self, result: Any) -> Any:
        if result.status in _SUCCEEDED:
            return result
        if self.libpq.status:
            # No answer of the database: the connection is gone.
            raise errors.OperationalError(result.get_error_message())
        raise errors.error_from_result(result)


def _numbered(sql: str) -> bytes:
    """Return SQL with its placeholders as PostgreSQL writes them: ``$1``, ``$2``."""
    numbers = count(1)
    return re.sub("%[%s]", lambda found: "%" if found[0] == "%%" else f"${next(numbers)}", sql).encode()


def _text(value: Any) -> bytes | None:
    """Return a value as PostgreSQL reads it from text."""
    match value:
        case None:
            return None
        case bool():
            return b"t" if value else b"f"
        case datetime():
            return value.isoformat().encode()
    return str(value).encode()
