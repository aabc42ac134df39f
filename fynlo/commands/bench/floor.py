"""The floor: a bare ASGI application on Granian with the server's own settings.

GET and POST answer with the bytes of the file FYNLO_FLOOR_BODY. A socket is answered whatever it says, and it
is in the room that its path names; POST /broadcast?rooms=50&events=400&rate=200&size=2400 sends messages
that look like events, each to all of a room, and answers when they are sent. Without a rate they come as fast
as they can be sent. `python -m fynlo.commands.bench.floor` serves it on FYNLO_PORT.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from fynlo.server import granian


def application() -> Any:
    path = os.environ.get("FYNLO_FLOOR_BODY")
    body = Path(path).read_bytes() if path else b"{}"
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    start = {"type": "http.response.start", "status": 200, "headers": headers}
    answer = {"type": "http.response.body", "body": body, "more_body": False}
    sockets: defaultdict[str, set[Any]] = defaultdict(set)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            if scope["path"] == "/broadcast":
                asked = {name.decode(): int(value) for name, value in parse_qsl(scope["query_string"])}
                await _broadcast(sockets, **asked)
            await send(start)
            await send(answer)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
            sockets[scope["path"]].add(send)
            while (await receive())["type"] != "websocket.disconnect":
                await send(_message('{"type":"answer"}'))
            sockets[scope["path"]].discard(send)
        else:
            while True:
                kind = (await receive())["type"]
                await send({"type": f"{kind}.complete"})
                if kind == "lifespan.shutdown":
                    return

    return app


async def _broadcast(
    sockets: defaultdict[str, set[Any]], *, rooms: int, events: int, size: int, rate: int = 0
) -> None:
    filler = "x" * max(0, size - len(event("")))

    async def tell(room: int) -> None:
        message = _message(event(filler))
        await asyncio.gather(*(to(message) for to in tuple(sockets[f"/{room}"])))

    due = time.perf_counter()
    async with asyncio.TaskGroup() as telling:
        for _ in range(events):
            if rate:
                due += random.expovariate(rate)
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                telling.create_task(tell(random.randrange(rooms)))  # noqa: S311
            else:
                await tell(random.randrange(rooms))  # noqa: S311


def event(filler: str) -> str:
    """A message that looks like an event of the feed's, with the time."""
    at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return f'{{"type":"order.updated","timestamp":"{at}","data":"{filler}"}}'


def _message(text: str) -> dict[str, Any]:
    return {"type": "websocket.send", "text": text, "bytes": None}


if __name__ == "__main__":
    granian("fynlo.commands.bench.floor:application", "127.0.0.1", int(os.environ["FYNLO_PORT"])).serve()
