"""Too much: failed logins and requests beyond a rate, over HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from fynlo.db.embedded import EmbeddedValkey
from fynlo.demo.data import PASSWORD, PIZZERIA, RIVAL
from tests.serving import ServerProcess

from .house import API, refused, soon

WAITER, CASHIER, MANAGER = (f"{role}@demo.fynlo.test" for role in ("server", "cashier", "manager"))
RIVALS = "owner@rival.fynlo.test"
PROXIES = "127.0.0.1"  # trusted, so that the tests can come from anywhere


class Caller:
    """Somebody at an address."""

    def __init__(self, server: ServerProcess, address: str) -> None:
        headers = {"x-forwarded-for": address}
        self.client = httpx.AsyncClient(base_url=f"{server.url}{API}", timeout=30, headers=headers)

    async def login(self, password: str = PASSWORD, email: str = WAITER) -> httpx.Response:
        return await self.client.post("/auth/login", json={"email": email, "password": password})

    async def refresh(self) -> httpx.Response:
        return await self.client.post("/auth/refresh", json={"refresh_token": "none"})

    async def sign_in(self, email: str = WAITER) -> "Caller":
        answer = await self.login(email=email)
        assert answer.status_code == 200, answer.text
        self.client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        return self

    async def menu(self, place: object = PIZZERIA.id) -> httpx.Response:
        return await self.client.get("/menu", params={"restaurant_id": str(place)})

    async def many(self, requests: int, path: str = "/auth/me") -> list[httpx.Response]:
        return await asyncio.gather(*(self.client.get(path) for _ in range(requests)))


class Door:
    """Makes callers, each from an address that no other test uses."""

    def __init__(self) -> None:
        self._made: list[Caller] = []

    def __call__(self, server: ServerProcess, address: str | None = None) -> Caller:
        caller = Caller(server, address or f"203.0.113.{len(self._made) + 1}")
        self._made.append(caller)
        return caller

    async def close(self) -> None:
        for caller in self._made:
            await caller.client.aclose()


@pytest.fixture(scope="module")
async def door() -> AsyncIterator[Door]:
    door = Door()
    yield door
    await door.close()


@pytest.fixture(scope="module")
def first(module_seeded_url: str, valkey: EmbeddedValkey) -> Iterator[ServerProcess]:
    with ServerProcess(
        module_seeded_url, FYNLO_REDIS_URL=valkey.url, FYNLO_TRUSTED_PROXIES=PROXIES
    ) as server:
        server.await_ready()
        yield server


@pytest.fixture(scope="module")
def second(module_seeded_url: str, valkey: EmbeddedValkey) -> Iterator[ServerProcess]:
    """Shares the Redis of the first."""
    with ServerProcess(
        module_seeded_url, FYNLO_REDIS_URL=valkey.url, FYNLO_TRUSTED_PROXIES=PROXIES
    ) as server:
        server.await_ready()
        yield server


@pytest.fixture(scope="module")
def strict(module_seeded_url: str) -> Iterator[ServerProcess]:
    """A server of its own, without Redis, where little is too much already."""
    with ServerProcess(
        module_seeded_url,
        FYNLO_TRUSTED_PROXIES=PROXIES,
        FYNLO_REQUESTS_PER_PERSON="10",
        FYNLO_REQUESTS_PER_RESTAURANT="2",
        FYNLO_REQUESTS_PER_ADDRESS="1",
    ) as server:
        server.await_ready()
        yield server


def left(answer: httpx.Response) -> tuple[str, int]:
    """The policy that the answer names, and how many are left of its quota."""
    policy, quota, *_ = answer.headers["ratelimit"].split(";")
    assert answer.headers["ratelimit-policy"].startswith(f"{policy};q=")
    return policy.strip('"'), int(quota.removeprefix("r="))


def turned_away(answer: httpx.Response, policy: str) -> int:
    """A 429 that says how long to wait; returns the seconds."""
    refused(answer, 429, "too_many_requests")
    wait_s = int(answer.headers["retry-after"])
    assert left(answer) == (policy, 0)
    assert answer.headers["ratelimit"].endswith(f";t={wait_s}")
    assert wait_s >= 1
    return wait_s


async def test_processes_with_one_redis_share_the_count_of_failures(
    door: Door, first: ServerProcess, second: ServerProcess, strict: ServerProcess
) -> None:
    here = door(first, "198.51.100.1")
    there, elsewhere = door(second, "198.51.100.1"), door(strict, "198.51.100.1")
    for attempt in range(10):
        answer = await (here if attempt % 2 else there).login("guess")
        refused(answer, 401, "invalid_credentials")
        assert left(answer) == ("login", 9 - attempt)
    for caller in (here, there):
        assert 600 < turned_away(await caller.login("guess"), "login") <= 901
    # the control: a process that shares nothing counts for itself
    answer = await elsewhere.login("guess")
    refused(answer, 401, "invalid_credentials")
    assert left(answer) == ("login", 9)


async def test_another_account_and_another_address_are_not_hit(door: Door, first: ServerProcess) -> None:
    here, next_door = door(first), door(first)
    for _ in range(10):
        refused(await here.login("guess"), 401, "invalid_credentials")
    turned_away(await here.login("guess", WAITER.upper()), "login")
    assert (await here.login(email=CASHIER)).status_code == 200
    assert (await next_door.login()).status_code == 200


async def test_the_right_password_opens_nothing_once_the_attempts_are_used_up(
    door: Door, first: ServerProcess
) -> None:
    here = door(first)
    for _ in range(10):
        await here.login("guess")
    turned_away(await here.login(), "login")


async def test_a_success_is_not_counted_and_makes_up_for_failures(door: Door, first: ServerProcess) -> None:
    here = door(first)
    for _ in range(2):
        for _ in range(9):
            refused(await here.login("guess"), 401, "invalid_credentials")
        answer = await here.login()
        assert answer.status_code == 200
        assert left(answer) == ("login", 10)
    together = await asyncio.gather(*(here.login() for _ in range(15)))
    assert {answer.status_code for answer in together} == {200}


async def test_guesses_that_come_at_once_are_no_more_guesses(door: Door, first: ServerProcess) -> None:
    here = door(first)
    answers = await asyncio.gather(*(here.login("guess") for _ in range(40)))
    judged = [answer for answer in answers if answer.status_code == 401]
    assert 10 <= len(judged) <= 11  # two are judged side by side
    assert {answer.status_code for answer in answers} == {401, 429}


async def test_when_redis_goes_away_the_process_knows_of_its_own_failures(
    door: Door, module_seeded_url: str, tmp_path: Path
) -> None:
    valkey = EmbeddedValkey(tmp_path)
    valkey.start()
    try:
        with ServerProcess(module_seeded_url, FYNLO_REDIS_URL=valkey.url) as server:
            server.await_ready()
            here = door(server)
            for _ in range(6):
                refused(await here.login("guess"), 401, "invalid_credentials")
            valkey.stop()
            for _ in range(4):
                refused(await here.login("guess"), 401, "invalid_credentials")
            turned_away(await here.login("guess"), "login")
            assert (await here.login(email=CASHIER)).status_code == 200
            assert '"redis_away"' in server.log
    finally:
        valkey.stop()


async def test_who_is_not_believed_does_not_choose_an_address(door: Door, server: ServerProcess) -> None:
    for n in range(10):
        refused(await door(server, f"192.0.2.{n}").login("guess"), 401, "invalid_credentials")
    turned_away(await door(server, "192.0.2.99").login("guess"), "login")
    assert '"address": "127.0.0.1"' in server.log
    assert "192.0.2." not in server.log


async def test_a_hundred_requests_a_second_by_one_person_all_pass(door: Door, first: ServerProcess) -> None:
    person = await door(first).sign_in()
    assert {answer.status_code for answer in await person.many(100)} == {200}
    menus = await asyncio.gather(*(person.menu() for _ in range(100)))
    assert {answer.status_code for answer in menus} == {200}
    assert "ratelimit" not in menus[0].headers  # nothing to worry about


async def test_a_person_who_sends_too_many_has_to_wait_and_nobody_else(
    door: Door, strict: ServerProcess
) -> None:
    person, other = await door(strict).sign_in(), await door(strict).sign_in(CASHIER)
    answers = await person.many(100)
    passed = [answer for answer in answers if answer.status_code == 200]
    assert 10 <= len(passed) < 100
    told = [left(answer) for answer in passed if "ratelimit" in answer.headers]
    assert ("person", 0) in told
    assert all(policy == "person" and quota <= 5 for policy, quota in told)
    for answer in answers:
        if answer.status_code != 200:
            assert turned_away(answer, "person") == 1
            assert answer.headers["ratelimit-policy"] == '"person";q=10;w=1'
    assert (await other.client.get("/auth/me")).status_code == 200

    async def calm() -> bool:
        return (await person.client.get("/auth/me")).status_code == 200

    await soon(calm, within_s=15)


async def test_the_people_of_a_restaurant_share_its_limit_and_strangers_have_no_part_in_it(
    door: Door, strict: ServerProcess
) -> None:
    staff = [await door(strict).sign_in(email) for email in (WAITER, CASHIER, MANAGER)]
    rival = await door(strict).sign_in(RIVALS)

    async def served() -> bool:
        return (await staff[0].menu()).status_code == 200

    await soon(served, within_s=15)  # the tests before may have asked for too much
    # what a stranger is refused does not count for the restaurant
    assert {answer.status_code for answer in await rival.many(8, f"/menu?restaurant_id={PIZZERIA.id}")} == {
        404
    }
    await soon(served, within_s=15)
    path = f"/tables?restaurant_id={PIZZERIA.id}"
    answers = await asyncio.gather(*(person.many(20, path) for person in staff))
    refusals = [answer for each in answers for answer in each if answer.status_code == 429]
    assert any(left(answer)[0] == "restaurant" for answer in refusals)
    await soon(served, within_s=15)
    assert (await rival.menu(RIVAL.id)).status_code == 200


async def test_the_operations_of_a_batch_count_each_and_wait_for_their_turn(
    door: Door, strict: ServerProcess
) -> None:
    person = await door(strict).sign_in()
    order = {"restaurant_id": str(PIZZERIA.id), "items": []}
    operations = [{"key": f"k{n}", "method": "POST", "path": "/orders", "body": order} for n in range(5)]
    batch = {"restaurant_id": str(PIZZERIA.id), "operations": operations}
    served: list[httpx.Response] = []

    async def send() -> bool:
        answer = await person.client.post("/orders/batch", json=batch)
        if answer.status_code == 200:
            served.append(answer)
        return answer.status_code == 200

    await soon(send, within_s=15)  # the tests before may have asked for too much
    began = time.monotonic()
    await soon(send, within_s=15)
    for answer, replayed in zip(served, (False, True), strict=True):
        assert [(r["status"], r["replayed"]) for r in answer.json()] == [(201, replayed)] * 5
    assert time.monotonic() - began > 1.7  # six requests where two a second are allowed, two of them at once


async def test_an_address_without_a_token_is_limited_and_its_ipv6_neighbours_are_it(
    door: Door, strict: ServerProcess
) -> None:
    sites = ["2001:db8:7:1::1", "2001:db8:7:1::2", "2001:db8:7:1:ffff::3"]
    callers = [door(strict, address) for address in sites]
    answers = [await callers[n % 3].refresh() for n in range(20)]
    assert [answer.status_code for answer in answers[:10]] == [401] * 10
    turned_away(answers[-1], "address")
    refused(await door(strict, "2001:db8:7:2::1").refresh(), 401, "refresh_invalid")


async def test_health_figures_and_pages_are_not_limited(strict: ServerProcess) -> None:
    async with httpx.AsyncClient(base_url=strict.url, timeout=30) as client:
        for path in ("/health/live", "/metrics", "/kitchen", "/web/fynlo.js"):
            answers = await asyncio.gather(*(client.get(path) for _ in range(40)))
            assert {answer.status_code for answer in answers} == {200}
        assert 'fynlo_http_limited_total{policy="person"}' in (await client.get("/metrics")).text
