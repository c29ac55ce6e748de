"""A full sync as a Keycloak plugin sends it: one request after another, users first, then groups with all members.

The first one creates (POST); the next one sends everything again as it is (PUT), and must write nothing.
"""

import asyncio
import json
import time
from argparse import Namespace
from typing import Any

from benchmarks import directories, machine
from benchmarks.balance import balanced
from benchmarks.bodies import Bodies
from benchmarks.connection import Connection
from benchmarks.goals import at_most
from benchmarks.report import Report
from benchmarks.servers import Server

MEMBERS = 50
MOST_CPU_SECONDS = 20
# These say when a token was last used and an integration last heard of.
LAST_USED = {"kestra_iam_apitoken", "provisioning_activity"}
# Once that old, a backend reports its counters with its next statement.
SECONDS_TO_REPORT = 1.2


def run(report: Report, product: Server, options: Namespace) -> None:
    users, groups = (5000, 200) if options.full else (500, 20)
    endpoint = directories.tenants(product, 1)[0]
    sync = Sync(endpoint["base"], endpoint["token"])
    first = _timed(product, sync.create(users, groups))
    before = _written(product, sync)
    second = _timed(product, sync.again())
    written = {table: count - before.get(table, 0) for table, count in _written(product, sync).items()}
    written = {table: count for table, count in written.items() if count}
    last_used = sum(written.get(table, 0) for table in LAST_USED)
    others = {table: count for table, count in written.items() if table not in LAST_USED}
    report.figures["sync"] = {"users": users, "groups": groups, "first": first, "second": second, "written": written}
    report.table(
        f"Full sync of {users:,} users and {groups} groups of {MEMBERS}, as a Keycloak plugin sends it",
        ["", "elapsed s", "CPU s of the product", "CPU s of PostgreSQL", "rows written"],
        [
            ["first (POST)", *_cells(first), ""],
            ["again (PUT, nothing new)", *_cells(second), f"{sum(others.values())}, and {last_used} of last use"],
        ],
        "Rows written: inserted, updated and deleted ones of all tables, from pg_stat_user_tables.",
    )
    if others:
        listed = ", ".join(f"{table} {count}" for table, count in sorted(others.items()))
        report.sections.append(f"The second sync wrote: {listed}.\n")
    share = 5000 / users
    scaled = "" if share == 1 else f" × {share:g}"
    report.verdicts += [
        at_most(
            f"full sync, CPU s of product and PostgreSQL{scaled}",
            share * (first["product"] + first["postgresql"]),
            MOST_CPU_SECONDS,
        ),
        at_most("full sync again: rows written but last use", sum(others.values()), 0),
        at_most("full sync again: writes of last use a minute", last_used, 2 * (second["elapsed"] // 60 + 1)),
    ]


class Sync:
    """One plugin at work, and what it remembers: the ids that it was answered."""

    def __init__(self, base: str, token: str):
        self.base, self.token = base, token
        self.connection = Connection(base, token)
        self.bodies = Bodies()
        self.users: list[dict[str, Any]] = []
        self.groups: list[dict[str, Any]] = []

    async def create(self, users: int, groups: int) -> None:
        for _ in range(users):
            self.users.append(await self._send("POST", "/Users", self.bodies.user()))
        ids = [user["id"] for user in self.users]
        for number in range(groups):
            members = [ids[(number * MEMBERS + each) % users] for each in range(min(MEMBERS, users))]
            self.groups.append(await self._send("POST", "/Groups", self.bodies.group(members)))
        self.connection.close()

    async def again(self) -> None:
        for kind, resources in (("Users", self.users), ("Groups", self.groups)):
            for resource in resources:
                await self._send("PUT", f"/{kind}/{resource['id']}", resource)
        self.connection.close()

    async def ask_each(self, workers: list[int]) -> None:
        """Send a request that changes nothing to each worker."""
        for connection in await balanced(self.base, self.token, len(workers), workers):
            await connection.request("GET", "/Users?count=0")
            connection.close()

    async def _send(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        status, answer = await self.connection.request(method, path, body)
        if status != {"POST": 201, "PUT": 200}[method]:
            raise SystemExit(f"{method} {path} → {status} {answer[:300].decode(errors='replace')}")
        return {**body, "id": json.loads(answer)["id"]}


def _timed(product: Server, work: Any) -> dict[str, float]:
    pids = {"product": product.pid, "postgresql": product.postmaster()}
    before = {name: machine.cpu_seconds(pid) for name, pid in pids.items()}
    began = time.perf_counter()
    asyncio.run(work)
    elapsed = time.perf_counter() - began
    taken = {name: round(machine.cpu_seconds(pid) - before[name], 2) for name, pid in pids.items()}
    return {"elapsed": round(elapsed, 2), **taken}


def _cells(taken: dict[str, float]) -> list[str]:
    return [f"{taken[name]:.1f}" for name in ("elapsed", "product", "postgresql")]


def _written(product: Server, sync: Sync) -> dict[str, int]:
    """Return how many rows of each table have been inserted, updated and deleted so far."""
    time.sleep(SECONDS_TO_REPORT)
    asyncio.run(sync.ask_each(product.workers()))
    with product.connect() as connection:
        rows = connection.execute("select relname, n_tup_ins + n_tup_upd + n_tup_del from pg_stat_user_tables")
        return dict(rows.fetchall())
