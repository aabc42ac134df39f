"""Serving: Granian with one or more workers, each a Server of its own, and a way out that loses nobody.

Granian drops every socket on SIGTERM. So each worker takes the signal over once it serves: it turns readiness
off, refuses upgrades, sends its sockets away with 1012, and then lets Granian finish the requests in flight.
"""

import asyncio
import gc
import os
import shutil
import signal
import socket
import sys
import tempfile
from functools import partial
from threading import Thread
from typing import Any

import structlog
from granian.constants import HTTPModes, Interfaces, Loops, RuntimeModes
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server as Granian
from litestar.types import ASGIApp, Receive, Send

from fynlo import logs, settings
from fynlo.processes import signal_on_parents_death
from fynlo.settings import Settings, SettingsError

log = structlog.get_logger(__name__)

BACKLOG = 1_024
CONNECTIONS = 16_384  # idle keep-alive connections count towards Granian's backpressure
SEND_BUFFER = 131_072
UNREAD_MS = 5_000


def serve(chosen: Settings) -> None:
    """Serve until SIGTERM or Ctrl-C. The workers read the same environment.

    Raises SettingsError where the address is taken.
    """
    check_free(chosen.host, chosen.port)
    counters = tempfile.mkdtemp(prefix="fynlo-metrics-") if chosen.workers > 1 else None
    if counters is not None:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = counters
    running = granian("fynlo.server:application", chosen.host, chosen.port, chosen.workers)
    running.workers_kill_timeout = int(chosen.drain_s) + 20
    _block_sigterm_over_forks()
    try:
        running.serve()
    finally:
        if counters is not None:
            shutil.rmtree(counters, ignore_errors=True)


def granian(target: str, host: str, port: int, workers: int = 1) -> Any:
    """The server as we set it up; `target` names a function that makes the application."""
    return Granian(
        target,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=15_000),
        workers=workers,
        loop=Loops.uvloop,
        runtime_mode=RuntimeModes.st,
        backlog=BACKLOG,
        backpressure=CONNECTIONS,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
    )


def check_free(host: str, port: int) -> None:
    """Raises SettingsError where the address is taken.

    Workers share a port on purpose, so a second server on it would not be noticed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise SettingsError(
                f"{host}:{port} cannot be used ({exc.strerror}); choose another port."
            ) from exc


def application() -> ASGIApp:
    """What each worker serves; Granian calls it once."""
    leave = _Leave()
    from fynlo.app import Server

    chosen = settings.from_environment()
    logs.configure(chosen.log_format, chosen.log_level)
    signal_on_parents_death(signal.SIGTERM)  # a worker whose parent was killed would serve on, unseen
    server = Server(chosen)

    async def with_drain(scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await server.asgi(scope, receive, send)
            return

        async def started(message: Any) -> None:
            if message["type"] == "lifespan.startup.complete":
                os.setpgid(0, 0)  # Ctrl-C is the parent's, which then terminates its workers
                gc.collect()
                gc.freeze()  # what is there now stays: looking through it would hold up every screen for 50 ms
                leave.by_draining(server, asyncio.create_task(_tune_listener(chosen.port)))
            await send(message)

        await server.asgi(scope, receive, started)

    return with_drain


class _Leave:
    """A worker's SIGTERM, awaited by a thread. No handler sees it, so none can miss it.

    Granian's handlers miss it twice: the one a worker inherits sets an event that nobody there waits for, and
    uvloop drops what comes between two of its runs, as between the startup and the serving. So the signal is
    blocked from before the fork on, and stays pending until it is taken here.
    """

    def __init__(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: Any = None
        self._listening: asyncio.Task[None] | None = None
        self._leaving: asyncio.Task[None] | None = None
        Thread(target=self._await_sigterm, name="sigterm", daemon=True).start()

    def by_draining(self, server: Any, listening: asyncio.Task[None]) -> None:
        """From now on; until now it ends at once, for there is nobody to send away."""
        self._server, self._listening = server, listening
        self._loop = asyncio.get_running_loop()

    def _await_sigterm(self) -> None:
        while True:
            signal.sigwait([signal.SIGTERM])
            if self._loop is None:
                os._exit(0)
            self._loop.call_soon_threadsafe(self._leave)

    def _leave(self) -> None:
        if self._leaving is None:
            self._leaving = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        """Drain first, then hand over to Granian's own way out, which listens to SIGINT once it serves."""
        assert self._listening is not None
        log.info("draining")
        try:
            await self._server.drain()
            await self._listening
        finally:
            os.kill(os.getpid(), signal.SIGINT)


def _block_sigterm_over_forks() -> None:
    """The parent takes it a moment later; a child is born with it blocked, and takes it when it can."""
    block = partial(signal.pthread_sigmask, signal.SIG_BLOCK, [signal.SIGTERM])
    unblock = partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, [signal.SIGTERM])
    os.register_at_fork(before=block, after_in_parent=unblock)


async def _tune_listener(port: int) -> None:
    """Accepted sockets inherit these: what a client that stopped reading may hold, and for how long.

    Granian listens only once the application has started, so it is looked for until it is there.
    """
    if sys.platform != "linux":
        return
    for _ in range(1_000):
        if _tuned(port):
            return
        await asyncio.sleep(0.01)
    log.warning("listener_not_tuned", port=port)


def _tuned(port: int) -> bool:
    """Whether this process listens on the port; if so, its listening sockets are tuned now."""
    tuned = False
    for name in os.listdir("/proc/self/fd"):
        try:
            found = socket.socket(fileno=os.dup(int(name)))
        except OSError:
            continue
        with found:
            try:
                if found.getsockname()[1] != port or not found.getsockopt(
                    socket.SOL_SOCKET, socket.SO_ACCEPTCONN
                ):
                    continue
                found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
                found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
                tuned = True
            except (OSError, IndexError, TypeError):
                continue
    return tuned
