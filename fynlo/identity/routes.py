"""Signing in and out, over HTTP."""

from datetime import UTC, datetime

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from msgspec import UNSET

from fynlo.context import context_of
from fynlo.errors import Invalid
from fynlo.http import AnyRequest, bearer, decode, header, read_body, respond
from fynlo.limiting import all_left
from fynlo.openapi import Operation, described

from .models import Accepted, AcceptInvitation, ChangePassword, Login, Me, Refresh, SignedIn, Workplace
from .rules import PERMISSIONS
from .sessions import Sessions

_NO_STORE = {"Cache-Control": "no-store"}


def identity_routes(sessions: Sessions) -> list[HTTPRouteHandler]:
    """The routes under /auth."""

    @post(
        "/api/v1/auth/login",
        status_code=200,
        opt=described(
            Operation(
                tag="Identity",
                summary="Sign in",
                needs="public",
                body=Login,
                answers={200: SignedIn},
                problems=[401, 429],
            )
        ),
    )
    async def login(request: AnyRequest) -> Response[bytes]:
        """By e-mail address and password. The access token lives for `expires_in` seconds; the refresh token
        gets the next pair. Ten failures (`invalid_credentials`) for an account from one address in 15 minutes are
        answered with 429."""
        credentials = decode(await read_body(request), Login)
        signed_in = await sessions.login(credentials.email, credentials.password, context_of(request.scope))
        return respond(signed_in, headers={**_NO_STORE, **all_left("login")})

    @post(
        "/api/v1/auth/refresh",
        status_code=200,
        opt=described(
            Operation(
                tag="Identity",
                summary="Get the next pair of tokens",
                needs="public",
                body=Refresh,
                answers={200: SignedIn},
                problems=[401, 429],
            )
        ),
    )
    async def refresh(request: AnyRequest) -> Response[bytes]:
        """A refresh token is used up by this; for 10 s it works again, so that two tabs or a lost answer do no
        harm. Used later than that it ends the whole sign-in: `refresh_reused`. `refresh_invalid` where that has
        ended; sign in again."""
        asked = decode(await read_body(request), Refresh)
        return respond(
            await sessions.refresh(asked.refresh_token, context_of(request.scope)), headers=_NO_STORE
        )

    @post(
        "/api/v1/auth/logout",
        status_code=204,
        opt=described(
            Operation(
                tag="Identity", summary="Sign out", needs="signed in", answers={204: None}, problems=[409]
            )
        ),
    )
    async def logout(request: AnyRequest) -> None:
        """Ends this sign-in; its sockets close with 4005. An external issuer's is ended there: `external_session`."""
        await sessions.logout(context_of(request.scope))

    @post(
        "/api/v1/auth/logout-everywhere",
        status_code=204,
        opt=described(
            Operation(
                tag="Identity",
                summary="Sign out everywhere",
                needs="signed in",
                answers={204: None},
                problems=[403, 409],
            )
        ),
    )
    async def logout_everywhere(request: AnyRequest) -> None:
        """Ends every sign-in of this person; their sockets close with 4005."""
        await sessions.logout(context_of(request.scope), everywhere=True)

    @get(
        "/api/v1/auth/me",
        sync_to_thread=False,
        opt=described(Operation(tag="Identity", summary="Who am I", needs="signed in", answers={200: Me})),
    )
    def me(request: AnyRequest) -> Response[bytes]:
        """The person, and what they may do in each restaurant they work in."""
        caller = context_of(request.scope).caller
        return respond(
            Me(
                user=caller.user,
                restaurants=tuple(
                    Workplace(m.id, m.name, m.role, tuple(sorted(PERMISSIONS[m.role])))
                    for m in caller.memberships.values()
                ),
                session_id=caller.session_id,
                expires_at=datetime.fromtimestamp(caller.expires_at, UTC),
            ),
            headers=_NO_STORE,
        )

    @post(
        "/api/v1/auth/password",
        status_code=204,
        opt=described(
            Operation(
                tag="Identity",
                summary="Change my password",
                needs="signed in",
                body=ChangePassword,
                answers={204: None},
                problems=[409, 429],
            )
        ),
    )
    async def change_password(request: AnyRequest) -> None:
        """Ends every other sign-in of this person; their sockets close with 4005. `wrong_password` where the
        current one is not right."""
        asked = decode(await read_body(request), ChangePassword)
        await sessions.change_password(asked.current, asked.new, context_of(request.scope))

    @post(
        "/api/v1/auth/invitations/accept",
        status_code=200,
        opt=described(
            Operation(
                tag="Identity",
                summary="Accept an invitation",
                needs="public",
                body=AcceptInvitation,
                answers={200: Accepted},
                problems=[401, 409, 429],
            )
        ),
    )
    async def accept_invitation(request: AnyRequest) -> Response[bytes]:
        """With the token of POST /staff, once. Who has no password yet chooses one, who has one gives it. Who signs
        in by an external issuer sends its access token as the Bearer instead of a password, and goes on with it.

        Refusals: `invitation_invalid`, `invitation_anothers`, `already_staff`; `invalid_credentials` for a wrong
        password, `external_sign_in` for who has none because they sign in elsewhere."""
        asked = decode(await read_body(request), AcceptInvitation)
        context = context_of(request.scope)
        if asked.password is not UNSET:
            signed_in = await sessions.accept_invitation(asked.token, asked.password, context)
            return respond(signed_in, headers=_NO_STORE)
        authorization = header(request, b"authorization")
        if authorization is None:
            raise Invalid.of("password", "missing")
        context.principal = await sessions.principal(bearer(authorization))
        return respond(await sessions.accept_as_external(asked.token, context), headers=_NO_STORE)

    return [login, refresh, logout, logout_everywhere, me, change_password, accept_invitation]
