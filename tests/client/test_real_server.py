"""The feed against a real server whose connections keep breaking: it tells exactly the log."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec
import pytest

from fynlo.client import (
    ApiClient,
    Disconnected,
    Event,
    Feed,
    NewItem,
    NewOrder,
    Notice,
    Position,
    Timing,
    with_availability,
)
from fynlo.demo.data import PASSWORD, PIZZERIA
from tests.faults.load import Load
from tests.faults.oracle import log_of
from tests.live.house import OWNER, House, open_house

BREAKS = 12
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
async def house(module_seeded_url: str) -> AsyncIterator[House]:
    async with open_house(module_seeded_url) as house:
        yield house


class Follower:
    """Iterates over a feed for ever, a little slower than it comes, and keeps what it was told."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.told: list[Notice] = []
        self.changed = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        async for notice in self.feed:
            self.told.append(notice)
            self.changed.set()

    @property
    def places(self) -> list[tuple[str, int]]:
        return [(n.position.epoch, n.seq) for n in self.told if isinstance(n, Event)]

    @property
    def breaks(self) -> int:
        return sum(isinstance(notice, Disconnected) for notice in self.told)

    async def until(self, reached: int) -> None:
        """Until it has been told of this event."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.places or self.places[-1][1] < reached:
                self.changed.clear()
                await self.changed.wait()

    async def end(self) -> None:
        await self.feed.disconnect()
        await asyncio.wait_for(self._task, PATIENCE_S)


async def _follow(house: House, *, forgets: bool) -> tuple[Follower, list[tuple[str, int]]]:
    """Under load, its socket cut again and again; how the log looks in the end. `forgets` is the control."""

    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / 50)

    async with ApiClient(house.server.url) as api:
        await api.login(OWNER, PASSWORD)
        epoch, seq = await house.position()
        start = Position(epoch, seq)
        timing = Timing(sleep=sleep)
        feed = Feed(house.server.url, str(PIZZERIA.id), api.tokens, position=start, timing=timing)
        follower = Follower(feed)
        load = Load(house, 3)
        try:
            async with asyncio.timeout(PATIENCE_S):
                while follower.breaks < BREAKS:
                    await load.reach(3)
                    if forgets and follower.breaks == BREAKS // 2:
                        feed._delivery.cursor.position = Position(epoch, (await house.position())[1])
                    if (connection := feed._connection) is not None:
                        connection._socket.transport.abort()
                    follower.changed.clear()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(follower.changed.wait(), 1)
        finally:
            await load.end()
        log = [place for place in await log_of(house) if place[1] > seq]
        await follower.until(log[-1][1])
        await follower.end()
        return follower, log


async def test_over_many_breaks_under_load_it_tells_exactly_the_log(house: House) -> None:
    follower, log = await _follow(house, forgets=False)
    assert follower.breaks >= BREAKS
    assert len(log) > 3 * BREAKS
    assert follower.places == log


async def test_a_client_that_forgets_its_place_is_found_out(house: House) -> None:
    follower, log = await _follow(house, forgets=True)
    assert follower.places != log


async def test_a_menu_that_is_shown_follows_what_is_left(house: House) -> None:
    async with ApiClient(house.server.url) as api:
        await api.login(OWNER, PASSWORD)
        menu = await api.menu_all(str(PIZZERIA.id))
        cola = next(product for product in menu.items if product.name == "Cola")
        olives = next(
            m for p in menu.items for g in p.modifier_groups for m in g.modifiers if m.name == "Olives"
        )
        feed = api.feed(str(PIZZERIA.id), position=menu.position)
        follower = Follower(feed)
        left = await api.set_availability("product", cola.id, "counted", quantity=1)
        assert (left.state, left.quantity, left.orderable) == ("counted", 1, True)
        await api.set_availability("modifier", olives.id, "out_of_stock")
        place = str(PIZZERIA.id)
        await api.create_order(
            NewOrder(restaurant_id=place, type="takeaway", items=(NewItem(product_id=cola.id),))
        )
        await follower.until((await house.position())[1])
        await follower.end()
        for event in follower.told:
            if isinstance(event, Event):
                menu = msgspec.structs.replace(menu, items=with_availability(menu.items, event))
        assert menu.items == (await api.menu_all(place)).items
        shown = next(product for product in menu.items if product.id == cola.id).availability
        assert (shown.state, shown.quantity, shown.orderable) == ("out_of_stock", 0, False)
        await api.set_availability("product", cola.id, "in_stock")
        await api.set_availability("modifier", olives.id, "in_stock")


async def test_a_session_that_is_ended_elsewhere_is_begun_again_with_kept_credentials(house: House) -> None:
    """4005, then a refresh that is refused, then a login: the screen on the wall goes on."""
    async with ApiClient(house.server.url) as api, ApiClient(house.server.url) as elsewhere:
        await api.login("kitchen@demo.fynlo.test", PASSWORD, keep=True)
        await elsewhere.login("kitchen@demo.fynlo.test", PASSWORD)
        feed = api.feed(str(PIZZERIA.id), socket="kitchen")
        gone, back = asyncio.Event(), asyncio.Event()
        codes: list[int | None] = []

        def dropped(notice: Disconnected) -> None:
            codes.append(notice.code)
            gone.set()
            feed.online()

        await feed.connect()
        feed.on("disconnected", dropped)
        feed.on("connected", lambda _: back.set())
        await elsewhere.logout_everywhere()
        await asyncio.wait_for(gone.wait(), PATIENCE_S)
        await asyncio.wait_for(back.wait(), PATIENCE_S)
        assert codes[0] == 4005
        assert (await api.me()).user.email == "kitchen@demo.fynlo.test"


async def test_what_the_client_asks_is_what_the_server_has(house: House) -> None:
    async with ApiClient(house.server.url) as api:
        restaurant = (await api.login(OWNER, PASSWORD)).restaurants[0].id
        order = await house.order()
        assert (await api.restaurant(restaurant)).name == PIZZERIA.name
        assert (await api.order(order["id"])).number == order["number"]
        pages = [page async for page in api.events(restaurant, limit=5)]
        assert len(pages) > 1
        seqs = [event.seq for page in pages for event in page.items]
        assert seqs == sorted(set(seqs))
        assert any(event.entity_id == order["id"] for event in pages[-1].items)
        assert [entry.action async for entry in api.audit(restaurant)]
        assert isinstance(await api.request("GET", "/auth/me"), dict)
