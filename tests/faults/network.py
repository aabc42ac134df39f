"""A network of its own that can be pulled out (Linux, as root): what is on it vanishes without a word."""

import asyncio
import ctypes
import os
import random
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

CLONE_NEWNET = 0x40000000


class Network:
    """One machine, and the cable to it; `here` is our address on it."""

    def __init__(self, here: str, cable: str, holder: int) -> None:
        self.here = here
        self._cable = cable
        self._holder = holder

    def pull(self) -> None:
        """Nothing that is sent arrives any more, in either direction."""
        _run("ip", "link", "set", self._cable, "down")

    async def connect(self, port: int) -> socket.socket:
        """A socket from over there to this port here."""
        return await asyncio.to_thread(self._connect, port)

    def _connect(self, port: int) -> socket.socket:
        made: list[socket.socket] = []

        def over_there() -> None:  # a thread of its own, which is over there for good
            with open(f"/proc/{self._holder}/ns/net") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(socket.create_connection((self.here, port), timeout=5))

        thread = Thread(target=over_there)
        thread.start()
        thread.join()
        made[0].setblocking(False)
        return made[0]


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def network() -> Iterator[Network | None]:
    """None where this machine does not let us make one."""
    if (
        sys.platform != "linux"
        or os.geteuid() != 0
        or not all(map(shutil.which, ("ip", "nsenter", "unshare")))
    ):
        yield None
        return
    holder = subprocess.Popen(["unshare", "-n", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    cable, end = (f"fynlo{random.randrange(16**6):06x}{side}" for side in "ab")
    subnet = f"10.{random.randrange(200, 250)}.{random.randrange(250)}"
    inside = ("nsenter", "-t", str(holder.pid), "-n")
    try:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write(b"there\n")
        holder.stdin.flush()
        holder.stdout.readline()  # by then it is over there
        try:
            _run("ip", "link", "add", cable, "type", "veth", "peer", "name", end, "netns", str(holder.pid))
            _run("ip", "addr", "add", f"{subnet}.1/30", "dev", cable)
            _run("ip", "link", "set", cable, "up")
            _run(*inside, "ip", "addr", "add", f"{subnet}.2/30", "dev", end)
            _run(*inside, "ip", "link", "set", end, "up")
        except subprocess.CalledProcessError:
            yield None
            return
        yield Network(f"{subnet}.1", cable, holder.pid)
    finally:
        holder.communicate()  # its network ends with it, and the cable with that
