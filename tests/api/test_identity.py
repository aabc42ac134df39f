"""Signing in, staying signed in, signing out."""

import asyncio
import base64
import hashlib
import time
from uuid import uuid4

import httpx
import jwt
import msgspec
import pytest

from fynlo.db.embedded import free_port
from fynlo.demo.data import PASSWORD, PIZZERIA
from fynlo.settings import DEVELOPMENT_SECRET
from tests.serving import ServerProcess

from .house import Database, Person, refused, soon
from .wire import SignedIn

WAITER = "server@demo.fynlo.test"


def signed_in(answer: httpx.Response) -> SignedIn:
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return msgspec.json.decode(answer.content, type=SignedIn)


async def login(nobody: Person, email: str = WAITER, password: str = PASSWORD) -> httpx.Response:
    return await nobody.post("/auth/login", {"email": email, "password": password})


async def refresh(nobody: Person, token: str) -> httpx.Response:
    return await nobody.post("/auth/refresh", {"refresh_token": token})


async def me(nobody: Person, token: str) -> httpx.Response:
    return await nobody.get("/auth/me", {"authorization": f"Bearer {token}"})


def turn_unauthorized(answer: httpx.Response, code: str) -> None:
    refused(answer, 401, code)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def claims(**changed: object) -> dict[str, object]:
    now = int(time.time())
    # An hour: some are signed when the tests are collected.
    usual = {"sub": str(uuid4()), "sid": str(uuid4()), "iat": now, "exp": now + 3_600}
    return {**usual, "aud": "fynlo", "iss": "fynlo", **changed}


def signed(secret: str = DEVELOPMENT_SECRET, **changed: object) -> str:
    return jwt.encode(claims(**changed), secret, algorithm="HS256")


def unsigned() -> str:
    return jwt.encode(claims(), "", algorithm="none")


@pytest.fixture
async def another(nobody: Person) -> SignedIn:
    """A sign-in of the test's own."""
    return signed_in(await login(nobody))


async def test_login_gives_a_pair_of_tokens_the_person_and_where_they_work(nobody: Person) -> None:
    found = signed_in(await login(nobody))
    assert found.expires_in == 900
    assert found.user.email == WAITER
    assert [(r.id, r.name, r.role) for r in found.restaurants] == [(PIZZERIA.id, "Forno & Fig", "server")]
    assert (await me(nobody, found.access_token)).status_code == 200


async def test_the_address_is_found_however_it_is_capitalised(nobody: Person) -> None:
    assert signed_in(await login(nobody, WAITER.upper())).user.email == WAITER


async def test_a_wrong_password_and_an_unknown_person_get_the_same_answer(nobody: Person) -> None:
    wrong = await login(nobody, "cashier@demo.fynlo.test", "guess")
    unknown = await login(nobody, "ghost@demo.fynlo.test", "guess")
    turn_unauthorized(wrong, "invalid_credentials")
    turn_unauthorized(unknown, "invalid_credentials")
    assert wrong.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}


async def test_after_ten_failures_the_account_has_to_wait(nobody: Person) -> None:
    for _ in range(10):
        turn_unauthorized(await login(nobody, "owner@demo.fynlo.test", "guess"), "invalid_credentials")
    answer = await login(nobody, "OWNER@demo.fynlo.test", "guess")
    refused(answer, 429, "too_many_requests")
    assert 0 < int(answer.headers["retry-after"]) <= 15 * 60 + 1
    turn_unauthorized(await login(nobody, "someone@demo.fynlo.test", "guess"), "invalid_credentials")


async def test_while_redis_is_away_failures_are_counted_all_the_same(module_seeded_url: str) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    with ServerProcess(module_seeded_url, FYNLO_REDIS_URL=nowhere) as alone:
        alone.await_ready()
        there = await Person.sign_in(alone.url, "owner@demo.fynlo.test")
        for _ in range(10):
            turn_unauthorized(await login(there, WAITER, "guess"), "invalid_credentials")
        refused(await login(there, WAITER, "guess"), 429, "too_many_requests")
        await there.client.aclose()


async def test_successes_are_never_limited_nor_counted(nobody: Person) -> None:
    for _ in range(12):
        signed_in(await login(nobody, "manager@demo.fynlo.test"))
    turn_unauthorized(await login(nobody, "manager@demo.fynlo.test", "guess"), "invalid_credentials")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": "a@b.test"}, "password"),
        ({"email": "nobody", "password": "x"}, "email"),
        ({"email": "a\0b@c.test", "password": "x"}, "email"),
        ({"email": "a@b.test", "password": ""}, "password"),
        ({"email": "a@b.test", "password": 5}, "password"),
        ({"email": "a@b.test", "password": "x" * 1_001}, "password"),
        ({"email": "a@b.test", "password": "x", "role": "owner"}, "role"),
    ],
)
async def test_a_login_that_cannot_be_one_is_refused(
    nobody: Person, body: dict[str, object], field: str
) -> None:
    assert refused(await nobody.post("/auth/login", body), 422, "validation_failed").fields == [field]


async def test_a_refresh_rotates_and_both_pairs_are_valid(nobody: Person, another: SignedIn) -> None:
    fresh = signed_in(await refresh(nobody, another.refresh_token))
    assert fresh.refresh_token != another.refresh_token
    assert (fresh.user, fresh.restaurants) == (another.user, another.restaurants)
    for token in (another.access_token, fresh.access_token):
        assert (await me(nobody, token)).status_code == 200
    signed_in(await refresh(nobody, fresh.refresh_token))


async def test_two_tabs_that_race_with_one_refresh_token_both_get_a_valid_pair(
    nobody: Person, another: SignedIn
) -> None:
    answers = await asyncio.gather(*[refresh(nobody, another.refresh_token) for _ in range(4)])
    tabs = [signed_in(answer) for answer in answers]
    assert len({tab.refresh_token for tab in tabs}) == len(tabs)
    for tab in tabs:
        assert (await me(nobody, tab.access_token)).status_code == 200
        signed_in(await refresh(nobody, tab.refresh_token))


async def test_fifty_refreshes_of_one_token_at_once_lock_nobody_out_and_stay_one_sign_in(
    nobody: Person, another: SignedIn, database: Database
) -> None:
    answers = await asyncio.gather(*(refresh(nobody, another.refresh_token) for _ in range(50)))
    tabs = [signed_in(answer) for answer in answers]
    assert len({tab.refresh_token for tab in tabs}) == 50
    assert {session(tab) for tab in tabs} == {session(another)}
    assert {(await me(nobody, tab.access_token)).status_code for tab in tabs} == {200}
    further = await asyncio.gather(*(refresh(nobody, tab.refresh_token) for tab in tabs))
    last = [signed_in(answer) for answer in further]
    assert {session(tab) for tab in last} == {session(another)}
    count = "select count(*) from refresh_tokens where session_id = %s"
    assert database.value(count, session(another)) == 1 + 50 + 50
    # The one that all had, from a backup of somebody's tablet, a minute later.
    database.run(
        "update refresh_tokens set used_at = used_at - interval '1 minute' where token_hash = %s",
        hashlib.sha256(another.refresh_token.encode()).digest(),
    )
    turn_unauthorized(await refresh(nobody, another.refresh_token), "refresh_reused")
    for tab in (*tabs, *last):
        turn_unauthorized(await me(nobody, tab.access_token), "session_ended")
        turn_unauthorized(await refresh(nobody, tab.refresh_token), "refresh_invalid")
    assert database.value("select revoked_reason from sessions where id = %s", session(another)) == (
        "refresh_reused"
    )


async def test_a_refresh_token_used_again_after_the_grace_ends_the_whole_sign_in(
    nobody: Person, another: SignedIn, database: Database
) -> None:
    fresh = signed_in(await refresh(nobody, another.refresh_token))
    assert (await me(nobody, fresh.access_token)).status_code == 200
    moved = database.run(
        "update refresh_tokens set used_at = used_at - interval '11 seconds' where token_hash = %s",
        hashlib.sha256(another.refresh_token.encode()).digest(),
    )
    assert moved == 1
    turn_unauthorized(await refresh(nobody, another.refresh_token), "refresh_reused")
    noted = "select count(*) from audit_log where action = 'auth.refresh_reused' and actor = %s"
    assert database.value(noted, another.user.id) > 0
    turn_unauthorized(await me(nobody, fresh.access_token), "session_ended")
    turn_unauthorized(await me(nobody, another.access_token), "session_ended")
    turn_unauthorized(await refresh(nobody, fresh.refresh_token), "refresh_invalid")
    assert (
        database.value("select revoked_reason from sessions where id = %s", session(fresh))
        == "refresh_reused"
    )


def session(who: SignedIn) -> str:
    found: str = jwt.decode(who.access_token, options={"verify_signature": False})["sid"]
    return found


@pytest.mark.parametrize("token", ["unknown", "x" * 1_000, "\0", "é"])
async def test_an_unknown_refresh_token_is_refused(nobody: Person, token: str) -> None:
    turn_unauthorized(await refresh(nobody, token), "refresh_invalid")


async def test_an_expired_refresh_token_is_refused(
    nobody: Person, another: SignedIn, database: Database
) -> None:
    database.run(
        "update refresh_tokens set expires_at = now() where token_hash = %s",
        hashlib.sha256(another.refresh_token.encode()).digest(),
    )
    turn_unauthorized(await refresh(nobody, another.refresh_token), "refresh_invalid")


async def test_logging_out_makes_the_tokens_useless_at_once(nobody: Person) -> None:
    first, second = signed_in(await login(nobody)), signed_in(await login(nobody))
    for who in (first, second):
        assert (await me(nobody, who.access_token)).status_code == 200
    out = await nobody.client.post("/auth/logout", headers={"authorization": f"Bearer {first.access_token}"})
    assert (out.status_code, out.content) == (204, b"")
    turn_unauthorized(await me(nobody, first.access_token), "session_ended")
    turn_unauthorized(await refresh(nobody, first.refresh_token), "refresh_invalid")
    assert (await me(nobody, second.access_token)).status_code == 200


async def test_logging_out_everywhere_ends_every_sign_in_of_the_person_and_nobody_elses(
    nobody: Person, manager: Person
) -> None:
    for _ in range(5):  # the ends of it must not depend on who hears of them first
        tablets = [signed_in(await login(nobody)) for _ in range(2)]
        for who in tablets:
            assert (await me(nobody, who.access_token)).status_code == 200
        headers = {"authorization": f"Bearer {tablets[0].access_token}"}
        assert (await nobody.client.post("/auth/logout-everywhere", headers=headers)).status_code == 204
        for who in reversed(tablets):
            turn_unauthorized(await me(nobody, who.access_token), "session_ended")
            turn_unauthorized(await refresh(nobody, who.refresh_token), "refresh_invalid")
    assert (await manager.get("/auth/me")).status_code == 200


async def test_another_server_hears_of_a_logout_at_once(
    nobody: Person, another: SignedIn, module_seeded_url: str
) -> None:
    with ServerProcess(module_seeded_url) as second:
        second.await_ready()
        there = Person(second.url)
        assert (await me(there, another.access_token)).status_code == 200
        headers = {"authorization": f"Bearer {another.access_token}"}
        assert (await nobody.client.post("/auth/logout", headers=headers)).status_code == 204

        async def ended() -> bool:
            return (await me(there, another.access_token)).status_code == 401

        await soon(ended)
        turn_unauthorized(await me(there, another.access_token), "session_ended")
        await there.client.aclose()


async def test_me_says_who_i_am_and_what_i_may_do(waiter: Person, kitchen: Person) -> None:
    answer = await waiter.get("/auth/me")
    assert answer.headers["cache-control"] == "no-store"
    found = answer.json()
    assert found["user"]["email"] == WAITER
    (place,) = found["restaurants"]
    assert place["role"] == "server"
    assert {"orders.write", "money.read"} <= set(place["permissions"])
    assert "refunds.write" not in place["permissions"]
    (place,) = (await kitchen.get("/auth/me")).json()["restaurants"]
    assert not {"orders.write", "money.read", "payments.write"} & set(place["permissions"])


async def test_a_changed_role_counts_from_the_next_request_on(
    nobody: Person, another: SignedIn, database: Database
) -> None:
    async def in_the_kitchen() -> bool:
        (place,) = (await me(nobody, another.access_token)).json()["restaurants"]
        return bool(place["role"] == "kitchen")

    try:
        assert not await in_the_kitchen()
        database.run("update memberships set role = 'kitchen' where user_id = %s", another.user.id)
        await soon(in_the_kitchen)
    finally:
        database.run("update memberships set role = 'server' where user_id = %s", another.user.id)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "unauthorized"),
        ("", "unauthorized"),
        ("Bearer", "unauthorized"),
        ("Basic YTpi", "unauthorized"),
        ("Bearer garbage", "token_invalid"),
        ("Bearer a.b.c", "token_invalid"),
        ("Bearer ..", "token_invalid"),
        ("Bearer é", "token_invalid"),
        ("Bearer " + "x" * 5_000, "token_invalid"),
        ("Bearer " + base64.b64encode(b"\xff" * 500).decode(), "token_invalid"),
        (f"Bearer {unsigned()}", "token_invalid"),
        (f"Bearer {signed('another-secret-of-more-than-32-bytes')}", "token_invalid"),
        (f"Bearer {signed(aud='authenticated')}", "token_invalid"),
        (f"Bearer {signed(iss='somebody')}", "token_invalid"),
        (f"Bearer {signed(sub='nobody')}", "token_invalid"),
        (f"Bearer {signed(sid=7)}", "token_invalid"),
        (f"Bearer {signed(exp='soon')}", "token_invalid"),
        (f"Bearer {signed(exp=int(time.time()) - 1)}", "token_expired"),
        (f"Bearer {signed()}", "session_ended"),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_a_token_that_is_not_ours_opens_nothing(
    server: ServerProcess, header: str | None, code: str
) -> None:
    headers = {} if header is None else {b"authorization": header.encode()}
    async with httpx.AsyncClient() as client:
        for path in (
            "/auth/me",
            f"/menu?restaurant_id={PIZZERIA.id}",
            f"/orders/{uuid4()}",
            "/no/such/route",
        ):
            turn_unauthorized(await client.get(f"{server.url}/api/v1{path}", headers=headers), code)


async def test_a_tampered_token_opens_nothing(nobody: Person, another: SignedIn, manager: Person) -> None:
    assert manager.signed_in is not None
    head, body, signature = another.access_token.split(".")
    other = manager.signed_in.access_token.split(".")[1]
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    for token in (f"{head}.{other}.{signature}", f"{head}.{body}.{flipped}", f"{head}.{body}."):
        turn_unauthorized(await me(nobody, token), "token_invalid")


async def test_an_access_token_ends_by_itself(module_seeded_url: str) -> None:
    with ServerProcess(module_seeded_url, FYNLO_ACCESS_TOKEN_S="5") as short:
        short.await_ready()
        person = await Person.sign_in(short.url, WAITER)
        assert person.signed_in is not None
        assert person.signed_in.expires_in == 5
        assert (await person.get("/auth/me")).status_code == 200
        expires = jwt.decode(person.signed_in.access_token, options={"verify_signature": False})["exp"]
        await asyncio.sleep(max(0.0, expires - time.time()) + 0.05)
        turn_unauthorized(await person.get("/auth/me"), "token_expired")
        signed_in(await refresh(person, person.signed_in.refresh_token))
        await person.client.aclose()


async def test_no_token_and_no_password_is_stored_or_logged(
    nobody: Person, server: ServerProcess, database: Database
) -> None:
    who = signed_in(await login(nobody))
    stored = " ".join(str(row) for row in database.rows("select t::text from refresh_tokens t"))
    for secret in (who.access_token, who.refresh_token, PASSWORD):
        assert secret not in stored
        assert secret not in server.log
