"""The feed: from a commit to the screens.

Orders are changed in straight SQL by pgbench, so that it is the feed that is measured, and the sockets are read
in a process of their own. The floor is a bare application on the same Granian that sends as many messages of
the same size to as many sockets, without a database.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import msgspec
from msgspec import Struct

from fynlo.client import ApiClient
from fynlo.commands import percentile
from fynlo.commands.bench import commits, neighbour
from fynlo.commands.bench.branches import branch_id, moved, open_branches
from fynlo.commands.bench.house import OWNER, Done, House
from fynlo.commands.bench.orders import an_order, create
from fynlo.commands.bench.report import Figure
from fynlo.commands.bench.screens import Screens, Seen, screens
from fynlo.commands.bench.statements import choose, in_branch
from fynlo.commands.simulate import orderable
from fynlo.demo.data import PASSWORD, PIZZERIA
from fynlo.orders.models import NewOrder

PARTS = ("latency", "neighbour", "room", "idle", "commits")
RESTAURANTS, SCREENS = 50, 10  # at most, and in each of them
RATES = (200, 600)
AIMS = {(200, "p50"): 2.0, (200, "p99"): 5.0, (600, "p99"): 20.0}
FLUSHES = {"": "", ", not waiting for the flush": "-c synchronous_commit=off"}
BURST_A_SECOND = 100  # of a round; the whole burst stays below what a screen may be behind
LONGEST_BURST = 240
DELIVERED = 0.5
KB_A_SOCKET = 170.0
SQL_CLIENTS = 8
PATIENCE_S = 30.0
ORDER = UUID("00000000-0000-4000-8000-000000000001")  # a branch's own begins with the branch's digits
_CHANGE = (
    "update orders set notes = 'Table ' || :r::text"  # noqa: S608
    f" where restaurant_id = {in_branch(PIZZERIA.id)} and id = {in_branch(ORDER)};"
)


class Sizes(Struct, frozen=True):
    """How much of it: sockets in restaurants, sockets that only wait, writers at once, and which parts."""

    sockets: int = 500
    idle: int = 5_000
    writers: Sequence[int] = (16, 64)
    parts: Sequence[str] = PARTS


async def run(house: House, rounds: int, seconds: float, sizes: Sizes) -> list[Figure]:
    """The parts that were asked for, one after the other, on one server and one floor."""
    address = await house.serve(
        FYNLO_MAX_SOCKETS_PER_USER="100000",
        FYNLO_MAX_SOCKETS_PER_RESTAURANT="100000",
        FYNLO_MAX_UNAUTHENTICATED_SOCKETS="100000",
    )
    bench = _Bench(house, address, await house.floor(), rounds, seconds, sizes)
    await bench.prepare()
    figures: list[Figure] = []
    for part, measure in (
        ("latency", bench.latency),
        ("neighbour", bench.neighbour),
        ("room", bench.room),
        ("idle", bench.idle),
    ):
        if part in sizes.parts:
            figures += await measure()
    if "commits" in sizes.parts:
        async with bench.followed() as crowd:
            figures += await commits.run(
                house, crowd, bench.body, bench.branches, rounds, seconds, sizes.writers
            )
    return figures


class _Bench:
    def __init__(
        self, house: House, address: str, floor: str, rounds: int, seconds: float, sizes: Sizes
    ) -> None:
        self.house = house
        self.address = address
        self.floor = floor
        self.rounds = rounds
        self.seconds = seconds
        self.sizes = sizes
        self.branches: Sequence[int] = ()
        self.body = b""
        self.hello = ""

    async def prepare(self) -> None:
        """Branches with one order each, and what screens say first."""
        self.branches = await open_branches(
            self.house, max(1, min(RESTAURANTS, self.sizes.sockets // SCREENS))
        )
        async with ApiClient(self.address) as api:
            await api.login(OWNER.email, PASSWORD)
            menu = [product for product in (await api.menu_all(str(PIZZERIA.id))).items if orderable(product)]
        self.body = msgspec.json.encode(an_order(menu))
        orders = []
        for number in self.branches:
            order = msgspec.json.decode(moved(self.body.decode(), number), type=NewOrder)
            orders.append(msgspec.structs.replace(order, id=UUID(moved(str(ORDER), number))))
        await create(self.house, orders)
        token = await self.house.token(self.address)
        self.hello = msgspec.json.encode({"type": "authenticate", "token": token}).decode()

    # -- what is measured

    async def latency(self) -> list[Figure]:
        """Milliseconds from the writing of the event, just before its commit, to each socket of its
        restaurant; and the same of commits that wait for no flush, which leaves the feed's own share."""
        found: dict[tuple[int, str, str], list[float]] = {}
        floors: dict[tuple[int, str, str], list[float]] = {}
        reached: dict[int, list[float]] = {rate: [] for rate in RATES}
        flushes = []
        each = max(1, self.sizes.sockets // len(self.branches))
        rooms = [number for number in range(len(self.branches)) for _ in range(each)]
        async with self._screens(rooms) as crowd, screens(self.floor, _floor_paths(rooms)) as bare:
            for _ in range(self.rounds):
                flushes.append(1000 * self.house.flush_s())
                for rate in RATES:
                    events = max(SQL_CLIENTS, round(rate * self.seconds))
                    events -= events % SQL_CLIENTS
                    size = 0
                    for flush, settings in FLUSHES.items():
                        seen, done = await self._change(
                            crowd, events, each, len(self.branches), rate=rate, settings=settings
                        )
                        _keep(found, rate, flush, seen)
                        size = seen.size // seen.events
                        if not flush:
                            reached[rate].append(done.rate)
                    seen = await self._broadcast(bare, events, each, len(self.branches), size, rate=rate)
                    for flush in FLUSHES:
                        _keep(floors, rate, flush, seen)
        return [
            Figure("a flush of this disk, which a commit waits for", "ms", flushes),
            *(Figure(f"changes a second of {rate} asked for", "events/s", reached[rate]) for rate in RATES),
            *(
                Figure(
                    f"{len(rooms)} sockets, {rate} events/s{flush}, {name}", "ms",
                    found[rate, flush, name], floors[rate, flush, name],
                    at_most=None if flush else AIMS.get((rate, name)),
                )
                for rate, flush, name in found
            ),
        ]  # fmt: skip

    async def neighbour(self) -> list[Figure]:
        """See `neighbour.py`."""
        return await neighbour.run(self.house, self.body, self.hello, self.rounds, self.seconds)

    async def room(self) -> list[Figure]:
        """Messages a second to one restaurant's screens, of a burst of changes."""
        found, floors = [], []
        burst = min(LONGEST_BURST, max(SQL_CLIENTS, round(BURST_A_SECOND * self.seconds)))
        burst -= burst % SQL_CLIENTS
        rooms = [0] * self.sizes.sockets
        async with self._screens(rooms) as crowd, screens(self.floor, _floor_paths(rooms)) as bare:
            for _ in range(self.rounds):
                seen, _ = await self._change(crowd, burst, len(rooms), 1)
                found.append(seen.rate)
                size = seen.size // seen.events
                floors.append((await self._broadcast(bare, burst, len(rooms), 1, size)).rate)
        name = f"one room of {len(rooms)}, {burst} changes at once"
        return [Figure(name, "messages/s", found, floors, at_least=DELIVERED)]

    async def idle(self) -> list[Figure]:
        """KB that the server holds for each socket that waits."""
        held = []
        rooms = [number % len(self.branches) for number in range(self.sizes.idle)]
        for address, paths, hello in (
            (self.address, self._paths(rooms), self.hello),
            (self.floor, _floor_paths(rooms), "{}"),
        ):
            before = self.house.memory(address)
            async with screens(address, paths, hello):
                held.append((self.house.memory(address) - before) / 1_024 / len(rooms))
        return [Figure(f"{len(rooms)} idle sockets, each", "KB", held[:1], held[1:], at_most=KB_A_SOCKET)]

    # -- how

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[Screens]:
        """One screen in each branch."""
        async with self._screens(range(len(self.branches))) as crowd:
            yield crowd

    @asynccontextmanager
    async def _screens(self, rooms: Sequence[int]) -> AsyncIterator[Screens]:
        async with screens(self.address, self._paths(rooms), self.hello) as crowd:
            yield crowd

    def _paths(self, rooms: Sequence[int]) -> list[str]:
        return [f"/api/v1/websocket/ws/pos/{branch_id(self.branches[room])}" for room in rooms]

    async def _change(
        self,
        crowd: Screens,
        events: int,
        each: int,
        among: int,
        *,
        rate: int | None = None,
        settings: str = "",
    ) -> tuple[Seen, Done]:
        """So many changes of orders, one a transaction, among so many branches: what the screens saw."""
        script = "\n".join((choose(among), "\\set r random(1, 1000000)", _CHANGE))
        watching = await crowd.watch(events * each, self.seconds + PATIENCE_S, timed=rate is not None)
        done = await self.house.pgbench(
            script, {}, clients=SQL_CLIENTS, count=events, rate=rate, settings=settings
        )
        return _whole(await watching.seen(), events * each), done

    async def _broadcast(
        self, crowd: Screens, events: int, each: int, rooms: int, size: int, *, rate: int = 0
    ) -> Seen:
        """The same over the bare application."""
        watching = await crowd.watch(events * each, self.seconds + PATIENCE_S, timed=rate > 0)
        asked = {"rooms": rooms, "events": events, "rate": rate, "size": size}
        async with httpx.AsyncClient(timeout=self.seconds + PATIENCE_S) as client:
            (await client.post(f"{self.floor}/broadcast", params=asked)).raise_for_status()
        return _whole(await watching.seen(), events * each)


def _whole(seen: Seen, wanted: int) -> Seen:
    if seen.events != wanted:
        raise RuntimeError(f"the screens saw {seen.events} events instead of {wanted}")
    return seen


def _keep(found: dict[tuple[int, str, str], list[float]], rate: int, flush: str, seen: Seen) -> None:
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        found.setdefault((rate, flush, name), []).append(1000 * (percentile(seen.times, share) or 0))


def _floor_paths(rooms: Sequence[int]) -> list[str]:
    return [f"/{room}" for room in rooms]
