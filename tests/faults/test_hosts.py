"""Two servers of two workers each are one server: every screen sees every order, whichever worker took it."""

import sys
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from uuid import uuid4

import httpx
import pytest

from fynlo.demo.data import PIZZERIA
from tests.live.house import PRODUCT, House, eventually, open_house

from . import workers
from .broken import DEAF, UNTOLD
from .load import Load
from .oracle import Watcher, judge, watchers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="whose a socket is, is read from /proc")

SCREENS = 8
TRIES = 200


@pytest.fixture(scope="module")
async def hosts(module_seeded_url: str) -> AsyncIterator[tuple[House, House]]:
    async with (
        open_house(module_seeded_url, FYNLO_WORKERS="2") as one,
        open_house(module_seeded_url, FYNLO_WORKERS="2") as other,
    ):
        for house in (one, other):
            await eventually(partial(_has_two_workers, house))
        yield one, other


def _has_two_workers(house: House) -> bool:
    return len(workers.pids(house)) == 2


async def screens_of_every_worker(house: House) -> list[Watcher]:
    """The kernel hands them out as it likes."""
    made: list[Watcher] = []
    held: set[int | None] = set()
    while held != set(workers.pids(house)):
        assert len(made) < TRIES, "a worker takes no screens"
        made += await watchers(SCREENS, house)
        held |= {workers.holder(house, watcher.port) for watcher in made[-SCREENS:]}
    return made


async def order(house: House) -> tuple[str, int | None]:
    """An order over a connection of its own, and the worker that took it."""
    async with httpx.AsyncClient(base_url=house.rest.base_url, timeout=30) as rest:
        answer = await rest.post(
            "/orders",
            json={
                "restaurant_id": str(PIZZERIA.id),
                "type": "takeaway",
                "items": [{"product_id": PRODUCT}],
            },
            headers={**(await house.session()).headers, "idempotency-key": str(uuid4())},
        )
        assert answer.status_code == 201, answer.text
        port = answer.extensions["network_stream"].get_extra_info("client_addr")[1]
        return answer.json()["id"], workers.holder(house, port)


async def test_every_screen_sees_the_orders_that_any_worker_of_any_host_took(
    hosts: tuple[House, House], module_seeded_url: str
) -> None:
    screens = [screen for house in hosts for screen in await screens_of_every_worker(house)]
    taken: Counter[int | None] = Counter()
    made: set[str] = set()
    async with open_house(module_seeded_url, patched=DEAF + UNTOLD) as apart:
        control = await watchers(1, apart)
        for house in hosts:
            while min(taken[pid] for pid in workers.pids(house)) < 3:
                assert len(made) < TRIES, "a worker takes no orders"
                id, worker = await order(house)
                taken[worker] += 1
                made.add(id)
        await judge(hosts[0], screens, control=control, at_least=12)
    assert set(taken) == {pid for house in hosts for pid in workers.pids(house)}
    for screen in screens:
        assert made <= screen.record.picture.keys()
        assert screen.connects == 1


async def test_clients_move_between_hosts_and_workers_under_load(hosts: tuple[House, House]) -> None:
    moving = await watchers(6, *hosts, rest_s=0, restless=0.1)
    # away for long enough to miss something, whatever the pace
    control = await watchers(1, *hosts, rest_s=0.3, restless=0.1, forgetful=True)
    load = Load(hosts[0], 4)
    await load.reach(150)
    await load.end()
    await judge(hosts[1], moving, control=control, at_least=150)
    assert sum(watcher.connects for watcher in moving) > 30


async def test_a_host_that_is_paused_shows_everything_once_it_goes_on(hosts: tuple[House, House]) -> None:
    # A paused machine: its process is between a commit and whatever it would have done next.
    paused, other = hosts
    there = await screens_of_every_worker(paused)
    here = await watchers(2, other)
    with workers.frozen(paused):
        made = [(await order(other))[0] for _ in range(5)]
        for screen in here:
            await screen.until(lambda w: made[-1] in w.record.picture)
        assert all(not screen.record.seen for screen in there), "it is not paused"
    assert await judge(other, [*here, *there], at_least=5) == 5
