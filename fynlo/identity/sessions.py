"""Signing in, refreshing, signing out; and who a token stands for right now."""

import hashlib
import secrets
from uuid import UUID

import structlog

from fynlo.context import Context
from fynlo.db.pool import Connection, Pool, connection, transaction
from fynlo.errors import Conflict, FieldProblem, Forbidden, Invalid, Unauthorized
from fynlo.ids import uuid7

from . import queries
from .issuers import Issuer
from .models import (
    PASSWORD_LENGTH,
    Accepted,
    Claims,
    ExternalClaims,
    Principal,
    ShortSignIn,
    SignedIn,
    Standing,
    User,
)
from .passwords import Passwords
from .standings import Standings
from .tokens import Tokens

log = structlog.get_logger(__name__)

REFRESH_GRACE_S = 10.0  # two tabs may race with one refresh token; the contract gives both a valid pair


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
        issuer: Issuer | None = None,
    ) -> None:
        self._pool = pool
        self._passwords = passwords
        self._tokens = tokens
        self._refresh_lifetime_s = refresh_lifetime_s
        self._device_lifetime_s = device_lifetime_s
        self._issuer = issuer
        self._standings = Standings(self._standing)
        self._external = Standings(self._external_standing)

    async def login(self, email: str, password: str, context: Context) -> SignedIn:
        """Sign in by password.

        Raises Unauthorized `invalid_credentials`; TooMany after 10 failures in 15 minutes for this account
        from this address, and for what else `Attempts` counts.
        """
        address = context.address
        async with connection(self._pool) as conn:
            found = await queries.credentials(conn, email)
        # As it is stored: Postgres may take a letter for a small one that Python takes for another.
        account = (found.email if found else None) or email.lower()
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
        await self._note(conn, user.id, action, context, device_id)
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
        """A session on a device that ends with its access token, and is good where that stands."""
        session_id = uuid7()
        await queries.session_without_refresh(conn, session_id, user.id, device_id)
        standing = await queries.standing(conn, session_id)
        assert standing is not None
        await self._note(conn, user.id, "auth.pin", context, device_id)
        log.info("signed_in", user_id=str(user.id), session_id=str(session_id), device_id=str(device_id))
        return ShortSignIn(
            access_token=self._tokens.issue(user.id, session_id),
            token_type="Bearer",  # noqa: S106
            expires_in=self._tokens.lifetime_s,
            user=user,
            restaurants=tuple(standing.memberships.values()),
        )

    async def accept_invitation(self, token: str, password: str, context: Context) -> SignedIn:
        """Sign in with an invitation: who has no password gets this one, who has one gives it.

        Raises Unauthorized `invitation_invalid` where the token is unknown, used or too old,
        `invalid_credentials` where the person's own password is another one, and `external_sign_in` where they
        sign in by an external issuer.
        """
        async with connection(self._pool) as conn:
            if await queries.invitation_of(conn, _hash(token)) is None:
                raise _no_invitation()  # before a hash is worked out: whoever has no token costs nothing
        hashed = await self._passwords.hash(password)
        async with transaction(self._pool) as conn:
            invited = await queries.invitation_of(conn, _hash(token))
            if invited is None:
                raise _no_invitation()
            if invited.external:
                raise Unauthorized(
                    "You sign in by an external issuer: accept with its access token, without a password.",
                    code="external_sign_in",
                )
            stored = invited.password_hash
            if stored is None and len(password) < PASSWORD_LENGTH:
                raise Invalid.of("password", f"at least {PASSWORD_LENGTH} characters")
            if stored is not None:
                account = invited.email or str(invited.id)
                wrong = await self._passwords.attempt("login", account, context.address, stored, password)
                if wrong is not None:
                    raise Unauthorized(
                        "You have a password already: give that one to accept the invitation.",
                        code="invalid_credentials",
                        headers=wrong,
                    )
            person_id = await queries.accept_invitation(
                conn, _hash(token), hashed, address=context.address, request_id=context.request_id
            )
            user = User(person_id, invited.email, invited.name)
            signed_in = await self.begin(conn, user, "auth.invitation_accepted", context)
        self.forget_user(person_id)
        return signed_in

    async def accept_as_external(self, token: str, context: Context) -> Accepted:
        """Accept an invitation for the caller, whom an external issuer vouches for.

        Raises Invalid where somebody else calls: they give a password. Unauthorized `invitation_invalid` as
        above, and `invitation_anothers` where the invited have a sign-in of their own; Conflict `already_staff`.
        """
        caller = context.caller
        if not caller.external:
            raise Invalid.of("password", "missing")
        async with transaction(self._pool) as conn:
            outcome = await queries.accept_invitation_as(conn, _hash(token), caller.user_id)
            if outcome == "another's":
                raise Unauthorized(
                    "This invitation is for somebody who has a sign-in already; they accept it with that.",
                    code="invitation_anothers",
                )
            if outcome == "already_staff":
                raise Conflict("You work there already; see GET /auth/me.", code="already_staff")
            if outcome != "accepted":
                raise _no_invitation()
            await self._note(conn, caller.user_id, "auth.invitation_accepted", context)
            memberships = await queries.memberships(conn, caller.user_id)
        self.forget_user(caller.user_id)
        return Accepted(caller.user, memberships)

    async def change_password(self, current: str, new: str, context: Context) -> None:
        """A new password for the caller; their other sign-ins end, this one stays.

        Raises Invalid `wrong_password` where the current one is another, Conflict `external_session` where
        they have none.
        """
        caller = context.caller
        _refuse_external(caller)
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

    async def _note(
        self, conn: Connection, user_id: UUID, action: str, context: Context, device_id: UUID | None = None
    ) -> None:
        """Into the audit log of wherever the person works."""
        if device_id is None and context.principal is not None:
            device_id = context.principal.device_id
        await queries.audit_person(
            conn, user_id, action, address=context.address, request_id=context.request_id, device_id=device_id
        )

    async def refresh(self, refresh_token: str, context: Context) -> SignedIn:
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
                await self._note(conn, stored.user_id, "auth.refresh_reused", context, stored.device_id)
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
        """End the session, or all of the person's. Their access tokens stop working within seconds.

        Raises Conflict `external_session` where the sign-in is not ours to end, Forbidden for all of somebody who
        signed in by PIN: that is a word of one restaurant's.
        """
        principal = context.caller
        _refuse_external(principal)
        if everywhere and principal.device_id is not None and not principal.of_device:
            raise Forbidden(
                "A PIN is good on its device alone; sign in with a password to end other sign-ins."
            )
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

        Raises Unauthorized where it is nobody's, has expired, or its session was ended.
        """
        if self._issuer is not None and not self._tokens.knows(token) and self._issuer.issued(token):
            return await self._external_principal(await self._issuer.check(token))
        claims = self._tokens.check(token)
        standing = self._standings.known(claims.sid)
        return _principal(claims, standing or await self._standings.load(claims.sid))

    async def _external_principal(self, claims: ExternalClaims) -> Principal:
        who = (claims.sub, claims.email, claims.name)
        standing = self._external.known(who) or await self._external.load(who)
        return Principal(standing.user, claims.session_id, claims.exp, standing.memberships, external=True)

    async def _standing(self, session_id: UUID) -> Standing:
        async with connection(self._pool) as conn:
            standing = await queries.standing(conn, session_id)
        if standing is None:
            raise Unauthorized("This sign-in has ended; sign in again.", code="session_ended")
        return standing

    async def _external_standing(self, who: tuple[UUID, str | None, str]) -> Standing:
        async with connection(self._pool) as conn:
            return await queries.external_standing(conn, *who)

    def forget_session(self, session_id: UUID) -> None:
        """The next request of the session asks the database."""
        self._standings.forget(session_id)

    def forget_user(self, user_id: UUID) -> None:
        self._standings.forget_user(user_id)
        self._external.forget_user(user_id)

    def forget_device(self, device_id: UUID) -> None:
        self._standings.forget_device(device_id)

    def forget_all(self) -> None:
        self._standings.forget_all()
        self._external.forget_all()


def _no_invitation() -> Unauthorized:
    return Unauthorized(
        "This invitation cannot be used (any more); ask for a new one.", code="invitation_invalid"
    )


def _refuse_external(caller: Principal) -> None:
    if caller.external:
        raise Conflict(
            "You are signed in by an external issuer: sign out, and change your password, there.",
            code="external_session",
        )


def _principal(claims: Claims, standing: Standing) -> Principal:
    if standing.revoked or standing.user.id != claims.sub:
        raise Unauthorized("This sign-in has ended; sign in again.", code="session_ended")
    return Principal(
        standing.user,
        claims.sid,
        claims.exp,
        standing.memberships,
        standing.device_id,
        of_device=standing.of_device,
    )
