"""One socket, from its acceptance to its close.

A reader, a writer (outbox.py), and one place that closes: Granian cannot close while a receive is pending, and
a send that hangs keeps the descriptor, so both are cancelled and awaited first.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import structlog
from litestar.types import Receive, Send
from msgspec import UNSET

from fynlo import metrics
from fynlo.errors import Unavailable
from fynlo.ids import uuid7

from .database import Backoff
from .hub import Hub, UnknownRestaurant
from .messages import (
    MAX_BYTES,
    Ack,
    Authenticate,
    Ping,
    Reauthenticate,
    client_message,
    encode,
    message_type,
)
from .outbox import Outbox
from .progress import Progress
from .protocol import (
    BAD_TOKEN,
    CLOSE_WITHIN_S,
    FLOOD,
    NO_FIRST_MESSAGE,
    NO_LONGER_VALID,
    NOT_ALLOWED,
    NOT_AUTHENTICATE,
    RESTART,
    SILENT,
    TOO_BIG,
    UNUSABLE,
    Identify,
    Refused,
    Viewer,
)

log = structlog.get_logger(__name__)

FIRST_MESSAGE_S = 10.0
HEARTBEAT_S, PONG_WITHIN_S, MAX_MISSED = 30, 5, 3
SILENCE_S = HEARTBEAT_S * MAX_MISSED + PONG_WITHIN_S
TOLD_BEFORE_EXPIRY_S = 60.0
MESSAGES_A_SECOND = 20
ERRORS = 10
REASON_BYTES = 123


def _fitting(reason: str) -> str:
    """As much of it as a close frame holds (RFC 6455, section 5.5)."""
    return reason.encode()[:REASON_BYTES].decode(errors="ignore")


class Connection:
    """A screen. `admit` is asked, once it is known who it is, whether there is room for it; raises Refused."""

    def __init__(
        self,
        receive: Receive,
        send: Send,
        *,
        hub: Hub,
        identify: Identify,
        admit: Callable[["Connection"], None],
        restaurant_id: UUID,
        kind: str,
        address: str,
    ) -> None:
        self.id = uuid7()
        self.restaurant_id = restaurant_id
        self.kind = kind
        self.address = address
        self.viewer: Viewer | None = None
        self.done = asyncio.Event()
        self.out = Outbox(send, self.end)
        self._receive = receive
        self._send = send
        self._hub = hub
        self._identify = identify
        self._admit = admit
        self._token = ""
        self._ending: asyncio.Future[tuple[int | None, str | None, str]] = (
            asyncio.get_running_loop().create_future()
        )
        self.accepted_at = self.heard_at = time.monotonic()
        self._expiry_told = False
        self._doubts = 0
        self._errors = 0
        self._window_began = 0.0
        self._window_count = 0

    @property
    def progress(self) -> Progress:
        """How far the screen is."""
        return self.out.progress

    # -- life

    async def run(self) -> None:
        """Serve the socket until it ends; it is accepted already."""
        reader = asyncio.create_task(self._read(), name="socket-reader")
        writer = asyncio.create_task(self.out.write(), name="socket-writer")
        code: int | None = None
        last: str | None = None
        reason = ""
        try:
            code, last, reason = await self._ending
        finally:
            self.out.leave()
            reader.cancel()
            writer.cancel()
            await asyncio.gather(reader, writer, return_exceptions=True)
            if code is not None:
                await self._close(code, last, reason)
            metrics.sockets_closed.labels(str(code or "gone")).inc()
            self.done.set()

    async def _close(self, code: int, last: str | None, reason: str) -> None:
        # A client that stopped reading lets neither of these through: then it sees a drop.
        with contextlib.suppress(Exception):
            async with asyncio.timeout(CLOSE_WITHIN_S):
                if last is not None:
                    await self._send({"type": "websocket.send", "text": last, "bytes": None})
                await self._send({"type": "websocket.close", "code": code, "reason": reason})

    def end(self, code: int | None, last: str | None = None, *, reason: str = "") -> None:
        """End it with this close code, this last message and this reason; None: the client has gone."""
        if not self._ending.done():
            self._ending.set_result((code, last, _fitting(reason)))

    def _give_up(self, close_code: int, message: str) -> None:
        """End it for something the client did; the close frame says what."""
        self.end(close_code, reason=message)

    def _refuse(self, refused: Refused) -> None:
        self.end(refused.close_code, encode("auth_error", code=refused.code, message=refused.message))

    # -- timers, turned by the wheel in Sockets

    def tick(self, now: float, wall: float) -> None:
        """What is due: the first message, a sign of life, the end of the token."""
        if self.viewer is None:
            if now - self.accepted_at > FIRST_MESSAGE_S:
                told = f"No `authenticate` came within {FIRST_MESSAGE_S:.0f} seconds."
                self._give_up(NO_FIRST_MESSAGE, told)
            return
        if now - self.heard_at > SILENCE_S:
            self.end(SILENT)
        left = self.viewer.expires_at - wall
        if left <= 0:
            self.end(NO_LONGER_VALID)
        elif left <= TOLD_BEFORE_EXPIRY_S and not self._expiry_told:
            self._expiry_told = True
            self.out.say(encode("token_expiring", expires_in=int(left)))

    async def recheck(self) -> None:
        """The session, the person or their role may have changed: still the same, or 4005.

        Where nobody can tell, it is asked until somebody can; who asks meanwhile is answered by that.
        """
        self._doubts += 1
        if self._doubts > 1:
            return
        backoff = Backoff()
        try:
            while self._doubts and self.viewer is not None and not self._ending.done():
                doubts = self._doubts
                try:
                    now = await self._identify(self._token, self.restaurant_id, self.kind)
                except Unavailable:
                    await backoff.wait()
                    continue
                except Refused:
                    self.end(NO_LONGER_VALID)
                    return
                if now.audience is not self.viewer.audience:
                    self.end(NO_LONGER_VALID)
                    return
                self._doubts -= doubts
        finally:
            self._doubts = 0

    # -- in

    async def _read(self) -> None:
        while True:
            message: Any = await self._receive()
            if message["type"] == "websocket.disconnect":
                self.end(None)
                return
            text = message.get("text")
            if text is None:
                self._give_up(UNUSABLE, "Send text: one JSON object a message.")
                return
            if len(text) > MAX_BYTES or len(text.encode()) > MAX_BYTES:
                self._give_up(TOO_BIG, f"A message has at most {MAX_BYTES} bytes.")
                return
            now = self.heard_at = time.monotonic()
            if now - self._window_began >= 1.0:
                self._window_began, self._window_count = now, 0
            self._window_count += 1
            if self._window_count > MESSAGES_A_SECOND:
                self._give_up(FLOOD, f"Send at most {MESSAGES_A_SECOND} messages a second.")
                return
            try:
                await self._handle(text)
            except Refused as refused:
                self._refuse(refused)
                return
            except Unavailable:
                self.end(RESTART, encode("going_away", retry_after_ms=1_000))
                return
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.error("socket_failed", connection_id=str(self.id), exc_info=error)
                self.end(RESTART, encode("going_away", retry_after_ms=1_000))
                return

    async def _handle(self, text: str) -> None:
        kind = message_type(text)
        if kind is None:
            self._give_up(UNUSABLE, "Send a JSON object with a `type`.")
            return
        if self.viewer is None and kind != "authenticate":
            told = 'The first message must be {"type": "authenticate", "token": "…"}.'
            self._give_up(NOT_AUTHENTICATE, told)
            return
        try:
            message = client_message.decode(text)
        except msgspec.MsgspecError as error:
            if self.viewer is None:
                self._give_up(UNUSABLE, str(error))
            else:
                self._complain("unusable_message", str(error))
            return
        match message:
            case Authenticate() if self.viewer is None:
                await self._authenticate(message)
            case Authenticate():
                self._complain("already_authenticated", "Send `reauthenticate` with the new token.")
            case Ping():
                self._pong(message)
            case Reauthenticate():
                await self._reauthenticate(message.token)
            case Ack():
                self.out.acknowledge(message)

    def _complain(self, code: str, message: str) -> None:
        self._errors += 1
        told = encode("error", code=code, message=message)
        if self._errors >= ERRORS:
            self.end(UNUSABLE, told)
        else:
            self.out.say(told)

    async def _authenticate(self, message: Authenticate) -> None:
        said = message.data or message
        if said.token is UNSET or not said.token:
            raise Refused(BAD_TOKEN, "token_missing", "The first message must carry an access token.")
        if said.restaurant_id is not None and said.restaurant_id != self.restaurant_id:
            raise Refused(NOT_ALLOWED, "restaurant_mismatch", "The path names another restaurant.")
        viewer = await self._identify(said.token, self.restaurant_id, self.kind)
        if said.user_id is not None and said.user_id != viewer.user_id:
            raise Refused(BAD_TOKEN, "user_mismatch", "The token is another person's.")
        try:
            room = await self._hub.room(self.restaurant_id)
        except UnknownRestaurant:
            raise Refused(
                NOT_ALLOWED, "not_found", "There is no such restaurant, or it is not yours."
            ) from None
        lost: str | None = None
        if said.last_seq is not None:
            if said.epoch is None:
                lost = "epoch_missing"
            else:
                lost = await self._hub.resumable(room, said.epoch, said.last_seq)
        # From here to the end nothing is awaited: no event can come between.
        if self._ending.done():
            return
        self.viewer, self._token = viewer, said.token
        try:
            self._admit(self)
        except Refused:
            self.viewer = None
            raise
        recovered = said.last_seq is not None and lost is None
        replayed = self.out.follow(
            room,
            viewer.audience,
            stations=said.station_ids,
            after=said.last_seq if recovered else None,
        )
        self.out.say(
            encode(
                "authenticated",
                connection_id=self.id,
                restaurant_id=self.restaurant_id,
                epoch=room.epoch,
                seq=room.seq,
                recovered=recovered,
                replayed=replayed,
                token_expires_in=max(0, int(viewer.expires_at - time.time())),
                heartbeat={"interval_s": HEARTBEAT_S, "timeout_s": PONG_WITHIN_S, "max_missed": MAX_MISSED},
            )
        )
        if lost is not None:
            self.out.say(encode("resync", reason=lost, seq=room.seq, epoch=room.epoch))

    async def _reauthenticate(self, token: str) -> None:
        assert self.viewer is not None
        viewer = await self._identify(token, self.restaurant_id, self.kind)
        if viewer.user_id != self.viewer.user_id:
            raise Refused(BAD_TOKEN, "user_mismatch", "The token is another person's.")
        if viewer.audience is not self.viewer.audience:
            raise Refused(NO_LONGER_VALID, "role_changed", "The role is another one now; connect again.")
        self.viewer, self._token, self._expiry_told = viewer, token, False
        self.out.say(encode("reauthenticated", token_expires_in=max(0, int(viewer.expires_at - time.time()))))

    def _pong(self, ping: Ping) -> None:
        room = self.out.room
        assert room is not None
        self.out.say(
            encode(
                "pong",
                timestamp=ping.timestamp,
                server_time=time.time(),
                seq=room.seq,
                epoch=room.epoch,
            )
        )
