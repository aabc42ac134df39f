"""People of an external issuer: made on first sight, let in by invitation only, and out at once; and its keys."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from fynlo.demo.data import PASSWORD, PIZZERIA, RIVAL
from fynlo.errors import Unavailable
from fynlo.identity import keys
from tests.serving import ServerProcess

from .house import Database, Person, refused, soon
from .issuers import (
    ISSUER,
    SECRET,
    KeyServer,
    Mint,
    by_key,
    by_shared_secret,
    elliptic,
    external_claims,
    public_jwk,
    rsa_key,
)

PATIENCE_S = 15.0


@pytest.fixture(scope="module")
def server(module_seeded_url: str) -> Iterator[ServerProcess]:
    """A server that shares a secret with the issuer."""
    with ServerProcess(
        module_seeded_url, FYNLO_SUPABASE_ISSUER=ISSUER, FYNLO_SUPABASE_SECRET=SECRET
    ) as server:
        server.await_ready()
        yield server


class Outsider:
    """Somebody whom the issuer vouches for."""

    def __init__(self, url: str, token: str, sub: UUID | None = None) -> None:
        self.sub = sub
        self.token = token
        self.url = url
        headers = {"authorization": f"Bearer {token}"}
        self.client = httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=PATIENCE_S, headers=headers)

    async def me(self) -> dict[str, Any]:
        answer = await self.client.get("/auth/me")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def orders(self) -> httpx.Response:
        return await self.client.get("/orders", params={"restaurant_id": str(PIZZERIA.id)})

    async def accept(self, invitation: dict[str, Any]) -> httpx.Response:
        return await self.client.post("/auth/invitations/accept", json={"token": invitation["token"]})


@pytest.fixture
async def outsider(server: ServerProcess) -> AsyncIterator[Outsider]:
    sub = uuid4()
    found = Outsider(server.url, by_shared_secret(sub).token(), sub)
    yield found
    await found.client.aclose()


async def invite(by: Person, email: str, role: str = "server") -> dict[str, Any]:
    body = {"restaurant_id": PIZZERIA.id, "email": email, "name": "Noor Haddad", "role": role}
    answer = await by.post("/staff", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def address() -> str:
    return f"{uuid4().hex[:10]}@external.fynlo.test"


async def first_message(socket: ClientConnection, token: str) -> dict[str, Any]:
    await socket.send(json.dumps({"type": "authenticate", "token": token}))
    async with asyncio.timeout(PATIENCE_S):
        found: dict[str, Any] = json.loads(await socket.recv())
    return found


async def closed_with(socket: ClientConnection) -> int | None:
    async with asyncio.timeout(PATIENCE_S):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


async def test_somebody_who_was_never_seen_is_made_once_and_works_nowhere(
    server: ServerProcess, outsider: Outsider, database: Database
) -> None:
    async with httpx.AsyncClient(
        base_url=server.url, headers={"authorization": f"Bearer {outsider.token}"}
    ) as c:
        answers = await asyncio.gather(*(c.get("/api/v1/auth/me") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    found = await outsider.me()
    assert found["restaurants"] == []
    assert UUID(found["user"]["id"]) == database.value(
        "select id from users where supabase_id = %s", outsider.sub
    )
    refused(await outsider.orders(), 404, "not_found")


async def test_two_servers_that_see_somebody_for_the_first_time_at_once_make_one_person(
    module_seeded_url: str, server: ServerProcess, database: Database
) -> None:
    with ServerProcess(
        module_seeded_url, FYNLO_SUPABASE_ISSUER=ISSUER, FYNLO_SUPABASE_SECRET=SECRET
    ) as second:
        second.await_ready()
        for _ in range(10):
            sub, email = uuid4(), address()
            token = by_shared_secret(sub).saying(email=email, email_verified=True)
            two = [Outsider(one.url, token) for one in (server, second)]
            first, other = await asyncio.gather(*(person.me() for person in two))
            assert first["user"] == other["user"]
            assert first["user"]["email"] == email
            for person in two:
                await person.client.aclose()


@pytest.mark.parametrize(
    ("said", "email", "name"),
    [
        ({"email": "Ada@External.fynlo.test", "email_verified": True}, "ada@external.fynlo.test", "Ada"),
        ({"email": "bea@external.fynlo.test"}, None, "bea"),
        ({"email": "cleo@external.fynlo.test", "user_metadata": {"email_verified": True}}, None, "cleo"),
        ({"email": "dan@external.fynlo.test", "email_verified": "true"}, None, "dan"),
        ({"email": "owner@demo.fynlo.test", "email_verified": True}, None, "owner"),
        ({"email": "no address", "email_verified": True}, None, "no address"),
        ({"email": "a\0b@external.fynlo.test", "email_verified": True}, None, "ab"),
        ({"email": 7, "email_verified": True, "user_metadata": []}, None, "Somebody new"),
        ({"user_metadata": {"full_name": " Noor \0\ud800Haddad ", "name": "x"}}, None, "Noor Haddad"),
        ({"user_metadata": {"name": "x" * 500}}, None, "x" * 200),
        ({"user_metadata": {"full_name": 5}}, None, "Somebody new"),
    ],
)
async def test_an_address_is_taken_over_only_where_it_is_verified_and_nobodys(
    server: ServerProcess, said: dict[str, Any], email: str | None, name: str
) -> None:
    person = Outsider(server.url, by_shared_secret().saying(**said))
    assert (await person.me())["user"] | {"id": ""} == {"id": "", "email": email, "name": name}
    await person.client.aclose()


async def test_an_issuer_cannot_take_over_an_account_by_its_address(
    server: ServerProcess, manager: Person
) -> None:
    taken = by_shared_secret().saying(email="owner@demo.fynlo.test", email_verified=True)
    person = Outsider(server.url, taken)
    refused(await person.orders(), 404, "not_found")
    assert (await person.me())["restaurants"] == []
    invitation = await invite(manager, "owner@rival.fynlo.test")
    refused(await person.accept(invitation), 401, "invitation_anothers")
    await person.client.aclose()


async def test_who_holds_the_invitation_is_in_and_the_address_is_theirs(
    outsider: Outsider, manager: Person, nobody: Person, database: Database
) -> None:
    email = address()
    invitation = await invite(manager, email)
    answer = await outsider.accept(invitation)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"user", "restaurants"}
    assert [(r["name"], r["role"]) for r in answer.json()["restaurants"]] == [(PIZZERIA.name, "server")]
    assert (await outsider.orders()).status_code == 200
    refused(await outsider.accept(invitation), 401, "invitation_invalid")
    found = await manager.get("/staff", restaurant_id=PIZZERIA.id, limit=100)
    (member,) = [m for m in found.json() if m["email"] == email]
    assert member["id"] == invitation["staff"]["id"]
    assert member["user_id"] == str(
        database.value("select id from users where supabase_id = %s", outsider.sub)
    )
    assert (await nobody.post("/auth/login", {"email": email, "password": PASSWORD})).status_code == 401
    refused(
        await manager.post("/staff", {"restaurant_id": PIZZERIA.id, "email": email, "name": "x", "role": "kitchen"}),
        409,
        "already_staff",
    )  # fmt: skip


async def test_an_invitation_to_somebody_of_the_issuer_is_theirs_alone_and_sets_no_password(
    server: ServerProcess, manager: Person, nobody: Person, outsider: Outsider, database: Database
) -> None:
    email = address()
    theirs = Outsider(server.url, by_shared_secret().saying(email=email, email_verified=True))
    assert (await theirs.me())["user"]["email"] == email
    invitation = await invite(manager, email, "cashier")
    assert invitation["staff"]["invited"] is True
    refused(await theirs.orders(), 404, "not_found")
    by_password = {"token": invitation["token"], "password": "a long enough password"}
    refused(await nobody.post("/auth/invitations/accept", by_password, key=None), 401, "external_sign_in")
    refused(await outsider.accept(invitation), 401, "invitation_anothers")
    assert (await theirs.accept(invitation)).status_code == 200
    assert (await theirs.orders()).status_code == 200
    assert database.value("select password_hash from users where email = %s", email) is None
    await theirs.client.aclose()


async def test_without_a_password_only_an_external_token_accepts(
    nobody: Person, waiter: Person, manager: Person
) -> None:
    invitation = await invite(manager, address())
    body = {"token": invitation["token"]}
    for who in (nobody, waiter):
        problem = refused(
            await who.post("/auth/invitations/accept", body, key=None), 422, "validation_failed"
        )
        assert problem.fields == ["password"]
    bad = {"authorization": "Bearer no.such.token", "content-type": "application/json"}
    answer = await nobody.client.post("/auth/invitations/accept", json=body, headers=bad)
    refused(answer, 401, "token_invalid")


async def test_who_comes_back_takes_their_old_place_with_the_new_role(
    outsider: Outsider, manager: Person
) -> None:
    first = await invite(manager, address())
    assert (await outsider.accept(first)).status_code == 200
    again = await invite(manager, address(), "manager")  # by another address of theirs
    refused(await outsider.accept(again), 409, "already_staff")
    assert (await manager.client.delete(f"/staff/{first['staff']['id']}")).status_code == 204
    refused(await outsider.orders(), 404, "not_found")
    answer = await outsider.accept(again)
    assert [r["role"] for r in answer.json()["restaurants"]] == ["manager"]


async def test_of_several_who_hold_one_invitation_one_is_in(server: ServerProcess, manager: Person) -> None:
    invitation = await invite(manager, address())
    people = [Outsider(server.url, by_shared_secret().token()) for _ in range(5)]
    answers = await asyncio.gather(*(person.accept(invitation) for person in people))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401, 401]
    for person in people:
        await person.client.aclose()


async def test_who_accepts_two_invitations_at_once_has_one_place(
    server: ServerProcess, manager: Person, database: Database
) -> None:
    for _ in range(5):
        sub = uuid4()
        person = Outsider(server.url, by_shared_secret(sub).token(), sub)
        await person.me()
        invitations = [await invite(manager, address()) for _ in range(3)]
        answers = await asyncio.gather(*(person.accept(invitation) for invitation in invitations))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        places = (
            "select count(*) from memberships m join users u on u.id = m.user_id where u.supabase_id = %s"
        )
        assert database.value(places, sub) == 1
        await person.client.aclose()


async def test_who_is_invited_again_while_they_accept_is_in_or_has_the_new_invitation(
    server: ServerProcess, manager: Person, nobody: Person
) -> None:
    for accepts_by_password in (True, False) * 5:
        email = address()
        first = await invite(manager, email)
        person = Outsider(server.url, by_shared_secret().token())
        await person.me()
        by_password = {"token": first["token"], "password": "a long enough password"}
        accepted, again = await asyncio.gather(
            nobody.post("/auth/invitations/accept", by_password, key=None)
            if accepts_by_password
            else person.accept(first),
            manager.post(
                "/staff", {"restaurant_id": PIZZERIA.id, "email": email, "name": "x", "role": "server"}
            ),
        )
        assert (accepted.status_code, again.status_code) in ((200, 409), (401, 201)), (
            accepted.text,
            again.text,
        )
        await person.client.aclose()


async def test_who_is_let_go_is_out_and_the_sockets_close(outsider: Outsider, manager: Person) -> None:
    invitation = await invite(manager, address())
    assert (await outsider.accept(invitation)).status_code == 200
    room = f"{outsider.url.replace('http', 'ws', 1)}/api/v1/websocket/ws/pos/{PIZZERIA.id}"
    async with connect(room) as socket:
        said = await first_message(socket, outsider.token)
        assert said["type"] == "authenticated"
        assert (await manager.client.delete(f"/staff/{invitation['staff']['id']}")).status_code == 204
        assert await closed_with(socket) == 4005
    refused(await outsider.orders(), 404, "not_found")
    async with connect(room) as socket:
        assert (await first_message(socket, outsider.token))["type"] == "auth_error"
        assert await closed_with(socket) == 4004


async def test_a_socket_of_an_external_sign_in_lives_as_long_as_its_token(
    outsider: Outsider, manager: Person
) -> None:
    assert (await outsider.accept(await invite(manager, address()))).status_code == 200
    mint = by_shared_secret(outsider.sub)
    room = f"{outsider.url.replace('http', 'ws', 1)}/api/v1/websocket/ws/pos/{PIZZERIA.id}"
    async with connect(room) as socket:
        short = mint.saying(exp=mint.claims["iat"] + 4)
        assert (await first_message(socket, short))["type"] == "authenticated"
        assert await closed_with(socket) == 4005


async def test_signing_out_and_passwords_are_the_issuers_business(outsider: Outsider, nobody: Person) -> None:
    for path in ("/auth/logout", "/auth/logout-everywhere"):
        refused(await outsider.client.post(path), 409, "external_session")
    change = {"current": "a long enough password", "new": "another long password"}
    refused(await outsider.client.post("/auth/password", json=change), 409, "external_session")
    refused(
        await nobody.post("/auth/refresh", {"refresh_token": outsider.token[:1_000]}), 401, "refresh_invalid"
    )
    assert (await outsider.me())["restaurants"] == []


async def test_a_session_that_the_issuer_calls_like_one_of_ours_is_another(
    server: ServerProcess, waiter: Person
) -> None:
    assert waiter.signed_in is not None
    sid = jwt.decode(waiter.signed_in.access_token, options={"verify_signature": False})["sid"]
    person = Outsider(server.url, by_shared_secret().saying(session_id=sid))
    found = await person.me()
    assert found["session_id"] != sid
    assert found["user"]["id"] != str(waiter.signed_in.user.id)
    assert (await waiter.get("/auth/me")).json()["user"]["id"] == str(waiter.signed_in.user.id)
    await person.client.aclose()


async def test_who_founds_a_restaurant_owns_it(outsider: Outsider) -> None:
    body = {"name": "Noor's", "timezone": "Europe/London", "currency": "GBP"}
    answer = await outsider.client.post("/restaurants", json=body, headers={"idempotency-key": str(uuid4())})
    assert answer.status_code == 201, answer.text
    (place,) = (await outsider.me())["restaurants"]
    assert (place["id"], place["role"]) == (answer.json()["id"], "owner")
    assert place["id"] not in (str(PIZZERIA.id), str(RIVAL.id))


# -- keys that an issuer publishes


def mint_of(key: Any, kid: str) -> Mint:
    algorithm = "ES256" if hasattr(key, "curve") else "RS256"
    return Mint(algorithm, by_key(algorithm, key), external_claims(), kid)


async def status(url: str, token: str, path: str = "/auth/me") -> int:
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        return await status_by(client, url, token, path)


async def status_by(client: httpx.AsyncClient, url: str, token: str, path: str = "/auth/me") -> int:
    answer = await client.get(f"{url}/api/v1{path}", headers={"authorization": f"Bearer {token}"})
    return answer.status_code


def serving(database_url: str, keys_at: str, patched: str = "") -> ServerProcess:
    return ServerProcess(
        database_url, patched=patched, FYNLO_SUPABASE_ISSUER=ISSUER, FYNLO_SUPABASE_JWKS_URL=keys_at
    )


async def test_a_new_key_is_found_at_once_and_unknown_ones_ask_the_issuer_once_a_minute(
    module_seeded_url: str,
) -> None:
    old, new = elliptic(), rsa_key()
    with KeyServer(public_jwk(old, "old")) as issuer, serving(module_seeded_url, issuer.url) as server:
        server.await_ready()
        assert await status(server.url, mint_of(old, "old").token()) == 200
        assert issuer.asked == 1
        issuer.keys.append(public_jwk(new, "new"))
        fresh = mint_of(new, "new")
        many = await asyncio.gather(*(status(server.url, fresh.saying(n=n)) for n in range(20)))
        assert set(many) == {200}
        assert issuer.asked == 2
        storm = [mint_of(old, str(uuid4())).token() for _ in range(100)]
        assert set(await asyncio.gather(*(status(server.url, token) for token in storm))) == {401}
        assert issuer.asked == 2


async def test_while_the_issuer_is_away_its_known_keys_go_on(module_seeded_url: str) -> None:
    key = elliptic()
    often = "import fynlo.identity.keys as k\nk.EVERY_S = k.AGAIN_S = 0.2\n"
    with KeyServer(public_jwk(key, "key")) as issuer, serving(module_seeded_url, issuer.url, often) as server:
        server.await_ready()
        assert await status(server.url, mint_of(key, "key").token()) == 200
        issuer.stop()

        async def noticed() -> bool:
            return "issuer_keys_failed" in server.log

        await soon(noticed, PATIENCE_S)
        assert await status(server.url, mint_of(key, "key").token()) == 200
        assert await status(server.url, mint_of(key, "unknown").token()) == 503
        issuer.start()

        async def back() -> bool:
            return await status(server.url, mint_of(key, "unknown").token()) == 401

        await soon(back, PATIENCE_S)
        issuer.status, asked = 500, issuer.asked
        await soon(lambda: _asked(issuer, asked + 2), PATIENCE_S)
        assert await status(server.url, mint_of(key, "key").token()) == 200


async def _asked(issuer: KeyServer, times: int) -> bool:
    return issuer.asked >= times


async def test_a_key_that_the_issuer_takes_back_opens_nothing_any_more_and_its_sockets_close(
    module_seeded_url: str, database: Database
) -> None:
    stolen, good = elliptic(), elliptic()
    often = "import fynlo.identity.keys as k\nk.EVERY_S = 0.2\n"
    with (
        KeyServer(public_jwk(stolen, "stolen"), public_jwk(good, "good")) as issuer,
        serving(module_seeded_url, issuer.url, often) as server,
    ):
        server.await_ready()
        mint = mint_of(stolen, "stolen")
        token = mint.token()
        assert await status(server.url, token) == 200
        database.run(
            "insert into memberships (restaurant_id, user_id, role)"
            " select %s, id, 'server' from users where supabase_id = %s",
            PIZZERIA.id,
            UUID(mint.claims["sub"]),
        )
        room = f"{server.url.replace('http', 'ws', 1)}/api/v1/websocket/ws/pos/{PIZZERIA.id}"
        async with connect(room) as socket:

            async def let_in() -> bool:
                return await status(server.url, token, f"/menu?restaurant_id={PIZZERIA.id}") == 200

            await soon(let_in)
            assert (await first_message(socket, token))["type"] == "authenticated"
            del issuer.keys[0]
            assert await closed_with(socket) == 4005

        async def refused_now() -> bool:
            return await status(server.url, token) == 401

        await soon(refused_now, PATIENCE_S)
        assert await status(server.url, mint_of(good, "good").token()) == 200


async def test_a_slow_issuer_delays_nobody_whose_key_is_known(module_seeded_url: str) -> None:
    key = elliptic()
    with KeyServer(public_jwk(key, "key")) as issuer, serving(module_seeded_url, issuer.url) as server:
        server.await_ready()
        assert await status(server.url, mint_of(key, "key").token()) == 200
        issuer.slow.set()
        asked = issuer.asked
        # One client for all: making a hundred takes longer than the issuer is waited for.
        async with httpx.AsyncClient(timeout=PATIENCE_S, limits=httpx.Limits(max_connections=None)) as client:
            waiting = [
                asyncio.create_task(status_by(client, server.url, mint_of(key, f"unknown-{n}").token()))
                for n in range(100)
            ]
            await soon(lambda: _asked(issuer, asked + 1), PATIENCE_S)
            for _ in range(20):
                assert await status_by(client, server.url, mint_of(key, "key").token()) == 200
            assert set(await asyncio.gather(*waiting)) == {503}  # in bounded time: the issuer never answers
        assert issuer.asked == asked + 1


async def test_before_the_first_keys_are_read_nobody_can_tell_and_then_all_is_well(
    module_seeded_url: str,
) -> None:
    key = elliptic()
    soon_again = "import fynlo.identity.keys as k\nk.SOON_S = 0.2\n"
    issuer = KeyServer(public_jwk(key, "key"))
    issuer.start()
    issuer.stop()  # its port is known, and nobody is there
    with serving(module_seeded_url, issuer.url, soon_again) as server:
        server.await_ready()
        token = mint_of(key, "key").token()
        assert await status(server.url, token) == 503
        room = f"{server.url.replace('http', 'ws', 1)}/api/v1/websocket/ws/pos/{PIZZERIA.id}"
        async with connect(room) as socket:
            await socket.send(json.dumps({"type": "authenticate", "token": token}))
            assert await closed_with(socket) not in (4003, 4005)  # come back, nothing is wrong with you
        with issuer:

            async def welcome() -> bool:
                return await status(server.url, token) == 200

            await soon(welcome, PATIENCE_S)


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"[]", b"{}", b'{"keys":{}}', b'{"keys":[]}', b'{"keys":[1,null,{}]}', b"\xff", b"[" * 100_000,
     b'{"keys":[],"keys":[]}', b" " * 300_000 + b"{}",
     b'{"keys":[{"kty":"EC","crv":"P-256","kid":"key","x":"AA","y":"AA"}]}'],
    ids=lambda body: repr(body[:24]),
)  # fmt: skip
async def test_what_is_no_set_of_keys_replaces_none(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "AGAIN_S", 0.0)
    with KeyServer(public_jwk(elliptic(), "key")) as issuer:
        held = keys.RemoteKeys(issuer.url)
        known = await held.find("key")
        assert known is not None
        issuer.body = body
        with pytest.raises(Unavailable):
            await held.find("unknown")
        assert await held.find("key") == known
        await held.close()
