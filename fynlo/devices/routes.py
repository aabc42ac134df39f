"""Devices, over HTTP."""

from uuid import UUID

from litestar import Response, delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from fynlo.context import context_of
from fynlo.db.pool import Pool
from fynlo.http import AnyRequest, Reply, decode, page_links, query, read_body, respond, restaurant_in
from fynlo.identity.models import ShortSignIn
from fynlo.openapi import Operation, described
from fynlo.tenancy import Of, Tenant, entered
from fynlo.writing import written

from . import queries
from .models import (
    Approve,
    AskForToken,
    AskToPair,
    Deny,
    Device,
    DeviceChange,
    DeviceCode,
    DevicesQuery,
    PairedSignIn,
    Pin,
    Waiting,
    WaitingQuery,
)
from .pairing import Pairing

_NO_STORE = {"Cache-Control": "no-store"}


def device_routes(pool: Pool, pairing: Pairing) -> list[HTTPRouteHandler]:
    """The routes of devices, of pairing them, and of PINs."""

    @post(
        "/api/v1/auth/device",
        status_code=200,
        opt=described(
            Operation(
                tag="Devices",
                summary="Ask to be paired",
                needs="public",
                body=AskToPair,
                answers={200: DeviceCode},
                problems=[429],
            )
        ),
    )
    async def ask_to_pair(request: AnyRequest) -> Response[bytes]:
        """The first step of a kitchen display or till without a keyboard (RFC 8628): show `user_code` and
        `verification_uri`, and ask POST /auth/device/token every `interval` seconds."""
        asked = decode(await read_body(request), AskToPair)
        page = f"{request.url.scheme}://{request.url.netloc}/pair"
        return respond(await pairing.begin(asked, page), headers=_NO_STORE)

    @post(
        "/api/v1/auth/device/token",
        status_code=200,
        opt=described(
            Operation(
                tag="Devices",
                summary="Get the device's tokens",
                needs="public",
                body=AskForToken,
                answers={200: PairedSignIn},
                problems=[400, 429],
            )
        ),
    )
    async def device_token(request: AnyRequest) -> Response[bytes]:
        """Once the code was approved. Until then 400 with the RFC's `error`: `authorization_pending`,
        `slow_down` (ask 5 s less often), `access_denied`, `expired_token`, `invalid_grant`. An answer that was
        lost can be asked for again for a minute."""
        asked = decode(await read_body(request), AskForToken)
        return respond(await pairing.token(asked.device_code, context_of(request.scope)), headers=_NO_STORE)

    @get(
        "/api/v1/auth/me/device",
        opt=described(
            Operation(
                tag="Devices",
                summary="The calling device",
                needs="signed in",
                answers={200: Device},
                problems=[404],
            )
        ),
    )
    async def calling_device(request: AnyRequest) -> Response[bytes]:
        """The paired device whose token this is, or on which it was given by PIN: its name, and its stations as
        they are now. `no_device` where a person signed in."""
        return respond(await pairing.calling(context_of(request.scope)), headers=_NO_STORE)

    @get(
        "/api/v1/devices/waiting",
        opt=described(
            Operation(
                tag="Devices",
                summary="A device that waits",
                needs="back_office.write",
                query=WaitingQuery,
                answers={200: Waiting},
                problems=[403, 404, 429],
            )
        ),
    )
    async def waiting_device(request: AnyRequest) -> Response[bytes]:
        """What a code would pair, to be looked at before it is approved; changes nothing. `unknown_code` where no
        screen shows it."""
        asked = query(request, WaitingQuery)
        return respond(await pairing.waiting(asked, context_of(request.scope)), headers=_NO_STORE)

    @post(
        "/api/v1/devices/approve",
        opt=described(
            Operation(
                tag="Devices",
                summary="Approve a device",
                needs="back_office.write",
                body=Approve,
                answers={201: Device},
                takes=["Idempotency-Key"],
                gives=["Idempotent-Replayed"],
                problems=[403, 404, 409, 429],
            )
        ),
    )
    async def approve_device(request: AnyRequest) -> Response[bytes]:
        """By the code on its screen, which may be typed in small letters and without the dash. A kitchen display
        may what the kitchen may; a till shows, and changes nothing until somebody gives their PIN. `unknown_code`
        where no screen shows the code."""
        body = await read_body(request)
        async with pairing.counting(context_of(request.scope)):
            return await written(
                request,
                pool,
                "back_office.write",
                Approve,
                pairing.approve,
                body=body,
                restaurant_id=restaurant_in(body),
            )

    @post(
        "/api/v1/devices/deny",
        status_code=204,
        opt=described(
            Operation(
                tag="Devices",
                summary="Turn a device away",
                needs="back_office.write",
                body=Deny,
                answers={204: None},
                problems=[403, 404, 429],
            )
        ),
    )
    async def deny_device(request: AnyRequest) -> None:
        """It is told `access_denied`. `unknown_code` where no screen shows the code."""
        context, body = context_of(request.scope), await read_body(request)
        async with entered(pool, context, "back_office.write", restaurant_id=restaurant_in(body)):
            pass  # whose it is comes before what is wrong with the body
        await pairing.deny(decode(body, Deny), context)

    @get(
        "/api/v1/devices",
        opt=described(
            Operation(
                tag="Devices",
                summary="Paired devices",
                needs="back_office.write",
                query=DevicesQuery,
                answers={200: list[Device]},
                gives=["Link", "X-Total-Count"],
                problems=[403, 404],
            )
        ),
    )
    async def list_devices(request: AnyRequest) -> Response[bytes]:
        """By name; revoked ones are in the audit log."""
        asked = query(request, DevicesQuery)
        context = context_of(request.scope)
        async with entered(pool, context, "back_office.write", restaurant_id=asked.restaurant_id) as tenant:
            found, total = await queries.devices_page(tenant.conn, asked)
        return respond(found, headers=page_links(request, asked.page, asked.limit, total))

    @patch(
        "/api/v1/devices/{device_id:uuid}",
        opt=described(
            Operation(
                tag="Devices",
                summary="Rename a device, or give it other stations",
                needs="back_office.write",
                body=DeviceChange,
                answers={200: Device},
                problems=[403, 404],
            )
        ),
    )
    async def change_device(request: AnyRequest, device_id: FromPath[UUID]) -> Response[bytes]:
        """What is left out stays."""

        async def do(tenant: Tenant, change: DeviceChange, _hashed: bytes) -> Reply:
            return await pairing.change(tenant, device_id, change)

        return await written(
            request,
            pool,
            "back_office.write",
            DeviceChange,
            do,
            body=await read_body(request),
            of=Of("device", device_id),
        )

    @delete(
        "/api/v1/devices/{device_id:uuid}",
        opt=described(
            Operation(
                tag="Devices",
                summary="Revoke a device",
                needs="back_office.write",
                answers={204: None},
                problems=[403, 404],
            )
        ),
    )
    async def revoke_device(request: AnyRequest, device_id: FromPath[UUID]) -> None:
        """Its tokens and those of who signed in on it by PIN are worth nothing from now on; sockets close with
        4005."""
        await pairing.revoke(device_id, context_of(request.scope))

    @post(
        "/api/v1/auth/pin",
        status_code=200,
        opt=described(
            Operation(
                tag="Devices",
                summary="Sign in by PIN",
                needs="signed in",
                body=Pin,
                answers={200: ShortSignIn},
                problems=[403, 429],
            )
        ),
    )
    async def pin(request: AnyRequest) -> Response[bytes]:
        """Asked with a paired device's own token; gives one for that person, as long as an access token lives.
        Wrong PINs cost time: 5 a minute, 15 an hour and 30 a day for a person on a device, 30 in 15 minutes for
        a device, 100 for the restaurant. A wrong one is a 401 `invalid_pin`."""
        asked = decode(await read_body(request), Pin)
        return respond(await pairing.sign_in(asked, context_of(request.scope)), headers=_NO_STORE)

    return [
        ask_to_pair,
        calling_device,
        waiting_device,
        device_token,
        approve_device,
        deny_device,
        list_devices,
        change_device,
        revoke_device,
        pin,
    ]
