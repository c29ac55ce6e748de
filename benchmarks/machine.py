"""What this machine is, and what the processes on it take (from /proc)."""

import os
import platform
from pathlib import Path

MEGABYTE = 2**20
TICKS = os.sysconf("SC_CLK_TCK")


def description() -> str:
    """Return processor, cores, memory and system in one line."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    processor = models[0] if models else platform.machine()
    return (
        f"{os.cpu_count()} cores ({processor}), {memory:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def family(pid: int) -> list[int]:
    """Return a process and everything below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def listens(pid: int) -> bool:
    """Return whether a process waits for connections on a TCP port of this machine."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return not sockets(pid).isdisjoint(row[9] for row in rows if row[3] == "0A")


def sockets(pid: int) -> set[str]:
    """Return the inodes of the sockets that a process holds."""
    found = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            kind, _, inode = os.readlink(descriptor).partition(":[")  # noqa: PTH115 - the text, not a path
        except OSError:
            continue
        if kind == "socket":
            found.add(inode.rstrip("]"))
    return found


def parent(pid: int) -> int:
    return int(_stat(pid)[1])


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process and everything below it, ended or not, has taken so far."""
    return sum(sum(map(int, fields[11:15])) for each in family(pid) if (fields := _stat(each))) / TICKS


def resident(pid: int, *, peak: bool = False) -> float:
    """Return the resident memory of one process in MB, or its peak since ``forget_peak``."""
    name = "VmHWM:" if peak else "VmRSS:"
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024 / MEGABYTE
    return 0.0


def forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _stat(pid: int) -> list[str]:
    """Return the fields of a process after its name (state, parent, …), none if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
