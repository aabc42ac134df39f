"""Passwords and PINs: argon2id (RFC 9106), worked out beside the event loop, two at a time."""

import asyncio
import secrets
from base64 import b64encode

import argon2

from fynlo.limiting import Attempts, Kind

AT_ONCE = 2  # each takes 64 MiB and a core for some 50 ms


def _of_nothing(hasher: argon2.PasswordHasher) -> str:
    """A hash that costs as much to try as one of the hasher's own, of no secret that anybody has."""
    salt, digest = (
        b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (hasher.salt_len, hasher.hash_len)
    )
    costs = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v={argon2.low_level.ARGON2_VERSION}${costs}${salt}${digest}"


class Passwords:
    """Hashes what people know by heart, and judges attempts at it."""

    def __init__(self, attempts: Attempts) -> None:
        self._attempts = attempts
        self._hasher = argon2.PasswordHasher()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._nobodys = _of_nothing(self._hasher)

    async def hash(self, secret: str) -> str:
        """What to store of it."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, secret)

    async def attempt(
        self, kind: Kind, account: str, address: str, stored: str | None, secret: str, *, restaurant: str = ""
    ) -> dict[str, str] | None:
        """None where the secret is what was stored; else header fields that say how many attempts are left.
        Where nothing is stored it is wrong, and takes as long.

        Raises TooMany where there were too many failures.
        """
        async with self._turns:
            # Asked at its turn: those who came at once would else all be let in by the same count.
            await self._attempts.admit(kind, account, address, restaurant)
            right = await asyncio.to_thread(self._verify, stored or self._nobodys, secret)
            if not right or stored is None:
                return await self._attempts.failed(kind, account, address, restaurant)
        await self._attempts.succeeded(kind, account, address)
        return None

    def _verify(self, stored: str, secret: str) -> bool:
        try:
            return self._hasher.verify(stored, secret)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
