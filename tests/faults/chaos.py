"""Everything at once: what happens to two servers and their Postgres while clients are cut off by the thousand."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID, uuid4

import httpx

from fynlo.demo.data import PIZZERIA
from tests.live.house import PRODUCT, House
from tests.serving import ServerProcess

from .load import Load
from .proxy import Proxy

AVERAGE_BYTES = 60_000
OUTCOMES = {200, 201, 503}
"""What a till may hear while everything falls down: it is done, or try again."""


class Till:
    """Sells over REST, through one server after another, at a steady pace, whatever is up."""

    def __init__(self, *houses: House, rest_s: float) -> None:
        self.answers: Counter[int | str] = Counter()
        self.made: set[str] = set()
        self._houses = houses
        self._rest_s = rest_s
        self._task = asyncio.create_task(self._sell())

    async def _sell(self) -> None:
        while True:
            house = random.choice(self._houses)
            try:
                made = await self._post(
                    house,
                    "/orders",
                    restaurant_id=str(PIZZERIA.id),
                    type="takeaway",
                    items=[{"product_id": PRODUCT}],
                )
                if made is not None:
                    self.made.add(made)
                    await self._post(house, f"/orders/{made}/items", items=[{"product_id": PRODUCT}])
            except httpx.TransportError:
                self.answers["no answer"] += 1
            await asyncio.sleep(self._rest_s * random.uniform(0.5, 1.5))

    async def _post(self, house: House, path: str, **body: object) -> str | None:
        headers = {**(await house.session()).headers, "idempotency-key": str(uuid4())}
        answer = await house.rest.post(path, json=body, headers=headers)
        self.answers[answer.status_code] += 1
        return str(answer.json()["id"]) if answer.is_success else None

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class Chaos:
    """Does one thing after another to two servers, in an order that the dice say, until `enough`.

    `new_session` has some clients use another session, and gives the one that they used so far. `rest_s` lies
    between two of the things.
    """

    def __init__(self, *houses: House, new_session: Callable[[], Awaitable[UUID]], rest_s: float) -> None:
        self.done: Counter[str] = Counter()
        self._houses = houses
        self._new_session = new_session
        self._rest_s = rest_s
        self._kinds: list[Callable[[], Awaitable[None]]] = [
            self.restart,
            self.kill,
            self.sign_out,
            self.kill_listeners,
            self.kill_backends,
        ]

    async def until(self, enough: Callable[[], bool]) -> None:
        """Each kind once, and on from there."""
        while not enough() or any(self.done[kind.__name__] == 0 for kind in self._kinds):
            for kind in random.sample(self._kinds, len(self._kinds)):
                await kind()
                self.done[kind.__name__] += 1
                await asyncio.sleep(self._rest_s)

    async def restart(self) -> None:
        """A server leaves in good order and comes back."""
        server = random.choice(self._houses).server
        await asyncio.to_thread(server.stop)
        await self._start(server)

    async def kill(self) -> None:
        """A machine goes off, and on again."""
        house = random.choice(self._houses)
        await asyncio.to_thread(house.server.kill)
        await self._start(house.server)

    async def _start(self, server: ServerProcess) -> None:
        await asyncio.to_thread(server.start)
        await asyncio.to_thread(server.await_ready)

    async def sign_out(self) -> None:
        """A session is revoked, whose screens are closed and come back under another."""
        session_id = await self._new_session()
        async with self._houses[0].psql() as conn:
            await conn.execute("update sessions set revoked_at = now() where id = %s", (session_id,))

    async def kill_listeners(self) -> None:
        """No hint reaches any server until it has listened anew."""
        await self._terminate("fynlo-listener")

    async def kill_backends(self) -> None:
        """Every connection of the servers breaks, the ones that are in the middle of an order too."""
        await self._terminate("fynlo%")

    async def _terminate(self, names: str) -> None:
        async with self._houses[0].psql() as conn:
            await conn.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name like %s and datname = current_database() and pid <> pg_backend_pid()",
                (names,),
            )


def roll_dice() -> None:
    """All that is left to chance follows from the seed that is printed."""
    seed = int(os.environ.get("FYNLO_TEST_SEED") or random.randrange(2**32))
    print(f"FYNLO_TEST_SEED={seed}")
    random.seed(seed)


@asynccontextmanager
async def writers(*houses: House) -> AsyncIterator[tuple[Load, list[Till]]]:
    """About forty events a second, from psql and through both servers; all of it has ended at the end.

    What the tills were answered must be what a till may be answered while everything falls down.
    """
    load = Load(houses[0], 2, rest_s=0.3)
    tills = [Till(*houses, rest_s=0.2) for _ in range(4)]
    try:
        yield load, tills
        await load.reach(20)
        for till in tills:
            assert {code for code in till.answers if isinstance(code, int)} <= OUTCOMES
    finally:
        for till in tills:
            await till.stop()
        await load.end()


@asynccontextmanager
async def cutting(*houses: House) -> AsyncIterator[list[int]]:
    """The ports of proxies to these servers that cut, mostly in the middle of a frame."""
    async with AsyncExitStack() as stack:
        proxies = [
            await stack.enter_async_context(
                Proxy(house.server.port, lasts=lambda: random.expovariate(1 / AVERAGE_BYTES) + 1)
            )
            for house in houses
        ]
        yield [proxy.port for proxy in proxies]
