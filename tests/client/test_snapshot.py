"""Snapshots among events, in any order: in the end the picture is the server's, and nothing came twice."""

import asyncio
from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from fynlo.client import Event, Position, Resync
from fynlo.client.cursor import Cursor
from fynlo.client.delivery import Delivery
from fynlo.client.frames import Authenticated, EventFrame, ResyncNow

NOW = datetime(2026, 11, 23, 19, tzinfo=UTC)
Picture = dict[str, int]


class Server:
    """A log of changes of orders, and one connection to follow it."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.epoch = "e1"
        self.log: list[str] = []
        self.sent = 0
        self.prev = 0

    def picture(self, seq: int) -> Picture:
        """Each order's version as of an event."""
        return {order: self.log[:seq].count(order) for order in self.log[:seq]}

    def send(self) -> None:
        if self.sent < len(self.log):
            self.sent += 1
            order = self.log[self.sent - 1]
            data = msgspec.json.encode([order, self.log[: self.sent].count(order)])
            frame = EventFrame("order.updated", self.sent, self.prev, "r1", NOW, msgspec.Raw(data))
            self.prev = self.sent
            for notice in self.delivery.cursor.take(frame, NOW):
                self.delivery.tell(notice)

    def swallow(self) -> None:
        """An event that the server believes to have sent."""
        if self.sent < len(self.log):
            self.sent += 1
            self.prev = self.sent

    def reconnect(self, *, recovers: bool) -> None:
        cursor, head = self.delivery.cursor, len(self.log)
        assert cursor.position is not None
        recovers = recovers and cursor.position.epoch == self.epoch
        self.sent = self.prev = cursor.position.seq if recovers else head
        cursor.authenticated(Authenticated("c", self.epoch, head, recovered=recovers))
        if not recovers:
            self.delivery.tell(cursor.resync(ResyncNow("gap_too_large", head, self.epoch)))


class Screen:
    """What an app does: applies events, and on a resync shows a snapshot instead."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.picture: Picture = {}
        self.known = Position("e1", 0)
        self.turns = asyncio.Semaphore(0)
        self.answers: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
        self.asking: int | None = None

    async def run(self) -> None:
        delivery = self.server.delivery
        while True:
            await self.turns.acquire()
            notice = await delivery.next()
            if isinstance(notice, Event):
                assert notice.position.epoch != self.known.epoch or notice.seq > self.known.seq
                self.known = notice.position
                order, version = notice.decode(list)
                self.picture[order] = max(version, self.picture.get(order, 0))
            elif isinstance(notice, Resync):
                self.asking = len(self.server.log)
                position, epoch = await self.answers.get()
                self.asking = None
                # the rows are read after the head, so they may hold more than the position says
                self.picture = self.server.picture(len(self.server.log))
                self.known = Position(epoch, position)
                delivery.snapshot(self.known)

    def answer(self) -> None:
        if self.asking is not None and self.answers.empty():
            self.answers.put_nowait((self.asking, self.server.epoch))


async def breathe() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


STEPS = (
    "commit o1",
    "commit o2",
    "send",
    "send",
    "swallow",
    "resume",
    "start over",
    "restore",
    "look",
    "answer",
)


@given(st.lists(st.sampled_from(STEPS), max_size=60))
def test_the_picture_is_the_servers_whatever_came_in_between(steps: list[str]) -> None:
    asyncio.run(_follow(steps))


async def _follow(steps: list[str]) -> None:
    delivery = Delivery(Cursor(Position("e1", 0)))
    delivery.iterated = True
    server = Server(delivery)
    server.reconnect(recovers=True)
    screen = Screen(server)
    looking = asyncio.create_task(screen.run())
    for step in [
        *steps,
        "commit o1",
        *["send"] * (len(steps) + 1),
        *["look", "answer"] * (2 * len(steps) + 2),
    ]:
        match step.split():
            case ["commit", order]:
                server.log.append(order)
            case ["send"]:
                server.send()
            case ["swallow"]:
                server.swallow()
            case ["resume"]:
                server.reconnect(recovers=True)
            case ["start", "over"]:
                server.reconnect(recovers=False)
            case ["restore"]:  # from a backup: the last event is gone, and the numbers mean something else
                server.log = server.log[:-1]
                server.epoch += "'"
                server.reconnect(recovers=True)
            case ["look"]:
                screen.turns.release()
            case ["answer"]:
                screen.answer()
        await breathe()
        if looking.done():
            looking.result()
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    assert screen.picture == server.picture(len(server.log))
