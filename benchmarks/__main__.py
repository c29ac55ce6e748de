"""Measures the product beside the ceiling of its stack; results go to var/bench/.

make bench                                            # everything in small, under three minutes
make bench BENCH_ARGS="--full"                        # everything as documented, half an hour
make bench BENCH_ARGS="--only ratios --rounds 5 --phases get_user,put_user"
"""

import argparse
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks import full_sync, growth, machine, members, memory, ratios, servers, tenants
from benchmarks.report import Report

PARTS = ("ratios", "growth", "members", "tenants", "sync", "memory")


def main() -> None:
    options = _options()
    with ExitStack() as stack:
        ceiling = stack.enter_context(servers.ceiling())
        product = stack.enter_context(servers.product())
        if options.hold:
            _hold(ceiling, product)
            return
        report = Report(_heading(options))
        # What has been measured is kept whatever happens afterwards.
        stack.callback(_keep, report, options.out)
        wanted = options.only or PARTS
        if "ratios" in wanted:
            beside = [stack.enter_context(servers.product(options.beside, "beside"))] if options.beside else []
            ratios.run(report, [ceiling, product, *beside], options)
        for name, part in (("tenants", tenants), ("sync", full_sync)):
            if name in wanted:
                part.run(report, product, options)
        if "members" in wanted:
            members.run(report, ceiling, product, options)
        # Last, since they leave large directories behind.
        for name, part in (("memory", memory), ("growth", growth)):
            if name in wanted:
                part.run(report, product, options)


def _keep(report: Report, folder: Path) -> None:
    report.write(folder)
    sys.stdout.write(f"{report.markdown()}\nWritten to {folder}/results.md, results.json and *.svg.\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="Amounts as documented instead of small ones.")
    parser.add_argument("--only", type=_listed, default=(), metavar="PARTS", help=f"Some of {','.join(PARTS)}.")
    parser.add_argument("--phases", type=_listed, default=(), help="Operations of the part ratios; all if none.")
    parser.add_argument("--rounds", type=int, help="How often ceiling and product take turns.")
    parser.add_argument("--seconds", type=float, help="At most this long for one operation in one round.")
    parser.add_argument("--operations", type=int, help="At most so many requests for one operation in one round.")
    parser.add_argument("--beside", type=Path, metavar="TREE", help="Another working tree of the product to compare.")
    parser.add_argument("--size", type=int, action="append", default=[], help="One more size of directory for growth.")
    parser.add_argument("--minutes", type=float, help="How long mixed load lasts for memory.")
    parser.add_argument("--hold", action="store_true", help="Start the servers, tell where they are, and wait.")
    parser.add_argument("--out", type=Path, default=servers.TREE / "var" / "bench", help="Where results go.")
    options = parser.parse_args()
    if unknown := set(options.only) - set(PARTS):
        parser.error(f"--only: there is no {', '.join(sorted(unknown))}: use some of {', '.join(PARTS)}.")
    return options


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)


def _heading(options: argparse.Namespace) -> list[str]:
    configuration = ", ".join(f"{name} {value}" for name, value in servers.configuration().items())
    return [
        f"Measured {time.strftime('%Y-%m-%d')}{'' if options.full else ' with small amounts (no --full)'}.",
        f"Everything on one machine, {servers.WORKERS} workers each: {machine.description()}.",
        f"PostgreSQL: {configuration}.",
    ]


def _hold(*held: servers.Server) -> None:
    for server in held:
        sys.stdout.write(
            f"{server.name}\n  base {server.base}\n  token {server.token}\n  database {server.database}\n"
            f"  workers {server.workers()}\n"
        )
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        signal.pause()
    except KeyboardInterrupt:
        sys.stdout.write("Stopping.\n")


if __name__ == "__main__":
    main()
