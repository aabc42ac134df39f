"""A shop with several tills: a server process, its database, its clock, and those who sell at once."""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg

from fynlo.demo.data import PIZZERIA
from tests.api.house import Database, Json, Person
from tests.api.wire import Order
from tests.cluster import Cluster
from tests.live.house import CASHIER, MANAGER, WAITER, eventually
from tests.serving import ServerProcess

from .careless import CARELESS, CLOCK, DAWDLING, UNGUARDED
from .proxy import Proxy


class Shop:
    """`careful` says whether the server is whole. Each of `people` sells at a till of their own."""

    def __init__(self, server: ServerProcess, database: Database, ahead: Path, careful: bool) -> None:
        self.server = server
        self.database = database
        self.careful = careful
        self.people: list[Person] = []
        self._ahead = ahead

    @property
    def waiter(self) -> Person:
        return self.people[0]

    @property
    def cashier(self) -> Person:
        return self.people[1]

    @property
    def manager(self) -> Person:
        return self.people[2]

    @asynccontextmanager
    async def tills(self, of: Person, count: int, port: int | None = None) -> AsyncIterator[list[Person]]:
        """So many more tills of somebody, each with connections of its own; `port` is that of a proxy."""
        url = f"http://127.0.0.1:{port}" if port else self.server.url
        tills = [Person(url, signed_in=of.signed_in) for _ in range(count)]
        try:
            yield tills
        finally:
            for till in tills:
                await till.client.aclose()

    @asynccontextmanager
    async def cut_off(self, of: Person) -> AsyncIterator[Person]:
        """A till that never gets an answer: its line is cut when that comes."""
        async with (
            Proxy(self.server.port, lasts=lambda: 0.0) as proxy,
            self.tills(of, 1, proxy.port) as (till,),
        ):
            yield till

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """No commit that changes an order goes through meanwhile: the place of its event in the feed is taken."""
        with psycopg.connect(self.database.url) as conn:
            conn.execute("select from feed_heads where restaurant_id = %s for update", (PIZZERIA.id,))
            yield
            conn.rollback()

    async def at_once(
        self, *asked: Coroutine[Any, Any, httpx.Response], held: bool = True
    ) -> list[httpx.Response]:
        """The answers to changes of one thing; where they are held, none commits before all of them have begun."""
        if not held:
            return await asyncio.gather(*asked)
        with self.held_back():
            tasks = [asyncio.create_task(each) for each in asked]
            await self.waiting(len(tasks))
        return await asyncio.gather(*tasks)

    async def waiting(self, count: int, since: datetime | None = None) -> None:
        """Returns once so many connections, of those made since then, wait for another's lock."""
        sql = (
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and wait_event_type = 'Lock' and backend_start >= coalesce(%s::timestamptz, '-infinity')"
        )
        await eventually(lambda: self.database.value(sql, since) >= count)

    async def die(self) -> datetime:
        """The server is killed with -9 and comes back. The time of the database in between."""
        await asyncio.to_thread(self.server.kill)
        died: datetime = self.database.value("select clock_timestamp()")
        await asyncio.to_thread(self.server.start)
        await asyncio.to_thread(self.server.await_ready)
        return died

    def set_clock(self, at: datetime | None) -> None:
        """It is that time now at the server, and goes on from there; None: as it is."""
        seconds = (at - datetime.now(UTC)).total_seconds() if at is not None else 0.0
        written = self._ahead.with_suffix(".new")
        written.write_text(str(seconds))
        os.replace(written, self._ahead)

    def told(self, order_id: UUID) -> list[tuple[str, Json]]:
        """What the log says of an order, in that order."""
        found: list[tuple[str, Json]] = self.database.rows(
            "select type, data from order_events where data #>> '{order,id}' = %s order by seq", str(order_id)
        )
        return found

    async def read(self, order: Order) -> Order:
        return await self.waiter.read(order.id)


@asynccontextmanager
async def open_shop(
    cluster: Cluster, folder: Path, *, careful: bool, workers: int = 2
) -> AsyncIterator[Shop]:
    """On a database of its own."""
    ahead = folder / f"ahead-{careful}"
    ahead.write_text("0")
    patched = CLOCK.format(ahead=str(ahead)) + (DAWDLING if careful else CARELESS)
    async with AsyncExitStack() as stack:
        url = stack.enter_context(cluster.database(cluster.seeded()))
        database = stack.enter_context(Database(url))
        if not careful:
            database.run(UNGUARDED)
        server = ServerProcess(url, patched=patched, FYNLO_WORKERS=str(workers))
        stack.push_async_callback(asyncio.to_thread, server.stop)
        await asyncio.to_thread(server.start)
        await asyncio.to_thread(server.await_ready)
        shop = Shop(server, database, ahead, careful)
        for email in (WAITER, CASHIER, MANAGER):
            person = await Person.sign_in(server.url, email)
            stack.push_async_callback(person.client.aclose)
            shop.people.append(person)
        yield shop


def statuses(answers: list[httpx.Response]) -> list[int]:
    return sorted(answer.status_code for answer in answers)
