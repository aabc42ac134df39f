"""Those who write while a fault happens."""

import asyncio
import random
from typing import Any
from uuid import UUID

import psycopg

from fynlo.demo.data import PIZZERIA
from tests.live.house import House, Json, eventually

from .oracle import PATIENCE_S

CHANGE = (
    "update orders set notes = coalesce(notes, '') || '+', covers = coalesce(covers, 0) + 1 where id = %s"
)


class Load:
    """Writers as psycopg makes them: orders and changes of them, some rolled back, some slow to commit.

    `rest_s` is the longest rest between two orders. Whatever error a fault brings is part of the load: the
    transaction is gone or it isn't, the log knows.
    """

    def __init__(
        self, house: House, writers: int, *, restaurant_id: UUID = PIZZERIA.id, rest_s: float = 0.02
    ) -> None:
        self.committed = 0
        self.rolled_back = 0
        self.broken = 0
        self.acknowledged: dict[str, int] = {}
        """Each order that was committed, and how often it was changed since."""
        self._house = house
        self._restaurant_id = restaurant_id
        self._rest_s = rest_s
        self._ending = asyncio.Event()
        self._tasks = [asyncio.create_task(self._write(random.Random(n))) for n in range(writers)]

    async def _write(self, dice: random.Random) -> None:
        mine: list[str] = []
        while not self._ending.is_set():
            try:
                async with self._house.psql() as conn:
                    while not self._ending.is_set():
                        await self._transaction(conn, dice, mine)
            except (psycopg.Error, OSError):
                self.broken += 1
                await asyncio.sleep(0.05)

    async def _transaction(
        self, conn: psycopg.AsyncConnection[Any], dice: random.Random, mine: list[str]
    ) -> None:
        rolled_back = dice.random() < 0.25
        # An order takes its number of the day, and with it the turn of all others, until the commit; a change
        # takes nothing of the kind, so that it is these that overlap.
        changed = dice.choice(mine) if mine and dice.random() < 0.6 else None
        async with conn.transaction(force_rollback=rolled_back):
            if changed is not None:
                order = changed
                await conn.execute(CHANGE, (order,))
            else:
                done = await conn.execute(
                    "insert into orders (restaurant_id, notes) values (%s, %s) returning id::text",
                    (self._restaurant_id, dice.choice(("window", None))),
                )
                ((order,),) = await done.fetchall()
            if dice.random() < 0.3:
                await conn.execute("select pg_sleep(%s)", (dice.random() * 0.02,))
            if dice.random() < 0.3:
                # Not a nested block: that one hides a connection that broke, and the outer one then says nothing.
                await conn.execute("savepoint doubtful")
                await conn.execute("update orders set notes = 'never' where id = %s", (order,))
                await conn.execute("rollback to doubtful")
        if rolled_back:
            self.rolled_back += 1
        else:
            self._acknowledge(order, made=changed is None)
            if changed is None:
                mine.append(order)
                if dice.random() < 0.5:
                    await conn.execute(CHANGE, (order,))
                    self._acknowledge(order)
        await asyncio.sleep(dice.random() * self._rest_s)

    def _acknowledge(self, order: str, *, made: bool = False) -> None:
        self.committed += 1
        self.acknowledged[order] = 0 if made else self.acknowledged[order] + 1

    async def reach(self, commits: int, within_s: float = PATIENCE_S) -> None:
        """Waits until it has committed so many times, from now on."""
        wanted = self.committed + commits
        await eventually(lambda: self.committed >= wanted, within_s)

    def lost(self, picture: dict[str, Json]) -> list[str]:
        """The orders that were acknowledged and that are not in the picture, or not as changed."""
        return [
            order
            for order, changes in self.acknowledged.items()
            if order not in picture or (picture[order]["covers"] or 0) < changes
        ]

    async def end(self) -> None:
        """Ends it once each writer has ended what it was at."""
        self._ending.set()
        await asyncio.gather(*self._tasks)


async def burst(house: House, count: int, restaurant_id: UUID = PIZZERIA.id, *, size: int = 0) -> None:
    """So many orders in one transaction, each with a note of so many characters."""
    async with house.psql() as conn:
        await conn.execute(
            "insert into orders (restaurant_id, notes) select %s, nullif(repeat('x', %s), '')"
            " from generate_series(1, %s)",
            (restaurant_id, size, count),
        )


async def active(house: House) -> int:
    """How many sockets the server has."""
    answer = await house.rest.get(house.server.url + "/health/websocket")
    return int(answer.json()["active_connections"])
