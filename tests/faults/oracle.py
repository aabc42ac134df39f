"""The one judge of every fault: did each client get exactly the log, and does its picture equal REST's?

A `Watcher` is a client that comes back for ever, over a raw socket, and keeps a record. `verdict` is pure.
"""

import asyncio
import contextlib
import itertools
import json
import random
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from msgspec import Struct, field
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from fynlo.demo.data import PIZZERIA
from tests.live.house import OWNER, House, Json

Place = tuple[str, int]
PATIENCE_S = 30.0


class Record(Struct):
    """What one client has been told: from where on, which events, and the picture that they make."""

    start: Place
    seen: list[Place] = field(default_factory=list)
    picture: dict[str, Json] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return self.seen[-1] if self.seen else self.start

    def take(self, epoch: str, event: Json, prev: int) -> None:
        """An event came; on this connection `prev` is what came before it."""
        if event["prev_seq"] != prev:
            self.problems.append(f"event {event['seq']} says {event['prev_seq']} came before it, not {prev}")
        self.seen.append((epoch, event["seq"]))
        if (order := event["data"].get("order")) is not None:
            self.picture[order["id"]] = order


def verdict(record: Record, log: Sequence[Place], orders: dict[str, Json]) -> list[str]:
    """What is wrong; nothing where the record is the log after its start, and the picture that of REST."""
    wrong = list(record.problems)
    wanted = [place for place in log if place[0] == record.start[0] and place[1] > record.start[1]]
    if record.seen != wanted:
        seen, expected = set(record.seen), set(wanted)
        missing = [place[1] for place in wanted if place not in seen]
        strange = [place for place in record.seen if place not in expected]
        doubles = len(record.seen) - len(seen)
        wrong.append(
            f"{len(record.seen)} events seen, {len(wanted)} in the log: missing {missing[:10]}, not of the log"
            f" {strange[:10]}, {doubles} twice{', out of order' if record.seen != sorted(record.seen) else ''}"
        )
    if [seq for _, seq in wanted] != [record.start[1] + n + 1 for n in range(len(wanted))]:
        wrong.append("the log itself has a hole")
    differing = [
        id for id in record.picture.keys() | orders.keys() if record.picture.get(id) != orders.get(id)
    ]
    if differing:
        wrong.append(f"{len(differing)} orders look different from REST's, the first is {differing[0]}")
    return wrong


@lru_cache(1_024)
def _parsed(text: str) -> Json:
    """Of all who hear the same the pictures share one copy; nobody changes it."""
    message: Json = json.loads(text)
    return message


class Watcher:
    """A client that begins with a snapshot, and follows one of several servers for ever.

    `rest_s` is what it waits before it comes back; `restless` how likely it leaves after a message, without
    a word. One that is `forgetful` never says where it was: it is the control of every test in which clients
    are disconnected, for it must be found to lack something.
    """

    def __init__(
        self,
        addresses: Sequence[str],
        token: str,
        start: Place,
        picture: dict[str, Json],
        *,
        rest_s: float = 0.05,
        restless: float = 0.0,
        forgetful: bool = False,
        plug: Callable[[], Awaitable[socket.socket]] | None = None,
    ) -> None:
        self.record = Record(start, picture=dict(picture))
        self.token = token
        self.plug = plug
        """Makes the sockets to connect with; None: over this machine's own network."""
        self.closes: list[int | None] = []
        self.connects = 0
        self.ended: Counter[int | str] = Counter()
        """How the connections ended on which it was welcome: "left", or the code; 1006 is a bare drop."""
        self._addresses = itertools.cycle(addresses)
        self._rest_s = rest_s
        self._restless = restless
        self._forgetful = forgetful
        self._socket: ClientConnection | None = None
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        while True:
            with contextlib.suppress(OSError, EOFError, TimeoutError, WebSocketException):
                await self._connection(next(self._addresses))
            self._changed.set()
            await asyncio.sleep(self._rest_s * random.uniform(0.5, 1.5))

    async def _connection(self, address: str) -> None:
        async with connect(
            address,
            compression=None,
            ping_interval=None,
            close_timeout=1,
            open_timeout=10,
            max_size=None,
            proxy=None,
            sock=await self.plug() if self.plug else None,
        ) as self._socket:
            conn = self._socket
            epoch, last = self.record.place
            place = {} if self._forgetful else {"last_seq": last, "epoch": epoch}
            await conn.send(json.dumps({"type": "authenticate", "token": self.token, **place}))
            connects = self.connects
            left = False
            try:
                async for text in conn:
                    self._hear(_parsed(str(text)))
                    if random.random() < self._restless:
                        left = True
                        conn.transport.abort()
                        return
            finally:
                self.closes.append(conn.close_code)
                if self.connects > connects and (left or conn.close_code):
                    self.ended["left" if left else int(conn.close_code or 0)] += 1

    def _hear(self, message: Json) -> None:
        if "prev_seq" in message:
            epoch, last = self.record.place
            self.record.take(epoch, message, last)
        elif message["type"] == "authenticated":
            self.connects += 1
        elif message["type"] in ("resync", "auth_error", "error"):
            self.record.problems.append(json.dumps(message))
        self._changed.set()

    async def until(self, holds: Any, within_s: float = PATIENCE_S) -> None:
        """Waits until it has heard what makes this true."""
        try:
            async with asyncio.timeout(within_s):
                while not holds(self):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(
                f"at {self.record.place[1]}, after {self.connects} connections; {self.record.problems[:3]}"
            ) from None

    async def connected(self) -> None:
        await self.until(lambda watcher: watcher.connects > 0)

    @property
    def port(self) -> int:
        """Ours, of the connection that stands."""
        assert self._socket is not None
        return int(self._socket.local_address[1])

    def hang_up(self) -> None:
        """It gives this connection up, without a word, and comes back."""
        assert self._socket is not None
        self._socket.transport.abort()

    def settle(self) -> None:
        """It leaves no more of its own accord."""
        self._restless = 0.0

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def snapshot(
    house: House, email: str = OWNER, restaurant_id: UUID = PIZZERIA.id
) -> tuple[Place, dict[str, Json]]:
    """Every order as REST has it, and the place in the feed from which on to follow."""
    headers = (await house.session(email)).headers
    url: str | None = f"/orders?restaurant_id={restaurant_id}&limit=100"
    orders: dict[str, Json] = {}
    places: list[Place] = []
    while url is not None:
        answer = await house.rest.get(url, headers=headers)
        assert answer.status_code == 200, answer.text
        epoch, _, seq = answer.headers["fynlo-feed"].rpartition(":")
        places.append((epoch, int(seq)))
        orders |= {order["id"]: order for order in answer.json()}
        url = answer.links.get("next", {}).get("url")
        url = url.partition("/api/v1")[2] if url else None
    return min(places), orders


async def watchers(
    count: int,
    *houses: House,
    email: str = OWNER,
    restaurant_id: UUID = PIZZERIA.id,
    **habits: Any,
) -> list[Watcher]:
    """So many of them, each connected, beginning here and now; they begin with different servers."""
    start, orders = await snapshot(houses[0], email, restaurant_id)
    token = (await houses[0].session(email)).token
    addresses = [house.address(restaurant_id) for house in houses]
    made = [
        Watcher(
            addresses[n % len(houses) :] + addresses[: n % len(houses)],
            token,
            start,
            orders,
            **habits,
        )
        for n in range(count)
    ]
    await asyncio.gather(*(watcher.connected() for watcher in made))
    return made


async def log_of(house: House, restaurant_id: UUID = PIZZERIA.id) -> list[Place]:
    """The log, as it is in Postgres."""
    async with house.psql() as conn:
        found = await conn.execute(
            "select h.epoch::text, e.seq from order_events e join feed_heads h using (restaurant_id)"
            " where restaurant_id = %s order by e.seq",
            (restaurant_id,),
        )
        return [(epoch, seq) for epoch, seq in await found.fetchall()]


async def judge(
    house: House,
    watched: Iterable[Watcher],
    *,
    control: Iterable[Watcher] = (),
    email: str = OWNER,
    restaurant_id: UUID = PIZZERIA.id,
    within_s: float = PATIENCE_S,
    at_least: int = 1,
) -> int:
    """Waits until all have come to the end of the log, and holds each to it; how many events that were.

    Those of the `control` must be condemned: else what was done to the clients did not do them any harm.
    """
    log = await log_of(house, restaurant_id)
    _, orders = await snapshot(house, email, restaurant_id)
    watched, control = list(watched), list(control)
    head = log[-1][1]
    try:
        await asyncio.gather(*(w.until(lambda w: w.record.place[1] >= head, within_s) for w in watched))
    finally:
        await asyncio.gather(*(watcher.stop() for watcher in (*watched, *control)))
    assert await log_of(house, restaurant_id) == log, "somebody is still writing"
    for watcher in watched:
        assert verdict(watcher.record, log, orders) == []
        assert len(watcher.record.seen) >= at_least, "the test wrote too little to show anything"
    for watcher in control:
        assert verdict(watcher.record, log, orders) != [], "the control has missed nothing"
    return head - min(watcher.record.start[1] for watcher in watched)
