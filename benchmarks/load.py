"""One SCIM server under load: connections, people to ask about, requests, and the figures they give."""

import json
import random
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from benchmarks import machine
from benchmarks.balance import balanced
from benchmarks.bodies import Bodies
from benchmarks.connection import Connection
from benchmarks.measuring import Figures, Request, measure

MEMBERS = 1000


@dataclass(frozen=True)
class Amounts:
    """How much is sent: at most ``operations`` or ``seconds`` of each kind; groups of ``members`` members."""

    users: int = 1500
    operations: int = 1000
    group_operations: int = 20
    members: int = MEMBERS
    seconds: float = 7
    at_once: int = 4
    only: frozenset[str] = frozenset()


@dataclass
class Load:
    """One server under load; ``users`` is who it has: (id, userName), ``workers`` the processes that answer.

    ``pids`` are the processes whose CPU time, with all below them, is counted for each operation.
    """

    base: str
    token: str
    amounts: Amounts = Amounts()
    users: list[tuple[str, str]] = field(default_factory=list)
    workers: list[int] = field(default_factory=list)
    pids: list[int] = field(default_factory=list)
    results: dict[str, Figures] = field(default_factory=dict)
    connections: list[Connection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bodies = Bodies()
        self.random = random.Random(7)  # noqa: S311 - the same choices for every server

    async def open(self) -> None:
        self.connections = await balanced(self.base, self.token, self.amounts.at_once, self.workers)

    def close(self) -> None:
        for connection in self.connections:
            connection.close()

    async def measure(
        self,
        name: str,
        request: Any,
        count: int = 0,
        *,
        one: bool = False,
        always: bool = False,
        seconds: float = 0,
        **options: Any,
    ) -> None:
        """Measure one operation unless it was not asked for; ``one`` connection or all of them."""
        if self.amounts.only and name not in self.amounts.only and not always:
            return
        usual = self.amounts.group_operations if one else self.amounts.operations
        before = sum(map(machine.cpu_seconds, self.pids))
        found = self.results[name] = await measure(
            self.connections[:1] if one else self.connections,
            request,
            count or usual,
            seconds=seconds or self.amounts.seconds,
            **options,
        )
        if found["operations"]:
            taken = sum(map(machine.cpu_seconds, self.pids)) - before
            found["cpu_ms"] = round(taken / found["operations"] * 1000, 3)

    async def ask(self, method: str, path: str, body: Any = None) -> bytes:
        """Return the body of an answer outside the figures."""
        status, answer = await self.connections[0].request(method, path, body)
        if status not in (200, 201, 204):
            raise SystemExit(f"{method} {path} → {status} {answer[:300].decode(errors='replace')}")
        return answer

    def pick(self) -> tuple[str, str]:
        return self.random.choice(self.users)

    def posting(self, _: int) -> Request:
        return "POST", "/Users", self.bodies.user()

    def keep(self, answer: bytes) -> None:
        user = json.loads(answer)
        self.users.append((user["id"], user["userName"]))

    def replacing(self, number: int) -> Request:
        id, user_name = self.pick()
        return "PUT", f"/Users/{id}", self.bodies.user(user_name, id=id, displayName=f"Changed {number}")

    def changing(self, body: dict[str, Any]) -> Request:
        return "PATCH", f"/Users/{self.pick()[0]}", body

    async def fill(self, number: int) -> None:
        """Create users, outside the figures, until there are that many."""
        missing = number - len(self.users)
        await measure(self.connections, self.posting, max(0, missing), seconds=120, heard=self.keep)

    async def check_filter(self) -> None:
        id, user_name = self.pick()
        found = json.loads(await self.ask(*find(f'userName eq "{user_name}"')))
        if found["totalResults"] != 1 or found["Resources"][0]["id"] != id:
            raise SystemExit(f"The filter for {user_name} found {found['totalResults']} users.")


def find(condition: str, **parameters: Any) -> Request:
    """Return the request for the users that a filter finds."""
    more = "".join(f"&{name}={value}" for name, value in parameters.items())
    return "GET", f"/Users?filter={quote(condition)}{more}", None
