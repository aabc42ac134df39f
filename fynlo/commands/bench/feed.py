"""The feed: from a commit to ten screens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
import msgspec
from msgspec import Struct
from websockets.asyncio.client import ClientConnection, connect

from fynlo.client import ApiClient
from fynlo.commands import percentile
from fynlo.commands.bench.house import OWNER, House
from fynlo.commands.bench.orders import an_order
from fynlo.commands.bench.report import Figure
from fynlo.commands.simulate import orderable
from fynlo.demo.data import PASSWORD, PIZZERIA

SCREENS = 10
ORDERS_A_SECOND = 100
PATIENCE_S = 20.0


class _Event(Struct):
    type: str
    timestamp: datetime | None = None


class _Sent(Struct):
    sent_at: float
    filler: str


async def run(house: House, rounds: int, seconds: float) -> list[Figure]:
    """Milliseconds from the writing of the event, just before its commit, to each of ten sockets, at 100
    orders a second; beside a bare application that broadcasts as many bytes when it is told to."""
    address, bare = await house.serve(), await house.floor()
    token = await house.token(address)
    async with ApiClient(address) as api:
        await api.login(OWNER.email, PASSWORD)
        menu = [product for product in (await api.menu_all(str(PIZZERIA.id))).items if orderable(product)]
    body = msgspec.json.encode(an_order(menu))
    found: dict[str, list[float]] = {name: [] for name in ("p50", "p95", "p99", "b50", "b95", "b99")}
    for _ in range(rounds):
        times = await _feed(address, token, body, seconds)
        floors = await _broadcast(bare, seconds)
        for name, share in (("50", 0.5), ("95", 0.95), ("99", 0.99)):
            found[f"p{name}"].append(1000 * (percentile(times, share) or 0))
            found[f"b{name}"].append(1000 * (percentile(floors, share) or 0))
    return [
        Figure(f"commit to socket, {name}", "ms", found[name], found[f"b{name[1:]}"])
        for name in ("p50", "p95", "p99")
    ]


async def _feed(address: str, token: str, body: bytes, seconds: float) -> list[float]:
    url = f"{address.replace('http', 'ws', 1)}/api/v1/websocket/ws/pos/{PIZZERIA.id}"
    hello = msgspec.json.encode({"type": "authenticate", "token": token}).decode()
    orders = round(seconds * ORDERS_A_SECOND)
    times: list[float] = []
    decode = msgspec.json.Decoder(_Event).decode

    async def watch(socket: ClientConnection) -> None:
        seen = 0
        while seen < orders:
            event = decode(await socket.recv())
            if event.type == "order.created" and event.timestamp is not None:
                times.append(time.time() - event.timestamp.timestamp())
                seen += 1

    sockets = [await connect(url, compression=None) for _ in range(SCREENS)]
    for socket in sockets:
        await socket.send(hello)
        await socket.recv()  # authenticated
    limits = httpx.Limits(max_connections=8, max_keepalive_connections=8)
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {token}"}, limits=limits) as client:

        async def post() -> None:
            headers = {"idempotency-key": str(uuid4()), "content-type": "application/json"}
            (await client.post(f"{address}/api/v1/orders", content=body, headers=headers)).raise_for_status()

        async with asyncio.timeout(seconds + PATIENCE_S), asyncio.TaskGroup() as group:
            for socket in sockets:
                group.create_task(watch(socket))
            group.create_task(_paced(post, orders))
    await asyncio.gather(*(socket.close() for socket in sockets))
    return times


async def _broadcast(address: str, seconds: float) -> list[float]:
    """The same over the bare application: as many messages of the same size, without a database."""
    orders = round(seconds * ORDERS_A_SECOND)
    times: list[float] = []
    decode = msgspec.json.Decoder(_Sent).decode

    async def watch(socket: ClientConnection) -> None:
        for _ in range(orders):
            sent = decode(await socket.recv())
            times.append(time.time() - sent.sent_at)

    sockets = [await connect(address.replace("http", "ws", 1), compression=None) for _ in range(SCREENS)]
    async with httpx.AsyncClient() as client:

        async def post() -> None:
            content = msgspec.json.encode(_Sent(time.time(), "x" * 2_400))
            (await client.post(f"{address}/broadcast", content=content)).raise_for_status()

        async with asyncio.timeout(seconds + PATIENCE_S), asyncio.TaskGroup() as group:
            for socket in sockets:
                group.create_task(watch(socket))
            group.create_task(_paced(post, orders))
    await asyncio.gather(*(socket.close() for socket in sockets))
    return times


async def _paced(post: Callable[[], Coroutine[Any, Any, None]], count: int) -> None:
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / ORDERS_A_SECOND - time.perf_counter()))
            group.create_task(post())
