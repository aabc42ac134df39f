"""The server with the check of tokens taken out: every request is the demo's owner's, whatever it carries.

For measuring what that check costs, on loopback, against a database of the bench's own.
`python -m fynlo.commands.bench.unauthenticated` serves it on FYNLO_PORT.
"""

from __future__ import annotations

import os
from typing import Any

from fynlo import edge, logs, settings
from fynlo.app import Server
from fynlo.commands.bench.menu import owner
from fynlo.identity.models import Principal
from fynlo.server import granian


def application() -> Any:
    chosen = settings.from_environment()
    logs.configure(chosen.log_format, chosen.log_level)
    server, caller = Server(chosen), owner()

    async def authenticate(_token: str) -> Principal:
        return caller

    edge._token = lambda authorization: ""  # noqa: ARG005 -- what reading the header costs is of the check, too
    server.asgi._authenticate = authenticate
    return server.asgi


if __name__ == "__main__":
    granian(
        "fynlo.commands.bench.unauthenticated:application", "127.0.0.1", int(os.environ["FYNLO_PORT"])
    ).serve()
