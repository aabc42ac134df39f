"""Signing in, refreshing, signing out; and who a token stands for right now."""

import asyncio
import hashlib
import secrets
import time
from collections import OrderedDict
from functools import partial
from uuid import UUID

import structlog

from fynlo.context import Context
from fynlo.db.pool import Connection, Pool, connection, transaction
from fynlo.errors import FieldProblem, Invalid, Unauthorized
from fynlo.ids import uuid7

from . import queries
from .models import PASSWORD_LENGTH, Claims, Principal, ShortSignIn, SignedIn, Standing, User
from .passwords import Passwords
from .tokens import Tokens

log = structlog.get_logger(__name__)

REFRESH_GRACE_S = 10.0  # two tabs may race with one refresh token; the contract gives both a valid pair
STANDING_S = 2.0  # how long a lost hint of a revocation can go unnoticed
STANDINGS = 20_000


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class Sessions:
    """Sign-ins of one server process. `forget*` is called when the feed says that something changed."""

    def __init__(
        self,
        pool: Pool,
        passwords: Passwords,
        tokens: Tokens,
        *,
        refresh_lifetime_s: int,
        device_lifetime_s: int,
    ) -> None:
        self._pool = pool
        self._passwords = passwords
        self._tokens = tokens
        self._refresh_lifetime_s = refresh_lifetime_s
        self._device_lifetime_s = device_lifetime_s
        self._standings: OrderedDict[UUID, tuple[float, Standing]] = OrderedDict()
        self._loading: dict[UUID, asyncio.Task[Standing]] = {}

    async def login(self, email: str, password: str, context: Context) -> SignedIn:
        """Sign in by password.

        Raises Unauthorized `invalid_credentials`; TooMany after 10 failures in 15 minutes for this account
        from this address, and for what else `Attempts` counts.
        """
        account, address = email.lower(), context.address
        async with connection(self._pool) as conn:
            found = await queries.credentials(conn, email)
        stored = found.password_hash if found else None
        wrong = await self._passwords.attempt("login", account, address, stored, password)
        if found is None or wrong is not None:
            log.warning("sign_in_failed", email=email, address=address)
            if found is not None:
                async with connection(self._pool) as conn:
                    await self._note(conn, found.id, "auth.login_failed", context)
            raise Unauthorized(
                "E-mail address or password is wrong.", code="invalid_credentials", headers=wrong
            )
        async with transaction(self._pool) as conn:
            return await self.begin(conn, User(found.id, found.email, found.name), "auth.login", context)

    async def begin(
        self, conn: Connection, user: User, action: str, context: Context, device_id: UUID | None = None
    ) -> SignedIn:
        """A new session, in the transaction; the audit log notes `action`."""
        session_id, refresh_token = uuid7(), secrets.token_urlsafe(32)
        lifetime_s = self._lifetime_s(device_id)
        await queries.session_insert(conn, session_id, user.id, _hash(refresh_token), lifetime_s, device_id)
        memberships = await queries.memberships(conn, user.id)
        await self._note(conn, user.id, action, context)
        log.info("signed_in", user_id=str(user.id), session_id=str(session_id))
        return SignedIn(
            access_token=self._tokens.issue(user.id, session_id),
            token_type="Bearer",  # noqa: S106
            expires_in=self._tokens.lifetime_s,
            refresh_token=refresh_token,
            user=user,
            restaurants=memberships,
        )

    def _lifetime_s(self, device_id: UUID | None) -> int:
        return self._refresh_lifetime_s if device_id is None else self._device_lifetime_s

    async def begin_short(
        self, conn: Connection, user: User, device_id: UUID, context: Context
    ) -> ShortSignIn:
        """A session on a device that ends with its access token."""
        session_id = uuid7()
        await queries.session_without_refresh(conn, session_id, user.id, device_id)
        memberships = await queries.memberships(conn, user.id)
        await self._note(conn, user.id, "auth.pin", context)
        log.info("signed_in", user_id=str(user.id), session_id=str(session_id), device_id=str(device_id))
        return ShortSignIn(
            access_token=self._tokens.issue(user.id, session_id),
            token_type="Bearer",  # noqa: S106
            expires_in=self._tokens.lifetime_s,
            user=user,
            restaurants=memberships,
        )

    async def accept_invitation(self, token: str, password: str, context: Context) -> SignedIn:
        """Sign in with an invitation: who has no password gets this one, who has one gives it.

        Raises Unauthorized `invitation_invalid` where the token is unknown, used or too old, and
        `invalid_credentials` where the person's own password is another one.
        """
        hashed = await self._passwords.hash(password)
        async with transaction(self._pool) as conn:
            invited = await queries.invitation_of(conn, _hash(token))
            if invited is None:
                raise Unauthorized(
                    "This invitation cannot be used (any more); ask for a new one.", code="invitation_invalid"
                )
            stored = invited.password_hash
            if stored is None and len(password) < PASSWORD_LENGTH:
                told = f"at least {PASSWORD_LENGTH} characters"
                raise Invalid(f"password: {told}.", errors=[FieldProblem("password", told)])
            if stored is not None:
                account = invited.email or str(invited.id)
                wrong = await self._passwords.attempt("login", account, context.address, stored, password)
                if wrong is not None:
                    raise Unauthorized(
                        "You have a password already: give that one to accept the invitation.",
                        code="invalid_credentials",
                        headers=wrong,
                    )
            await queries.accept_invitation(conn, _hash(token), hashed)
            user = User(invited.id, invited.email, invited.name)
            signed_in = await self.begin(conn, user, "auth.invitation_accepted", context)
        self.forget_user(invited.id)
        return signed_in

    async def change_password(self, current: str, new: str, context: Context) -> None:
        """A new password for the caller; their other sign-ins end, this one stays.

        Raises Invalid `wrong_password` where the current one is another.
        """
        caller = context.caller
        async with connection(self._pool) as conn:
            stored = await queries.password_hash_of(conn, caller.user_id)
        account = caller.user.email or str(caller.user_id)
        wrong = await self._passwords.attempt("login", account, context.address, stored, current)
        if wrong is not None:
            raise Invalid(
                "current: this is not your password.",
                code="wrong_password",
                errors=[FieldProblem("current", "not your password")],
                headers=wrong,
            )
        hashed = await self._passwords.hash(new)
        async with transaction(self._pool) as conn:
            await queries.change_password(conn, caller.user_id, caller.session_id, hashed)
            await self._note(conn, caller.user_id, "auth.password_changed", context)
        self.forget_user(caller.user_id)

    async def note_failed_pin(self, user_id: UUID, context: Context) -> None:
        """Somebody tried a person's PIN."""
        async with connection(self._pool) as conn:
            await self._note(conn, user_id, "auth.pin_failed", context)

    async def _note(self, conn: Connection, user_id: UUID, action: str, context: Context) -> None:
        """Into the audit log of wherever the person works."""
        device_id = context.principal.device_id if context.principal else None
        await queries.audit_person(
            conn, user_id, action, address=context.address, request_id=context.request_id, device_id=device_id
        )

    async def refresh(self, refresh_token: str) -> SignedIn:
        """A new pair for a refresh token, which from now on is used up.

        Raises Unauthorized: `refresh_reused` where it was used more than 10 s ago (the whole session is
        ended then), `refresh_invalid` where it is unknown, expired or of an ended session.
        """
        old_hash, successor = _hash(refresh_token), secrets.token_urlsafe(32)
        reused = False
        async with transaction(self._pool) as conn:
            stored = await queries.refresh_token_lock(conn, old_hash)
            if stored is None or stored.revoked or stored.expired:
                raise Unauthorized("This sign-in has ended; sign in again.", code="refresh_invalid")
            reused = stored.used_s_ago is not None and stored.used_s_ago > REFRESH_GRACE_S
            if reused:
                await queries.session_revoke(conn, stored.session_id, "refresh_reused")
            else:
                current = await queries.standing(conn, stored.session_id)
                if current is None or current.revoked:  # with its device
                    raise Unauthorized("This sign-in has ended; sign in again.", code="refresh_invalid")
                lifetime_s = self._lifetime_s(stored.device_id)
                await queries.refresh_token_rotate(conn, old_hash, _hash(successor), lifetime_s)
                if stored.device_id is not None:
                    await queries.device_seen(conn, stored.session_id)
        if reused:
            self.forget_session(stored.session_id)
            log.warning("refresh_reused", user_id=str(stored.user_id), session_id=str(stored.session_id))
            raise Unauthorized(
                "This refresh token was used before; everything signed in with it has been signed out. Sign in again.",
                code="refresh_reused",
            )
        assert current is not None
        return SignedIn(
            access_token=self._tokens.issue(stored.user_id, stored.session_id),
            token_type="Bearer",  # noqa: S106
            expires_in=self._tokens.lifetime_s,
            refresh_token=successor,
            user=current.user,
            restaurants=tuple(current.memberships.values()),
        )

    async def logout(self, context: Context, *, everywhere: bool = False) -> None:
        """End the session, or all of the person's. Their access tokens stop working within seconds."""
        principal = context.caller
        async with transaction(self._pool) as conn:
            if everywhere:
                await queries.sessions_revoke_all(conn, principal.user_id)
            else:
                await queries.session_revoke(conn, principal.session_id, "logout")
            action = "auth.logout_everywhere" if everywhere else "auth.logout"
            await self._note(conn, principal.user_id, action, context)
        self.forget_session(principal.session_id)
        if everywhere:
            self.forget_user(principal.user_id)

    async def principal(self, token: str) -> Principal:
        """Who an access token stands for, as of at most two seconds ago.

        Raises Unauthorized where it is not ours, has expired, or its session was ended.
        """
        claims = self._tokens.check(token)
        entry = self._standings.get(claims.sid)
        if entry is not None and entry[0] > time.monotonic():
            return _principal(claims, entry[1])
        return _principal(claims, await self._load(claims.sid))

    async def _load(self, session_id: UUID) -> Standing:
        """One query however many wait for it; no waiter's end cancels it for the others."""
        task = self._loading.get(session_id)
        if task is None:
            task = asyncio.create_task(self._query(session_id))
            self._loading[session_id] = task
            task.add_done_callback(partial(self._loaded, session_id))
        return await asyncio.shield(task)

    def _loaded(self, session_id: UUID, task: asyncio.Task[Standing]) -> None:
        if self._loading.get(session_id) is task:
            del self._loading[session_id]

    async def _query(self, session_id: UUID) -> Standing:
        asked = time.monotonic()
        async with connection(self._pool) as conn:
            standing = await queries.standing(conn, session_id)
        if standing is None:
            raise Unauthorized("This sign-in has ended; sign in again.", code="session_ended")
        if self._loading.get(session_id) is not asyncio.current_task():
            return standing  # forgotten while it was read: good for who asked before that, not to be kept
        self._standings[session_id] = (asked + STANDING_S, standing)
        self._standings.move_to_end(session_id)
        if len(self._standings) > STANDINGS:
            self._standings.popitem(last=False)
        return standing

    def forget_session(self, session_id: UUID) -> None:
        """The next request of the session asks the database."""
        self._standings.pop(session_id, None)
        self._loading.pop(session_id, None)

    def forget_user(self, user_id: UUID) -> None:
        for session_id in [s for s, (_, standing) in self._standings.items() if standing.user.id == user_id]:
            del self._standings[session_id]
        self._loading.clear()  # whose these are is not known yet

    def forget_device(self, device_id: UUID) -> None:
        for session_id in [
            s for s, (_, standing) in self._standings.items() if standing.device_id == device_id
        ]:
            del self._standings[session_id]
        self._loading.clear()

    def forget_all(self) -> None:
        self._standings.clear()
        self._loading.clear()


def _principal(claims: Claims, standing: Standing) -> Principal:
    if standing.revoked or standing.user.id != claims.sub:
        raise Unauthorized("This sign-in has ended; sign in again.", code="session_ended")
    return Principal(standing.user, claims.sid, claims.exp, standing.memberships, standing.device_id)
