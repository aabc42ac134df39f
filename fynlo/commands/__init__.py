"""Commands of `fynlo`; here what those share that use a server as any client does."""

from __future__ import annotations

import asyncio
import math
import signal
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ParamSpec, TypeVar

import httpx
import rich_click as click
from msgspec import Struct

from fynlo.client import ApiClient, ClientError, Membership

DEMO_LOGIN = ("manager@demo.fynlo.test", "fynlo-demo")
"""Seeded on development servers; tried where the address is this machine's and no login is given."""

P = ParamSpec("P")
R = TypeVar("R")


class Target(Struct, frozen=True):
    """The server, the login and the restaurant that a command was given."""

    url: str
    email: str | None
    password: str | None
    restaurant: str | None

    def credentials(self) -> tuple[str, str]:
        """The login to use; raises UsageError where one has to be named."""
        if self.email is None and self.password is None and _is_loopback(self.url):
            return DEMO_LOGIN
        if self.email is None or self.password is None:
            raise click.UsageError(
                "name --email and --password (or FYNLO_PASSWORD): the login of this server"
            )
        return self.email, self.password

    async def sign_in(self, api: ApiClient) -> Membership:
        """Logs in for as long as the command runs, and finds the restaurant."""
        return self.pick((await api.login(*self.credentials(), keep=True)).restaurants)

    def pick(self, memberships: Sequence[Membership]) -> Membership:
        """The restaurant named by id or name, else the first; raises UsageError where there is none such."""
        for membership in memberships:
            if self.restaurant is None or self.restaurant.lower() in (membership.id, membership.name.lower()):
                return membership
        names = ", ".join(membership.name for membership in memberships) or "none"
        raise click.UsageError(f"no such restaurant for this login; there are: {names}")


def _is_loopback(url: str) -> bool:
    host = httpx.URL(url).host
    return host in ("localhost", "::1") or host.startswith("127.")


def server_options(command: Callable[P, R]) -> Callable[P, R]:
    """Adds --url, --email, --password and --restaurant to a command; build a `Target` of them."""
    for option in (
        click.option("--restaurant", metavar="ID|NAME", help="Which restaurant; default: the login's first."),
        click.option("--password", envvar="FYNLO_PASSWORD", help="Default on this machine: the demo's."),
        click.option("--email", help="Who logs in; default on this machine: the demo's manager."),
        click.option(
            "--url", default="http://127.0.0.1:8000", show_default=True, help="Address of the server."
        ),
    ):
        command = option(command)
    return command


def run(main: Callable[[asyncio.Event], Coroutine[Any, Any, int]]) -> None:
    """Runs a command to its exit code.

    The first Ctrl-C or SIGTERM sets the event that `main` was given, and `main` ends in its own time; another
    one cancels it. What the server refused is told in one line.
    """
    try:
        code = asyncio.run(_until_told(main))
    except ClientError as error:
        raise click.ClickException(str(error)) from error
    raise SystemExit(code)


async def _until_told(main: Callable[[asyncio.Event], Coroutine[Any, Any, int]]) -> int:
    told = asyncio.Event()
    task = asyncio.ensure_future(main(told))

    def tell() -> None:
        if told.is_set():
            task.cancel()
        told.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, tell)
    try:
        return await task
    except asyncio.CancelledError:
        return 130
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value that `share` (0 to 1) of the values do not exceed (nearest rank); None without values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
