"""What lies between a client and the server: a TCP proxy that cuts, that goes silent, that swallows a frame."""

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType

NEVER = float("inf")
CHUNK = 65_536


class Proxy:
    """A TCP proxy to a port of this machine, on a `port` of its own. A context manager.

    lasts     is asked at each connection after how many bytes towards the client it is cut, wherever in a
              frame that is
    swallows  is asked of each piece on its way to the client whether to throw it away
    """

    def __init__(
        self,
        to: int,
        *,
        lasts: Callable[[], float] = lambda: NEVER,
        swallows: Callable[[bytes], bool] = lambda _piece: False,
    ) -> None:
        self.port = 0
        self.cuts = 0
        self._to = to
        self._lasts = lasts
        self._swallows = swallows
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._carrying: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def freeze(self) -> None:
        """From now on nothing is carried, in neither direction, and nothing is closed: both sides are left
        with a peer that has vanished."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Carries on."""
        self._flowing.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await self._carry(reader, writer)
        finally:
            writer.transport.abort()
            self._carrying.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        above, below = await asyncio.open_connection("127.0.0.1", self._to, limit=CHUNK)
        ways = [
            asyncio.create_task(self._pump(reader, below, NEVER, lambda _piece: False)),
            asyncio.create_task(self._pump(above, writer, self._lasts(), self._swallows)),
        ]
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            # What came last still goes out before the end does; an abort would take it back.
            for way in done:
                if way.exception() is None and not way.result():
                    other = writer if way is ways[1] else below
                    other.close()
                    with contextlib.suppress(OSError):
                        await other.wait_closed()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            below.transport.abort()

    async def _pump(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        lasts: float,
        swallows: Callable[[bytes], bool],
    ) -> bool:
        """Until the source ends, or `lasts` bytes have passed; whether it was cut."""
        while True:
            await self._flowing.wait()
            piece = await source.read(CHUNK)
            await self._flowing.wait()
            if not piece:
                return False
            if swallows(piece):
                continue
            sink.write(piece if len(piece) < lasts else piece[: int(lasts)])
            await sink.drain()
            lasts -= len(piece)
            if lasts <= 0:
                self.cuts += 1
                return True

    async def __aenter__(self) -> "Proxy":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=1_024, limit=CHUNK)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        carrying = tuple(self._carrying)
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)
