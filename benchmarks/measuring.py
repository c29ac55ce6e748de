"""Requests of one kind in a row, and the figures that they give."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from benchmarks.connection import Connection

Request = tuple[str, str, Any]
Figures = dict[str, Any]
GOOD = (200, 201, 204)


async def measure(
    connections: list[Connection],
    request: Callable[[int], Request],
    count: int,
    *,
    seconds: float,
    weight: int = 1,
    heard: Callable[[bytes], None] | None = None,
) -> Figures:
    """Send ``request(0)`` to ``request(count - 1)`` over these connections, for at most ``seconds``.

    ``weight`` is how many operations one request carries, ``heard`` gets each good answer's body. Bodies are
    made before the clock of a request starts.
    """
    times: list[float] = []
    statuses: Counter[int] = Counter()
    first_error = ""
    numbers = iter(range(count))
    end = time.perf_counter() + seconds

    async def work(connection: Connection) -> None:
        nonlocal first_error
        for number in numbers:
            if time.perf_counter() > end:
                return
            method, path, body = request(number)
            data = None if body is None else json.dumps(body).encode()
            began = time.perf_counter()
            status, answer = await connection.request(method, path, data)
            took = time.perf_counter() - began
            statuses[status] += 1
            if status in GOOD:
                times.append(took)
                if heard:
                    heard(answer)
            elif not first_error:
                first_error = f"{method} {path[:120]} → {status} {answer[:200].decode(errors='replace')}"

    began = time.perf_counter()
    await asyncio.gather(*map(work, connections))
    took = time.perf_counter() - began
    return figures(times, took, weight=weight) | {
        "errors": sum(number for status, number in statuses.items() if status not in GOOD),
        "statuses": {str(status): number for status, number in sorted(statuses.items())},
        **({"first_error": first_error} if first_error else {}),
    }


def figures(times: list[float], seconds: float, *, weight: int = 1) -> Figures:
    """Return operations, their rate a second, and the percentiles of their times in milliseconds."""
    ordered = sorted(times)
    return {
        "operations": len(ordered) * weight,
        "per_second": round(len(ordered) * weight / seconds, 1) if seconds else 0.0,
        **{f"p{share}_ms": round(percentile(ordered, share / 100) * 1000, 3) for share in (50, 95, 99)},
    }


def percentile(ordered: list[float], share: float) -> float:
    """Return the value below which this share of an ordered list lies; 0 for an empty one."""
    if not ordered:
        return 0.0
    position = (len(ordered) - 1) * share
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)
