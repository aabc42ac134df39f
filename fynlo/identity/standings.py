"""What sign-ins are worth, read from the database and remembered for two seconds."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID

from .models import Standing

STANDING_S = 2.0  # how long a lost hint of a revocation can go unnoticed
STANDINGS = 20_000

K = TypeVar("K", bound=Hashable)


class Standings(Generic[K]):
    """Standings by key, as `ask` tells them. `forget*` is called when the feed says that something changed."""

    def __init__(self, ask: Callable[[K], Awaitable[Standing]]) -> None:
        self._ask = ask
        self._known: OrderedDict[K, tuple[float, Standing]] = OrderedDict()
        self._loading: dict[K, asyncio.Task[Standing]] = {}

    def known(self, key: K) -> Standing | None:
        """As of at most two seconds ago; None where it has to be loaded."""
        entry = self._known.get(key)
        return entry[1] if entry is not None and entry[0] > time.monotonic() else None

    async def load(self, key: K) -> Standing:
        """One query however many wait for it; no waiter's end cancels it for the others."""
        task = self._loading.get(key)
        if task is None:
            task = asyncio.create_task(self._load(key))
            self._loading[key] = task
            task.add_done_callback(partial(self._loaded, key))
        return await asyncio.shield(task)

    def _loaded(self, key: K, task: asyncio.Task[Standing]) -> None:
        if self._loading.get(key) is task:
            del self._loading[key]

    async def _load(self, key: K) -> Standing:
        asked = time.monotonic()
        standing = await self._ask(key)
        if self._loading.get(key) is not asyncio.current_task():
            return standing  # forgotten while it was read: good for who asked before that, not to be kept
        self._known[key] = (asked + STANDING_S, standing)
        self._known.move_to_end(key)
        if len(self._known) > STANDINGS:
            self._known.popitem(last=False)
        return standing

    def forget(self, key: K) -> None:
        """The next request asks the database."""
        self._known.pop(key, None)
        self._loading.pop(key, None)

    def forget_user(self, user_id: UUID) -> None:
        self._forget_where(lambda standing: standing.user.id == user_id)

    def forget_device(self, device_id: UUID) -> None:
        self._forget_where(lambda standing: standing.device_id == device_id)

    def _forget_where(self, concerns: Callable[[Standing], bool]) -> None:
        for key in [key for key, (_, standing) in self._known.items() if concerns(standing)]:
            del self._known[key]
        self._loading.clear()  # whose these are is not known yet

    def forget_all(self) -> None:
        self._known.clear()
        self._loading.clear()
