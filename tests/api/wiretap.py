"""A wire between a server and its Postgres on which the statements are counted."""

import asyncio
from types import TracebackType
from urllib.parse import urlsplit, urlunsplit

_STATEMENTS = (b"Q", b"E")  # a simple query, and the execution of a prepared one
_POOL = b"\0application_name\0fynlo\0"  # the requests' connections; the feed's own have other names


class Wiretap:
    """Passes on every byte; `count` is how many statements the server's pool has sent, each a round trip."""

    def __init__(self, database_url: str) -> None:
        self._target = urlsplit(database_url)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.count = 0

    @property
    def url(self) -> str:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        user = f"{self._target.username}:{self._target.password}"
        return urlunsplit(self._target._replace(netloc=f"{user}@127.0.0.1:{port}", query="sslmode=disable"))

    async def __aenter__(self) -> "Wiretap":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._open |= {writer, ours}
        try:
            await asyncio.gather(self._questions(reader, ours), self._answers(theirs, writer))
        finally:
            self._open -= {writer, ours}

    async def _questions(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            length = await reader.readexactly(4)  # the first message has no type
            start = await reader.readexactly(int.from_bytes(length) - 4)
            writer.write(length + start)
            counted = _POOL in start
            while True:
                kind, length = await reader.readexactly(1), await reader.readexactly(4)
                self.count += counted and kind in _STATEMENTS
                writer.write(kind + length + await reader.readexactly(int.from_bytes(length) - 4))
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
