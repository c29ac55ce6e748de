"""What a worker takes after a while of mixed work."""

import asyncio
from argparse import Namespace

from benchmarks import machine, tenants
from benchmarks.goals import at_most
from benchmarks.mixed_load import mixed
from benchmarks.report import Report
from benchmarks.servers import Server

MOST_MB = 150
TENANTS, PER_SECOND = 10, 20


def run(report: Report, product: Server, options: Namespace) -> None:
    minutes = options.minutes or (15 if options.full else 0.1)
    clients = tenants.prepare(product, TENANTS, users=200)
    workers = product.workers()
    before = {pid: machine.resident(pid) for pid in workers}
    asyncio.run(mixed(clients, PER_SECOND, minutes * 60))
    after = {pid: machine.resident(pid) for pid in workers}
    report.figures["memory"] = {"minutes": minutes, "before_mb": before, "after_mb": after}
    report.table(
        f"Memory of a worker, {minutes:g} minutes of mixed work at {TENANTS * PER_SECOND} requests a second",
        ["worker", "resident before, MB", "resident after, MB"],
        [[number, f"{before[pid]:.0f}", f"{after[pid]:.0f}"] for number, pid in enumerate(workers, 1)],
    )
    report.verdicts.append(at_most("memory of the largest worker, MB", max(after.values()), MOST_MB))
