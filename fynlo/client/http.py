"""The REST side of the client.

    async with ApiClient("https://pos.example.com") as api:
        login = await api.login("manager@example.com", "secret")
        restaurant = login.restaurants[0].id
        menu = await api.menu_all(restaurant)
        order = await api.create_order(
            NewOrder(restaurant_id=restaurant, items=(NewItem(product_id=menu.items[0].id, quantity=2),))
        )
        order = await api.set_status(order, "preparing")

Every request has 15 s. Reads are tried up to three times, and so are writes: each call of a writing method
makes one Idempotency-Key and keeps it over its tries, so an order is created once however often the answer is
lost. Give `idempotency_key` to extend that over calls, say over a restart of a till; the server keeps keys
for 30 days. Which failures are worth another try, and how long the client waits, says `fynlo.client.wire`.

Methods raise ProblemError where the server refuses, Unreachable where it does not answer, NotLoggedIn before
a login. A 401 makes the client refresh its token and ask once more before it reaches the caller.
"""

from __future__ import annotations

import asyncio
import functools
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Literal

import httpx
import msgspec
from msgspec import UNSET

from fynlo.client.answers import read, snapshot
from fynlo.client.authorized import Authorized
from fynlo.client.batches import BatchCalls
from fynlo.client.cash import CashCalls
from fynlo.client.changing import ChangeCalls
from fynlo.client.devices import DeviceCalls, DeviceCode, Kind, PairedLogin, PinLogin, ShortTokens
from fynlo.client.errors import NotLoggedIn, ProblemError, Unreachable
from fynlo.client.events import LoggedEvent
from fynlo.client.feed import Feed
from fynlo.client.menu import MenuCalls
from fynlo.client.models import AuditEntry, Login, Me, Position, Snapshot
from fynlo.client.ordering import OrderCalls
from fynlo.client.paying import PaymentCalls
from fynlo.client.tokens import TokenManager, TokenSource
from fynlo.client.wire import Exchange, Params, Sleep, Wire


class ApiClient(BatchCalls, CashCalls, ChangeCalls, DeviceCalls, MenuCalls, OrderCalls, PaymentCalls):
    """One server, one person. Use it as an async context manager, or call `aclose`.

    refresh_token  continues an earlier session instead of a login
    on_rotate      is called with each new refresh token, for those who store it
    tokens         where tokens come from if not from this server's login (an external issuer)
    observe        is called with every exchange, for those who count and time them
    transport, sleep, clock   what it uses instead of the network and the clock (tests)
    """

    def __init__(
        self,
        url: str,
        *,
        refresh_token: str | None = None,
        on_rotate: Callable[[str], None] | None = None,
        tokens: TokenSource | None = None,
        observe: Callable[[Exchange], None] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._for = functools.partial(
            ApiClient, url, observe=observe, transport=transport, sleep=sleep, clock=clock
        )
        self._wire = Wire(url, transport=transport, sleep=sleep, observe=observe)
        self._session: TokenManager | None = None
        if tokens is None:
            tokens = self._session = TokenManager(
                self._wire, refresh_token=refresh_token, on_rotate=on_rotate, clock=clock
            )
        self.tokens: TokenSource = tokens
        self._ask = Authorized(self._wire, tokens).ask
        self._feeds: weakref.WeakSet[Feed] = weakref.WeakSet()
        self._menus = {}

    async def __aenter__(self) -> ApiClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: object, where: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Ends its feeds and closes the connections; a token refresh that is under way ends first."""
        await asyncio.gather(*(feed.disconnect() for feed in self._feeds))
        await self.tokens.settle()
        await self._wire.aclose()

    # who and where

    async def login(self, email: str, password: str, *, keep: bool = False) -> Login:
        """Begins a session, see `TokenManager.login`."""
        return await self._own().login(email, password, keep=keep)

    async def begin_pairing(self, kind: Kind, name: str) -> DeviceCode:
        """A code for this device to show; `name` is what the approver is shown first."""
        return await self._own().begin_pairing(kind, name)

    async def pair(self, code: DeviceCode) -> PairedLogin:
        """Waits until the code is approved, and begins the device's session, see `TokenManager.pair`."""
        return await self._own().pair(code)

    async def sign_in_by_pin(self, staff_id: str, pin: str) -> ApiClient:
        """On a paired device: a client of the person whose PIN it is; close it when they are done.

        It is good for as long as an access token lives, then it raises NotLoggedIn. Raises ProblemError
        `invalid_pin` and, after too many of those, `too_many_requests`.
        """
        asked_at = self._clock()
        body = msgspec.json.encode({"staff_id": staff_id, "pin": pin})
        given = read(await self._ask("POST", "/auth/pin", body=body), PinLogin)
        tokens = ShortTokens(given.access_token, asked_at + given.expires_in, self._clock)
        return self._for(tokens=tokens)

    async def logout(self) -> None:
        """Ends the session here, and on the server if that can be reached; its sockets close."""
        await self._log_out("/auth/logout")

    async def logout_everywhere(self) -> None:
        """Ends every session of this person, on all devices. Raises Unreachable if the server was not told;
        this client has forgotten its own session all the same."""
        await self._log_out("/auth/logout-everywhere", told=True)

    async def me(self) -> Me:
        """Who is logged in, and their permissions by restaurant."""
        return read(await self._ask("GET", "/auth/me"), Me)

    # the log

    async def events(
        self, restaurant_id: str, after: Position | None = None, *, limit: int = 200
    ) -> AsyncIterator[Snapshot[LoggedEvent]]:
        """The event log after a position, or from the oldest event kept, in pages of up to `limit` (1,000).

        Store the `position` of each page once it is dealt with: that is where to go on, by this method or by
        a feed. It ends at the end of the log. Raises ProblemError: `events_gone` where what follows `after`
        is no longer kept, `epoch_changed` and `ahead_of_head` where `after` is of another log, as after a
        restore; all three ask for a snapshot.
        """
        query = httpx.QueryParams({"restaurant_id": restaurant_id, "limit": limit, "after": 0})
        if after is not None:
            query = query.merge({"after": after.seq, "epoch": after.epoch})
        async for page in self._linked("/events", query):
            yield snapshot(page, LoggedEvent)

    async def audit(
        self,
        restaurant_id: str,
        *,
        action: str | None = None,
        actor: str | None = None,
        entity_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> AsyncIterator[AuditEntry]:
        """Who did what, newest first, read page by page as you go on. Times are aware datetimes."""
        asked = {
            "restaurant_id": restaurant_id,
            "action": action,
            "actor": actor,
            "entity_id": entity_id,
            "since": since.isoformat() if since else None,
            "until": until.isoformat() if until else None,
            "limit": "100",
        }
        query = httpx.QueryParams({name: value for name, value in asked.items() if value is not None})
        async for page in self._linked("/audit", query):
            for entry in read(page, list[AuditEntry]):
                yield entry

    # the rest

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: object = UNSET,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """What has no method of its own here: the JSON of any route below /api/v1, None for an empty answer.

        `body` is anything that is JSON, Structs included. A GET, and a POST outside /auth under its
        idempotency key, are tried up to three times; other requests are sent once.
        """
        response = await self._ask(
            method,
            path,
            params=params,
            body=None if body is UNSET else msgspec.json.encode(body),
            headers=headers,
            idempotency_key=idempotency_key,
        )
        return read(response, object) if response.content else None

    # the feed

    def feed(
        self,
        restaurant_id: str,
        *,
        socket: Literal["pos", "kitchen"] = "pos",
        position: Position | None = None,
        station_ids: Iterable[str] = (),
        max_attempts: int | None = None,
    ) -> Feed:
        """The live feed of a restaurant with this client's session, not yet connected; see `Feed`."""
        feed = Feed(
            self._wire.url,
            restaurant_id,
            self.tokens,
            socket=socket,
            position=position,
            station_ids=station_ids,
            max_attempts=max_attempts,
        )
        self._feeds.add(feed)
        return feed

    def _own(self) -> TokenManager:
        if self._session is None:
            raise NotLoggedIn("the tokens of this client come from elsewhere: log in there")
        return self._session

    async def _log_out(self, path: str, *, told: bool = False) -> None:
        try:
            await self._ask("POST", path)
        except (NotLoggedIn, ProblemError, Unreachable) as error:
            over = isinstance(error, NotLoggedIn) or (
                isinstance(error, ProblemError) and error.status == httpx.codes.UNAUTHORIZED
            )
            if told and not over:
                raise
        finally:
            if self._session is not None:
                self._session.forget()
