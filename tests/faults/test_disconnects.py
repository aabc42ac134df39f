"""Disconnects by the thousand, from both ends and in between, of every kind and all kinds at once."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from uuid import UUID

import jwt
import pytest
from msgspec import Struct

from fynlo.client import ApiClient
from fynlo.demo.data import PASSWORD
from tests.live.house import OWNER, House, Json, Session, eventually, open_house

from .chaos import Chaos, cutting, roll_dice, writers
from .feeds import followers, judge_feeds
from .oracle import Place, Watcher, judge, snapshot
from .proxy import Proxy

LEAVES = 0.03
"""How likely a client leaves after a message."""


@pytest.fixture(scope="module")
async def neighbour(module_seeded_url: str) -> AsyncIterator[House]:
    """A second server on the same database, which tells the first by the batch."""
    async with open_house(module_seeded_url, FYNLO_NOTIFY="coalesced") as other:
        yield other


class Crowd(Struct):
    """Ten clients of one session: four leave without a word, six are cut off by what lies in between."""

    session: Session
    watchers: list[Watcher]

    @classmethod
    async def of(cls, *houses: House, cut: list[str], start: Place, orders: dict[str, Json]) -> "Crowd":
        session = await houses[0].login(OWNER)
        straight = [house.address() for house in houses]
        watchers = [
            Watcher(_from(straight, n), session.token, start, orders, restless=LEAVES) for n in range(4)
        ]
        watchers += [Watcher(_from(cut, n), session.token, start, orders) for n in range(6)]
        return cls(session, watchers)

    async def next_session(self, house: House) -> UUID:
        """Come back under another from now on; the id of the one before."""
        old, self.session = self.session, await house.login(OWNER)
        for watcher in self.watchers:
            watcher.token = self.session.token
        return old.id


def _from(addresses: list[str], number: int) -> list[str]:
    place = number % len(addresses)
    return addresses[place:] + addresses[:place]


async def disconnects(house: House, neighbour: House, *, crowds: int, count: int, rest_s: float) -> None:
    """At least so many; what is done to the servers and to Postgres besides is done to all."""
    roll_dice()
    began = time.monotonic()
    start, orders = await snapshot(house)
    async with cutting(house, neighbour) as ports:
        cut = [house.address(port=port) for port in ports]
        made = [await Crowd.of(house, neighbour, cut=cut, start=start, orders=orders) for _ in range(crowds)]
        watched = [watcher for crowd in made for watcher in crowd.watchers]
        token = (await house.session()).token
        control = [Watcher(cut, token, start, orders, forgetful=True) for _ in range(2)]
        await asyncio.gather(*(watcher.connected() for watcher in (*watched, *control)))

        def ended() -> Counter[int | str]:
            return sum((watcher.ended for watcher in watched), Counter())

        chaos = Chaos(
            house, neighbour, new_session=lambda: random.choice(made).next_session(house), rest_s=rest_s
        )
        async with writers(house, neighbour) as (load, tills):
            await chaos.until(lambda: ended().total() >= count)
        for watcher in watched:
            watcher.settle()
        forced = ended()
        events = await judge(house, watched, control=control, within_s=60, at_least=50)
    print(
        f"{forced.total()} disconnects of {len(watched)} clients in {time.monotonic() - began:.0f} s:"
        f" {dict(forced)}; done to the servers: {dict(chaos.done)}; {events} events, {load.rolled_back} rolled"
        f" back; the tills heard {dict(sum((till.answers for till in tills), Counter()))}"
    )
    sold = {order for till in tills for order in till.made}
    for watcher in watched:
        assert sold <= watcher.record.picture.keys()
        assert load.lost(watcher.record.picture) == []
    assert {"left", 1006, 1012, 4005} <= forced.keys(), "a kind of disconnect is missing"


async def test_disconnects_of_every_kind_cost_no_screen_an_event(house: House, neighbour: House) -> None:
    await disconnects(house, neighbour, crowds=2, count=80, rest_s=0.3)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_ten_thousand_disconnects_cost_no_screen_an_event(house: House, neighbour: House) -> None:
    await disconnects(house, neighbour, crowds=6, count=10_000, rest_s=3)


async def feeds_disconnected(
    house: House, neighbour: House, *, clients: int, count: int, rest_s: float
) -> None:
    roll_dice()
    began = time.monotonic()
    async with cutting(house, neighbour) as ports, ApiClient(house.server.url) as api:
        await api.login(OWNER, PASSWORD, keep=True)
        urls = [f"http://127.0.0.1:{port}" for port in ports]

        async def session() -> UUID:
            token = await api.tokens.token()
            return UUID(jwt.decode(token, options={"verify_signature": False})["sid"])

        async with (
            followers(house, api.tokens, urls, clients, impatient=True) as followed,
            followers(house, api.tokens, urls, 1, impatient=True, forgetful=True) as control,
        ):
            chaos = Chaos(house, neighbour, new_session=session, rest_s=rest_s)

            def forced() -> int:
                return sum(follower.told["Connected"] - 1 for follower in followed)

            async with writers(house, neighbour):
                await chaos.until(lambda: forced() >= count)
            events = await judge_feeds(house, followed, control=control, within_s=60)
    reasons: Counter[str] = sum((follower.reasons for follower in followed), Counter())
    print(
        f"{forced()} disconnects of {clients} feeds in {time.monotonic() - began:.0f} s: {dict(reasons)};"
        f" done to the servers: {dict(chaos.done)}; {events} events"
    )


async def test_disconnects_of_every_kind_cost_no_feed_an_event(house: House, neighbour: House) -> None:
    await feeds_disconnected(house, neighbour, clients=6, count=30, rest_s=0.3)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_thousand_disconnects_cost_no_feed_an_event(house: House, neighbour: House) -> None:
    await feeds_disconnected(house, neighbour, clients=20, count=1_000, rest_s=3)


async def test_a_frame_that_is_lost_on_the_way_is_noticed_by_screen_and_feed(house: House) -> None:
    # The control of the proxy: it can do harm, and both kinds of client see it.
    losing, swallowed = False, 0

    def swallows(piece: bytes) -> bool:
        nonlocal swallowed
        swallows = losing and b'"order.created"' in piece
        swallowed += swallows
        return swallows

    async with Proxy(house.server.port, swallows=swallows) as proxy:
        start, orders = await snapshot(house)
        token = (await house.session()).token
        screen = Watcher([house.address(port=proxy.port)], token, start, orders)
        other = Watcher([house.address()], token, start, orders)
        await asyncio.gather(screen.connected(), other.connected())
        async with ApiClient(house.server.url) as api:
            await api.login(OWNER, PASSWORD)
            async with followers(house, api.tokens, [f"http://127.0.0.1:{proxy.port}"], 1) as (feed,):
                losing = True
                lost = await house.order()
                await other.until(lambda w: lost["id"] in w.record.picture)
                await eventually(lambda: swallowed == 2)  # the screen's and the feed's
                losing = False
                made = await house.order()
                await screen.until(lambda w: made["id"] in w.record.picture)
                await judge(house, [other], control=[screen])
                await judge_feeds(house, [], control=[feed])
        assert "came before it, not" in screen.record.problems[0]
        assert feed.record.problems == ["resync: gap"]
