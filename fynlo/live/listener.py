"""The one connection of a process that hears Postgres: LISTEN, outside the pool, reconnecting for ever."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import structlog

from fynlo import metrics
from fynlo.db.pool import APPLICATION_ROLE, Connection

log = structlog.get_logger(__name__)

FEED_CHANNEL = "fynlo_feed"
CONTROL_CHANNEL = "fynlo_control"
KEEPALIVES: dict[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "connect_timeout": 5,
}


async def connect(url: str, name: str) -> Connection:
    """A connection of the feed's own: autocommit, kept alive, working as the application's role."""
    conn = await Connection.connect(
        url, autocommit=True, application_name=name, prepare_threshold=1, **KEEPALIVES
    )
    try:
        await conn.execute(
            f"set role {APPLICATION_ROLE}; set timezone = 'UTC'; set statement_timeout = 15000"
        )
    except BaseException:
        await conn.close()
        raise
    return conn


class Backoff:
    """Jittered waits that double from 50 ms to 3 s."""

    def __init__(self) -> None:
        self._failures = 0

    def reset(self) -> None:
        self._failures = 0

    async def wait(self) -> None:
        self._failures = min(self._failures + 1, 7)
        await asyncio.sleep(random.uniform(0.5, 1.0) * min(0.05 * 2**self._failures, 3.0))  # noqa: S311


class Listener:
    """Calls `hint(restaurant id, backend that sent it)` and `control(text)` for each notification, and awaits
    `connected` after every LISTEN and before the first notification is read: what came in between is in the log."""

    def __init__(
        self,
        url: str,
        *,
        hint: Callable[[str, int], None],
        control: Callable[[str], None],
        connected: Callable[[], Awaitable[None]],
    ) -> None:
        self._url = url
        self._hint = hint
        self._control = control
        self._connected = connected
        self.listening = False

    async def run(self) -> None:
        """Listen until cancelled."""
        backoff = Backoff()
        away = False  # an outage is told once
        while True:
            try:
                conn = await connect(self._url, "fynlo-listener")
                try:
                    await conn.execute(f"listen {FEED_CHANNEL}")
                    await conn.execute(f"listen {CONTROL_CHANNEL}")
                    await self._connected()
                    self.listening = True
                    metrics.listening.set(1)
                    backoff.reset()
                    away = False
                    log.info("feed_listening")
                    await self._pump(conn)
                finally:
                    self.listening = False
                    metrics.listening.set(0)
                    with contextlib.suppress(psycopg.Error, OSError):
                        await conn.close()
            except (psycopg.Error, OSError) as exc:
                if not away:
                    log.warning(
                        "feed_listener_lost", error=str(exc).strip(), next="connecting until it stands"
                    )
                away = True
                await backoff.wait()

    async def _pump(self, conn: Connection) -> None:
        async for notification in conn.notifies():
            if notification.channel == FEED_CHANNEL:
                self._hint(notification.payload, notification.pid)
            else:
                self._control(notification.payload)
