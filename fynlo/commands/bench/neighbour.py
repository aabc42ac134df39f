"""From a commit in one process to the sockets of another, in the coalesced mode."""

from __future__ import annotations

import asyncio
import time
from uuid import uuid4

import httpx

from fynlo.commands import percentile
from fynlo.commands.bench.house import House
from fynlo.commands.bench.report import Figure
from fynlo.commands.bench.screens import screens
from fynlo.demo.data import PIZZERIA

SCREENS = 10
ORDERS_A_SECOND = 50
WITHIN_MS = 10.0
PATIENCE_S = 30.0
PATH = f"/api/v1/websocket/ws/pos/{PIZZERIA.id}"


async def run(house: House, body: bytes, hello: str, rounds: int, seconds: float) -> list[Figure]:
    """Milliseconds from the writing of an order's event, just before its commit, to the sockets of a process
    that hears of it by NOTIFY alone; beside those of the process that took the order."""
    own, other = await house.serve(FYNLO_NOTIFY="coalesced"), await house.serve(FYNLO_NOTIFY="coalesced")
    orders = max(1, round(seconds * ORDERS_A_SECOND))
    found: dict[str, list[float]] = {"p50": [], "p95": [], "p99": []}
    floors: dict[str, list[float]] = {"p50": [], "p95": [], "p99": []}
    headers = {"authorization": f"Bearer {await house.token(own)}", "content-type": "application/json"}
    async with (
        screens(own, [PATH] * SCREENS, hello) as here,
        screens(other, [PATH] * SCREENS, hello) as there,
        httpx.AsyncClient(base_url=own, headers=headers, timeout=PATIENCE_S) as till,
    ):
        for _ in range(rounds):
            watches = [await crowd.watch(orders * SCREENS, seconds + PATIENCE_S) for crowd in (here, there)]
            await _sell(till, body, orders)
            seen = [await watch.seen() for watch in watches]
            if any(one.events != orders * SCREENS for one in seen):
                raise RuntimeError(
                    f"the screens saw {[one.events for one in seen]} events of {orders * SCREENS}"
                )
            for kept, one in zip((floors, found), seen, strict=True):
                for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
                    kept[name].append(1000 * (percentile(one.times, share) or 0))
    return [
        Figure(
            f"coalesced, {ORDERS_A_SECOND} orders/s, to another process's sockets, {name}", "ms",
            found[name], floors[name], at_most=WITHIN_MS if name != "p99" else None,
        )
        for name in found
    ]  # fmt: skip


async def _sell(till: httpx.AsyncClient, body: bytes, orders: int) -> None:
    """So many orders, evenly spaced, whether or not the one before has been answered."""

    async def sell() -> None:
        answer = await till.post("/api/v1/orders", content=body, headers={"idempotency-key": str(uuid4())})
        answer.raise_for_status()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(orders):
            await asyncio.sleep(max(0.0, began + number / ORDERS_A_SECOND - time.perf_counter()))
            group.create_task(sell())
