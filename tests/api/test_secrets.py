"""No password and no token is ever in the log, whatever goes wrong."""

import base64
import secrets
from contextlib import suppress
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from fynlo.demo.data import PASSWORD, PIZZERIA
from fynlo.settings import DEVELOPMENT_SECRET
from tests.serving import ServerProcess

from .house import API, Database, soon

WAITER = "server@demo.fynlo.test"


class Spy:
    """Sends secrets everywhere, and keeps what it sent."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.sent = [PASSWORD, DEVELOPMENT_SECRET]

    def secret(self, before: str = "") -> str:
        made = f"{before}{secrets.token_urlsafe(24)}"
        self.sent.append(made)
        return made

    async def login(self, password: str) -> httpx.Response:
        return await self.client.post(f"{API}/auth/login", json={"email": WAITER, "password": password})

    async def refresh(self, token: str) -> httpx.Response:
        return await self.client.post(f"{API}/auth/refresh", json={"refresh_token": token})

    async def pair(self, answer: httpx.Response) -> tuple[str, str]:
        assert answer.status_code == 200, answer.text
        self.sent += [answer.json()["access_token"], answer.json()["refresh_token"]]
        return answer.json()["access_token"], answer.json()["refresh_token"]


async def rest(spy: Spy) -> str:
    """Sign-ins, good and bad; returns an access token."""
    access, refresh = await spy.pair(await spy.login(PASSWORD))
    await spy.pair(await spy.refresh(refresh))
    await spy.login(spy.secret())
    await spy.refresh(spy.secret())
    for scheme in ("Bearer", "Basic", "Token", ""):
        value = f"{scheme} {spy.secret()}".strip()
        answer = await spy.client.get(f"{API}/auth/me", headers={"authorization": value})
        assert answer.status_code == 401
    basic = base64.b64encode(f"{WAITER}:{spy.secret()}".encode()).decode()
    spy.sent.append(basic)
    await spy.client.get(f"{API}/auth/me", headers={"authorization": f"Basic {basic}"})
    await spy.client.get(f"{API}/auth/me", params={"access_token": spy.secret()})
    await spy.client.post(f"{API}/auth/login", json={"email": WAITER, "pasword": spy.secret()})
    await spy.client.post(f"{API}/auth/login", content=f'{{"password": "{spy.secret()}"'.encode())
    return access


async def sockets(spy: Spy, server: ServerProcess, access: str) -> None:
    address = f"ws://127.0.0.1:{server.port}{API}/websocket/ws/pos/{PIZZERIA.id}"
    with pytest.raises(InvalidStatus):
        async with connect(f"{address}?token={spy.secret()}"):
            pass
    for first in (
        f'{{"type":"authenticate","token":"{access}"}}',
        f'{{"type":"authenticate","token":"{spy.secret()}"}}',
        f'{{"type":"authenticate","token":["{spy.secret()}"]}}',
        f'{{"type":"{spy.secret()}"}}',
        spy.secret("{"),
    ):
        async with connect(address) as socket:
            await socket.send(first)
            with suppress(ConnectionClosed):
                await socket.recv()


async def bugs(spy: Spy, database: Database, access: str) -> None:
    """Failures of the server itself, whose tracebacks are logged."""
    mine = {"authorization": f"Bearer {access}"}
    for table in ("users", "refresh_tokens", "tables"):
        database.run(f"alter table {table} rename to {table}_away")
        try:
            await spy.login(spy.secret())
            await spy.login(PASSWORD)
            await spy.refresh(spy.secret())
            path = f"{API}/tables"
            await spy.client.get(path, params={"restaurant_id": str(PIZZERIA.id)}, headers=mine)
        finally:
            database.run(f"alter table {table}_away rename to {table}")


@pytest.mark.parametrize("log_format", ["json", "console"])
async def test_no_secret_that_was_sent_is_in_the_log(
    module_seeded_url: str, database: Database, log_format: str
) -> None:
    environment: dict[str, Any] = {"FYNLO_LOG_FORMAT": log_format, "FYNLO_LOG_LEVEL": "debug"}
    with ServerProcess(module_seeded_url, **environment) as server:
        server.await_ready()
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
            spy = Spy(client)
            access = await rest(spy)
            await sockets(spy, server, access)
            await bugs(spy, database, access)

            async def told() -> bool:
                return server.log.count("request_failed") >= 3 and "sign_in_failed" in server.log

            await soon(told)  # the control: what went wrong is in the log, with where it did
    assert "UndefinedTable" in server.log
    assert "sessions.py" in server.log
    lines = server.log.splitlines()
    leaks = [(secret, line) for secret in spy.sent for line in lines if secret in line]
    assert leaks == []
    assert "authorization" not in server.log.lower().replace("/authorization", "")
