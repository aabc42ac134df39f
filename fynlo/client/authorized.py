"""Requests of somebody who is logged in: the token, the tries, the idempotency key."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

import httpx

from fynlo.client.errors import ProblemError
from fynlo.client.tokens import TokenSource
from fynlo.client.wire import Params, Wire

NOT_THE_TOKEN = ("invalid_pin", "invalid_credentials")
"""What these codes refuse with 401 is not the token."""


class Authorized:
    """Sends requests with a token, and refreshes it once a call where the server refuses it."""

    def __init__(self, wire: Wire, tokens: TokenSource) -> None:
        self._wire = wire
        self._tokens = tokens

    async def ask(
        self,
        method: str,
        path: str,
        *,
        params: Params | httpx.QueryParams | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> httpx.Response:
        """An answer with 2xx or 304; raises what `Wire.send` and the tokens raise.

        Reads are tried again, and so is a POST outside /auth, under its key: the one given or one made here,
        for all its tries. Other writes are sent once.
        """
        sent = dict(headers or {})
        if method == "POST" and not path.startswith("/auth/"):
            sent["idempotency-key"] = idempotency_key or str(uuid4())
        refreshed = False

        async def send(token: str) -> httpx.Response:
            bearer = {"authorization": f"Bearer {token}", **sent}
            return await self._wire.send(method, path, params=params, body=body, headers=bearer)

        async def attempt() -> httpx.Response:
            nonlocal refreshed
            token = await self._tokens.token()
            try:
                return await send(token)
            except ProblemError as error:
                if error.status != httpx.codes.UNAUTHORIZED or refreshed or error.code in NOT_THE_TOKEN:
                    raise
            refreshed = True
            return await send(await self._tokens.refresh(token))

        repeatable = method == "GET" or "idempotency-key" in sent
        return await (self._wire.retrying(attempt) if repeatable else attempt())
