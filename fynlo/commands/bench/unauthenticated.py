"""The server with the check of tokens taken out: every request is the demo's owner's, whatever it carries.

For measuring what that check costs, on loopback, against a database of the bench's own.
`python -m fynlo.commands.bench.unauthenticated` serves it on FYNLO_PORT.
"""

from __future__ import annotations

from fynlo import edge, server, settings
from fynlo.commands.bench.menu import owner
from fynlo.identity.models import Principal
from fynlo.identity.sessions import Sessions


def take_out_the_check() -> None:
    """In this process and the workers that it forks. What reading the header costs is of the check, too."""
    caller = owner()

    async def principal(_sessions: Sessions, _token: str) -> Principal:
        return caller

    Sessions.principal = principal  # type: ignore[assignment, method-assign]
    edge._token = lambda authorization: ""  # noqa: ARG005


if __name__ == "__main__":
    take_out_the_check()
    server.serve(settings.from_environment())
