"""Connections of the feed's own, beside the pool, so that a busy pool delays no screen."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg

from fynlo.db.pool import APPLICATION_ROLE, Connection

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


class Standing:
    """A connection that is made when it is asked for, and anew after it was dropped or has broken.

    `opened` is awaited with each one before anybody else has it.
    """

    def __init__(
        self, url: str, name: str, *, opened: Callable[[Connection], Awaitable[None]] | None = None
    ) -> None:
        self._url = url
        self._name = name
        self._opened = opened
        self._conn: Connection | None = None

    async def get(self) -> Connection:
        """The connection. Raises psycopg.Error or OSError where the database cannot be had."""
        if self._conn is None or self._conn.closed:
            conn = self._conn = await connect(self._url, self._name)
            if self._opened is not None:
                try:
                    await self._opened(conn)
                except BaseException:
                    await self.drop()
                    raise
        return self._conn

    async def drop(self) -> None:
        """Close it; what is asked next has another."""
        conn, self._conn = self._conn, None
        if conn is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                await conn.close()


class Backoff:
    """Jittered waits that double from 50 ms to 3 s."""

    def __init__(self) -> None:
        self._failures = 0

    def reset(self) -> None:
        self._failures = 0

    async def wait(self) -> None:
        self._failures = min(self._failures + 1, 7)
        await asyncio.sleep(random.uniform(0.5, 1.0) * min(0.05 * 2**self._failures, 3.0))  # noqa: S311
