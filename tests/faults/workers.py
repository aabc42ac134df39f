"""The workers of a server as the kernel sees them (Linux): which are there, what they hold, whose a socket is."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.live.house import House

KIB = 1_024


def pids(house: House) -> list[int]:
    """The worker processes of a house's server."""
    return [pid for pid in house.server.children() if b"resource_tracker" not in _command(pid)]


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@contextmanager
def frozen(*houses: House) -> Iterator[None]:
    """The workers do nothing meanwhile, as on a machine that is paused."""
    stopped = [pid for house in houses for pid in pids(house)]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


def resident_bytes(house: House) -> int:
    """The memory of all workers."""
    total = 0
    for pid in pids(house):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1]) * KIB
    return total


def descriptors(house: House) -> int:
    """How many files and sockets the workers have open."""
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids(house))


def holder(house: House, client_port: int) -> int | None:
    """The worker that holds the other end of our connection from this port; None where there is none."""
    inode = None
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        ports = [int(address.rpartition(":")[2], 16) for address in fields[1:3]]
        if ports == [house.server.port, client_port]:
            inode = fields[9]
    for pid in pids(house):
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                if os.readlink(f"/proc/{pid}/fd/{name}") == f"socket:[{inode}]":
                    return pid
            except FileNotFoundError:
                continue
    return None
