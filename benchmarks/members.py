"""What one group costs as its members grow, from nobody to 100,000; the largest one beside the ceiling."""

import asyncio
import statistics
from argparse import Namespace

from benchmarks import directories, machine, plot, ratios
from benchmarks.goals import LOWEST_RATIO, Verdict, at_most
from benchmarks.load import Amounts
from benchmarks.ratios import Runs
from benchmarks.report import Report
from benchmarks.scimload import StandardLoad
from benchmarks.servers import Server

SIZES, FEWER_SIZES = (0, 1000, 10_000, 100_000), (0, 1000, 10_000)
MOST = {"add_member": 1.3, "remove_member": 1.3, "get_group_without_members": 1.2}
MOST_MB = 150


def run(report: Report, ceiling: Server, product: Server, options: Namespace) -> None:
    sizes = SIZES if options.full else FEWER_SIZES
    amounts = Amounts(group_operations=50 if options.full else 20, seconds=30, at_once=1)
    runs: Runs = {server.name: [] for server in (product, ceiling)}
    times: dict[str, dict[int, list[float]]] = {}
    groups = {server.name: _groups(server, sizes, amounts.group_operations) for server in (product, ceiling)}
    workers = product.workers()
    for pid in workers:
        machine.forget_peak(pid)
    # The first round warms up.
    for number in range((options.rounds or (3 if options.full else 2)) + 1):
        for server in (product, ceiling):
            users, ids = groups[server.name]
            load = StandardLoad(
                server.base, server.token, amounts, users, server.workers(), [server.pid, server.postmaster()]
            )
            for size in sizes[:: 1 if number % 2 else -1] if server is product else sizes[-1:]:
                asyncio.run(_one(load, ids[size], size))
            if number:
                runs[server.name].append(load.results)
            for name, found in load.results.items() if number and server is product else ():
                operation, _, size_text = name.rpartition("_")
                times.setdefault(operation, {}).setdefault(int(size_text), []).append(found["p50_ms"])
    peak = max(machine.resident(pid, peak=True) for pid in workers)
    _tell(report, {name: {size: statistics.median(each) for size, each in of.items()} for name, of in times.items()})
    compared = ratios.ratios(runs, product.name, ceiling.name)
    compared = {name: each for name, each in compared.items() if name.endswith(f"_{sizes[-1]}")}
    report.ratio_table(f"Product ÷ ceiling, a group of {sizes[-1]:,}", compared, product.name, ceiling.name)
    report.figures["members"] = {"runs": runs, "peak_mb": peak}
    report.sections.append(f"Peak of a worker while it answered GET with {sizes[-1]:,} members: {peak:.0f} MB.\n")
    report.verdicts += [
        Verdict(f"{name}, ÷ ceiling", each["ratio"], LOWEST_RATIO[name])
        for name, each in compared.items()
        if name in LOWEST_RATIO
    ]
    report.verdicts.append(at_most(f"peak of a worker with {sizes[-1]:,} members, MB", peak, MOST_MB))


def _tell(report: Report, medians: dict[str, dict[int, float]]) -> None:
    report.figures["members_p50_ms"] = medians
    sizes = sorted(next(iter(medians.values())))
    report.table(
        "Growth with the members of a group",
        ["operation, p50 in ms", *(f"{size:,} members" for size in sizes), f"{sizes[-1]:,} ÷ 0"],
        [
            [name, *(f"{each[size]:.2f}" for size in sizes), f"{each[sizes[-1]] / each[0]:.2f}"]
            for name, each in medians.items()
        ],
    )
    relative = {name: {size: each[size] / each[0] for size in sizes} for name, each in medians.items() if name in MOST}
    report.pictures["members"] = plot.curves("p50 ÷ p50 of an empty group", relative)
    report.verdicts += [
        at_most(f"{name}, p50 with {sizes[-1]:,} ÷ without members", each[sizes[-1]], MOST[name])
        for name, each in relative.items()
    ]


def _groups(server: Server, sizes: tuple[int, ...], spare: int) -> tuple[directories.Users, dict[int, str]]:
    users = directories.users(server, sizes[-1] + spare)
    return users, {size: directories.group(server, [id for id, _ in users[:size]]) for size in sizes}


async def _one(load: StandardLoad, id: str, size: int) -> None:
    await load.open()
    try:
        await load.group(id, size)
    finally:
        load.close()
