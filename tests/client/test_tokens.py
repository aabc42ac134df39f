"""TokenManager: one refresh at a time, whoever waits and however it ends."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from fynlo.client import NotLoggedIn, ProblemError, TokenManager, Unreachable, Wire


class Issuer:
    """Hands out numbered tokens; `gate` holds refreshes back, `failures` are answered first."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.calls: list[str] = []
        self.spent: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = asyncio.Event()
        self.failures: list[httpx.Response | Exception] = []
        self.expires_in = 900

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.calls.append(request.url.path.rpartition("/")[2])
        self.spent.append(request.content.decode())
        self.asked.set()
        await self.gate.wait()
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        n = len(self.calls)
        tokens = {
            "access_token": f"access-{n}",
            "expires_in": self.expires_in,
            "refresh_token": f"refresh-{n}",
        }
        return httpx.Response(200, json=tokens)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
async def wire(issuer: Issuer) -> AsyncIterator[Wire]:
    wire = Wire("http://fynlo.test", transport=httpx.MockTransport(issuer))
    yield wire
    await wire.aclose()


@pytest.fixture
def tokens(issuer: Issuer, wire: Wire) -> TokenManager:
    return TokenManager(wire, refresh_token="refresh-0", clock=lambda: issuer.now)


async def callers(tokens: TokenManager, count: int) -> list[asyncio.Task[str]]:
    waiting = [asyncio.create_task(tokens.token()) for _ in range(count)]
    await asyncio.sleep(0)
    return waiting


async def test_a_hundred_callers_make_one_refresh(issuer: Issuer, tokens: TokenManager) -> None:
    issuer.gate.clear()
    waiting = await callers(tokens, 100)
    await issuer.asked.wait()
    waiting += await callers(tokens, 1)
    issuer.gate.set()
    assert set(await asyncio.gather(*waiting)) == {"access-1"}
    assert issuer.calls == ["refresh"]
    assert tokens.refresh_token == "refresh-1"


async def test_a_failed_refresh_reaches_every_waiter_and_the_next_call_tries_anew(
    issuer: Issuer, tokens: TokenManager
) -> None:
    issuer.failures = [httpx.ConnectError("no network")]
    results = await asyncio.gather(*await callers(tokens, 100), return_exceptions=True)
    assert all(isinstance(result, Unreachable) for result in results)
    assert len(results) == 100
    assert issuer.calls == ["refresh"]
    assert await tokens.token() == "access-2"
    assert issuer.spent == ['{"refresh_token":"refresh-0"}'] * 2


async def test_a_token_is_replaced_a_minute_before_it_expires(issuer: Issuer, tokens: TokenManager) -> None:
    assert await tokens.token() == "access-1"
    issuer.now += 839.9
    assert await tokens.token() == "access-1"
    issuer.now += 0.1
    assert await tokens.token() == "access-2"


async def test_a_short_token_is_used_for_half_its_life(issuer: Issuer, tokens: TokenManager) -> None:
    issuer.expires_in = 30
    assert await tokens.token() == "access-1"
    issuer.now += 14.9
    assert await tokens.token() == "access-1"
    issuer.now += 0.1
    assert await tokens.token() == "access-2"


async def test_a_refused_token_is_refreshed_once_however_many_were_refused(
    issuer: Issuer, tokens: TokenManager
) -> None:
    refused = await tokens.token()
    assert set(await asyncio.gather(*(tokens.refresh(refused) for _ in range(100)))) == {"access-2"}
    assert await tokens.refresh(refused) == "access-2"
    assert len(issuer.calls) == 2


async def test_a_caller_who_gives_up_leaves_the_refresh_to_the_others(
    issuer: Issuer, tokens: TokenManager
) -> None:
    issuer.gate.clear()
    impatient, patient = await callers(tokens, 2)
    await issuer.asked.wait()
    impatient.cancel()
    await asyncio.wait({impatient})
    issuer.gate.set()
    assert await patient == "access-1"
    assert impatient.cancelled()


async def test_a_refresh_whose_callers_all_gave_up_ends_before_settle_returns(
    issuer: Issuer, tokens: TokenManager
) -> None:
    before = len(asyncio.all_tasks())
    issuer.gate.clear()
    (caller,) = await callers(tokens, 1)
    await issuer.asked.wait()
    caller.cancel()
    await asyncio.wait({caller})
    assert len(asyncio.all_tasks()) == before + 1
    issuer.gate.set()
    await tokens.settle()
    assert len(asyncio.all_tasks()) == before
    assert tokens.refresh_token == "refresh-1"


async def test_a_refusal_to_refresh_is_the_callers(issuer: Issuer, tokens: TokenManager) -> None:
    issuer.failures = [httpx.Response(401, json={"code": "refresh_reused", "detail": "Log in again."})]
    with pytest.raises(ProblemError, match="refresh_reused"):
        await tokens.token()


async def test_kept_credentials_log_in_again(issuer: Issuer, wire: Wire) -> None:
    tokens = TokenManager(wire, clock=lambda: issuer.now)
    with pytest.raises(NotLoggedIn):
        await tokens.token()
    login = await tokens.login("a@b.test", "secret", keep=True)
    assert await tokens.token() == login.access_token == "access-1"
    issuer.failures = [httpx.Response(401, json={"code": "refresh_reused", "detail": "Log in again."})]
    assert await tokens.refresh("access-1") == "access-3"
    assert issuer.calls == ["login", "refresh", "login"]
    tokens.forget()
    with pytest.raises(NotLoggedIn):
        await tokens.token()


async def test_each_new_refresh_token_is_told(issuer: Issuer, wire: Wire) -> None:
    stored: list[str] = []
    tokens = TokenManager(wire, refresh_token="refresh-0", on_rotate=stored.append, clock=lambda: issuer.now)
    await tokens.refresh(await tokens.token())
    assert stored == ["refresh-1", "refresh-2"]


async def test_a_refresh_that_ends_after_the_session_was_forgotten_brings_nothing_back(
    issuer: Issuer, tokens: TokenManager
) -> None:
    issuer.gate.clear()
    (caller,) = await callers(tokens, 1)
    await issuer.asked.wait()
    tokens.forget()
    issuer.gate.set()
    with pytest.raises(NotLoggedIn, match="meanwhile"):
        await caller
    assert tokens.refresh_token is None
    with pytest.raises(NotLoggedIn):
        await tokens.token()
    assert issuer.calls == ["refresh"]


async def test_a_refused_token_is_not_replaced_by_one_that_is_stale_itself(
    issuer: Issuer, tokens: TokenManager
) -> None:
    first = await tokens.token()
    assert await tokens.refresh(first) == "access-2"
    issuer.now += 900
    assert await tokens.refresh(first) == "access-3"


async def test_a_refused_token_is_handed_out_to_nobody_while_none_can_be_had(
    issuer: Issuer, tokens: TokenManager
) -> None:
    refused = await tokens.token()
    issuer.failures = [httpx.ConnectError("no network")] * 2
    with pytest.raises(Unreachable):
        await tokens.refresh(refused)
    with pytest.raises(Unreachable):
        await tokens.token()
    assert await tokens.token() == "access-4"
