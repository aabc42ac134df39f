"""Devices: pairing one by its code (RFC 8628), and what a manager does with those that are paired.

On the device:

    async with ApiClient("https://pos.example.com", on_rotate=store) as api:
        code = await api.begin_pairing("kitchen", "Kitchen display")
        print(f"Type {code.user_code} at {code.verification_uri}")
        paired = await api.pair(code)

From then on the client has a session of the device, which renews itself for as long as it is in use: keep what
`on_rotate` is told, and give it as `refresh_token` after a restart.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Literal, TypeVar

import httpx
import msgspec
from msgspec import UNSET, Struct, UnsetType

from fynlo.client.answers import read
from fynlo.client.calls import Calls
from fynlo.client.errors import ClientError, NotLoggedIn, PairingEnded, ProblemError, Unreachable
from fynlo.client.models import Login, Station
from fynlo.client.wire import Sleep

T = TypeVar("T")
Kind = Literal["kitchen", "till"]

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
SLOWER = 5.0
"""Seconds that `slow_down` adds to the time between two polls (RFC 8628, 3.5)."""

GRACE = 60.0
"""Seconds for which a code that was approved in its last moment still gets its tokens."""

LONGEST_WAIT = 30.0
"""Seconds between two polls while nothing answers."""


class DeviceCode(Struct, frozen=True):
    """What a device shows to be paired (RFC 8628, 3.2); times in seconds. `device_code` is its secret."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: float
    interval: float = 5.0


class Device(Struct, frozen=True):
    """A paired device. No `station_ids`: every station. `last_seen_at` is when it last renewed its tokens."""

    id: str
    kind: Kind
    name: str
    created_at: datetime
    station_ids: tuple[str, ...] = ()
    created_by: str | None = None
    last_seen_at: datetime | None = None


class WaitingDevice(Struct, frozen=True):
    """A device that waits to be approved, as it calls itself."""

    user_code: str
    kind: Kind
    name: str
    created_at: datetime
    expires_at: datetime


class PairedLogin(Login, frozen=True, kw_only=True):
    """The session of a device, and the device."""

    device: Device


class AskToPair(Struct):
    kind: Kind
    name: str


class AskForToken(Struct):
    device_code: str
    grant_type: str = GRANT_TYPE


class PinLogin(Struct, frozen=True):
    """A token of the person who gave their PIN, for `expires_in` seconds."""

    access_token: str
    expires_in: float


class _Approve(Struct):
    restaurant_id: str
    user_code: str
    name: str | UnsetType = UNSET
    station_ids: tuple[str, ...] = ()


class _Deny(Struct):
    restaurant_id: str
    user_code: str


class _Change(Struct):
    name: str | UnsetType = UNSET
    station_ids: tuple[str, ...] | UnsetType = UNSET


async def poll(
    code: DeviceCode,
    ask: Callable[[], Awaitable[httpx.Response]],
    *,
    sleep: Sleep,
    clock: Callable[[], float],
) -> httpx.Response:
    """Asks until the code is approved, as often as RFC 8628, 3.5 says; goes on while the server is away.

    Raises PairingEnded when the code was denied or has expired, ProblemError for any other refusal.
    """
    end = clock() + code.expires_in
    every = wait = code.interval
    unanswered = 0
    while True:
        await sleep(wait)
        try:
            return await ask()
        except ProblemError as error:
            unanswered = 0
            if error.code == "slow_down":
                every += SLOWER
            elif error.code == "access_denied":
                raise PairingEnded("access_denied", error.detail) from error
            elif error.code in ("expired_token", "invalid_grant"):
                raise PairingEnded("expired_token", error.detail) from error
            elif error.code != "authorization_pending" and error.status < 500 and error.status != 429:
                raise
            wait = max(every, error.retry_after or 0.0)
            failure: ClientError = error
        except Unreachable as error:
            # less often while nothing answers, as the RFC asks for
            wait = max(every, min(every * 2**unanswered, LONGEST_WAIT))
            unanswered += 1
            failure = error
        if clock() >= end + GRACE:
            raise PairingEnded("expired_token", "The code is too old; begin again.") from failure


class ShortTokens:
    """The token of somebody who gave their PIN: not renewed, the PIN is asked again. `clock` counts seconds."""

    def __init__(self, token: str, expires_at: float, clock: Callable[[], float]) -> None:
        self._token = token
        self._expires_at = expires_at
        self._clock = clock

    async def token(self) -> str:
        """Raises NotLoggedIn when it has expired or was refused."""
        if self._clock() >= self._expires_at:
            raise NotLoggedIn("the sign-in by PIN has ended: give the PIN again")
        return self._token

    async def refresh(self, failed: str) -> str:
        """Raises NotLoggedIn where the server refused the token."""
        if failed == self._token:
            self._expires_at = float("-inf")
        return await self.token()

    async def settle(self) -> None:
        """Nothing is ever under way."""


class DeviceCalls(Calls):
    """What a manager does with devices: the part of `ApiClient` that is about them."""

    async def device(self) -> Device:
        """The paired device that this client is, as it is now. Raises ProblemError `no_device`."""
        return read(await self._ask("GET", "/auth/me/device"), Device)

    async def waiting_device(self, restaurant_id: str, user_code: str) -> WaitingDevice:
        """What a code would pair. Raises ProblemError `unknown_code`."""
        params = {"restaurant_id": restaurant_id, "user_code": user_code}
        return read(await self._ask("GET", "/devices/waiting", params=params), WaitingDevice)

    async def approve_device(
        self,
        restaurant_id: str,
        user_code: str,
        *,
        name: str | None = None,
        station_ids: Iterable[str] = (),
    ) -> Device:
        """The device is the restaurant's from now on; without a name it keeps its own.

        Raises ProblemError `unknown_code`.
        """
        body = _Approve(restaurant_id, user_code, UNSET if name is None else name, tuple(station_ids))
        return read(await self._post("/devices/approve", body, None), Device)

    async def deny_device(self, restaurant_id: str, user_code: str) -> None:
        """Turns a device away. Raises ProblemError `unknown_code`."""
        await self._post("/devices/deny", _Deny(restaurant_id, user_code), None)

    async def devices(self, restaurant_id: str) -> list[Device]:
        """Those that were not revoked, by name."""
        return (await self._numbered("/devices", restaurant_id, Device)).items

    async def change_device(
        self, device_id: str, *, name: str | None = None, station_ids: Iterable[str] | None = None
    ) -> Device:
        """Another name, other stations; None leaves them."""
        stations = UNSET if station_ids is None else tuple(station_ids)
        body = msgspec.json.encode(_Change(UNSET if name is None else name, stations))
        return read(await self._ask("PATCH", f"/devices/{device_id}", body=body), Device)

    async def revoke_device(self, device_id: str) -> None:
        """Ends its session and those of who signed in on it."""
        await self._ask("DELETE", f"/devices/{device_id}")

    async def stations(self, restaurant_id: str) -> list[Station]:
        """The stations of a kitchen, in its order."""
        return (await self._numbered("/stations", restaurant_id, Station)).items
