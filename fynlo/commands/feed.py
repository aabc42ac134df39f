"""`fynlo feed`: how the feed stands in the database, and a new epoch after a restore."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import psycopg
import rich_click as click
from msgspec import Struct
from rich.console import Console
from rich.table import Table as Grid

from fynlo import settings
from fynlo.commands.serve import database_option
from fynlo.db.pool import Connection
from fynlo.live import status as feed_status
from fynlo.live.status import FeedStatus

T = TypeVar("T")


class Report(Struct, frozen=True):
    """What `status --json` writes: how long things are kept as configured here, and what was found."""

    replay_days: int
    keep_events_months: int
    found: FeedStatus


restaurant_option = click.option("--restaurant", metavar="ID", type=click.UUID, help="This one only.")


@click.group()
def feed() -> None:
    """See how the feed stands, and what to do after a restore."""


@feed.command()
@database_option
@restaurant_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def status(database_url: str, restaurant: UUID | None, as_json: bool) -> None:
    """Each restaurant's log, its screens, the sessions that wake them, and what the log takes.

    A login that serves (a member of fynlo_app) is enough; with pg_monitor it sees the sessions of others too.
    """
    try:
        days, months = settings.retention(os.environ)
    except settings.SettingsError as error:
        raise click.ClickException(str(error)) from error
    found = _ask(
        database_url,
        lambda conn: feed_status.read(conn, restaurant),
        "This login may not work as fynlo_app. Use the one that serves, or: grant fynlo_app to it.",
    )
    if restaurant is not None and not found.restaurants:
        raise click.ClickException(f"there is no restaurant {restaurant}")
    report = Report(days, months, found)
    if as_json:
        flat = msgspec.to_builtins(found) | {"replay_days": days, "keep_events_months": months}
        click.echo(msgspec.json.format(msgspec.json.encode(flat)).decode())
        return
    console = _console()
    for section in SECTIONS:
        console.print(section(report))


@feed.command("rotate-epoch")
@database_option
@restaurant_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def rotate_epoch(database_url: str, restaurant: UUID | None, yes: bool) -> None:
    """Give the log of every restaurant a new epoch, after the database was restored from a backup.

    Every screen then loads everything anew instead of resuming into another history; open ones do so at once.
    It needs a login that migrates: a member of fynlo_owner.
    """
    if not yes:
        what = f"Every screen of {restaurant or 'every restaurant'} will load everything anew. Go on?"
        click.confirm(what, abort=True)
    rotated = _ask(
        database_url,
        lambda conn: feed_status.rotate_epochs(conn, restaurant),
        "This login may not give a new epoch. Use the one that migrates: a member of fynlo_owner.",
    )
    if not rotated:
        raise click.ClickException(f"there is no restaurant {restaurant or 'yet'}")
    grid = Grid("restaurant")
    grid.add_column("id", overflow="fold")
    grid.add_column("head", justify="right")
    grid.add_column("new epoch", overflow="fold")
    for row in rotated:
        grid.add_row(row.name, str(row.id), str(row.seq), str(row.epoch))
    console = _console()
    console.print(grid)
    console.print("Screens that are open resync now, the others when they come back.")


def _console() -> Console:
    """As wide as the terminal; what is piped is not folded."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=200)


def _ask(database_url: str, ask: Callable[[Connection], Coroutine[Any, Any, T]], forbidden: str) -> T:
    """What the database answers; what it refuses is told in one line."""

    async def asked() -> T:
        async with await Connection.connect(
            database_url, autocommit=True, application_name="fynlo-cli", connect_timeout=10
        ) as conn:
            return await ask(conn)

    try:
        return asyncio.run(asked())
    except psycopg.errors.InsufficientPrivilege as error:
        raise click.ClickException(forbidden) from error
    except psycopg.errors.LockNotAvailable as error:
        raise click.ClickException("Orders are being written without a pause; try again.") from error
    except (psycopg.errors.UndefinedFunction, psycopg.errors.InvalidSchemaName) as error:
        raise click.ClickException(
            "This database is not of this release: run `fynlo migrate apply`."
        ) from error
    except psycopg.Error as error:
        raise click.ClickException(str(error).strip()) from error


# -- the sections of `status`, in their order


def restaurants(report: Report) -> Grid:
    """Each restaurant's log."""
    grid = Grid("restaurant", title="Restaurants", title_justify="left")
    grid.add_column("id", overflow="fold")
    for name in ("head", "floor", "replayable", "newest", "missing"):
        grid.add_column(name, justify="right")
    grid.add_column("epoch", overflow="fold")
    for row in report.found.restaurants:
        grid.add_row(
            row.name,
            str(row.id),
            str(row.seq),
            str(row.floor_seq),
            str(row.replayable),
            _ago(row.newest_at, report.found.at),
            str(row.missing),
            str(row.epoch),
            style="red" if row.missing else None,
        )
    return grid


def screens(report: Report) -> Grid:
    """Who watches, and how far they are: those that have stopped acknowledging first."""
    at = report.found.at
    grid = Grid("restaurant", "kind", "who", "server", title="Screens", title_justify="left")
    for name in ("since", "acknowledged", "waiting", "lag"):
        grid.add_column(name, justify="right")
    for row in report.found.screens:
        tracked = row.acknowledged_at is not None
        grid.add_row(
            row.restaurant,
            row.kind,
            row.who,
            f"{row.host} {row.pid}",
            _ago(row.connected_at, at),
            f"{row.acknowledged_seq}, {_ago(row.acknowledged_at, at)} ago" if tracked else "never",
            str(row.waiting) if tracked else "?",
            ("STALE " if row.stale else "") + f"{row.lag_s:.1f} s" if tracked else "?",
            style="red" if row.stale else None,
        )
    if not report.found.screens:
        grid.add_row("none", *[""] * 7)
    return grid


def listeners(report: Report) -> Grid:
    """The sessions that wake the screens: one a process, each with a queue to read."""
    found = report.found
    grid = Grid("pid", "login", "from", "since", title="Listeners", title_justify="left")
    for session in found.listeners:
        hidden = session.since is None
        where = "hidden: grant pg_monitor" if hidden else session.address or "a local socket"
        grid.add_row(str(session.pid), session.login, where, _ago(session.since, found.at))
    if not found.listeners:
        grid.add_row("none", "", "", "", style="yellow")
    return grid


def log(report: Report) -> Grid:
    """What is kept, and what it takes."""
    found = report.found
    grid = Grid("what", "how it stands", title="Log", title_justify="left")
    oldest = min((row.replay_from for row in found.restaurants if row.replay_from is not None), default=None)
    grid.add_row("replay", f"{report.replay_days} days; the oldest event is {_ago(oldest, found.at)} old")
    grid.add_row("kept", f"{report.keep_events_months} months; the oldest is {found.log.oldest_month}")
    grid.add_row("size", f"{found.log.bytes / 1_048_576:,.1f} MB in {found.log.months} months")
    grid.add_row(
        "without a month",
        f"{found.log.default_events} events",
        style="yellow" if found.log.default_events else None,
    )
    grid.add_row("notifications", f"{found.notification_queue_usage:.1%} of their queue is in use")
    return grid


SECTIONS: tuple[Callable[[Report], Grid], ...] = (restaurants, screens, listeners, log)


def _ago(then: datetime | None, at: datetime) -> str:
    """The time between in its two largest units: 3 s, 4 min 2 s, 2 d 5 h."""
    if then is None:
        return "-"
    seconds = max(0, int((at - then).total_seconds()))
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"
