"""Many clients at once, each asking at its own steady pace, whatever the server answers."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass

from benchmarks import bodies
from benchmarks.bodies import Bodies, external_id
from benchmarks.connection import Connection
from benchmarks.load import find
from benchmarks.measuring import GOOD, Figures, Request, figures

# What a provisioning service does all day: looks people up, changes some, moves some between groups.
SHARES = {
    "filter_user_name": 30,
    "get_user": 15,
    "filter_external_id": 5,
    "list_100": 2,
    "patch_user": 20,
    "put_user": 8,
    "post_user": 6,
    "add_member": 7,
    "remove_member": 7,
}
CONNECTIONS = 4


@dataclass
class Client:
    """One tenant's client: its directory, and one group whose members come and go."""

    base: str
    token: str
    users: list[list[str]]
    group: str

    def __post_init__(self) -> None:
        self.bodies = Bodies()
        self.random = random.Random(self.token)  # noqa: S311 - decides about nothing

    def request(self) -> tuple[str, Request]:
        """Return the next request and the name of its kind."""
        kind = self.random.choices(list(SHARES), list(SHARES.values()))[0]
        id, user_name = self.random.choice(self.users)
        user = f"/Users/{id}"
        match kind:
            case "filter_user_name":
                return kind, find(f'userName eq "{user_name}"')
            case "filter_external_id":
                return kind, find(f'externalId eq "{external_id(user_name)}"')
            case "get_user":
                return kind, ("GET", user, None)
            case "list_100":
                return kind, ("GET", "/Users?startIndex=1&count=100", None)
            case "patch_user":
                return kind, ("PATCH", user, bodies.set_active(self.random.random() < 0.5))
            case "put_user":
                return kind, ("PUT", user, self.bodies.user(user_name, id=id))
            case "post_user":
                return kind, ("POST", "/Users", self.bodies.user())
            case "add_member":
                return kind, ("PATCH", f"/Groups/{self.group}", bodies.add_member(id))
        return kind, ("PATCH", f"/Groups/{self.group}", bodies.remove_member(id))


async def mixed(clients: list[Client], per_second: float, seconds: float) -> Figures:
    """Let every client send ``per_second`` requests, and return the figures of all of them together.

    The time of a request counts from when it was due, so that a server that falls behind is seen to.
    """
    times: list[float] = []
    statuses: Counter[int] = Counter()
    wrong: Counter[str] = Counter()

    async def send(client: Client, due: "asyncio.Queue[float | None]") -> None:
        connection = Connection(client.base, client.token)
        while (moment := await due.get()) is not None:
            kind, request = client.request()
            status, answer = await connection.request(*request)
            statuses[status] += 1
            times.append(time.perf_counter() - moment)
            if status not in GOOD:
                wrong[f"{kind} → {status} {answer[:120].decode(errors='replace')}"] += 1
        connection.close()

    async def pace(client: Client, offset: float) -> None:
        due: asyncio.Queue[float | None] = asyncio.Queue()
        senders = [asyncio.create_task(send(client, due)) for _ in range(CONNECTIONS)]
        begin = time.perf_counter() + offset / per_second
        for number in range(int(per_second * seconds)):
            moment = begin + number / per_second
            await asyncio.sleep(max(0.0, moment - time.perf_counter()))
            due.put_nowait(moment)
        for _ in senders:
            due.put_nowait(None)
        await asyncio.gather(*senders)

    began = time.perf_counter()
    await asyncio.gather(*(pace(client, number / len(clients)) for number, client in enumerate(clients)))
    found = figures(times, time.perf_counter() - began)
    return found | {
        "longest_ms": round(max(times, default=0.0) * 1000, 1),
        "too_many": statuses[429],
        "refused": sum(number for status, number in statuses.items() if 400 <= status < 500),
        "failed": sum(number for status, number in statuses.items() if status >= 500 or status == 0),
        "first_errors": [f"{number} × {line}" for line, number in wrong.most_common(5)],
    }
