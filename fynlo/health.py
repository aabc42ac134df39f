"""Whether the server lives, is ready, and how its sockets do; and the figures for Prometheus."""

import asyncio
from collections.abc import Mapping
from typing import Literal, Protocol

import psycopg
from litestar import HttpMethod, Response, route
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from fynlo import metrics
from fynlo.db.migrations import migration_files
from fynlo.db.pool import Pool, connection
from fynlo.db.queries import queries
from fynlo.errors import FynloError
from fynlo.http import respond
from fynlo.live.own_screens import Overview
from fynlo.openapi import Operation, described

_SQL = queries("feed")
_METHODS = [HttpMethod.GET, HttpMethod.HEAD]
ANSWER_WITHIN_S = 3.0


class Live(Struct, frozen=True):
    status: Literal["live"] = "live"


class Check(Struct, frozen=True):
    """One thing that must hold; `detail` says what to do where it does not."""

    ok: bool
    detail: str


class Ready(Struct, frozen=True):
    """Whether to send requests here."""

    status: Literal["ready", "not_ready"]
    checks: Mapping[str, Check]


class Websocket(Struct, frozen=True):
    """The sockets of this server, all workers together, and how the screens of every process on its database do.

    An idle server is healthy, and one whose screens are stale is, too: it is they that need a look.
    """

    status: Literal["healthy", "degraded"]
    active_connections: int
    total_connections: int
    failed_messages: int
    listener: Literal["listening", "reconnecting"]
    screens: Overview


class Feed(Protocol):
    """What is asked of the feed of this process."""

    @property
    def listening(self) -> bool: ...

    @property
    def draining(self) -> bool: ...


class Screens(Protocol):
    """What is asked of the screens."""

    async def overview(self) -> Overview: ...


async def _database(pool: Pool) -> dict[str, Check]:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S), connection(pool) as conn:
            settings = await (await conn.execute(_SQL["durability"])).fetchone()
            applied = dict(await (await conn.execute(_SQL["migrations_applied"])).fetchall())
    except (psycopg.Error, FynloError, OSError, TimeoutError):
        away = Check(False, "The database does not answer; see the log, and FYNLO_DATABASE_URL.")
        return {"database": away}
    pending = [file.name for file in migration_files() if applied.get(file.name) != file.sha256]
    off = [
        name
        for name, value in zip(
            ("fsync", "full_page_writes", "synchronous_commit"), settings or (), strict=True
        )
        if value == "off"
    ]
    return {
        "database": Check(True, "answers"),
        "migrations": Check(
            not pending,
            f"{len(pending)} to apply, the first is {pending[0]}: run `fynlo migrate apply`."
            if pending
            else "applied",
        ),
        "durability": Check(
            not off,
            f"{', '.join(off)} is off: an acknowledged order could be lost. Switch it on."
            if off
            else "commits are flushed",
        ),
    }


def health_routes(pool: Pool, feed: Feed, screens: Screens) -> list[HTTPRouteHandler]:
    """The routes under /health, and /metrics."""

    @route(
        "/health/live",
        http_method=_METHODS,
        sync_to_thread=False,
        opt=described(Operation(tag="Health", summary="Is it alive", needs="public", answers={200: Live})),
    )
    def live() -> Response[bytes]:
        """The process answers. Restart it where it does not."""
        return respond(Live())

    @route(
        "/health/ready",
        http_method=_METHODS,
        opt=described(
            Operation(
                tag="Health", summary="Is it ready", needs="public", answers={200: Ready}, problems=[503]
            )
        ),
    )
    async def ready() -> Response[bytes]:
        """Send requests here on 200. On 503 `checks` says what is missing: the database, its migrations, its
        durability, the feed's listener; or that the server is going away."""
        checks = await _database(pool)
        checks["feed"] = Check(feed.listening, "listening" if feed.listening else "reconnecting to Postgres")
        if feed.draining:
            checks["serving"] = Check(False, "going away")
        good = all(check.ok for check in checks.values())
        return respond(Ready("ready" if good else "not_ready", checks), 200 if good else 503)

    @route(
        "/health/websocket",
        http_method=_METHODS,
        opt=described(
            Operation(tag="Health", summary="The sockets", needs="public", answers={200: Websocket})
        ),
    )
    async def websocket() -> Response[bytes]:
        """How many there are, were, and how many messages could not be delivered to a slow or vanished one; and
        which screens have stopped acknowledging what they are sent."""
        active, opened, failed = metrics.values(
            "fynlo_sockets", "fynlo_sockets_opened_total", "fynlo_messages_failed_total"
        ).values()
        listening = feed.listening
        return respond(
            Websocket(
                "healthy" if listening else "degraded",
                int(active),
                int(opened),
                int(failed),
                "listening" if listening else "reconnecting",
                await screens.overview(),
            )
        )

    @route("/metrics", http_method=_METHODS, opt={"public": True}, sync_to_thread=True)
    def exposition() -> Response[bytes]:
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)

    return [live, ready, websocket, exposition]
