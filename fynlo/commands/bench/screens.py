"""Many screens, in a process of their own (`crowd.py`), which is told what to do in lines of JSON: a `Crowd` to
open, answered when it stands; then, again and again, a `Watch`, answered when it has begun, and with what was
`Seen` when it has ended.
"""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from fynlo.processes import leave_the_terminal

T = TypeVar("T")


class Crowd(Struct):
    """The sockets to open, by path; each says `hello` and is answered with one message."""

    host: str
    port: int
    paths: Sequence[str]
    hello: str


class Watch(Struct):
    """Count events until so many have come, or the time is up, or another line is said."""

    events: int
    within_s: float
    timed: bool = True


class Seen(Struct):
    """What came: `times` are seconds from the writing of an event to its receipt, `seconds` from the first
    receipt to the last."""

    events: int
    size: int
    seconds: float
    times: list[float]

    @property
    def rate(self) -> float:
        """Events a second, from the first to the last."""
        return self.events / self.seconds if self.seconds else 0.0


class Watching:
    """A watch that has begun."""

    def __init__(self, ask: asyncio.StreamWriter, answers: asyncio.StreamReader) -> None:
        self._ask = ask
        self._answers = answers

    async def end(self) -> None:
        """Don't wait for more."""
        self._ask.write(b"\n")
        await self._ask.drain()

    async def seen(self) -> Seen:
        """What came, when the watch has ended."""
        return await _heard(self._answers, Seen)


class Screens:
    """Open sockets."""

    def __init__(self, ask: asyncio.StreamWriter, answers: asyncio.StreamReader) -> None:
        self._ask = ask
        self._answers = answers

    async def watch(self, events: int, within_s: float, *, timed: bool = True) -> Watching:
        """Begin to count. Every socket has pinged and been answered when this returns."""
        self._ask.write(msgspec.json.encode(Watch(events, within_s, timed)) + b"\n")
        await _heard(self._answers, bool)
        return Watching(self._ask, self._answers)


async def _heard(answers: asyncio.StreamReader, kind: type[T]) -> T:
    line = await answers.readline()
    if not line:
        raise RuntimeError("the screens have ended; what they said is above")
    return msgspec.json.decode(line, type=kind)


@asynccontextmanager
async def screens(address: str, paths: Sequence[str], hello: str = "{}") -> AsyncIterator[Screens]:
    """A socket for each path, open and answered, until the end of the block."""
    parts = urlsplit(address)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "fynlo.commands.bench.crowd",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=2**28,
        preexec_fn=partial(leave_the_terminal, signal.SIGKILL),
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        crowd = Crowd(parts.hostname or "", parts.port or 0, paths, hello)
        process.stdin.write(msgspec.json.encode(crowd) + b"\n")
        await _heard(process.stdout, bool)
        yield Screens(process.stdin, process.stdout)
    finally:
        process.kill()
        await process.wait()
