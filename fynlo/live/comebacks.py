"""What was 86'd or counted until a time is put back in stock when that has come, so that every screen hears of it."""

import asyncio
import random
from datetime import datetime

import psycopg
import structlog

from fynlo.db.outage import Outage

from . import queries
from .database import Standing

log = structlog.get_logger(__name__)

EVERY_S = 5.0
SOON_S = 0.2  # after a run that left something, and where another process may be at it
AT_ONCE = 100


class Comebacks:
    """`run()` is a task of the lifespan. It has a connection of its own; any number of processes may run it.

    Selling does not wait for it: what is due is sold at once. It is the event and the menu that follow.
    """

    def __init__(self, database_url: str) -> None:
        self._conn = Standing(database_url, "fynlo-comebacks")

    async def run(self) -> None:
        """Bring back what is due until cancelled."""
        outage = Outage("comebacks_failed", next="tried every few seconds")
        try:
            while True:
                pause = EVERY_S * random.uniform(0.8, 1.0)  # noqa: S311
                try:
                    due_in = await self.once()
                    outage.is_over()
                    if due_in is not None:
                        pause = max(SOON_S, min(pause, due_in))
                except (psycopg.Error, OSError) as exc:
                    await self._conn.drop()
                    outage.goes_on(exc)
                await asyncio.sleep(pause)
        finally:
            await self._conn.drop()

    async def once(self) -> float | None:
        """One run; seconds until the next is due, None where none is.

        Raises psycopg.Error or OSError where the database cannot be had.
        """
        back, next_at = await queries.bring_back(await self._conn.get(), AT_ONCE)
        if back:
            log.info("back_in_stock", count=back)
        return _until(next_at)


def _until(at: datetime | None) -> float | None:
    return None if at is None else (at - datetime.now(at.tzinfo)).total_seconds()
