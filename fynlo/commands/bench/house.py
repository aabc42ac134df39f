"""What is measured: a Postgres, a Valkey and servers of its own, on loopback."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from types import TracebackType

import httpx
import psycopg
from msgspec import Struct

from fynlo.client import ApiClient
from fynlo.db import migrations
from fynlo.db.embedded import EmbeddedPostgres, EmbeddedValkey, free_port
from fynlo.demo.data import PASSWORD, PIZZERIA
from fynlo.demo.seed import seed
from fynlo.processes import leave_the_terminal

OWNER = PIZZERIA.memberships[0].person
READY_WITHIN_S = 30.0
FLUSHES = 50


class Done(Struct, frozen=True):
    """Transactions that pgbench ran: how many, and how many a second once its connections stood."""

    count: int
    rate: float


class House:
    """Starts servers and ends them."""

    def __init__(self, folder: Path) -> None:
        self.postgres = EmbeddedPostgres(folder)
        self.valkey = EmbeddedValkey(folder)
        self._running = ExitStack()
        self._processes: dict[str, int] = {}

    def __enter__(self) -> House:
        self._running.callback(self.postgres.stop)
        self.postgres.start()
        self._running.callback(self.valkey.stop)
        self.valkey.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, where: TracebackType | None) -> None:
        self._running.close()

    async def prepare(self) -> None:
        """The schema and the demo."""
        await migrations.apply(self.postgres.url())
        async with await psycopg.AsyncConnection.connect(self.postgres.url(), autocommit=True) as conn:
            await seed(conn)
            await conn.execute("vacuum analyze")

    async def serve(self, *, workers: int = 1, authenticated: bool = True, **environment: str) -> str:
        """A server, or the one of `unauthenticated.py`; returns its address when it is ready."""
        module = "fynlo" if authenticated else "fynlo.commands.bench.unauthenticated"
        arguments = ["serve", "--workers", str(workers)] if authenticated else []
        return await self._start(
            [sys.executable, "-m", module, *arguments],
            "/health/ready",
            FYNLO_DEVELOPMENT="1",
            FYNLO_LOG_LEVEL="warning",
            FYNLO_DATABASE_URL=self.postgres.url(),
            FYNLO_REDIS_URL=self.valkey.url,
            # One person stands for all who would send this load; what counting them costs stays in.
            FYNLO_REQUESTS_PER_PERSON="1000000",
            FYNLO_REQUESTS_PER_RESTAURANT="1000000",
            **environment,
        )

    async def floor(self, **environment: str) -> str:
        """The bare application of `floor.py` on the same Granian; returns its address."""
        return await self._start([sys.executable, "-m", "fynlo.commands.bench.floor"], "/", **environment)

    async def _start(self, command: list[str], path: str, **environment: str) -> str:
        port = free_port()
        process = subprocess.Popen(  # noqa: ASYNC220
            command,
            env={**os.environ, "FYNLO_PORT": str(port), **environment},
            preexec_fn=partial(leave_the_terminal, signal.SIGTERM),
        )
        self._running.callback(_stop, process)
        address = f"http://127.0.0.1:{port}"
        self._processes[address] = process.pid
        async with asyncio.timeout(READY_WITHIN_S), httpx.AsyncClient() as client:
            while True:
                try:
                    if (await client.get(address + path)).is_success:
                        return address
                except httpx.TransportError:
                    if process.poll() is not None:
                        raise RuntimeError(f"{command} ended with {process.returncode}") from None
                await asyncio.sleep(0.05)

    def memory(self, address: str) -> int:
        """Bytes that a server's processes hold, what they share counted once (PSS); Linux only."""
        return sum(map(_held, _with_children(self._processes[address])))

    def flush_s(self) -> float:
        """Seconds that the disk takes to flush one page of the log: each commit waits for one."""
        with tempfile.TemporaryFile(dir=self.postgres.directory) as file:
            began = time.perf_counter()
            for _ in range(FLUSHES):
                os.pwrite(file.fileno(), bytes(8_192), 0)
                os.fsync(file.fileno())
            return (time.perf_counter() - began) / FLUSHES

    async def token(self, address: str) -> str:
        """An access token of the demo's owner."""
        async with ApiClient(address) as api:
            return (await api.login(OWNER.email, PASSWORD)).access_token

    async def pgbench(
        self,
        script: str,
        variables: dict[str, str],
        *,
        clients: int,
        seconds: float | None = None,
        count: int | None = None,
        rate: float | None = None,
        settings: str = "",
    ) -> Done:
        """Run this script so many seconds or times, as fast as can be or at a rate.

        A count is rounded up to a multiple of the clients; `settings` are the sessions' (`-c name=value`).
        """
        limits = []
        if seconds is not None:
            limits.append(f"--time={max(1, round(seconds))}")
        if count is not None:
            limits.append(f"--transactions={-(-count // clients)}")
        if rate is not None:
            limits.append(f"--rate={rate}")
        process = await self._pgbench(script, variables, clients, limits, settings)
        out, err = await process.communicate()
        if process.returncode != 0 or b"aborted" in err:
            raise RuntimeError(f"pgbench failed: {err.decode()}")
        return done(out.decode())

    @asynccontextmanager
    async def busy(
        self, script: str, variables: dict[str, str], *, clients: int, settings: str = ""
    ) -> AsyncIterator[None]:
        """pgbench runs this script until the end of the block; `settings` are its sessions' (`-c name=value`).

        Raises RuntimeError where it ends by itself.
        """
        process = await self._pgbench(script, variables, clients, ["--time=3600"], settings)
        said = asyncio.create_task(process.communicate())
        try:
            yield
            if said.done():
                raise RuntimeError(f"pgbench failed: {said.result()[1].decode()}")
        finally:
            if process.returncode is None:
                process.terminate()
            await said
            await self._await_end("pgbench")

    async def _pgbench(
        self,
        script: str,
        variables: dict[str, str],
        clients: int,
        limits: Sequence[str],
        settings: str = "",
    ) -> asyncio.subprocess.Process:
        """Start it; statements are prepared as the server prepares them."""
        file = self.postgres.directory / "script.sql"
        file.write_text(script)
        return await asyncio.create_subprocess_exec(
            str(self.postgres.bin / "pgbench"), "--no-vacuum", "--protocol=prepared", f"--file={file}",
            f"--client={clients}", "--jobs=1", *limits,
            *(f"--define={name}={value}" for name, value in variables.items()),
            self.postgres.url(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PGOPTIONS": settings},
            preexec_fn=partial(leave_the_terminal, signal.SIGTERM),
        )  # fmt: skip

    async def _await_end(self, application: str) -> None:
        """Until Postgres has noticed that these sessions are gone."""
        async with await psycopg.AsyncConnection.connect(self.postgres.url(), autocommit=True) as conn:
            gone = "select not exists (select from pg_stat_activity where application_name = %s)"
            while True:
                if await (await conn.execute(gone, (application,))).fetchone() == (True,):
                    return
                await asyncio.sleep(0.02)


def done(said: str) -> Done:
    """What pgbench says at its end."""
    count = rate = ""
    for line in said.splitlines():
        if line.startswith("number of transactions actually processed:"):
            count = line.split()[5].partition("/")[0]
        elif line.startswith("tps"):
            rate = line.split()[2]
    return Done(int(count), float(rate))


def _with_children(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(found for child in children for found in _with_children(int(child)))]


def _held(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1_024
    raise RuntimeError(f"the kernel doesn't say what process {pid} holds")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
