"""The floor: a bare ASGI application on Granian with the server's own settings.

GET and POST answer with the bytes of the file FYNLO_FLOOR_BODY; POST /broadcast sends its body to every open
socket. `python -m fynlo.commands.bench.floor` serves it on FYNLO_PORT.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from fynlo.server import granian


def application() -> Any:
    path = os.environ.get("FYNLO_FLOOR_BODY")
    body = Path(path).read_bytes() if path else b"{}"
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    start = {"type": "http.response.start", "status": 200, "headers": headers}
    answer = {"type": "http.response.body", "body": body, "more_body": False}
    sockets: set[Any] = set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            if scope["path"] == "/broadcast":
                text = (await receive())["body"].decode()
                message = {"type": "websocket.send", "text": text, "bytes": None}
                await asyncio.gather(*(to(message) for to in sockets))
            await send(start)
            await send(answer)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
            sockets.add(send)
            while (await receive())["type"] != "websocket.disconnect":
                pass
            sockets.discard(send)
        else:
            while True:
                kind = (await receive())["type"]
                await send({"type": f"{kind}.complete"})
                if kind == "lifespan.shutdown":
                    return

    return app


if __name__ == "__main__":
    granian("fynlo.commands.bench.floor:application", "127.0.0.1", int(os.environ["FYNLO_PORT"])).serve()
