"""Rates and failed attempts, counted in the process; the clock is turned by hand."""

import asyncio
import time

import pytest

from fynlo.errors import TooMany
from fynlo.limiting import OF_AN_ACCOUNT, OF_AN_ADDRESS, SWEEP_AT, Attempts, Rate

HERE, THERE = "203.0.113.7", "203.0.113.8"


def rate(per_s: int = 100, window_s: int = 1) -> Rate:
    return Rate("person", "This person", per_s, window_s)


def taken(rate: Rate, key: object, now: float, tries: int) -> int:
    """How many of so many requests at one moment are let in."""
    passed = 0
    for _ in range(tries):
        try:
            rate.take(key, now)
        except TooMany:
            continue
        passed += 1
    return passed


@pytest.mark.parametrize(("per_s", "window_s"), [(1, 1), (3, 1), (7, 10), (100, 1), (1_000, 1), (333, 3)])
def test_the_quota_of_a_window_may_come_at_once_and_no_more(per_s: int, window_s: int) -> None:
    for now in (0.0, 0.1, 1_000_000.3):
        assert taken(rate(per_s, window_s), "a", now, per_s * window_s + 50) == per_s * window_s


def test_it_refills_evenly() -> None:
    limited = rate(100)
    assert taken(limited, "a", 50.0, 200) == 100
    assert taken(limited, "a", 50.091, 200) == 9
    assert taken(limited, "a", 50.101, 200) == 1
    assert taken(limited, "a", 90.0, 200) == 100


def test_who_keeps_to_the_rate_is_never_refused() -> None:
    limited = rate(100)
    assert sum(taken(limited, "a", 7 + n / 100, 1) for n in range(5_000)) == 5_000


def test_one_key_is_not_counted_for_another() -> None:
    limited = rate(10)
    assert taken(limited, "a", 1.0, 20) == taken(limited, "b", 1.0, 20) == 10


def test_it_says_how_many_are_left_once_that_is_worth_knowing_and_how_long_to_wait() -> None:
    limited = rate(10, 2)
    said = [limited.take("a", 5.0) for _ in range(20)]
    assert said[:10] == [None] * 10
    assert said[10] == {"RateLimit-Policy": '"person";q=20;w=2', "RateLimit": '"person";r=9;t=2'}
    assert [fields["RateLimit"] for fields in said[17:] if fields] == [
        f'"person";r={n};t=2' for n in (2, 1, 0)
    ]
    with pytest.raises(TooMany) as refused:
        limited.take("a", 5.0)
    assert refused.value.headers == {
        "Retry-After": "1", "RateLimit-Policy": '"person";q=20;w=2', "RateLimit": '"person";r=0;t=1',
    }  # fmt: skip
    assert refused.value.detail == "This person sends more requests than 10 a second; slow down."
    assert limited.take("a", 6.0) is not None


def test_who_has_not_asked_for_a_while_is_forgotten() -> None:
    limited = rate(10)
    for n in range(20 * SWEEP_AT):
        limited.take(n, n / 100)  # 100 new keys a second, each full again after 0.1 s
    assert len(limited._due) <= SWEEP_AT + 1


def test_a_hot_request_is_counted_in_next_to_no_time() -> None:
    limited, now = rate(1_000_000), time.perf_counter()
    began = time.process_time()
    for n in range(20_000):
        limited.take("a", now + n)
    assert (time.process_time() - began) / 20_000 < 20e-6  # measured: 0.3 µs


async def failed(attempts: Attempts, account: str, address: str = HERE) -> dict[str, str]:
    await attempts.admit("login", account, address)
    return await attempts.failed("login", account, address)


async def test_ten_failures_for_an_account_from_an_address_are_too_many() -> None:
    attempts = Attempts(None)
    left = [await failed(attempts, "a@x.test") for _ in range(10)]
    assert [fields["RateLimit"].split(";")[1] for fields in left] == [f"r={n}" for n in range(9, -1, -1)]
    with pytest.raises(TooMany) as refused:
        await attempts.admit("login", "a@x.test", HERE)
    headers = refused.value.headers
    assert headers["RateLimit-Policy"] == '"login";q=10;w=900'
    assert headers["RateLimit"] == f'"login";r=0;t={headers["Retry-After"]}'
    assert 895 <= int(headers["Retry-After"]) <= 901
    await attempts.admit("login", "b@x.test", HERE)
    await attempts.admit("login", "a@x.test", THERE)
    await attempts.admit("pin", "a@x.test", HERE)


async def test_a_success_makes_up_for_the_failures_of_that_account_only() -> None:
    attempts = Attempts(None)
    for account in ("a@x.test", "b@x.test"):
        for _ in range(9):
            await failed(attempts, account)
    await attempts.succeeded("login", "a@x.test", HERE)
    for _ in range(9):
        await failed(attempts, "a@x.test")
    await failed(attempts, "b@x.test")
    with pytest.raises(TooMany):
        await failed(attempts, "b@x.test")


async def test_who_tries_one_password_on_many_accounts_is_stopped_by_the_address() -> None:
    attempts = Attempts(None)
    for n in range(OF_AN_ADDRESS.amount):
        await failed(attempts, f"{n}@x.test")
        await attempts.succeeded("login", "my own", HERE)
    with pytest.raises(TooMany) as refused:
        await failed(attempts, "another@x.test")
    assert refused.value.headers["RateLimit-Policy"] == '"login-address";q=200;w=900'
    await failed(attempts, "another@x.test", THERE)


async def test_an_ipv6_site_is_one_address() -> None:
    attempts = Attempts(None)
    for n in range(OF_AN_ACCOUNT.amount):
        await failed(attempts, "a@x.test", f"2001:db8:1:2::{n:x}")
    with pytest.raises(TooMany):
        await failed(attempts, "a@x.test", "2001:db8:1:2:ffff::1")
    await failed(attempts, "a@x.test", "2001:db8:1:3::1")


async def test_a_redis_that_does_not_answer_holds_nobody_up_for_long() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        attempts = Attempts(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
        began = time.perf_counter()
        for _ in range(10):
            await failed(attempts, "a@x.test")
        assert time.perf_counter() - began < 5  # half a second once, not for each of fifty questions
        with pytest.raises(TooMany):
            await failed(attempts, "a@x.test")
