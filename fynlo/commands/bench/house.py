"""What is measured: a Postgres, a Valkey and servers of its own, on loopback."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import psycopg

from fynlo.client import ApiClient
from fynlo.db import migrations
from fynlo.db.embedded import EmbeddedPostgres, EmbeddedValkey, free_port
from fynlo.demo.data import PASSWORD, PIZZERIA
from fynlo.demo.seed import seed
from fynlo.processes import leave_the_terminal

OWNER = PIZZERIA.memberships[0].person
READY_WITHIN_S = 30.0


class House:
    """Starts servers and ends them."""

    def __init__(self, folder: Path) -> None:
        self.postgres = EmbeddedPostgres(folder)
        self.valkey = EmbeddedValkey(folder)
        self._running = ExitStack()

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

    async def serve(self, *, workers: int = 1, **environment: str) -> str:
        """A server; returns its address when it is ready."""
        return await self._start(
            [sys.executable, "-m", "fynlo", "serve", "--workers", str(workers)],
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
        async with asyncio.timeout(READY_WITHIN_S), httpx.AsyncClient() as client:
            while True:
                try:
                    if (await client.get(address + path)).is_success:
                        return address
                except httpx.TransportError:
                    if process.poll() is not None:
                        raise RuntimeError(f"{command} ended with {process.returncode}") from None
                await asyncio.sleep(0.05)

    async def token(self, address: str) -> str:
        """An access token of the demo's owner."""
        async with ApiClient(address) as api:
            return (await api.login(OWNER.email, PASSWORD)).access_token

    async def pgbench(self, script: str, variables: dict[str, Any], *, clients: int, seconds: float) -> float:
        """Transactions a second of this script, its statements prepared as the server prepares them."""
        file = self.postgres.directory / "script.sql"
        file.write_text(script)
        command = [
            str(self.postgres.bin / "pgbench"), "--no-vacuum", "--protocol=prepared", f"--file={file}",
            f"--client={clients}", "--jobs=1", f"--time={max(1, round(seconds))}",
        ]  # fmt: skip
        command += [f"--define={name}={value}" for name, value in variables.items()]
        done = await asyncio.create_subprocess_exec(
            *command, self.postgres.url(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, err = await done.communicate()
        if done.returncode != 0 or b"aborted" in err:
            raise RuntimeError(f"pgbench failed: {err.decode()}")
        line = next(line for line in out.decode().splitlines() if line.startswith("tps"))
        return float(line.split()[2])


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
