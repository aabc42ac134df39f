"""One socket, from its first message to its close."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
from msgspec import UNSET, Struct
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from fynlo.client.delivery import Delivery
from fynlo.client.errors import ClientError
from fynlo.client.events import Connected
from fynlo.client.frames import (
    Ack,
    Authenticate,
    Authenticated,
    AuthError,
    Error,
    EventFrame,
    GoingAway,
    Heartbeat,
    Ping,
    Pong,
    Reauthenticate,
    ResyncNow,
    TokenExpiring,
    decode,
)
from fynlo.client.timing import Timing, finish
from fynlo.client.tokens import TokenSource

ANSWER_WITHIN = 10.0
"""Seconds that the server has to answer the first message."""

ACK_EVERY = 1.0
"""Seconds between two acknowledgements; they are cumulative."""


class Ended(Struct):
    """How a connection ended. `code` None: a bare drop, or this client gave it up. `held`: it had been up for
    so long that all is well with the server. Times in seconds."""

    reason: str
    code: int | None = None
    held: bool = False
    retry_after: float | None = None


class Connection:
    """Speaks the protocol over one open socket, for as long as it lasts."""

    def __init__(
        self,
        socket: ClientConnection,
        delivery: Delivery,
        tokens: TokenSource,
        timing: Timing,
        on_authenticated: Callable[[], None],
    ) -> None:
        self._socket = socket
        self._delivery = delivery
        self._tokens = tokens
        self._timing = timing
        self._on_authenticated = on_authenticated
        self._token = ""
        self._heartbeat = Heartbeat()
        self._authenticated = asyncio.Event()
        self._pinged_at: float | None = None
        self._ponged = asyncio.Event()
        self._waits_for_room = False
        self._probe = asyncio.Event()
        self._received = 0
        self._acknowledged = 0
        self._token_expires = asyncio.Event()
        self._refusal = ""
        self._retry_after: float | None = None

    async def run(self, token: str, restaurant_id: str, station_ids: tuple[str, ...]) -> Ended:
        """Authenticates, reads until the end, and says how it ended; the socket is the caller's to close."""
        self._token = token
        position = self._delivery.cursor.position
        hello = Authenticate(
            token=token,
            restaurant_id=restaurant_id,
            last_seq=position.seq if position else UNSET,
            epoch=position.epoch if position else UNSET,
            station_ids=station_ids or UNSET,
        )
        self._received = position.seq if position else 0
        try:
            await self._send(hello)
        except ConnectionClosed as closed:
            return self._ended(closed)
        reader = asyncio.create_task(self._read(), name="fynlo feed reader")
        keeper = asyncio.create_task(self._keep_alive(), name="fynlo feed heartbeat")
        others = (
            asyncio.create_task(self._acknowledge(), name="fynlo feed acks"),
            asyncio.create_task(self._reauthenticate(), name="fynlo feed token"),
        )
        try:
            # whichever says first how it ended; on a closed socket that is the reader's to say
            done, _ = await asyncio.wait({reader, keeper}, return_when=asyncio.FIRST_COMPLETED)
            return (reader if reader in done else keeper).result()
        finally:
            await finish(reader, keeper, *others)

    def probe(self) -> None:
        """Pings at once; without an answer to this one the connection is given up."""
        self._probe.set()

    async def _send(self, message: Struct) -> None:
        await self._socket.send(msgspec.json.encode(message), text=True)

    def _ended(self, closed: ConnectionClosed) -> Ended:
        if closed.rcvd is None:
            return self._give_up("the connection dropped")
        code, said = closed.rcvd.code, closed.rcvd.reason
        return self._give_up((self._refusal if code >= 4000 else "") or said or f"closed with {code}", code)

    def _give_up(self, reason: str, code: int | None = None) -> Ended:
        return Ended(reason, code, retry_after=self._retry_after)

    async def _read(self) -> Ended:
        delivery = self._delivery
        while True:
            try:
                frame = decode(await self._socket.recv(decode=False))
                if isinstance(frame, EventFrame):
                    received_at = datetime.now(UTC)
                    # waited for before the cursor moves: what it counts as taken has been told
                    self._waits_for_room = delivery.full
                    await delivery.room()
                    self._waits_for_room = False
                    self._received = frame.seq
                    for notice in delivery.cursor.take(frame, received_at):
                        delivery.tell(notice)
                    delivery.shown_changed.set()  # what a snapshot had before may be acknowledged now
                elif frame is not None and (ended := self._control(frame)) is not None:
                    return ended
            except ConnectionClosed as closed:
                return self._ended(closed)
            except (msgspec.MsgspecError, ValueError) as error:
                return self._give_up(f"unreadable message: {error}")

    def _control(self, frame: Struct) -> Ended | None:
        delivery = self._delivery
        match frame:
            case Authenticated():
                if not frame.recovered:
                    self._received = 0
                self._acknowledged = self._received
                delivery.cursor.authenticated(frame)
                self._heartbeat = frame.heartbeat
                self._authenticated.set()
                self._on_authenticated()
                position = delivery.cursor.position
                if position is not None:
                    delivery.tell(Connected(frame.connection_id, position, frame.recovered, frame.replayed))
            case Pong():
                if frame.timestamp == self._pinged_at:
                    self._ponged.set()
                if delivery.cursor.behind(frame):
                    return self._give_up("the heartbeat shows events that did not come")
            case ResyncNow():
                self._received = frame.seq
                delivery.tell(delivery.cursor.resync(frame))
            case TokenExpiring():
                self._token_expires.set()
            case GoingAway(retry_after_ms=ms) if ms is not None and ms >= 0:
                self._retry_after = ms / 1000
            case AuthError() | Error():
                self._refusal = f"{frame.code}: {frame.message}"
        return None

    async def _keep_alive(self) -> Ended:
        """Pings at the server's interval and when told to; gives up when too many pongs came late or never."""
        timing = self._timing
        if not await timing.within(self._authenticated, ANSWER_WITHIN):
            return self._give_up(f"no answer to authenticate within {ANSWER_WITHIN:.0f} s")
        beat = self._heartbeat
        missed = 0
        rest = beat.interval_s
        while True:
            probing = await timing.within(self._probe, rest)
            self._probe.clear()
            self._ponged.clear()
            self._pinged_at = began = round(timing.clock(), 3)
            try:
                await self._send(Ping(began))
            except ConnectionClosed:
                await asyncio.get_running_loop().create_future()  # the reader says how it ended
            if await timing.within(self._ponged, beat.timeout_s) or self._waits_for_room:
                missed = 0
            else:
                missed += 1
            if missed >= beat.max_missed or (probing and missed):
                return self._give_up(f"{missed} heartbeats without an answer")
            rest = max(0.0, beat.interval_s - (timing.clock() - began))

    async def _acknowledge(self) -> None:
        """Tells how far the events of this connection have been shown, whenever that changes."""
        delivery, changed = self._delivery, self._delivery.shown_changed
        await self._authenticated.wait()
        while True:
            changed.clear()
            shown, here = delivery.shown, delivery.cursor.position
            same = shown is not None and here is not None and shown.epoch == here.epoch
            seq = min(shown.seq, self._received) if shown is not None and same else 0
            if seq <= self._acknowledged:
                await changed.wait()
                continue
            self._acknowledged = seq
            try:
                await self._send(Ack(seq, round((self._timing.clock() - delivery.shown_at) * 1000)))
            except ConnectionClosed:
                return
            await self._timing.sleep(ACK_EVERY)

    async def _reauthenticate(self) -> None:
        """Gives the socket a new token before the old one expires; without one, expiry closes it (4005)."""
        while True:
            await self._token_expires.wait()
            self._token_expires.clear()
            try:
                self._token = await self._tokens.refresh(self._token)
                await self._send(Reauthenticate(self._token))
            except ClientError as error:
                self._refusal = f"no new token: {error}"
            except ConnectionClosed:
                return
