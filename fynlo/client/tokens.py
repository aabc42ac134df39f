"""Access tokens, always fresh, refreshed once however many callers wait.

An access token lives some minutes; the refresh token that comes with it buys the next pair and is then spent
(it works again for 10 s, so that an answer lost on the way is no logout). So two refreshes at a time are a
danger, and there is never more than one here: callers that need a token meanwhile wait for it and get its
result, be that a token or the failure. After a failure the next caller starts anew.

Whoever has tokens of another kind (an external issuer) gives `ApiClient` and `Feed` a `TokenSource` of their
own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import httpx
import msgspec
from msgspec import Struct

from fynlo.client.answers import read
from fynlo.client.devices import AskForToken, AskToPair, DeviceCode, Kind, PairedLogin, poll
from fynlo.client.errors import BadAnswer, NotLoggedIn, ProblemError
from fynlo.client.models import Login
from fynlo.client.wire import TIMEOUT, Wire

EARLY = 60.0
"""Seconds before its expiry that a token is replaced; half its life if it lives less than two minutes."""

REFRESH_TIMEOUT = 5.0
"""Seconds. A caller who then tries anew is still within the 10 s in which the spent token works."""


class TokenSource(Protocol):
    """What a client needs to know about tokens.

    `token` and `refresh` raise NotLoggedIn when the session is over, which ends a feed, and Unreachable when
    it may work later, which a feed waits for.
    """

    async def token(self) -> str:
        """A token that is good for a while."""

    async def refresh(self, failed: str) -> str:
        """A token other than `failed`, which the server refused."""

    async def settle(self) -> None:
        """Returns when nothing of this source is under way."""


class _Credentials(Struct):
    email: str
    password: str


class _Refresh(Struct):
    refresh_token: str


class TokenManager:
    """The tokens of one session.

    `refresh_token` continues an earlier session; without it `login` begins one. `on_rotate` is told each new
    refresh token, for those who store it. `clock` counts seconds.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        refresh_token: str | None = None,
        on_rotate: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wire = wire
        self._clock = clock
        self._on_rotate = on_rotate
        self._refresh_token = refresh_token
        self._credentials: _Credentials | None = None
        self._access: str | None = None
        self._replace_at = 0.0
        self._under_way: asyncio.Task[str] | None = None
        self._forgotten = 0

    @property
    def refresh_token(self) -> str | None:
        """What a later session can be continued with; it changes with every refresh."""
        return self._refresh_token

    async def login(self, email: str, password: str, *, keep: bool = False) -> Login:
        """Begins a session. Raises ProblemError: 401 for wrong credentials, 429 after too many wrong ones.

        With `keep` the credentials stay in memory, to log in again by itself when the server will not refresh
        any more. For programs that nobody watches, such as a screen on a wall.
        """
        await self.settle()  # a refresh of the session before must not end after this login
        credentials = _Credentials(email, password)
        login = await self._sign_in(credentials)
        self._credentials = credentials if keep else None
        return login

    async def begin_pairing(self, kind: Kind, name: str) -> DeviceCode:
        """A code for this device to show; `name` is what the approver is shown first."""
        body = msgspec.json.encode(AskToPair(kind, name))
        return read(await self._wire.send("POST", "/auth/device", body=body), DeviceCode)

    async def pair(self, code: DeviceCode) -> PairedLogin:
        """Waits until the code is approved, and begins the device's session.

        It goes on while the server is away. Raises PairingEnded when the code was denied or has expired.
        """
        await self.settle()
        forgotten = self._forgotten
        asked_at = 0.0
        body = msgspec.json.encode(AskForToken(code.device_code))

        async def ask() -> httpx.Response:
            nonlocal asked_at
            asked_at = self._clock()
            return await self._wire.send("POST", "/auth/device/token", body=body)

        paired = read(await poll(code, ask, sleep=self._wire.sleep, clock=self._clock), PairedLogin)
        self._accept(paired, asked_at, forgotten)
        self._credentials = None
        return paired

    def forget(self) -> None:
        """Drops tokens and credentials; what follows raises NotLoggedIn, a refresh that is under way too."""
        self._forgotten += 1
        self._refresh_token = self._access = self._credentials = None

    async def token(self) -> str:
        """A token with a minute to live at least. Raises NotLoggedIn, ProblemError or Unreachable."""
        if self._access is not None and self._clock() < self._replace_at:
            return self._access
        return await self._refreshed()

    async def refresh(self, failed: str) -> str:
        """A token other than `failed`: the one at hand if that is newer and good, else a refreshed one."""
        if self._access == failed:
            self._access = None
        return await self.token()

    async def settle(self) -> None:
        """Waits for a refresh that is under way, however it ends; it has its time limit.

        It is never cancelled: the server may have spent the old token already.
        """
        if self._under_way is not None:
            await asyncio.wait({self._under_way})

    async def _refreshed(self) -> str:
        if self._under_way is None:
            self._under_way = asyncio.create_task(self._refresh(), name="fynlo token refresh")
            self._under_way.add_done_callback(self._refresh_ended)
        # shielded, so that a caller who gives up does not take the token away from the others
        return await asyncio.shield(self._under_way)

    def _refresh_ended(self, task: asyncio.Task[str]) -> None:
        self._under_way = None
        if not task.cancelled():
            task.exception()  # if every caller has given up, nobody else retrieves it

    async def _refresh(self) -> str:
        if self._refresh_token is None:
            if self._credentials is None:
                raise NotLoggedIn("there is no session: log in first")
            return (await self._sign_in(self._credentials)).access_token
        try:
            spent = msgspec.json.encode(_Refresh(self._refresh_token))
            return (await self._exchange("/auth/refresh", spent, REFRESH_TIMEOUT)).access_token
        except ProblemError as error:
            if error.status != 401 or self._credentials is None:
                raise
        return (await self._sign_in(self._credentials)).access_token

    async def _sign_in(self, credentials: _Credentials) -> Login:
        return await self._exchange("/auth/login", msgspec.json.encode(credentials), TIMEOUT)

    async def _exchange(self, path: str, body: bytes, timeout: float) -> Login:
        asked_at, forgotten = self._clock(), self._forgotten
        response = await self._wire.send("POST", path, body=body, timeout=timeout)
        try:
            login = msgspec.json.decode(response.content, type=Login)
        except msgspec.MsgspecError as error:
            raise BadAnswer(f"POST {path} answered without tokens: {error}") from error
        self._accept(login, asked_at, forgotten)
        return login

    def _accept(self, login: Login, asked_at: float, forgotten: int) -> None:
        if forgotten != self._forgotten:
            raise NotLoggedIn("the session was ended meanwhile: log in again")
        self._access = login.access_token
        # counted from the question: the answer may have been slow
        self._replace_at = asked_at + login.expires_in - min(EARLY, login.expires_in / 2)
        self._refresh_token = login.refresh_token
        if self._on_rotate is not None:
            self._on_rotate(login.refresh_token)
