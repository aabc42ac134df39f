"""Half-open sockets: one side vanishes without a word, and the other finds out for itself."""

import socket
from collections.abc import AsyncIterator, Iterator

import pytest

from fynlo.client import ApiClient
from fynlo.demo.data import PASSWORD
from tests.live.house import OWNER, House, eventually, open_house

from .broken import IMPATIENT, QUICK_TO_DROP, TRUSTING
from .feeds import followers, judge_feeds
from .load import active, burst
from .network import Network, network
from .oracle import Watcher, judge, snapshot
from .proxy import Proxy

FOUND_OUT_WITHIN_S = 6.0


@pytest.fixture(scope="module")
async def house(module_seeded_url: str) -> AsyncIterator[House]:
    """It gives up on a client after 3 s of silence, and asks for a ping each second."""
    async with open_house(module_seeded_url, patched=IMPATIENT) as house:
        yield house


@pytest.fixture(scope="module")
async def trusting(module_seeded_url: str) -> AsyncIterator[House]:
    """The control: it gives up on nobody."""
    async with open_house(module_seeded_url, patched=TRUSTING, FYNLO_HOST="0.0.0.0") as house:
        yield house


@pytest.fixture
def away() -> Iterator[Network]:
    with network() as made:
        if made is None:
            pytest.skip("this machine makes no networks; the frozen proxy stands for them")
        yield made


async def gone(house: House) -> bool:
    return await active(house) == 0


async def test_both_sides_of_a_frozen_connection_find_out_and_nothing_is_lost(
    house: House, trusting: House
) -> None:
    async with (
        Proxy(house.server.port) as proxy,
        Proxy(trusting.server.port) as other,
        ApiClient(house.server.url) as api,
    ):
        await api.login(OWNER, PASSWORD)
        through = [f"http://127.0.0.1:{proxy.port}"]
        token = (await trusting.session()).token
        start, orders = await snapshot(trusting)
        forgotten = Watcher([trusting.address(port=other.port)], token, start, orders)
        await forgotten.connected()
        async with followers(house, api.tokens, through, 2) as ours:
            assert await active(house) == 2
            before = await closed(house, "4006")
            proxy.freeze()
            other.freeze()
            made = await house.order()  # they are owed something, which waits in the kernel
            await eventually(lambda: gone(house), FOUND_OUT_WITHIN_S)
            assert await closed(house, "4006") == before + 2
            await eventually(lambda: all(f.told["Disconnected"] for f in ours), FOUND_OUT_WITHIN_S)
            assert {reason for f in ours for reason in f.reasons} == {"2 heartbeats without an answer"}
            assert await active(trusting) == 1, "it gave up on somebody it trusts"
            assert made["id"] not in ours[0].record.picture
            proxy.thaw()
            await judge_feeds(house, ours)
            assert made["id"] in ours[0].record.picture
        await forgotten.stop()


async def closed(house: House, code: str) -> float:
    """How many sockets were closed with this code so far."""
    text = (await house.rest.get(house.server.url + "/metrics")).text
    name = f'fynlo_sockets_closed_total{{code="{code}"}} '
    return next((float(line.split()[-1]) for line in text.splitlines() if line.startswith(name)), 0.0)


async def vanishing(house: House, away: Network) -> Watcher:
    """A client whose cable is pulled, once it stands and before it is told of an order; it is still counted."""
    start, orders = await snapshot(house)
    token = (await house.session()).token

    async def from_there() -> socket.socket:
        return await away.connect(house.server.port)

    watcher = Watcher([house.address()], token, start, orders, plug=from_there)
    await watcher.connected()
    return watcher


async def test_a_client_whose_cable_is_pulled_is_given_up_once_it_is_owed_something(
    module_seeded_url: str, trusting: House, away: Network
) -> None:
    async with open_house(module_seeded_url, patched=QUICK_TO_DROP, FYNLO_HOST="0.0.0.0") as house:
        screens = [await vanishing(house, away), await vanishing(trusting, away)]
        assert [await active(house), await active(trusting)] == [1, 1]
        away.pull()
        await burst(house, 5)
        await eventually(lambda: gone(house), FOUND_OUT_WITHIN_S)
        assert await active(trusting) == 1, "it gave up on somebody it trusts"
        assert [len(screen.record.seen) for screen in screens] == [0, 0], "the cable carries on"
        for screen in screens:
            screen.plug = None  # another network is at hand
            screen.hang_up()
        assert await judge(house, screens) == 5
