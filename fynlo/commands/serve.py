"""`fynlo serve`, `fynlo migrate`, `fynlo seed`: the server against a configured Postgres and Redis."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import psycopg
import rich_click as click
from rich.console import Console
from rich.table import Table as Grid

from fynlo import logs, server, settings
from fynlo.db import migrations
from fynlo.demo.data import PASSWORD, RESTAURANTS
from fynlo.demo.seed import seed as seed_demo

database_option = click.option(
    "--database-url",
    envvar="FYNLO_DATABASE_URL",
    required=True,
    show_envvar=True,
    help="The Postgres to use.",
)


@click.command()
@click.option("--host", help="Address to listen on; default: FYNLO_HOST, else 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Default: FYNLO_PORT, else 8000.")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes; default: FYNLO_WORKERS, else 1.")
def serve(host: str | None, port: int | None, workers: int | None) -> None:
    """Serve against the Postgres and Redis that the environment names.

    Run `fynlo migrate apply` first. On SIGTERM it sends its sockets away (1012) and finishes what runs.
    """
    for name, value in (("FYNLO_HOST", host), ("FYNLO_PORT", port), ("FYNLO_WORKERS", workers)):
        if value is not None:
            os.environ[name] = str(value)  # the workers read the same environment
    try:
        chosen = settings.from_environment()
        logs.configure(chosen.log_format, chosen.log_level)
        server.serve(chosen)
    except settings.SettingsError as error:
        raise click.ClickException(str(error)) from error


@click.group()
def migrate() -> None:
    """Bring a database to this release, or see how it stands."""


@migrate.command()
@database_option
def apply(database_url: str) -> None:
    """Apply what is missing: ordered files once, repeatable files when their text has changed."""
    console = Console(highlight=False)
    try:
        ran = asyncio.run(
            migrations.apply(database_url, report=lambda name: console.print(f"applied {name}"))
        )
    except (migrations.MigrationError, psycopg.Error) as error:
        raise click.ClickException(str(error).strip()) from error
    console.print(f"{len(ran)} files applied" if ran else "nothing to apply")


@migrate.command()
@database_option
def status(database_url: str) -> None:
    """How each file stands; exits with 1 where something is pending, edited or unknown."""
    try:
        found = asyncio.run(_status(database_url))
    except psycopg.Error as error:
        raise click.ClickException(str(error).strip()) from error
    grid = Grid("file", "state")
    for row in found:
        grid.add_row(row.name, row.state, style=None if row.state == "applied" else "yellow")
    Console(highlight=False).print(grid)
    raise SystemExit(0 if all(row.state == "applied" for row in found) else 1)


async def _status(database_url: str) -> list[migrations.Status]:
    async with await _connect(database_url) as conn:
        return await migrations.status(conn)


@click.command()
@database_option
def seed(database_url: str) -> None:
    """Add the two demo restaurants, where they are not there yet. Not for production: everybody knows the
    password."""
    try:
        added = asyncio.run(_seed(database_url))
    except psycopg.Error as error:
        raise click.ClickException(str(error).strip()) from error
    console = Console(highlight=False)
    console.print(f"added {', '.join(added)}" if added else "both demo restaurants are there already")
    for line in logins():
        console.print(line)


async def _seed(database_url: str) -> list[str]:
    async with await _connect(database_url) as conn:
        return await seed_demo(conn)


async def _connect(database_url: str) -> psycopg.AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(database_url, autocommit=True)


def logins() -> list[str]:
    """Who may sign in to the demo, a line each."""
    return [
        f"{membership.person.email:<26} {membership.role:<8} {place.name}, password {PASSWORD}"
        for place in RESTAURANTS
        for membership in place.memberships
    ]
