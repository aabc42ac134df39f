"""The public keys of an external issuer, a JWK set (RFC 7517) at an address of its own.

They are read at the start and every few minutes, beside the requests, so that a request with a known key waits for
nothing. While they can't be read, those that are known go on.
"""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any, Literal

import httpx
import jwt.algorithms
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from msgspec import Struct

from fynlo.errors import Unavailable

from .jose import json_object

log = structlog.get_logger(__name__)

EVERY_S = 300.0
AGAIN_S = 60.0  # after a failure; and between two reads because of keys that nobody knows
SOON_S = 5.0  # the same while there is no key at all
WITHIN_S = 3.0
MAX_BYTES = 262_144
MAX_KEYS = 100
WAITERS = 64  # requests that wait for a read; who has no good token must not fill the server
RSA_BITS = range(2_048, 8_193)  # RFC 7518, 3.3; larger ones cost too much to use


class Key(Struct, frozen=True):
    """A public key, and the one algorithm that it verifies with."""

    kid: str
    algorithm: Literal["ES256", "RS256"]
    public: Any
    numbers: tuple[int, ...]


class RemoteKeys:
    """The keys at an address; `on_gone` is told when one that was there is not any more. `run()` is a task of the
    lifespan."""

    def __init__(self, url: str, on_gone: Callable[[], None] = lambda: None) -> None:
        self.changes = 0  # how often keys that were there had gone
        self._url = url
        self._on_gone = on_gone
        self._client = httpx.AsyncClient(
            timeout=WITHIN_S, headers={"accept": "application/json", "accept-encoding": "identity"}
        )
        self._keys: dict[str, Key] = {}
        self._failed = True
        self._reading: asyncio.Task[None] | None = None
        self._sought_at = float("-inf")
        self._waiters = 0

    async def run(self) -> None:
        """Read them again and again, until cancelled."""
        try:
            while True:
                await self._read()
                pause = EVERY_S if not self._failed else self._again_s
                await asyncio.sleep(pause * random.uniform(0.9, 1.0))  # noqa: S311
        finally:
            await self.close()

    async def close(self) -> None:
        """Read no more."""
        if self._reading is not None:
            self._reading.cancel()
        await self._client.aclose()

    async def find(self, kid: str) -> Key | None:
        """The key of that name; None where the issuer has none.

        One that is not known is looked for, once a minute at most for all who ask.
        Raises Unavailable where the keys can't be read, and so nobody can tell.
        """
        key = self._keys.get(kid)
        if key is not None:
            return key
        now = time.monotonic()
        if self._reading is not None or now - self._sought_at >= self._again_s:
            if self._waiters >= WAITERS:
                raise _unavailable()
            if self._reading is None:
                self._sought_at = now
            self._waiters += 1
            try:
                await self._read()
            finally:
                self._waiters -= 1
        key = self._keys.get(kid)
        if key is None and self._failed:
            raise _unavailable()
        return key

    @property
    def _again_s(self) -> float:
        return AGAIN_S if self._keys else SOON_S

    async def _read(self) -> None:
        """One read however many wait for it; no waiter's end cancels it for the others."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._renew(), name="issuer-keys-read")
            self._reading.add_done_callback(self._was_read)
        await asyncio.shield(self._reading)

    def _was_read(self, _task: asyncio.Task[None]) -> None:
        self._reading = None

    async def _renew(self) -> None:
        try:
            async with asyncio.timeout(WITHIN_S):
                found = usable(await self._fetch())
        except (httpx.HTTPError, OSError, TimeoutError, ValueError, RecursionError) as exc:
            log.warning("issuer_keys_failed", url=self._url, error=str(exc) or type(exc).__name__)
            self._failed = True
            return
        gone = any(found.get(key.kid) != key for key in self._keys.values())
        self._keys, self._failed = found, False
        if gone:
            self.changes += 1
            self._on_gone()

    async def _fetch(self) -> bytes:
        body = bytearray()
        async with self._client.stream("GET", self._url) as answer:
            if answer.status_code != 200:
                raise ValueError(f"it answers with status {answer.status_code}")
            async for part in answer.aiter_raw():
                body += part
                if len(body) > MAX_BYTES:
                    raise ValueError(f"it sends more than {MAX_BYTES} bytes")
        return bytes(body)


def usable(body: bytes) -> dict[str, Key]:
    """The keys of a JWK set that are good for checking signatures with ES256 or RS256, by name.

    Others are passed over. Raises ValueError where there is none.
    """
    listed = json_object(body).get("keys")
    found: dict[str, Key] = {}
    for jwk in listed[:MAX_KEYS] if isinstance(listed, list) else ():
        key = _key(jwk) if isinstance(jwk, dict) else None
        if key is not None:
            found.setdefault(key.kid, key)
    if not found:
        raise ValueError("there is no key for ES256 or RS256 in what it sends")
    return found


def _key(jwk: dict[str, Any]) -> Key | None:
    kid, operations = jwk.get("kid"), jwk.get("key_ops", ["verify"])
    if not isinstance(kid, str) or not 1 <= len(kid) <= 200:
        return None
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    try:
        if (jwk.get("kty"), jwk.get("crv"), jwk.get("alg", "ES256")) == ("EC", "P-256", "ES256"):
            return _elliptic(kid, jwk)
        if (jwk.get("kty"), jwk.get("alg", "RS256")) == ("RSA", "RS256"):
            return _rsa(kid, jwk)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        pass
    return None


def _elliptic(kid: str, jwk: dict[str, Any]) -> Key:
    public = jwt.algorithms.ECAlgorithm.from_jwk({name: jwk[name] for name in ("kty", "crv", "x", "y")})
    numbers = public.public_numbers()  # type: ignore[union-attr]
    return Key(kid, "ES256", public, (numbers.x, numbers.y))


def _rsa(kid: str, jwk: dict[str, Any]) -> Key | None:
    public = jwt.algorithms.RSAAlgorithm.from_jwk({name: jwk[name] for name in ("kty", "n", "e")})
    if not isinstance(public, RSAPublicKey) or public.key_size not in RSA_BITS:
        return None
    numbers = public.public_numbers()
    return Key(kid, "RS256", public, (numbers.n, numbers.e))


def _unavailable() -> Unavailable:
    return Unavailable(
        "The issuer's keys can't be read; send the same request again in a few seconds.", retry_after_s=5
    )
