"""The servers that are measured: the product as it is run in production, and the ceiling, each with its own database.

PostgreSQL is the one in DATABASE_URL (``scripts/bench`` starts one that keeps its promises); nothing that the working
tree keeps in ``var/`` is read or changed, but for the static files.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import psycopg

from benchmarks import machine

TREE = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
LOGS = TREE / "var" / "bench"
WORKERS = 2
CEILING_TOKEN = "bench-token"
SECONDS_TO_START = 60
# What an operator may have set must not decide what is measured.
_UNSET = {
    "PUBLIC_URL",
    "ALLOWED_HOSTS",
    "LISTEN_ADDRESS",
    "TRUSTED_PROXIES",
    "SCIM_REQUESTS_PER_SECOND",
    "KESTRA_CONFIG",
}


@dataclass
class Server:
    """A server that answers: where its SCIM endpoint is, who may ask, and the process behind it."""

    name: str
    base: str
    token: str
    pid: int
    database: str
    environment: dict[str, str]

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.database, autocommit=True)

    def postmaster(self) -> int:
        """Return the process that all of PostgreSQL's others come from."""
        with self.connect() as connection:
            return machine.parent(connection.info.backend_pid)

    def workers(self) -> list[int]:
        """Return the processes that answer requests: those at the end of the line that listen."""
        family = machine.family(self.pid)
        return [pid for pid in family[1:] if machine.listens(pid) and len(machine.family(pid)) == 1]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def postgresql() -> str:
    """Return the address of the PostgreSQL server; refuses one that promises nothing to the disk."""
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            if (value := connection.execute(f"show {name}").fetchone()) != ("on",):
                raise SystemExit(f"PostgreSQL has {name} = {value and value[0]}: what is measured must be durable.")
    return url


def configuration() -> dict[str, str]:
    """Return what of PostgreSQL's configuration is not as it comes."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        rows = connection.execute(
            "select name, current_setting(name) from pg_settings where source in ('command line', 'configuration file')"
            " and name in ('shared_buffers', 'max_wal_size', 'max_connections', 'jit', 'fsync')"
        ).fetchall()
        return {"version": connection.info.parameter_status("server_version") or "", **dict(rows)}


@contextmanager
def product(tree: Path = TREE, name: str = "product") -> Iterator[Server]:
    """Run the product of a working tree with one tenant and one integration."""
    port = free_port()
    with _database(f"bench_{name}") as database:
        environment = {key: value for key, value in os.environ.items() if key not in _UNSET} | {
            "DATABASE_URL": database,
            "SECRET_KEY": secrets.token_urlsafe(64),
            "PORT": str(port),
            "WEB_CONCURRENCY": str(WORKERS),
            "KESTRA_EE_TENANTS_ENABLED": "true",
            "ADMIN_PASSWORD": secrets.token_urlsafe(24),
        }
        _manage(tree, environment, "setup")
        command, url = [PYTHON, "manage.py", "serve"], f"http://127.0.0.1:{port}/health/live"
        with _running(name, command, tree, environment, url) as pid:
            server = Server(name, "", "", pid, database, environment)
            server.base, server.token = add_integration(server, "main", tree)
            yield server


@contextmanager
def ceiling() -> Iterator[Server]:
    """Run the ceiling of the stack, with what an honest server needs."""
    port = free_port()
    with _database("bench_ceiling") as database:
        parts = urlsplit(database)
        environment = os.environ | {
            "REAL": "1",
            "PGHOST": unquote(parts.hostname or ""),
            "PGPORT": str(parts.port or ""),
            "PGUSER": parts.username or "",
            "PGPASSWORD": unquote(parts.password or ""),
            "PGDATABASE": parts.path.strip("/"),
        }
        subprocess.run([PYTHON, "-m", "benchmarks.ceiling"], cwd=TREE, env=environment, check=True)
        command = [
            *(PYTHON, "-m", "granian", "--interface=wsgi", f"--port={port}", f"--workers={WORKERS}"),
            *("--blocking-threads=1", "--http=1", "--no-ws", "--no-access-log", "--log-level=warning"),
            "benchmarks.ceiling:application",
        ]
        base = f"http://127.0.0.1:{port}/v2"
        with _running("ceiling", command, TREE, environment, f"{base}/ServiceProviderConfig") as pid:
            yield Server("ceiling", base, CEILING_TOKEN, pid, database, environment)


def add_integration(server: Server, tenant: str, tree: Path = TREE) -> tuple[str, str]:
    """Create an integration in a tenant, made if there is none, and return its endpoint and Secret Token."""
    if tenant != "main":
        _manage(tree, server.environment, "tenant", "create", tenant, "--json")
    made = _manage(tree, server.environment, "integration", "create", "Bench", "--tenant", tenant, "--json")
    document = json.loads(made)
    return document["endpoint"], document["token"]


def _manage(tree: Path, environment: dict[str, str], *arguments: str) -> str:
    command = [PYTHON, "manage.py", *arguments]
    return subprocess.run(command, cwd=tree, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


@contextmanager
def _database(name: str) -> Iterator[str]:
    """Make a database of that name anew, and drop it in the end."""
    server = postgresql()
    _execute(server, f"drop database if exists {name} with (force)", f"create database {name}")
    parts = urlsplit(server)
    try:
        yield parts._replace(path=f"/{quote(name)}").geturl()
    finally:
        _execute(server, f"drop database if exists {name} with (force)")


def _execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@contextmanager
def _running(name: str, command: list[str], tree: Path, environment: dict[str, str], url: str) -> Iterator[int]:
    """Run a server until the block ends; it has started when ``url`` answers anything."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{name}.log").open("w") as log:
        # Its own group, so that a Ctrl-C reaches the benchmark alone, which then ends the server in order.
        process = subprocess.Popen(
            command, cwd=tree, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _await(url, process)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _await(url: str, process: Any) -> None:
    for _ in range(SECONDS_TO_START * 10):
        if process.poll() is not None:
            raise SystemExit(f"A server ended with status {process.returncode}: its log is in {LOGS}.")
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - http on loopback
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{url} did not answer within {SECONDS_TO_START} s.")
