"""`fynlo dev`: everything on one machine, from nothing: Postgres, Valkey, the demo, the server."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.request import urlopen

import psycopg
import rich_click as click

from fynlo import server, settings
from fynlo.commands.serve import logins
from fynlo.db import migrations
from fynlo.db.embedded import EmbeddedError, EmbeddedPostgres, EmbeddedValkey, free_port
from fynlo.demo.seed import seed
from fynlo.processes import leave_the_terminal

READY_WITHIN_S = 30.0
STOP_WITHIN_S = 30.0


class _Told(BaseException):
    """Ctrl-C or SIGTERM came."""


@click.command()
@click.option("--port", type=click.IntRange(1, 65_535), default=8000, show_default=True)
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".fynlo"),
    show_default=True,
    help="Where the embedded Postgres keeps its data; one server at a time.",
)
@click.option("--fresh", is_flag=True, help="Throw the data directory's database away first.")
@click.option("--no-seed", is_flag=True, help="Without the demo restaurants.")
def dev(port: int, data_dir: Path, fresh: bool, no_seed: bool) -> None:
    """Run everything here: Postgres and Valkey from wheels, migrations, demo data, the server.

    The last line says `ready` and the address. Ctrl-C or SIGTERM stops all that was started.
    """
    signal.signal(signal.SIGTERM, _tell)
    signal.signal(signal.SIGINT, _tell)
    try:
        with ExitStack() as running:
            _run(running, port, data_dir, fresh, no_seed)
    except _Told:
        raise SystemExit(0) from None
    except (EmbeddedError, migrations.MigrationError, settings.SettingsError, psycopg.Error) as error:
        raise click.ClickException(str(error).strip()) from error


def _tell(_number: int, _frame: FrameType | None) -> None:
    # Once: what is being stopped is not interrupted by a second press.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise _Told


def _run(running: ExitStack, port: int, data_dir: Path, fresh: bool, no_seed: bool) -> None:
    server.check_free("127.0.0.1", port)
    running.enter_context(_alone_in(data_dir))
    if fresh:
        for old in (data_dir / "postgres", data_dir / "postgres.new"):
            shutil.rmtree(old, ignore_errors=True)
    print("Starting Postgres and Valkey …", file=sys.stderr)
    postgres = EmbeddedPostgres(data_dir, port=_port_of(data_dir))
    running.callback(postgres.stop)
    postgres.start()
    valkey = EmbeddedValkey(data_dir)
    running.callback(valkey.stop)
    valkey.start()
    print("Migrating …" if no_seed else "Migrating and seeding …", file=sys.stderr)
    asyncio.run(_prepare(postgres.url(), seeded=not no_seed))
    environment = {
        **os.environ,
        "FYNLO_DEVELOPMENT": "1",
        "FYNLO_DATABASE_URL": postgres.url(),
        "FYNLO_LISTEN_URL": postgres.url(),
        "FYNLO_REDIS_URL": valkey.url,
        "FYNLO_HOST": "127.0.0.1",
        "FYNLO_PORT": str(port),
    }
    serving = subprocess.Popen(
        [sys.executable, "-m", "fynlo", "serve"],
        env=environment,
        preexec_fn=partial(leave_the_terminal, signal.SIGTERM),
    )
    running.callback(_stop, serving)
    address = f"http://127.0.0.1:{port}"
    print("Starting the server …", file=sys.stderr)
    _await_ready(serving, address)
    _tell_about(address, postgres.url(), seeded=not no_seed)
    code = serving.wait()
    raise click.ClickException(f"the server ended by itself, with exit code {code}")


def _port_of(data_dir: Path) -> int:
    """The port that Postgres had here the last time, if nobody has taken it: connections that were saved hold."""
    kept = data_dir / "postgres.port"
    try:
        port = int(kept.read_text())
        server.check_free("127.0.0.1", port)
    except (OSError, ValueError):  # a taken port is a SettingsError, and so a ValueError
        port = free_port()
        kept.write_text(f"{port}\n")
    return port


@contextmanager
def _alone_in(data_dir: Path) -> Iterator[None]:
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise EmbeddedError(
                f"{data_dir} is in use by process {lock.read().strip() or '?'}; stop that one, or choose "
                "another --data-dir (and --port)."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


async def _prepare(database_url: str, *, seeded: bool) -> None:
    await migrations.apply(database_url)
    if seeded:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
            await seed(conn)


def _await_ready(serving: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if serving.poll() is not None:
            raise EmbeddedError(f"the server ended at once, with exit code {serving.returncode}")
        try:
            with urlopen(f"{address}/health/ready", timeout=5):  # noqa: S310 - our own address
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise EmbeddedError(f"the server was not ready within {READY_WITHIN_S:.0f} s; see {address}/health/ready")


def _tell_about(address: str, database_url: str, *, seeded: bool) -> None:
    rows = [
        f"kitchen display  {address}/kitchen",
        f"API              {address}/schema",
        f"database         {database_url}",
    ]
    if seeded:
        rows += ["", *logins()]
    # Plain print: a URL is whole, on one line and uncoloured, however wide the terminal is.
    print("\n".join(["", *rows, "", f"ready {address}"]), flush=True)


def _stop(serving: subprocess.Popen[bytes]) -> None:
    if serving.poll() is None:
        serving.terminate()
        try:
            serving.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            serving.kill()
            serving.wait()
