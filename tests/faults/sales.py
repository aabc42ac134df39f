"""Those who sell over REST while a fault happens: each order is sent again, under its key, until it is answered."""

import asyncio
from uuid import uuid4

import httpx

from fynlo.demo.data import PIZZERIA
from tests.live.house import PRODUCT, House, Json, eventually

from .oracle import PATIENCE_S

BODY: Json = {"restaurant_id": str(PIZZERIA.id), "type": "takeaway", "items": [{"product_id": PRODUCT}]}
AGAIN = {409, 429, 503}


class Sales:
    """So many sellers, at one house, one order after the other."""

    def __init__(self, house: House, sellers: int) -> None:
        self.made: dict[str, Json] = {}
        """What was answered, by id."""
        self.tries = 0
        self._house = house
        self._ending = asyncio.Event()
        self._tasks = [asyncio.create_task(self._sell()) for _ in range(sellers)]

    async def _sell(self) -> None:
        while not self._ending.is_set():
            order = await self._order(str(uuid4()))
            self.made[order["id"]] = order

    async def _order(self, key: str) -> Json:
        while True:
            self.tries += 1
            headers = {**(await self._house.session()).headers, "idempotency-key": key}
            try:
                answer = await self._house.rest.post("/orders", json=BODY, headers=headers)
            except httpx.TransportError:
                await asyncio.sleep(0.05)
                continue
            if answer.status_code not in AGAIN:
                assert answer.status_code == 201, answer.text
                order: Json = answer.json()
                return order
            await asyncio.sleep(0.05)

    async def reach(self, orders: int, within_s: float = PATIENCE_S) -> None:
        """Waits until so many are made, from now on."""
        wanted = len(self.made) + orders
        await eventually(
            lambda: len(self.made) >= wanted or any(task.done() for task in self._tasks), within_s
        )

    async def end(self) -> None:
        """Ends it once each seller has its answer."""
        self._ending.set()
        await asyncio.gather(*self._tasks)
