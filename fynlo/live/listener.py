"""The one connection of a process that hears Postgres: LISTEN, outside the pool, reconnecting for ever."""

import contextlib
from collections.abc import Awaitable, Callable

import psycopg
import structlog

from fynlo import metrics
from fynlo.db.outage import Outage
from fynlo.db.pool import Connection

from .database import Backoff, connect

log = structlog.get_logger(__name__)

FEED_CHANNEL = "fynlo_feed"
CONTROL_CHANNEL = "fynlo_control"


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
        outage = Outage("feed_listener_lost", next="connecting until it stands")
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
                    outage.is_over()
                    log.info("feed_listening")
                    await self._pump(conn)
                finally:
                    self.listening = False
                    metrics.listening.set(0)
                    with contextlib.suppress(psycopg.Error, OSError):
                        await conn.close()
            except (psycopg.Error, OSError) as exc:
                outage.goes_on(exc)
                await backoff.wait()

    async def _pump(self, conn: Connection) -> None:
        async for notification in conn.notifies():
            if notification.channel == FEED_CHANNEL:
                self._hint(notification.payload, notification.pid)
            else:
                self._control(notification.payload)
