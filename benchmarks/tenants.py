"""Many tenants at once at the pace that Entra ID asks of a provider: 25 requests a second each."""

import asyncio
from argparse import Namespace

from benchmarks import directories
from benchmarks.goals import Verdict, at_most
from benchmarks.mixed_load import Client, mixed
from benchmarks.report import Report
from benchmarks.servers import Server

TENANTS, PER_SECOND, LONGEST_P99_MS = 20, 25, 250
SHOWN = ("per_second", "p50_ms", "p95_ms", "p99_ms", "longest_ms", "refused", "failed")


def run(report: Report, product: Server, options: Namespace) -> None:
    clients = prepare(product, TENANTS, users=500 if options.full else 50)
    # Each worker imports and compiles with its first requests.
    asyncio.run(mixed(clients, 5, 3))
    found = asyncio.run(mixed(clients, PER_SECOND, 120 if options.full else 10))
    report.figures["tenants"] = found
    asked = TENANTS * PER_SECOND
    report.table(
        f"{TENANTS} tenants at once, {PER_SECOND} requests a second each",
        ["asked for a second", "answered a second", "p50 ms", "p95 ms", "p99 ms", "longest ms", "refused", "5xx"],
        [[asked, *(found[name] for name in SHOWN)]],
        "Lookups, reads, changes, new users, members added and removed; times count from when a request was due.",
    )
    report.verdicts += [
        at_most(f"{TENANTS} tenants: p99 in ms", found["p99_ms"], LONGEST_P99_MS),
        at_most(f"{TENANTS} tenants: refused", found["refused"], 0),
        at_most(f"{TENANTS} tenants: 5xx", found["failed"], 0),
        Verdict(f"{TENANTS} tenants: answered ÷ asked for", found["per_second"] / asked, 0.98),
    ]
    report.sections += [f"- `{line}`" for line in found["first_errors"]]


def prepare(product: Server, count: int, *, users: int) -> list[Client]:
    """Return the clients of new tenants with ``users`` people each, a fifth of them in one group."""
    return [Client(**made) for made in directories.tenants(product, count, users=users)]
