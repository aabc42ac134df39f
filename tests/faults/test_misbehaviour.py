"""What clients do wrong while others work: each gets its code, and nobody else notices."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from fynlo.demo.data import RIVAL
from fynlo.live.messages import MAX_BYTES
from tests.live.house import COOK, WAITER, House, open_house

from .broken import BRISK
from .load import Load, active
from .oracle import judge, watchers

FOR_A_PERSON = 20
"""Sockets that one person may have."""


@pytest.fixture(scope="module")
async def house(module_seeded_url: str) -> AsyncIterator[House]:
    async with open_house(
        module_seeded_url, patched=BRISK, FYNLO_MAX_SOCKETS_PER_USER=str(FOR_A_PERSON)
    ) as house:
        yield house


async def foreign_origin(house: House) -> int | None:
    with pytest.raises(InvalidStatus) as refused:
        async with house.dial(origin="https://elsewhere.example"):
            pass
    return refused.value.response.status_code


async def says_nothing(house: House) -> int | None:
    async with house.dial() as screen:
        return await screen.await_close()


async def begins_with_something_else(house: House) -> int | None:
    async with house.dial() as screen:
        await screen.say("ping")
        return await screen.await_close()


async def has_no_token(house: House) -> int | None:
    async with house.dial() as screen:
        await screen.say("authenticate", token="no.such.token")
        return await screen.await_close()


async def wants_another_restaurant(house: House) -> int | None:
    token = (await house.session()).token
    async with house.dial(RIVAL.id) as screen:
        await screen.say("authenticate", token=token)
        return await screen.await_close()


async def stays_over_its_time(house: House) -> int | None:
    async with house.screen(token=(await house.session(WAITER)).lasting(4)) as screen:
        return await screen.await_close()


async def is_signed_out(house: House) -> int | None:
    session = await house.login(WAITER)
    async with house.screen(token=session.token) as screen:
        answer = await house.rest.post("/auth/logout", headers=session.headers)
        assert answer.status_code == 204
        return await screen.await_close()


async def says_too_much(house: House) -> int | None:
    async with house.screen(COOK) as screen:
        await screen.say("ping", timestamp="x" * MAX_BYTES)
        return await screen.await_close()


async def says_it_in_bytes(house: House) -> int | None:
    async with house.screen(COOK) as screen:
        await screen.socket.send(b'{"type":"ping"}')
        return await screen.await_close()


async def says_too_much_in_fragments(house: House) -> int | None:
    async with house.screen(COOK) as screen:
        await screen.socket.send(itertools.repeat("x" * 1_024, MAX_BYTES // 1_024 + 1))
        return await screen.await_close()


async def says_it_too_often(house: House) -> int | None:
    async with house.screen(COOK) as screen:
        with contextlib.suppress(ConnectionClosed):  # which is not always heard before all of it is said
            for number in range(50):
                await screen.say("ping", timestamp=number)
        return await screen.await_close()


async def has_too_many_screens(house: House) -> int | None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(FOR_A_PERSON):
            await stack.enter_async_context(house.screen(COOK))
        async with house.dial() as screen:
            await screen.say("authenticate", token=(await house.session(COOK)).token)
            return await screen.await_close()


OFFENCES: list[tuple[Callable[[House], Awaitable[int | None]], int]] = [
    (foreign_origin, 403),
    (says_nothing, 4002),
    (begins_with_something_else, 4001),
    (has_no_token, 4003),
    (wants_another_restaurant, 4004),
    (stays_over_its_time, 4005),
    (is_signed_out, 4005),
    (says_too_much, 1009),
    (says_it_in_bytes, 4000),
    (says_too_much_in_fragments, 1009),
    (says_it_too_often, 4029),
]


async def well_behaved(house: House) -> None:
    """The control: as big, as often and in as many pieces as is allowed, it is heard and not closed."""
    async with house.screen() as screen:
        fits = json.dumps({"type": "ping", "timestamp": ""})
        text = fits[:-2] + "x" * (MAX_BYTES - len(fits)) + fits[-2:]
        assert len(text) == MAX_BYTES
        await screen.socket.send([text[at : at + 1_024] for at in range(0, MAX_BYTES, 1_024)])
        for number in range(15):
            await screen.say("ping", timestamp=number)
        heard = {(await screen.await_type("pong"))["timestamp"] for _ in range(16)}
        assert set(range(15)) < heard
        await screen.head()


async def only(house: House, count: int) -> bool:
    return await active(house) == count


async def test_what_some_do_wrong_under_load_costs_them_their_socket_and_the_others_nothing(
    house: House,
) -> None:
    watched = await watchers(6, house)
    load = Load(house, 4)
    for _ in range(2):
        codes, _ = await asyncio.gather(
            asyncio.gather(*(offence(house) for offence, _ in OFFENCES)), well_behaved(house)
        )
        assert codes == [code for _, code in OFFENCES]
        assert (
            await has_too_many_screens(house) == 4009
        )  # apart, for the same person is closed for other things
    await load.reach(20)
    await load.end()
    assert load.broken == 0
    await judge(house, watched, at_least=50)
    assert [watcher.connects for watcher in watched] == [1] * 6, "the others were disconnected"
