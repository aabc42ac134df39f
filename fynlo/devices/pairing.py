"""Pairing a device by a code on its screen, and signing in on it by PIN."""

import hashlib
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import msgspec
import structlog
from msgspec import structs

from fynlo.context import Context
from fynlo.db.pool import Pool, transaction
from fynlo.errors import FieldProblem, Forbidden, GrantRefused, Invalid, NotFound, Unauthorized
from fynlo.http import Reply
from fynlo.identity.models import ShortSignIn, User
from fynlo.identity.passwords import Passwords
from fynlo.identity.sessions import Sessions
from fynlo.limiting import Attempts
from fynlo.tenancy import Of, Tenant, entered

from . import queries
from .models import (
    Approve,
    AskToPair,
    Deny,
    Device,
    DeviceChange,
    DeviceCode,
    PairedSignIn,
    Pin,
    Waiting,
    WaitingQuery,
)
from .rules import shown, typed, user_code

log = structlog.get_logger(__name__)

CODE_S = 900

# RFC 8628, 3.5.
_REFUSALS = {
    "authorization_pending": "Nobody has approved the code yet; ask again in {interval} s.",
    "slow_down": "Ask every {interval} s, not more often.",
    "access_denied": "The code was turned away; begin again.",
    "expired_token": "The code is too old; begin again.",
}


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


class Pairing:
    """The device grant of one server, and what is done on paired devices."""

    def __init__(
        self, pool: Pool, sessions: Sessions, passwords: Passwords, attempts: Attempts, *, interval_s: int
    ) -> None:
        self._pool = pool
        self._attempts = attempts
        self._interval_s = interval_s
        self._sessions = sessions
        self._passwords = passwords

    async def begin(self, asked: AskToPair, page: str) -> DeviceCode:
        """A code for a screen; `page` is where somebody types it."""
        device_code, code = secrets.token_urlsafe(32), user_code(secrets.choice)
        async with transaction(self._pool) as conn:
            await queries.device_grants_prune(conn)
            await queries.device_grant_insert(
                conn,
                _hash(device_code),
                code,
                asked.kind,
                asked.name,
                lifetime_s=CODE_S,
                interval_s=self._interval_s,
            )
        return DeviceCode(
            device_code=device_code,
            user_code=shown(code),
            verification_uri=page,
            verification_uri_complete=f"{page}?user_code={shown(code)}",
            expires_in=CODE_S,
            interval=self._interval_s,
        )

    async def token(self, device_code: str, context: Context) -> PairedSignIn:
        """The device's tokens, once it was approved.

        Raises BadRequest with the RFC's `error` until then.
        """
        async with transaction(self._pool) as conn:
            polled = await queries.device_grant_poll(conn, _hash(device_code))
            if polled is not None and polled.state == "approved" and polled.user_id and polled.device_id:
                user = User(polled.user_id, None, polled.name or "")
                signed_in = await self._sessions.begin(conn, user, "auth.device", context, polled.device_id)
                device = await queries.device_read(conn, polled.device_id)
                return PairedSignIn(**structs.asdict(signed_in), device=device)
        if polled is None:
            raise GrantRefused("invalid_grant", "There is no such device code; begin again.")
        state = "access_denied" if polled.state == "approved" else polled.state
        raise GrantRefused(state, _REFUSALS[state].format(interval=polled.interval_s))

    async def waiting(self, asked: WaitingQuery, context: Context) -> Waiting:
        """What is about to be approved. Raises NotFound where no such code waits."""
        async with self._answering(asked.restaurant_id, context) as tenant:
            found = await queries.device_waiting(tenant.conn, typed(asked.user_code))
            if found is None:
                raise _no_such_code()
            return found

    async def approve(self, tenant: Tenant, asked: Approve, _hashed: bytes) -> Reply:
        """The device is the restaurant's from now on. To be asked while counting().

        Raises NotFound where no such code waits, Invalid where a station is not the restaurant's.
        """
        await _check_stations(tenant, asked.station_ids)
        device_id = await queries.device_pair(
            tenant.conn,
            tenant.restaurant_id,
            typed(asked.user_code),
            asked.name,
            asked.station_ids,
            tenant.user_id,
        )
        if device_id is None:
            raise _no_such_code()
        return Reply(201, msgspec.json.encode(await queries.device_read(tenant.conn, device_id)))

    async def deny(self, asked: Deny, context: Context) -> None:
        """Raises NotFound where no such code waits."""
        async with self._answering(asked.restaurant_id, context) as tenant:
            if not await queries.device_deny(tenant.conn, typed(asked.user_code)):
                raise _no_such_code()

    @asynccontextmanager
    async def _answering(self, restaurant_id: UUID, context: Context) -> AsyncIterator[Tenant]:
        """Inside the restaurant, by somebody who may pair, while counting()."""
        async with (
            self.counting(context),
            entered(self._pool, context, "back_office.write", restaurant_id=restaurant_id) as tenant,
        ):
            yield tenant

    @asynccontextmanager
    async def counting(self, context: Context) -> AsyncIterator[None]:
        """Wrong codes are counted: a code is short. Raises TooMany where there were too many."""
        who = str(context.caller.user_id)
        await self._attempts.admit("pairing", who, context.address)
        try:
            yield
        except NotFound as error:
            if error.code == "unknown_code":
                await self._attempts.failed("pairing", who, context.address)
            raise

    # -- paired devices

    async def calling(self, context: Context) -> Device:
        """The device that the caller is or signed in on. Raises NotFound where there is none."""
        if context.caller.device_id is None:
            raise NotFound("This is a sign-in of a person, not of a paired device.", code="no_device")
        async with transaction(self._pool) as conn:
            return await queries.device_read(conn, context.caller.device_id)

    async def change(self, tenant: Tenant, device_id: UUID, change: DeviceChange) -> Reply:
        """Raises NotFound where it was revoked, Invalid where a station is not the restaurant's."""
        await _check_stations(tenant, change.station_ids or ())
        device = await queries.device_update(tenant.conn, tenant.restaurant_id, device_id, change)
        if device is None:
            raise _no_such_device()
        return Reply(200, msgspec.json.encode(device))

    async def revoke(self, device_id: UUID, context: Context) -> None:
        """Its sockets close with 4005, and those of who signed in on it. Raises NotFound."""
        async with entered(self._pool, context, "back_office.write", of=Of("device", device_id)) as tenant:
            if not await queries.device_revoke(tenant.conn, tenant.restaurant_id, device_id):
                raise _no_such_device()
        self._sessions.forget_device(device_id)

    async def sign_in(self, asked: Pin, context: Context) -> ShortSignIn:
        """A short token for somebody who works where the calling device stands.

        Raises Forbidden where no device is calling, Unauthorized `invalid_pin`, TooMany.
        """
        device = context.caller
        restaurant_id = next(iter(device.memberships), None)
        if device.device_id is None or restaurant_id is None or not device.of_device:
            raise Forbidden("PINs are for paired devices; sign in with a password, or pair this device.")
        async with entered(self._pool, context, "menu.read", restaurant_id=restaurant_id) as tenant:
            found = await queries.pin_of(tenant.conn, restaurant_id, asked.staff_id)
        wrong = await self._passwords.attempt(
            "pin",
            str(asked.staff_id),
            str(device.device_id),
            found.pin_hash if found else None,
            asked.pin,
            restaurant=str(restaurant_id),
        )
        if found is None or wrong is not None:
            log.warning("pin_failed", staff_id=str(asked.staff_id), device_id=str(device.device_id))
            if found is not None:
                await self._sessions.note_failed_pin(found.user_id, context)
            raise Unauthorized("This PIN is not right.", code="invalid_pin", headers=wrong)
        async with transaction(self._pool) as conn:
            user = User(found.user_id, found.email, found.name)
            return await self._sessions.begin_short(conn, user, device.device_id, context)


async def _check_stations(tenant: Tenant, station_ids: Sequence[UUID]) -> None:
    if station_ids and not await queries.stations_known(tenant.conn, tenant.restaurant_id, station_ids):
        raise Invalid(
            "station_ids: one of them is no station of this restaurant.",
            errors=[FieldProblem("station_ids", "no station of this restaurant")],
        )


def _no_such_code() -> NotFound:
    return NotFound("No screen shows this code (any more); look again, or begin anew.", code="unknown_code")


def _no_such_device() -> NotFound:
    return NotFound("There is no such device, or it is not yours.")
