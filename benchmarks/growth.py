"""What an operation costs as the directory grows: the same product with 1,000 users and with many more.

Each size has a server and a database of its own, and they take turns, so that all of them see the same machine.
"""

import asyncio
import json
import statistics
from argparse import Namespace
from contextlib import ExitStack
from typing import Any

from benchmarks import bodies, directories, machine, plot, servers
from benchmarks.bodies import external_id
from benchmarks.goals import at_most
from benchmarks.load import Amounts, Load, find
from benchmarks.report import Report
from benchmarks.servers import Server

SIZES, FEWER_SIZES = (1000, 10_000, 50_000), (1000, 10_000)
MOST, MOST_BY_INDEX = 1.2, 2.0
BY_INDEX = "page_by_index"
MOST_MORE_MB = 20
# So many are found by their meta.lastModified.
FEW_CHANGED = 10


def run(report: Report, _: Server, options: Namespace) -> None:
    sizes = sorted({*(SIZES if options.full else FEWER_SIZES), *options.size})
    amounts = Amounts(
        operations=options.operations or (200 if options.full else 40), seconds=10 if options.full else 2, at_once=1
    )
    times: dict[str, dict[int, list[float]]] = {}
    wrong: dict[str, str] = {}
    with ExitStack() as stack:
        loads = {
            size: _filled(stack.enter_context(servers.product(name=f"of_{size}")), size, amounts) for size in sizes
        }
        for number in range((options.rounds or (3 if options.full else 2)) + 1):
            for load in list(loads.values())[:: 1 if number % 2 else -1]:
                asyncio.run(load.run())
                for operation, found in load.results.items() if number else ():  # the first round warms up
                    if found["errors"]:
                        wrong[f"{operation} with {load.size:,} users"] = found["first_error"]
                    times.setdefault(operation, {}).setdefault(load.size, []).append(found["p50_ms"])
        report.sections += [f"- {operation}: `{error}`" for operation, error in wrong.items()]
        memory = {size: max(map(machine.resident, load.workers)) for size, load in loads.items()}
    _tell(report, {name: {size: statistics.median(each) for size, each in of.items()} for name, of in times.items()})
    report.figures["growth_memory_mb"] = memory
    listed = ", ".join(f"{megabytes:.0f} MB with {size:,} users" for size, megabytes in memory.items())
    report.sections.append(f"The largest worker after that: {listed}.\n")
    more = memory[sizes[-1]] - memory[sizes[0]]
    report.verdicts.append(at_most(f"memory at {sizes[-1]:,} users, MB more than at {sizes[0]:,}", more, MOST_MORE_MB))


def _tell(report: Report, medians: dict[str, dict[int, float]]) -> None:
    report.figures["growth_p50_ms"] = medians
    sizes = sorted(next(iter(medians.values())))
    relative = {name: {size: each[size] / each[sizes[0]] for size in sizes} for name, each in medians.items()}
    report.table(
        "Growth with the directory",
        ["operation, p50 in ms", *(f"{size:,} users" for size in sizes), f"{sizes[-1]:,} ÷ {sizes[0]:,}"],
        [
            [name, *(f"{each[size]:.2f}" for size in sizes), f"{relative[name][sizes[-1]]:.2f}"]
            for name, each in medians.items()
        ],
    )
    report.pictures["growth"] = plot.curves("p50 ÷ p50 of the smallest directory", relative)
    judged = 50_000 if 50_000 in sizes else sizes[-1]
    report.verdicts += [
        at_most(
            f"{name}, p50 at {judged:,} ÷ at {sizes[0]:,} users",
            each[judged],
            MOST_BY_INDEX if name == BY_INDEX else MOST,
        )
        for name, each in relative.items()
    ]


class GrowthLoad(Load):
    """Point operations, pages and filtered lookups, one request at a time."""

    size = 0
    group_id = ""

    async def run(self) -> Any:
        await self.open()
        try:
            await self.reads()
            await self.writes()
        finally:
            self.close()
        return self.results

    async def reads(self) -> None:
        await self.check_filter()
        # As many in each round, whatever the ones before have changed.
        changed_after = await self.moment_before(FEW_CHANGED)
        await self.measure("get_user", lambda _: ("GET", f"/Users/{self.pick()[0]}", None))
        for name, condition in (
            ("filter_user_name", lambda user: f'userName eq "{user}"'),
            ("filter_external_id", lambda user: f'externalId eq "{external_id(user)}"'),
            ("filter_emails_value", lambda user: f'emails.value eq "{user}"'),
            ("filter_display_name", lambda user: f'displayName eq "{display_name(user)}"'),
            ("filter_last_modified", lambda _: f'meta.lastModified gt "{changed_after}"'),
        ):
            await self.measure(name, lambda _, condition=condition: find(condition(self.pick()[1])))
        await self.measure(BY_INDEX, lambda n: ("GET", f"/Users?startIndex={1 + n % 3 * 100}&count=100", None))
        cursors = [""]
        await self.measure(
            "page_by_cursor",
            lambda _: ("GET", f"/Users?cursor={cursors[-1]}&count=100", None),
            heard=lambda answer: cursors.append(json.loads(answer).get("nextCursor", "")),
        )

    async def moment_before(self, changes: int) -> str:
        """Return a moment after which that many users were changed last."""
        newest = f"/Users?sortBy=meta.lastModified&sortOrder=descending&count={changes + 1}&attributes=meta"
        found = json.loads(await self.ask("GET", newest))
        return found["Resources"][-1]["meta"]["lastModified"]

    async def writes(self) -> None:
        path = f"/Groups/{self.group_id}"
        # Those without members come last; what a round changes stays among the first.
        changed = self.users[: self.size // 2]
        self.users, everybody = changed, self.users
        await self.measure("put_user", self.replacing)
        await self.measure("patch_user", lambda n: self.changing(bodies.set_active(n % 2 == 1)))
        self.users = everybody
        spare = [id for id, _ in everybody[-self.amounts.operations :]]
        await self.measure("add_member", lambda n: ("PATCH", path, bodies.add_member(spare[n])), len(spare))
        await self.measure("remove_member", lambda n: ("PATCH", path, bodies.remove_member(spare[n])), len(spare))
        made: list[str] = []
        await self.measure("post_user", self.posting, heard=lambda answer: made.append(json.loads(answer)["id"]))
        # A directory keeps its size.
        await self.measure("delete_user", lambda n: ("DELETE", f"/Users/{made[n]}", None), len(made))


def display_name(user_name: str) -> str:
    """Return the displayName of a seeded user."""
    number = user_name.partition("@")[0].rpartition("-")[2]
    return f"Given{number} Family{number}"


def _filled(server: Server, size: int, amounts: Amounts) -> GrowthLoad:
    users = directories.users(server, size)
    load = GrowthLoad(server.base, server.token, amounts, users, server.workers())
    load.size = size
    load.group_id = directories.group(server, [id for id, _ in users[:20]])
    return load
