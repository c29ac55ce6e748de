"""Connections spread evenly over a server's workers.

Whichever worker is awake first accepts a connection, so that four of them may all end at one worker of two: on one
machine that decides more than what is measured.
"""

from pathlib import Path

from benchmarks import machine
from benchmarks.connection import Connection

TRIES = 40


async def balanced(base: str, token: str, count: int, workers: list[int]) -> list[Connection]:
    """Return ``count`` connections, as many to each of these processes as to the others; one is to the first.

    Where they cannot be told apart they are as they come.
    """
    workers = workers[:count]
    kept: dict[int, list[Connection]] = {pid: [] for pid in workers}
    spare: list[Connection] = []
    share = -(-count // max(1, len(workers)))
    for _ in range(TRIES if workers else 0):
        if sum(map(len, kept.values())) >= count:
            break
        connection = Connection(base, token)
        await connection.open()
        pid = _accepted_by(connection.port, workers)
        (kept[pid] if pid and len(kept[pid]) < share else spare).append(connection)
    found = [each for connections in kept.values() for each in connections][:count]
    while len(found) < count:
        found.append(spare.pop() if spare else Connection(base, token))
    for connection in spare:
        connection.close()
    return found


def _accepted_by(port: int, workers: list[int]) -> int | None:
    """Return the process at the other end of the connection that comes from this port of this machine."""
    inode = _socket_of(port)
    return next((pid for pid in workers if inode and inode in machine.sockets(pid)), None)


def _socket_of(port: int) -> str:
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[2].rpartition(":")[2], 16) == port:
            return fields[9]
    return ""
