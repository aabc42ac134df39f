"""The hub: one per process. It follows the log of every restaurant that somebody here follows.

A hint marks a restaurant dirty; dirty restaurants are read in one batched query; what came is handed to the
followers. Hints may be lost, so the heads are polled every second as well: the log is the truth.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from uuid import UUID

import psycopg
import structlog

from fynlo import metrics
from fynlo.db.outage import Outage

from . import queries
from .database import Backoff, Standing
from .listener import Listener
from .notifier import Notifier
from .room import Frame, Room

log = structlog.get_logger(__name__)

POLL_S = 1.0
BATCH = 500  # events of one restaurant in one read
SLICE = 64  # events handed out before the writers get their turn
SLICE_BYTES = 262_144  # of data, the same: a quarter of what may wait for a screen
SLICE_WITHIN_S = 0.25  # which lasts no longer than this
STALE_S = 3.0  # without a word from the database for this long, nothing cached is trusted
IDLE_ROOM_S = 600.0
HEADS_CHANGED = "heads"  # on the control channel: some head is another one, though no event came


class UnknownRestaurant(LookupError):
    """There is no such restaurant."""


class Hub:
    """Rooms by restaurant, kept up to date. `start()` in the lifespan, `stop()` at its end.

    on_event      is told each event, after the room has it
    on_reset      is told a room that begins, or goes on somewhere else: what was known before counts no more
    on_control    is told what comes on the control channel
    on_connected  is told that the listener stands anew: what was said before that may have been missed
    notifier      tells the other processes of what is announced here
    """

    def __init__(
        self,
        listen_url: str,
        database_url: str,
        *,
        on_event: Callable[[Frame], None] = lambda _frame: None,
        on_reset: Callable[[Room], None] = lambda _room: None,
        on_control: Callable[[str], None] = lambda _text: None,
        on_connected: Callable[[], None] = lambda: None,
        notifier: Notifier | None = None,
    ) -> None:
        self._on_event = on_event
        self._on_reset = on_reset
        self._on_control = on_control
        self._on_connected = on_connected
        self._notifier = notifier
        self._rooms: dict[UUID, Room] = {}
        self._dirty: set[UUID] = set()
        self._wake = asyncio.Event()
        self._poll_due = asyncio.Event()
        self._reader = Standing(database_url, "fynlo-feed")
        self._reading = asyncio.Lock()
        self._filling: dict[UUID, asyncio.Lock] = {}
        self._confirmed_at = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self._bursts: dict[UUID, asyncio.Task[None]] = {}
        self.listener = Listener(
            listen_url, hint=self._hint, control=self._told, connected=self._listener_connected
        )

    # -- life

    def start(self) -> None:
        if self._notifier is not None:
            self._notifier.start()
        self._tasks = [
            asyncio.create_task(self.listener.run(), name="feed-listener"),
            asyncio.create_task(self._pump(), name="feed-pump"),
            asyncio.create_task(self._poll(), name="feed-poll"),
        ]

    async def stop(self) -> None:
        tasks = [*self._tasks, *self._bursts.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._notifier is not None:
            await self._notifier.stop()
        await self._reader.drop()

    # -- for others

    def announce(self, restaurant_id: UUID) -> None:
        """A transaction of this process has committed: read what it wrote, and tell the other processes."""
        if restaurant_id in self._rooms:
            self._mark(restaurant_id)
        if self._notifier is not None:
            self._notifier.announce(restaurant_id)

    @property
    def current(self) -> bool:
        """Whether positions can be trusted: the database has confirmed them lately."""
        return time.monotonic() - self._confirmed_at < STALE_S

    def tracked(self, restaurant_id: UUID) -> Room | None:
        """The room, where it is followed already; using it keeps it."""
        room = self._rooms.get(restaurant_id)
        if room is not None:
            room.used_at = time.monotonic()
        return room

    async def room(self, restaurant_id: UUID) -> Room:
        """The room, followed from now on. Raises UnknownRestaurant."""
        room = self.tracked(restaurant_id)
        if room is not None:
            return room
        async with self._filling.setdefault(restaurant_id, asyncio.Lock()):
            room = self.tracked(restaurant_id)
            if room is not None:
                return room
            heads = await self._read_heads([restaurant_id])
            if restaurant_id not in heads:
                del self._filling[restaurant_id]
                raise UnknownRestaurant(restaurant_id)
            head = heads[restaurant_id]
            room = Room(restaurant_id, head.epoch, head.seq, head.floor_seq)
            room.used_at = time.monotonic()
            self._rooms[restaurant_id] = room
            self._on_reset(room)
        self._mark(restaurant_id)  # a hint may have passed between the read and this line
        return room

    async def resumable(self, room: Room, epoch: UUID, last_seq: int) -> str | None:
        """Make sure that everything after `last_seq` is in the ring.

        Returns None, or why that cannot be: epoch_changed, ahead_of_head, below_floor, gap_too_large.
        """
        if epoch != room.epoch or last_seq > room.seq:
            # Another process may have told the client more than we have heard; ask before judging.
            await self._compare_heads([room.restaurant_id])
            while epoch == room.epoch and last_seq > room.seq and await self._catch_up([room]):
                pass
        if epoch != room.epoch:
            return "epoch_changed"
        if last_seq > room.seq:
            return "ahead_of_head"
        if last_seq < room.floor_seq:
            return "below_floor"
        async with self._filling.setdefault(room.restaurant_id, asyncio.Lock()):
            while room.oldest > last_seq + 1:
                before = room.oldest
                start = max(last_seq, before - 1 - BATCH)
                rows = await self._read_events([(room.restaurant_id, start)], before - 1 - start)
                if room.oldest != before:
                    continue  # the ring was trimmed or moved while we read
                frames = [Frame(row) for row in rows if row.seq < before]
                if [frame.seq for frame in frames] != list(range(start + 1, before)):
                    return "below_floor"
                if not room.prepend(frames):
                    return "gap_too_large"
        return None if epoch == room.epoch else "epoch_changed"

    # -- the pump

    def _mark(self, restaurant_id: UUID) -> None:
        self._dirty.add(restaurant_id)
        self._wake.set()

    def _hint(self, payload: str, sender: int) -> None:
        if self._notifier is not None and sender == self._notifier.pid:
            return  # our own: the room was marked when it was announced, after the commit
        with contextlib.suppress(ValueError):
            restaurant_id = UUID(payload)
            if restaurant_id in self._rooms:
                self._mark(restaurant_id)

    def _told(self, payload: str) -> None:
        if payload == HEADS_CHANGED:
            self._poll_due.set()
        else:
            self._on_control(payload)

    async def _listener_connected(self) -> None:
        # LISTEN stands; what was missed before it is in the log. Read the heads, then pump.
        self._on_connected()
        await self._compare_heads(list(self._rooms))

    async def _pump(self) -> None:
        backoff = Backoff()
        while True:
            await self._wake.wait()
            self._wake.clear()
            dirty = self._dirty - self._bursts.keys()
            self._dirty -= dirty
            rooms = [self._rooms[r] for r in dirty if r in self._rooms]
            try:
                news, lost = await self._read_new(rooms)
                for room, frames in news:
                    if len(list(_slices(frames))) == 1:
                        self._give(room, frames)
                    else:
                        self._give_burst(room, frames)
                await self._find_again(lost)
                backoff.reset()
            except (psycopg.Error, OSError) as exc:
                log.warning("feed_read_failed", error=str(exc).strip())
                self._dirty |= {room.restaurant_id for room in rooms}
                await backoff.wait()
                self._wake.set()

    async def _catch_up(self, rooms: list[Room]) -> bool:
        """Read what is new in these rooms and hand it out; whether there was anything."""
        news, lost = await self._read_new(rooms)
        for room, frames in news:
            await self._hand_out(room, frames, room.epoch)
        await self._find_again(lost)
        return bool(news or lost)

    async def _read_new(self, rooms: list[Room]) -> tuple[list[tuple[Room, list[Frame]]], list[Room]]:
        """What follows on in these rooms, where anything does; and the rooms where something is missing."""
        if not rooms:
            return [], []
        came: dict[UUID, list[Frame]] = {}
        epochs = {room.restaurant_id: room.epoch for room in rooms}
        for row in await self._read_events([(room.restaurant_id, room.seq) for room in rooms], BATCH):
            came.setdefault(row.restaurant_id, []).append(Frame(row))
        news, lost = [], []
        for room in rooms:
            if room.epoch != epochs[room.restaurant_id]:
                continue  # it went on in another log while we waited for rows of the old one
            # Another reader may have been here while we waited for the rows.
            frames = [frame for frame in came.get(room.restaurant_id, ()) if frame.seq > room.seq]
            if len(came.get(room.restaurant_id, ())) == BATCH:
                self._mark(room.restaurant_id)
            if frames and frames[0].seq != room.seq + 1:
                lost.append(room)
            elif frames:
                news.append((room, frames))
        return news, lost

    async def _find_again(self, rooms: list[Room]) -> None:
        """The log was pruned further than these rooms have read it: they go on from its head."""
        if rooms:
            heads = await self._read_heads([room.restaurant_id for room in rooms])
            for room in rooms:
                self._move(room, heads[room.restaurant_id], "below_floor")

    def _move(self, room: Room, head: queries.HeadRow, reason: str) -> None:
        room.move(head.epoch, head.seq, head.floor_seq, reason)
        self._on_reset(room)

    def _give(self, room: Room, frames: list[Frame]) -> int:
        """These events to all its screens at once, except those it has had meanwhile; how many that were."""
        part = [frame for frame in frames if frame.seq > room.seq]
        for follower in tuple(room.followers):
            follower.check_backlog()
        room.append(part)
        for frame in part:
            if room.followers:
                metrics.commit_to_send.observe(max(0.0, frame.age_s()))
            self._on_event(frame)
        return len(part)

    def _give_burst(self, room: Room, frames: list[Frame]) -> None:
        """A burst takes as long as its screens do; the pump reads on for the others, and here when it is over."""
        task = asyncio.create_task(self._hand_out(room, frames, room.epoch), name="feed-burst")
        self._bursts[room.restaurant_id] = task
        task.add_done_callback(partial(self._burst_is_over, room.restaurant_id))

    def _burst_is_over(self, restaurant_id: UUID, task: asyncio.Task[None]) -> None:
        del self._bursts[restaurant_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("feed_burst_failed", restaurant_id=str(restaurant_id), exc_info=error)
            self._dirty.add(restaurant_id)
        self._wake.set()  # it may have become dirty meanwhile

    async def _hand_out(self, room: Room, frames: list[Frame], epoch: UUID) -> None:
        """Slice by slice, so that a burst does not overrun clients that read."""
        for part in _slices(frames):
            if room.epoch != epoch:
                return  # the log is another one since the last slice
            given = self._give(room, part)
            if given and part[-1] is not frames[-1]:
                await self._let_them_read(room, given)

    async def _let_them_read(self, room: Room, most: int) -> None:
        """Until no more than so many wait for any screen; who takes nothing is not waited for."""
        until = time.monotonic() + SLICE_WITHIN_S
        await asyncio.sleep(0.002)
        behind = {f: f.backlog for f in room.followers if f.backlog > most}
        while behind and time.monotonic() < until:
            await asyncio.sleep(0.01)
            behind = {f: f.backlog for f, before in behind.items() if most < f.backlog < before}

    async def _poll(self) -> None:
        outage = Outage("feed_poll_failed", next="asked again every second")
        while True:
            self._poll_due.clear()
            try:
                await self._compare_heads(list(self._rooms))
                outage.is_over()
            except (psycopg.Error, OSError) as exc:
                outage.goes_on(exc)
            self._forget_idle_rooms()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._poll_due.wait(), POLL_S)

    async def _compare_heads(self, restaurants: list[UUID]) -> None:
        heads = await self._read_heads(restaurants)
        for restaurant_id, head in heads.items():
            room = self._rooms.get(restaurant_id)
            if room is None:
                continue
            room.floor_seq = head.floor_seq
            if head.epoch != room.epoch:
                self._move(room, head, "epoch_changed")
            elif head.seq > room.seq:
                self._mark(restaurant_id)

    def _forget_idle_rooms(self) -> None:
        limit = time.monotonic() - IDLE_ROOM_S
        for restaurant_id in [
            r for r, room in self._rooms.items() if not room.followers and room.used_at < limit
        ]:
            del self._rooms[restaurant_id]
            self._filling.pop(restaurant_id, None)

    # -- the reader, which is asked one question at a time

    async def _read_events(self, after: list[tuple[UUID, int]], limit: int) -> list[queries.EventRow]:
        async with self._reading:
            conn = await self._reader.get()
            try:
                return await queries.read_events(conn, after, limit)
            except (psycopg.Error, OSError):
                await self._reader.drop()
                raise

    async def _read_heads(self, restaurants: list[UUID]) -> dict[UUID, queries.HeadRow]:
        async with self._reading:
            asked = time.monotonic()
            conn = await self._reader.get()
            try:
                heads = await queries.read_heads(conn, restaurants)
            except (psycopg.Error, OSError):
                await self._reader.drop()
                raise
            self._confirmed_at = asked
            return heads


def _slices(frames: list[Frame]) -> Iterator[list[Frame]]:
    """What is handed out at once: so many events, or so much of them, and one at least."""
    part: list[Frame] = []
    size = 0
    for frame in frames:
        if part and (len(part) == SLICE or size + len(frame.data) > SLICE_BYTES):
            yield part
            part, size = [], 0
        part.append(frame)
        size += len(frame.data)
    if part:
        yield part
