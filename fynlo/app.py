"""The composition root: settings in, one ASGI application out. The only place that wires things."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import redis.asyncio
import structlog
from litestar import Litestar, Response, get
from litestar.handlers import HTTPRouteHandler

from fynlo import __version__, metrics, openapi
from fynlo.audit.routes import audit_routes
from fynlo.cash.routes import cash_routes
from fynlo.db.feed import Position
from fynlo.db.pool import create_pool
from fynlo.devices.pairing import Pairing
from fynlo.devices.routes import device_routes
from fynlo.edge import Edge, Rates
from fynlo.errors import NotFound, Unauthorized, Unavailable
from fynlo.events.audiences import KITCHEN, POS, POS_WITHOUT_MONEY
from fynlo.events.routes import event_routes
from fynlo.floor.routes import floor_routes
from fynlo.health import health_routes
from fynlo.identity.approval import Approvals
from fynlo.identity.issuers import Issuer
from fynlo.identity.keys import RemoteKeys
from fynlo.identity.passwords import Passwords
from fynlo.identity.routes import identity_routes
from fynlo.identity.rules import may
from fynlo.identity.sessions import Sessions
from fynlo.identity.tokens import Tokens
from fynlo.inside import Inside
from fynlo.limiting import Attempts, Rate
from fynlo.live.comebacks import Comebacks
from fynlo.live.connection import Connection
from fynlo.live.housekeeping import Housekeeping
from fynlo.live.hub import Hub, UnknownRestaurant
from fynlo.live.notifier import Notifier
from fynlo.live.protocol import BAD_TOKEN, NOT_ALLOWED, Limits, Refused, Viewer
from fynlo.live.room import Frame, Room
from fynlo.live.screens import Screens
from fynlo.live.socket import Sockets
from fynlo.menu.cache import MenuCache, SharedMenus
from fynlo.menu.routes import menu_routes
from fynlo.menu.stock_routes import stock_routes
from fynlo.orders.batch_routes import batch_routes
from fynlo.orders.check_routes import check_routes
from fynlo.orders.history_routes import history_routes
from fynlo.orders.line_routes import line_routes
from fynlo.orders.payment_routes import payment_routes
from fynlo.orders.receipt_routes import receipt_routes
from fynlo.orders.routes import order_routes
from fynlo.origins import Cors
from fynlo.problems import HANDLERS
from fynlo.proxies import Proxies
from fynlo.reports.routes import report_routes
from fynlo.restaurants.routes import restaurant_routes
from fynlo.settings import Settings, Supabase
from fynlo.staff.routes import staff_routes
from fynlo.web.pages import page_routes
from fynlo.webhooks.delivery import Deliveries
from fynlo.webhooks.routes import webhook_routes

log = structlog.get_logger(__name__)

REDIS_WITHIN_S = 0.25
REDIS_CONNECTIONS = 32


class Server:
    """One process of the server: `asgi` is what is served, `drain()` sends its clients away."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pool = create_pool(settings.database_url, settings.pool_size)
        self._redis = _redis(settings.redis_url)
        attempts = Attempts(settings.redis_url)
        self._passwords = Passwords(attempts)
        keys_at = settings.supabase.jwks_url if settings.supabase else None
        self._issuer_keys = RemoteKeys(keys_at, lambda: self._sockets.recheck()) if keys_at else None
        self._sessions = Sessions(
            self._pool,
            self._passwords,
            Tokens(settings.secret, settings.access_token_s),
            refresh_lifetime_s=settings.refresh_token_s,
            device_lifetime_s=settings.device_token_s,
            issuer=_issuer(settings.supabase, self._issuer_keys),
        )
        self._menus = MenuCache(enabled=settings.menu_cache)
        coalesced = settings.notify == "coalesced"
        self._hub = Hub(
            settings.listen_url,
            settings.database_url,
            on_event=self._seen,
            on_reset=self._reset,
            on_control=self._told,
            on_connected=self._connected,
            notifier=Notifier(settings.listen_url) if coalesced else None,
        )
        self._housekeeping = Housekeeping(
            settings.database_url,
            replay_days=settings.replay_days,
            keep_months=settings.keep_events_months,
        )
        self._comebacks = Comebacks(settings.database_url)
        self._sockets = Sockets(
            self._hub,
            self._identify,
            allowed_origins=settings.allowed_origins,
            limits=Limits(
                settings.max_sockets_per_user,
                settings.max_sockets_per_restaurant,
                settings.max_unauthenticated_sockets,
            ),
        )
        self._screens = Screens(
            settings.database_url,
            lambda: self._sockets.connections,
            stale_after_s=settings.stale_screen_s,
            refresh_s=settings.screens_refresh_s,
        )
        self._deliveries = (
            Deliveries(
                settings.database_url,
                plain_http=settings.development,
                private_addresses=settings.webhook_private_addresses,
            )
            if settings.webhooks
            else None
        )
        self.draining = False
        rates = Rates(
            Rate("person", "This person", settings.requests_per_person),
            Rate("restaurant", "This restaurant", settings.requests_per_restaurant),
            Rate("address", "This address", settings.requests_per_address, window_s=10),
        )
        approvals = Approvals(self._passwords)
        announce = self._hub.announce if coalesced else None
        handlers = [
            *identity_routes(self._sessions),
            *restaurant_routes(self._pool, self._sessions),
            *staff_routes(self._pool, self._passwords),
            *device_routes(
                self._pool,
                Pairing(
                    self._pool,
                    self._sessions,
                    self._passwords,
                    attempts,
                    interval_s=settings.pairing_interval_s,
                ),
            ),
            *menu_routes(
                self._pool, self, self._menus, SharedMenus(self._redis if settings.menu_cache else None)
            ),
            *floor_routes(self._pool, announce),
            *stock_routes(self._pool, announce),
            *order_routes(self._pool, approvals, announce),
            *line_routes(self._pool, approvals, announce),
            *payment_routes(self._pool, approvals, announce),
            *check_routes(self._pool, approvals, announce),
            *batch_routes(self._pool, Inside(rates.person, rates.restaurant)),
            *cash_routes(self._pool),
            *report_routes(self._pool),
            *receipt_routes(self._pool),
            *history_routes(self._pool),
            *event_routes(self._pool),
            *audit_routes(self._pool),
            *webhook_routes(
                self._pool,
                plain_http=settings.development,
                private_addresses=settings.webhook_private_addresses,
            ),
            *health_routes(self._pool, self, self._screens),
        ]
        self.document = openapi.document(handlers, version=__version__)
        app = Litestar(
            [*handlers, _document_route(self.document), *page_routes()],
            lifespan=[self._lifespan],
            exception_handlers=HANDLERS,  # type: ignore[arg-type]
            openapi_config=None,
            request_max_body_size=settings.body_limit,
            logging_config=None,
        )
        self.asgi = Edge(
            app,
            self._sockets,
            authenticate=self._sessions.principal,
            public=openapi.public_paths(handlers),
            media=openapi.other_media(handlers),
            max_in_flight=settings.max_in_flight,
            body_within_s=settings.body_within_s,
            rates=rates,
            proxies=Proxies(settings.trusted_proxies),
            cors=Cors(settings.allowed_origins),
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Litestar) -> AsyncIterator[None]:
        await self._pool.open(wait=False)  # a database that is away is a server that is not ready, yet
        self._hub.start()
        if self._deliveries is not None:
            await self._deliveries.start()
        tasks = [
            asyncio.create_task(self._sockets.run_timers(), name="socket-timers"),
            asyncio.create_task(self._screens.run(), name="screens"),
            asyncio.create_task(self._housekeeping.run(), name="housekeeping"),
            asyncio.create_task(self._comebacks.run(), name="comebacks"),
        ]
        if self._issuer_keys is not None:
            tasks.append(asyncio.create_task(self._issuer_keys.run(), name="issuer-keys"))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._screens.withdraw()
            if self._deliveries is not None:
                await self._deliveries.stop()
            await self._hub.stop()
            await self._pool.close()
            if self._redis is not None:
                await self._redis.aclose()

    async def drain(self) -> None:
        """Readiness off, no more upgrades, every socket away with 1012."""
        self.draining = True
        await self._sockets.drain(self._settings.drain_s)

    # -- what the feed says

    @property
    def listening(self) -> bool:
        return self._hub.listener.listening

    def position(self, restaurant_id: UUID) -> Position | None:
        """How far this process has applied the feed; None where that cannot be trusted."""
        room = self._hub.tracked(restaurant_id)
        return Position(room.epoch, room.seq) if room is not None and self._hub.current else None

    async def follow(self, restaurant_id: UUID) -> Position:
        """Follow a restaurant's feed from now on, if not yet."""
        try:
            room = await self._hub.room(restaurant_id)
        except UnknownRestaurant:
            raise NotFound("There is no such restaurant, or it is not yours.") from None
        except (psycopg.Error, OSError) as exc:
            raise Unavailable("The database is away; send the same request again in a second.") from exc
        return Position(room.epoch, room.seq)

    def _seen(self, frame: Frame) -> None:
        if self._deliveries is not None:
            self._deliveries.wake()
        shown = frame.type == "menu.updated" or frame.type.startswith("inventory.")
        if shown and (room := self._hub.tracked(frame.restaurant_id)) is not None:
            self._menus.changed(frame.restaurant_id, Position(room.epoch, frame.seq))

    def _reset(self, room: Room) -> None:
        self._menus.changed(room.restaurant_id, Position(room.epoch, room.seq))

    def _connected(self) -> None:
        # Whatever the control channel said before this moment may have been missed.
        metrics.listener_connects.inc()
        self._sessions.forget_all()
        self._sockets.recheck()

    def _told(self, payload: str) -> None:
        """A hint of the control channel: `session:<id>` was ended, `device:<id>` revoked, memberships of
        `member:<id>` changed."""
        what, _, text = payload.partition(":")
        with contextlib.suppress(ValueError):
            subject = UUID(text)
            if what == "session":
                self._sessions.forget_session(subject)
                self._sockets.recheck(lambda c: _viewer(c).session_id == subject)
            elif what == "device":
                self._sessions.forget_device(subject)
                self._sockets.recheck(lambda c: _viewer(c).device_id == subject)
            elif what == "member":
                self._sessions.forget_user(subject)
                self._sockets.recheck(lambda c: _viewer(c).user_id == subject)

    async def _identify(self, token: str, restaurant_id: UUID, kind: str) -> Viewer:
        """Who a socket's token stands for, and what they may see of the restaurant."""
        try:
            principal = await self._sessions.principal(token)
        except Unauthorized as error:
            raise Refused(BAD_TOKEN, error.code, error.detail) from None
        membership = principal.memberships.get(restaurant_id)
        if membership is None:
            raise Refused(NOT_ALLOWED, "not_found", "There is no such restaurant, or it is not yours.")
        if not may(membership.role, "orders.read"):
            raise Refused(NOT_ALLOWED, "forbidden", f"The role {membership.role} may not see orders.")
        audience = KITCHEN
        if kind == "pos":
            audience = POS if may(membership.role, "money.read") else POS_WITHOUT_MONEY
        return Viewer(
            principal.user_id, principal.session_id, principal.expires_at, audience, principal.device_id
        )


def _viewer(connection: Connection) -> Viewer:
    assert connection.viewer is not None
    return connection.viewer


def _issuer(supabase: Supabase | None, keys: RemoteKeys | None) -> Issuer | None:
    if supabase is None:
        return None
    return Issuer(supabase.issuer, supabase.audience, keys or supabase.secret)


def _redis(url: str | None) -> redis.asyncio.Redis | None:
    if url is None:
        return None
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        url,
        max_connections=REDIS_CONNECTIONS,
        timeout=REDIS_WITHIN_S,
        socket_timeout=REDIS_WITHIN_S,
        socket_connect_timeout=REDIS_WITHIN_S,
    )
    return redis.asyncio.Redis(connection_pool=pool)


def _document_route(document: dict[str, Any]) -> HTTPRouteHandler:
    encoded = msgspec.json.encode(document)

    @get("/schema/openapi.json", opt={"public": True}, sync_to_thread=False)
    def openapi_document() -> Response[bytes]:
        return Response(encoded, media_type="application/json")

    return openapi_document
