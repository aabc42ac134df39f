"""A load of HTTP requests from one process: as lean as can be, so that it is the server that is measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from fynlo.commands import percentile


class Load(Struct):
    """What came back: answers a second, and times in seconds."""

    rate: float
    times: list[float]
    statuses: dict[int, int]

    def ms(self, share: float) -> float:
        """The time in milliseconds that this share of the answers did not exceed."""
        return 1000 * (percentile(self.times, share) or 0.0)


class _Client(asyncio.Protocol):
    """One connection: sends the next request when the answer to the last one is whole."""

    def __init__(self, requests: Iterator[bytes], deadline: float, load: Load) -> None:
        self._requests = requests
        self._deadline = deadline
        self._load = load
        self._head = b""
        self._left = 0
        self._sent_at = 0.0
        self._transport: Any = None
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def _next(self) -> None:
        self._sent_at = time.perf_counter()
        if self._sent_at >= self._deadline:
            self._transport.close()
            return
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        if self._left:
            self._left -= len(data)
        else:
            self._head += data
            head, found, rest = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            self._head = b""
            status = int(head[9:12])
            self._load.statuses[status] = self._load.statuses.get(status, 0) + 1
            at = head.lower().find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            self._left = length - len(rest)
        if self._left == 0:
            self._load.times.append(time.perf_counter() - self._sent_at)
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if not self.done.done():
            self.done.set_result(None)


async def load(
    address: str, make: Callable[[], Iterator[bytes]], *, connections: int, seconds: float
) -> Load:
    """Keep so many connections busy for so long."""
    parts = urlsplit(address)
    counted = Load(0.0, [], {})
    began = time.perf_counter()
    loop = asyncio.get_running_loop()
    clients = []
    for _ in range(connections):
        _, client = await loop.create_connection(
            lambda: _Client(make(), began + seconds, counted), parts.hostname or "", parts.port or 0
        )
        clients.append(client)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds + 20):
            await asyncio.gather(*(client.done for client in clients))
    counted.rate = len(counted.times) / (time.perf_counter() - began)
    return counted


def request(
    method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "host: bench"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")
