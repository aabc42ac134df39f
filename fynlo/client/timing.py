"""The clock, the timer and the dice of the feed, so that a test can hold all three."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any


class Timing:
    """clock: seconds that only rise · sleep: waits seconds · random: a number from 0 up to 1."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        random: Callable[[], float] = random.random,
    ) -> None:
        self.clock = clock
        self.sleep = sleep
        self.random = random

    async def within(self, event: asyncio.Event, seconds: float) -> bool:
        """Whether `event` is set before `seconds` have passed; leaves nothing running."""
        happens = asyncio.ensure_future(event.wait())
        passes = asyncio.ensure_future(self.sleep(seconds))
        try:
            await asyncio.wait({happens, passes}, return_when=asyncio.FIRST_COMPLETED)
            return event.is_set()
        finally:
            await finish(happens, passes)


async def finish(*tasks: asyncio.Future[Any]) -> None:
    """Cancels what is still running of these and returns when all of it has ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
