"""Menus kept as the bytes that are sent: in this process, and behind it in Redis where there is one.

An answer here is used for as long as the feed of its restaurant is followed and has shown no change of the
menu since the answer was read. In Redis the menu's version is part of the key, so nothing there is ever stale.
"""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import NamedTuple
from uuid import UUID

import msgspec
import redis.asyncio
import structlog
from msgspec import Struct

from fynlo.db.feed import Position

log = structlog.get_logger(__name__)

ENTRIES = 4_096
BYTES = 64 * 1_048_576
REDIS_LIFE_S = 3_600
REDIS_REST_S = 5.0  # after a failure Redis is left alone for so long


class Key(NamedTuple):
    """What an answer depends on besides the menu itself."""

    restaurant_id: UUID
    money: bool
    category: str | None
    page: int
    limit: int


class Answer(Struct, frozen=True):
    """A menu page as it is sent, `total` products in all."""

    body: bytes
    etag: str
    total: int


def answer(body: bytes, total: int) -> Answer:
    """With a strong ETag, which names exactly these bytes."""
    return Answer(body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"', total)


class Loaded(NamedTuple):
    """An answer read just now, and the position of the feed that it is known to include."""

    answer: Answer
    position: Position


Load = Callable[[], Awaitable[Loaded]]


class MenuCache:
    """The answers of one process. `changed` is called for each change of a menu that the feed shows.

    Not `enabled`, it keeps nothing and every request reads for itself: for measuring.
    """

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._keys: dict[UUID, set[Key]] = {}
        self._bytes = 0
        self._changed_at: dict[UUID, Position] = {}
        self._loading: dict[Key, asyncio.Task[Loaded]] = {}

    def get(self, key: Key) -> Answer | None:
        found = self._answers.get(key)
        if found is not None:
            self._answers.move_to_end(key)
        return found

    async def load(self, key: Key, load: Load) -> Loaded:
        """The answer by way of `load`, which runs once however many wait for it."""
        if not self._enabled:
            return await load()
        task = self._loading.get(key)
        if task is None:
            task = self._loading[key] = asyncio.create_task(self._load(key, load))
            task.add_done_callback(partial(self._loaded, key))
        return await asyncio.shield(task)

    def _loaded(self, key: Key, task: asyncio.Task[Loaded]) -> None:
        if self._loading.get(key) is task:
            del self._loading[key]
        if not task.cancelled():
            task.exception()  # whoever waits has it; if nobody waits any more, nobody else retrieves it

    async def _load(self, key: Key, load: Load) -> Loaded:
        loaded = await load()
        changed = self._changed_at.get(key.restaurant_id)
        # A change that was shown while we read may not be in what we read.
        if changed is None or (changed.epoch == loaded.position.epoch and changed.seq <= loaded.position.seq):
            self._keep(key, loaded.answer)
        return loaded

    def _keep(self, key: Key, kept: Answer) -> None:
        self._drop(key)
        self._answers[key] = kept
        self._keys.setdefault(key.restaurant_id, set()).add(key)
        self._bytes += len(kept.body)
        while len(self._answers) > ENTRIES or (self._bytes > BYTES and len(self._answers) > 1):
            self._drop(next(iter(self._answers)))

    def _drop(self, key: Key) -> None:
        found = self._answers.pop(key, None)
        if found is not None:
            self._bytes -= len(found.body)
            self._keys[key.restaurant_id].discard(key)

    def changed(self, restaurant_id: UUID, position: Position) -> None:
        """The menu is another one since this position: its answers are dropped, and what is being read now
        is kept only if it was read later than that; who asks from now on reads anew."""
        self._changed_at[restaurant_id] = position
        for key in self._keys.pop(restaurant_id, ()):
            self._bytes -= len(self._answers.pop(key).body)
        for key in [key for key in self._loading if key.restaurant_id == restaurant_id]:
            del self._loading[key]


class SharedMenus:
    """Answers that the processes share through Redis. When Redis is away, there are none."""

    def __init__(self, client: redis.asyncio.Redis | None) -> None:
        self._client = client
        self._rest_until = 0.0

    def _name(self, key: Key, version: int) -> str:
        what = "money" if key.money else "plain"
        page = f"{key.page}:{key.limit}:{key.category or ''}"
        return f"fynlo:menu:{key.restaurant_id}:{version}:{what}:{page}"

    async def get(self, key: Key, version: int) -> Answer | None:
        """The answer for this version of the menu, if another process has left it."""
        if self._client is None or time.monotonic() < self._rest_until:
            return None
        try:
            found = await self._client.get(self._name(key, version))
            return msgspec.msgpack.decode(found, type=Answer) if isinstance(found, bytes) else None
        except (redis.exceptions.RedisError, OSError, msgspec.MsgspecError) as exc:
            self._rest(exc)
            return None

    async def put(self, key: Key, version: int, kept: Answer) -> None:
        if self._client is None or time.monotonic() < self._rest_until:
            return
        try:
            await self._client.set(self._name(key, version), msgspec.msgpack.encode(kept), ex=REDIS_LIFE_S)
        except (redis.exceptions.RedisError, OSError) as exc:
            self._rest(exc)

    def _rest(self, exc: Exception) -> None:
        self._rest_until = time.monotonic() + REDIS_REST_S
        log.warning("redis_away", error=str(exc))
