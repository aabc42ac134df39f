"""The screens of all processes, whichever serves them.

Every few seconds a process tells the database what has changed among its own screens, in one statement on a
connection of its own. With that it renews its lease: the screens of a process that was killed count until that
is over. Nothing waits for any of this, and while the database is away each process knows its own screens.
"""

import asyncio
import contextlib
import heapq
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager

import msgspec
import psycopg
import structlog
from msgspec import Struct

from fynlo import metrics
from fynlo.db.outage import Outage
from fynlo.db.pool import Connection as Database
from fynlo.ids import uuid7

from . import screen_queries as queries
from .connection import Connection
from .database import Standing
from .own_screens import LOOK_AT_ONCE, STALE_AFTER_S, WORST, Key, Overview, OwnScreens, Row, Screen, place

log = structlog.get_logger(__name__)

REFRESH_S = 3.0
LEASE = 10  # refreshes: a process that missed so many is dead
TELL_WITHIN_S = 5.0
ASK_WITHIN_S = 0.5
KNOWN_FOR_S = 1.0  # how old an overview may be: anybody may ask for it, as often as they like


class Screens:
    """`run()` in the lifespan, `withdraw()` at its end.

    connections    those of this process
    stale_after_s  how long an event may wait for its acknowledgement
    refresh_s      between two tellings
    """

    def __init__(
        self,
        database_url: str,
        connections: Callable[[], Collection[Connection]],
        *,
        stale_after_s: float = STALE_AFTER_S,
        refresh_s: float = REFRESH_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.process = uuid7()
        self._own = OwnScreens(connections, stale_after_s, clock)
        self._refresh_s = refresh_s
        self._clock = clock
        self._host = socket.gethostname()
        self._told = False  # whether the database has what was told, and nothing else of us
        self._outage = Outage("screens_not_told", next="told when the database is back")
        self._database = Standing(database_url, "fynlo-screens")
        self._using = asyncio.Lock()
        self._overview: tuple[float, Overview] | None = None
        self._asking = asyncio.Lock()

    async def run(self) -> None:
        """Look and tell until cancelled."""
        while True:
            try:
                await self.refresh()
            except Exception as error:  # whatever it is, the feed goes on, and the next look is a new one
                log.error("screens_failed", exc_info=error)
                self._told = False
            await asyncio.sleep(self._refresh_s)

    async def refresh(self) -> None:
        """Look at every screen of this process, and tell the database what has changed."""
        changed, gone = await self._own.look()
        if not changed and not gone and not self._own.any:
            return  # an idle server has nothing to say
        if not self._told:  # it may have something else of us, or nothing: this replaces all of it
            changed = self._own.rows()
        await self._tell(changed, gone)

    async def withdraw(self) -> None:
        """The process ends: its screens have gone, and their lease need not be waited for."""
        metrics.screens_stale.set(0)
        if self._own.any:
            with contextlib.suppress(psycopg.Error, OSError, TimeoutError):
                async with self._asked(ASK_WITHIN_S) as database:
                    await queries.withdraw_screens(database, self.process)
        await self._database.drop()

    async def overview(self) -> Overview:
        """How the screens of all processes do; those of this one alone where the database does not answer.

        Its own are as they are at this moment, the others as their processes told a few seconds ago.
        """
        async with self._asking:
            if self._overview is None or self._clock() - self._overview[0] > KNOWN_FOR_S:
                self._overview = self._clock(), await self._ask()
            return self._overview[1]

    async def _ask(self) -> Overview:
        if self._outage.lasts:
            return self._own.overview()
        try:
            async with self._asked(ASK_WITHIN_S) as database:
                others = await queries.others_screens(database, self.process, WORST)
        except (psycopg.Error, OSError, TimeoutError):
            return self._own.overview()
        return _together(self._own.overview(), others)

    async def _tell(self, changed: list[Row], gone: list[Key]) -> None:
        whole, self._told = not self._told, False
        told = queries.Told(
            self.process,
            self._host,
            os.getpid(),
            self._refresh_s * LEASE,
            await _encode(changed),
            await _encode(gone),
            whole,
        )
        try:
            async with self._asked(TELL_WITHIN_S) as database:
                known = await queries.tell_screens(database, told)
            self._told = known or whole
            self._outage.is_over()
        except (psycopg.Error, OSError, TimeoutError) as error:
            self._outage.goes_on(error)

    @asynccontextmanager
    async def _asked(self, within_s: float) -> AsyncIterator[Database]:
        """The one connection, for one question at a time; one that fails takes it along."""
        async with asyncio.timeout(within_s), self._using:
            try:
                yield await self._database.get()
            except BaseException:
                await self._database.drop()
                raise


async def _encode(items: Sequence[Struct]) -> str:
    """A JSON array, made in slices: thousands at once would hold up the events."""
    slices = []
    for start in range(0, len(items), LOOK_AT_ONCE):
        slices.append(msgspec.json.encode(items[start : start + LOOK_AT_ONCE])[1:-1])
        await asyncio.sleep(0)
    return f"[{b','.join(slices).decode()}]"


def _together(own: Overview, others: list[queries.OtherScreen]) -> Overview:
    if not others:
        return msgspec.structs.replace(own, of="all processes")
    all_of_them = others[0]
    theirs = [
        Screen(row.connection_id, row.kind, row.stale, row.waiting, round(row.lag_s, 3), row.acknowledged_at)
        if row.acknowledged_at is not None
        else Screen(row.connection_id, row.kind, False, None, None, None)
        for row in others
    ]
    return Overview(
        "all processes",
        own.tracked + all_of_them.tracked,
        own.stale + all_of_them.stale_ones,
        own.untracked + all_of_them.untracked,
        max(own.lag_s_max, round(all_of_them.lag_s_max or 0.0, 3)),
        tuple(heapq.nsmallest(WORST, [*own.worst, *theirs], key=place)),
    )
