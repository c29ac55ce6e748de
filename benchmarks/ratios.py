"""The product beside the ceiling: the same load on each in turn, so that both see the same machine."""

import asyncio
import statistics
import sys
from argparse import Namespace
from typing import Any

from benchmarks import goals
from benchmarks.load import Amounts
from benchmarks.measuring import Figures
from benchmarks.report import Report
from benchmarks.scimload import StandardLoad
from benchmarks.servers import Server

Runs = dict[str, list[dict[str, Figures]]]


# Each worker imports and compiles with its first requests.
WARM_UP = Amounts(users=40, operations=40, group_operations=4, members=20, seconds=20)


class SharedLoad(StandardLoad):
    """What all servers can do: with many users by Bulk, one would have a larger directory than the others."""

    async def many(self) -> None:
        pass


class BulkLoad(StandardLoad):
    """Users created one by one, and many in one request."""

    async def people(self) -> None:
        await self.measure("post_user", self.posting, self.amounts.users)

    async def groups(self) -> None:
        pass


def alternate(servers: list[Server], amounts: Amounts, rounds: int) -> Runs:
    """Load each server ``rounds`` times, one at a time, and return their figures by name of the server."""
    runs: Runs = {server.name: [] for server in servers}
    users = {server.name: _load(SharedLoad, server, WARM_UP, []).users for server in servers}
    for number in range(rounds):
        for server in servers if number % 2 == 0 else servers[::-1]:
            print(f"round {number + 1} of {rounds}: {server.name}", file=sys.stderr, flush=True)
            runs[server.name].append(_load(SharedLoad, server, amounts, users[server.name]).results)
    return runs


def _load(kind: type[StandardLoad], server: Server, amounts: Amounts, users: list[tuple[str, str]]) -> StandardLoad:
    pids = [server.pid, server.postmaster()]
    load = kind(server.base, server.token, amounts, users, server.workers(), pids)
    asyncio.run(load.run())
    return load


def ratios(runs: Runs, one: str, other: str) -> dict[str, dict[str, Any]]:
    """Return by operation the rates of two servers, medians of all rounds, and their ratio, with its spread.

    ``cpu_ratio`` compares the CPU time that one operation takes, of server and PostgreSQL: above 1 where the first
    server takes less. What else the machine does hardly moves it.
    """
    found = {}
    for operation in runs[one][0]:
        pairs = [
            (mine[operation], theirs[operation])
            for mine, theirs in zip(runs[one], runs[other], strict=True)
            if operation in mine and operation in theirs
        ]
        each = [mine["per_second"] / theirs["per_second"] for mine, theirs in pairs if theirs["per_second"]]
        cpu = [theirs.get("cpu_ms", 0) / mine["cpu_ms"] for mine, theirs in pairs if mine.get("cpu_ms")]
        if each:
            found[operation] = {
                one: statistics.median(mine["per_second"] for mine, _ in pairs),
                other: statistics.median(theirs["per_second"] for _, theirs in pairs),
                "ratio": statistics.median(each),
                "lowest": min(each),
                "highest": max(each),
                "cpu_ratio": statistics.median(cpu) if cpu else 0.0,
            }
    return found


def rate(runs: Runs, server: str, operation: str) -> float:
    """Return the median rate of one operation, 0 where it was not measured."""
    rates = [run[operation]["per_second"] for run in runs[server] if operation in run]
    return statistics.median(rates) if rates else 0.0


def errors(runs: Runs) -> list[str]:
    """Return what went wrong, one line for each operation of each server."""
    return sorted(
        {
            f"{server}: {operation}: {figures['first_error']}"
            for server, each in runs.items()
            for run in each
            for operation, figures in run.items()
            if figures.get("errors")
        }
    )


def run(report: Report, servers: list[Server], options: Namespace) -> None:
    """Compare the product with the ceiling, and with another tree of the product where there is one."""
    full = options.full
    amounts = Amounts(
        users=1500 if full else 300,
        operations=options.operations or (1000 if full else 400),
        group_operations=50 if full else 25,
        seconds=options.seconds or (7 if full else 1.2),
        only=frozenset(options.phases),
    )
    rounds = options.rounds or 3
    runs = alternate(servers, amounts, rounds)
    report.figures["ratios"] = runs
    ceiling, product, *others = (server.name for server in servers)
    compared = ratios(runs, product, ceiling)
    report.ratio_table("Product ÷ ceiling", compared, product, ceiling)
    # Afterwards, and product against product: the ceiling has no Bulk.
    many = {product: [_load(BulkLoad, servers[1], amounts, []).results for _ in range(rounds)]}
    report.figures["bulk"] = many
    single, bulk = rate(many, product, "post_user"), rate(many, product, "bulk_100")
    if bulk:
        report.sections.append(f"Bulk of 100 creates: {bulk:,.0f} users a second, single POSTs then: {single:,.0f}.\n")
    for other in others:
        report.ratio_table(f"Product ÷ {other}", ratios(runs, product, other), product, other)
    report.verdicts += goals.of_ratios(compared, single, bulk)
    if wrong := [*errors(runs), *errors(many)]:
        report.sections.append("Errors:\n\n" + "\n".join(f"- `{line}`" for line in wrong) + "\n")
