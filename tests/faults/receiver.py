"""Somebody's HTTP server that webhooks are sent to: it verifies, keeps a record, and answers as it is told."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct
from standardwebhooks import Webhook

from fynlo.demo.data import PIZZERIA
from tests.live.house import House, Json

Answer = int | None | tuple[int, dict[str, str]]
"""A status, with headers or without; None hangs up."""


class Delivery(Struct):
    """A request, and how it was answered: 0 while it is not."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int = 0

    @property
    def message(self) -> Json:
        found: Json = json.loads(self.body)
        return found

    @property
    def seq(self) -> int:
        return int(self.message["seq"])

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified_by(self, secret: str) -> Any:
        """The message, as the standard's own library takes it. Raises WebhookVerificationError."""
        return Webhook(secret).verify(self.body, self.headers)


async def take(_delivery: Delivery) -> Answer:
    return 204


class Receiver:
    """`answer` decides on each delivery; `most_at_once` is how many were ever being answered together."""

    def __init__(self) -> None:
        self.answer: Callable[[Delivery], Awaitable[Answer]] = take
        self.deliveries: list[Delivery] = []
        self.at_once = 0
        self.most_at_once = 0
        self.port = 0
        self._changed = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?for=tests"

    @property
    def taken(self) -> list[int]:
        """The seqs that were answered with 2xx, in order."""
        return [d.seq for d in self.deliveries if 200 <= d.status < 300]

    async def until(self, holds: Callable[[], Any], within_s: float = 20.0) -> None:
        """Waits until it has received or answered what makes this true."""
        try:
            async with asyncio.timeout(within_s):
                while not holds():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            last = [(d.seq, d.status) for d in self.deliveries[-5:]]
            raise TimeoutError(f"{len(self.deliveries)} deliveries, the last {last}") from None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in head[1:] if line)
                }
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                assert head[0].startswith("POST ")
                delivery = Delivery(head[0].split(" ")[1], headers, body)
                self.deliveries.append(delivery)
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
                self._changed.set()
                try:
                    answer = await self.answer(delivery)
                finally:
                    self.at_once -= 1
                if answer is None:
                    break
                status, more = answer if isinstance(answer, tuple) else (answer, {})
                lines = [f"HTTP/1.1 {status} x", "content-length: 0", *[f"{n}: {v}" for n, v in more.items()]]
                writer.write("\r\n".join([*lines, "", ""]).encode())
                await writer.drain()
                delivery.status = status
                self._changed.set()
        writer.close()


@asynccontextmanager
async def receiving(
    answer: Callable[[Delivery], Awaitable[Answer]] = take, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """A receiver that listens on loopback."""
    receiver = Receiver()
    receiver.answer = answer
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        with contextlib.suppress(asyncio.CancelledError):  # at the end, which a stream's server would report
            await receiver.serve(reader, writer)
        serving.discard(task)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in tuple(serving):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


class Hook:
    """A webhook of the demo restaurant, and what is told of it."""

    def __init__(self, house: House, made: Json) -> None:
        self.house = house
        self.id: str = made["id"]
        self.secret: str = made["secret"]
        self.start: int = made["seq"]

    async def change(self, **fields: Any) -> Json:
        answer = await self.house.rest.patch(
            f"/webhooks/{self.id}", json=fields, headers=(await self.house.session()).headers
        )
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def replay(self, after: int) -> Json:
        return await self.house.post(f"/webhooks/{self.id}/replay", after=after)

    async def state(self) -> Json:
        found = await self.house.get("/webhooks", restaurant_id=str(PIZZERIA.id), limit=100)
        return next(one for one in found if one["id"] == self.id)

    async def run(self, sql: str) -> None:
        """What somebody does to its row, which stands behind `update webhooks set`."""
        async with self.house.psql() as conn:
            await conn.execute(f"update webhooks set {sql} where id = %s".encode(), (self.id,))

    async def hurry(self) -> None:
        """The next attempt is due."""
        await self.run("next_attempt_at = now()")


@asynccontextmanager
async def hooked(house: House, receiver: Receiver, **fields: Any) -> AsyncIterator[Hook]:
    """A webhook that leads to the receiver, deleted afterwards."""
    made = await house.post("/webhooks", restaurant_id=str(PIZZERIA.id), url=receiver.url, **fields)
    try:
        yield Hook(house, made)
    finally:
        headers = (await house.session()).headers
        answer = await house.rest.delete(f"/webhooks/{made['id']}", headers=headers)
        assert answer.status_code == 204
