"""A server, whoever asks it over REST, and raw sockets to it.

Nothing of `fynlo.client` is used here: a fault of the server must not be hidden by a client that mends it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
from psycopg import AsyncConnection
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from fynlo.demo.data import PASSWORD, PIZZERIA
from fynlo.identity.tokens import Tokens
from fynlo.settings import DEVELOPMENT_SECRET
from tests.db.till import plain_line
from tests.serving import ServerProcess

Json = dict[str, Any]

OWNER, MANAGER, CASHIER, WAITER, COOK = (
    f"{role}@demo.fynlo.test" for role in ("owner", "manager", "cashier", "server", "kitchen")
)
RIVAL_OWNER = "owner@rival.fynlo.test"
PATIENCE_S = 15.0
PRODUCT = str(plain_line().product_id)


class Session:
    """A login: its tokens, and what they say."""

    def __init__(self, answer: Json) -> None:
        self.token: str = answer["access_token"]
        self.user_id = UUID(answer["user"]["id"])
        self.id = UUID(jwt.decode(self.token, options={"verify_signature": False})["sid"])

    def lasting(self, seconds: int) -> str:
        """Another access token of this session, which expires in so many seconds."""
        return Tokens(DEVELOPMENT_SECRET, seconds).issue(self.user_id, self.id)

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


class Screen:
    """A socket, and all that came over it so far."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard: list[Json] = []

    async def say(self, type: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": type, **fields}, default=str))

    async def hear(self, within_s: float = PATIENCE_S) -> Json:
        """The next message."""
        async with asyncio.timeout(within_s):
            message: Json = json.loads(await self.socket.recv())
        self.heard.append(message)
        return message

    async def await_type(self, *types: str, within_s: float = PATIENCE_S) -> Json:
        """The next message of these types; the ones before it are passed over."""
        async with asyncio.timeout(within_s):
            while (message := await self.hear())["type"] not in types:
                pass
        return message

    async def await_order(self, order_id: object, within_s: float = PATIENCE_S) -> Json:
        """The next event of this order."""
        async with asyncio.timeout(within_s):
            while (message := await self.hear()).get("data", {}).get("order", {}).get("id") != str(order_id):
                pass
        return message

    async def await_close(self, within_s: float = PATIENCE_S) -> int | None:
        """The code that the server closes with, after all that it still sends; None for a bare drop."""
        async with asyncio.timeout(within_s):
            try:
                while True:
                    await self.hear()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd is not None else None

    async def head(self) -> tuple[str, int]:
        """The epoch and the head, as a heartbeat tells them, once all events up to it have come.

        A pong overtakes events that wait. Only for sockets that are shown every event.
        """
        await self.say("ping", timestamp=str(uuid4()))
        pong = await self.await_type("pong")
        async with asyncio.timeout(PATIENCE_S):
            while self.place < pong["seq"]:
                await self.hear()
        return pong["epoch"], pong["seq"]

    @property
    def place(self) -> int:
        """The seq up to which everything has come."""
        for message in reversed(self.heard):
            if "prev_seq" in message or message["type"] == "resync":
                return int(message["seq"])
            if message["type"] == "authenticated":
                return int(message["seq"]) if message["replayed"] == 0 else -1
        return -1

    def types(self) -> list[str]:
        return [message["type"] for message in self.heard]

    def events(self) -> list[Json]:
        """Those of `heard` that have a place in the feed."""
        return [message for message in self.heard if "prev_seq" in message]


class House:
    """A server process, its database, and the people who use it."""

    def __init__(self, server: ServerProcess, database_url: str) -> None:
        self.server = server
        self.database_url = database_url
        self.rest = httpx.AsyncClient(base_url=f"{server.url}/api/v1", timeout=30)
        self._sessions: dict[str, Session] = {}

    async def login(self, email: str) -> Session:
        """A new session."""
        answer = await self.rest.post("/auth/login", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return Session(answer.json())

    async def session(self, email: str = OWNER) -> Session:
        """The session of somebody that all tests share."""
        if email not in self._sessions:
            self._sessions[email] = await self.login(email)
        return self._sessions[email]

    def address(self, restaurant_id: UUID = PIZZERIA.id, kind: str = "pos", port: int | None = None) -> str:
        """Of a socket; `port` is that of a proxy."""
        return f"ws://127.0.0.1:{port or self.server.port}/api/v1/websocket/ws/{kind}/{restaurant_id}"

    @asynccontextmanager
    async def dial(
        self, restaurant_id: UUID = PIZZERIA.id, kind: str = "pos", query: str = "", **options: Any
    ) -> AsyncIterator[Screen]:
        """A socket on which nothing was said yet."""
        async with connect(
            self.address(restaurant_id, kind) + query,
            **{
                "compression": None,
                "ping_interval": None,
                "close_timeout": 1,
                "max_size": None,
                "proxy": None,
                **options,
            },
        ) as socket:
            yield Screen(socket)

    @asynccontextmanager
    async def screen(
        self,
        email: str = OWNER,
        restaurant_id: UUID = PIZZERIA.id,
        kind: str = "pos",
        token: str | None = None,
        **fields: Any,
    ) -> AsyncIterator[Screen]:
        """A socket that has said who it is, and heard that it is welcome."""
        token = token or (await self.session(email)).token
        async with self.dial(restaurant_id, kind) as screen:
            await screen.say("authenticate", token=token, **fields)
            welcome = await screen.hear()
            assert welcome["type"] == "authenticated", welcome
            yield screen

    async def get(self, path: str, email: str = OWNER, **query: Any) -> Any:
        answer = await self.rest.get(path, params=query, headers=(await self.session(email)).headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def order(self, email: str = OWNER, **fields: Any) -> Json:
        """An order of one line, made over REST: the body of the answer."""
        return await self.post(
            "/orders",
            email,
            restaurant_id=str(PIZZERIA.id),
            type="takeaway",
            items=[{"product_id": PRODUCT}],
            **fields,
        )

    async def post(self, path: str, email: str = OWNER, **body: Any) -> Json:
        headers = {**(await self.session(email)).headers, "idempotency-key": str(uuid4())}
        answer = await self.rest.post(path, json=body, headers=headers)
        assert answer.is_success, answer.text
        found: Json = answer.json()
        return found

    @asynccontextmanager
    async def psql(self) -> AsyncIterator[AsyncConnection[Any]]:
        """The superuser's own connection."""
        async with await AsyncConnection.connect(self.database_url, autocommit=True) as conn:
            yield conn

    async def position(self, restaurant_id: UUID = PIZZERIA.id) -> tuple[str, int]:
        """Where the log ends."""
        async with self.psql() as conn:
            found = await conn.execute(
                "select epoch::text, seq from feed_heads where restaurant_id = %s", (restaurant_id,)
            )
            ((epoch, seq),) = await found.fetchall()
        return epoch, seq


@asynccontextmanager
async def open_house(database_url: str, *, patched: str = "", **environment: str) -> AsyncIterator[House]:
    """A house whose server is ready; see ServerProcess for `patched` and `environment`."""
    server = ServerProcess(database_url, port=None, patched=patched, **environment)
    try:
        await asyncio.to_thread(server.start)
        await asyncio.to_thread(server.await_ready)
        house = House(server, database_url)
        try:
            yield house
        finally:
            await house.rest.aclose()
    finally:
        await asyncio.to_thread(server.__exit__, None, None, None)


async def eventually(holds: Callable[[], Any], within_s: float = PATIENCE_S) -> Any:
    """What `holds` returns, or its awaitable gives, once it is true."""
    async with asyncio.timeout(within_s):
        while True:
            found = holds()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.02)
