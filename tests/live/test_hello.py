"""The first message, and what is said to those who get it wrong."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import pytest

from fynlo.demo.data import PIZZERIA, RIVAL

from .house import CASHIER, COOK, MANAGER, OWNER, RIVAL_OWNER, WAITER, House

MIB = 1_048_576


async def refusal(house: House, first: Any, **where: Any) -> tuple[int | None, list[dict[str, Any]]]:
    """The close code, and what was said before, after this first message."""
    async with house.dial(**where) as screen:
        await screen.socket.send(first if isinstance(first, (str, bytes)) else json.dumps(first, default=str))
        code = await screen.await_close()
        closed = screen.socket.protocol.close_rcvd
        assert closed is not None
        assert closed.reason or screen.heard, "a screen is told why"
    return code, screen.heard


async def test_the_first_message_is_answered_with_where_the_feed_stands(house: House) -> None:
    session = await house.session()
    epoch, seq = await house.position()
    async with house.dial() as screen:
        await screen.say("authenticate", token=session.token)
        welcome = await screen.hear()
    assert welcome.pop("connection_id")
    assert 0 < welcome.pop("token_expires_in") <= 900
    assert welcome == {
        "type": "authenticated",
        "restaurant_id": str(PIZZERIA.id),
        "epoch": epoch,
        "seq": seq,
        "recovered": False,
        "replayed": 0,
        "heartbeat": {"interval_s": 30, "timeout_s": 5, "max_missed": 3},
    }


@pytest.mark.parametrize("under_data", [False, True])
async def test_who_and_where_may_be_said_as_well_at_the_top_or_under_data(
    house: House, under_data: bool
) -> None:
    session = await house.session()
    fields = {"token": session.token, "user_id": session.user_id, "restaurant_id": PIZZERIA.id}
    async with house.dial() as screen:
        await screen.say("authenticate", **({"data": fields} if under_data else fields))
        assert (await screen.hear())["type"] == "authenticated"


@pytest.mark.parametrize("under_data", [False, True])
@pytest.mark.parametrize(
    ("wrong", "close_code", "said"),
    [
        ({"user_id": RIVAL.memberships[0].person.id}, 4003, "user_mismatch"),
        ({"restaurant_id": RIVAL.id}, 4004, "restaurant_mismatch"),
        ({"token": "no.such.token"}, 4003, "token_invalid"),
        ({"token": ""}, 4003, "token_missing"),
    ],
)
async def test_what_does_not_match_is_refused_by_name(
    house: House, wrong: dict[str, Any], close_code: int, said: str, under_data: bool
) -> None:
    fields = {"token": (await house.session()).token, **wrong}
    code, heard = await refusal(
        house, {"type": "authenticate", **({"data": fields} if under_data else fields)}
    )
    assert code == close_code
    assert [(m["type"], m["code"]) for m in heard] == [("auth_error", said)]
    assert heard[0]["message"]


async def test_a_first_message_without_a_token_is_refused(house: House) -> None:
    code, heard = await refusal(house, {"type": "authenticate"})
    assert (code, heard[0]["type"], heard[0]["code"]) == (4003, "auth_error", "token_missing")


async def test_a_token_that_has_expired_says_so(house: House) -> None:
    session = await house.session()
    code, heard = await refusal(house, {"type": "authenticate", "token": session.lasting(-1)})
    assert (code, heard[0]["code"]) == (4003, "token_expired")


async def test_nobody_watches_another_restaurant(house: House) -> None:
    for email, restaurant in ((OWNER, RIVAL), (RIVAL_OWNER, PIZZERIA)):
        token = (await house.session(email)).token
        code, heard = await refusal(
            house, {"type": "authenticate", "token": token}, restaurant_id=restaurant.id
        )
        assert (code, heard[0]["type"], heard[0]["code"]) == (4004, "auth_error", "not_found")
    async with house.screen(RIVAL_OWNER, RIVAL.id):
        pass  # her own she may


async def test_a_cook_sees_no_money_on_the_socket_of_a_till(house: House) -> None:
    async with house.screen(COOK) as cook, house.screen(CASHIER) as cashier:
        order = await house.order()
        seen = await cook.await_order(order["id"])
        whole = await cashier.await_order(order["id"])
    assert whole["data"]["order"] == order
    assert seen["data"]["order"] == await house.get(f"/orders/{order['id']}", COOK)
    assert "totals" in whole["data"]["order"]
    text = json.dumps(seen)
    assert not [name for name in ("price", "total", "tax", "discount", "net", "paid") if name in text]


@pytest.mark.parametrize("kind", ["pos", "kitchen"])
async def test_each_role_sees_at_both_sockets_what_is_its(house: House, kind: str) -> None:
    people = (OWNER, MANAGER, CASHIER, WAITER, COOK)
    async with AsyncExitStack() as stack:
        screens = [await stack.enter_async_context(house.screen(email, kind=kind)) for email in people]
        order = await house.order()
        for email, screen in zip(people, screens, strict=True):
            shown = (await screen.await_order(order["id"]))["data"]["order"]
            assert shown["number"] == order["number"]
            assert ("totals" in shown) == (kind == "pos" and email != COOK), email


@pytest.mark.parametrize("kind", ["pos", "kitchen"])
async def test_nobody_an_expired_token_and_another_owner_are_let_into_neither(
    house: House, kind: str
) -> None:
    for token, code in (
        ("", 4003),
        ((await house.session(OWNER)).lasting(-1), 4003),
        ((await house.session(RIVAL_OWNER)).token, 4004),
    ):
        async with house.dial(PIZZERIA.id, kind) as screen:
            await screen.say("authenticate", token=token)
            assert await screen.await_close() == code
            assert [message["type"] for message in screen.heard] == ["auth_error"]


# -- what cannot be used


@pytest.mark.parametrize("type", ["ping", "reauthenticate", "ack", "hello", ""])
async def test_who_begins_with_something_else_is_closed_with_4001(house: House, type: str) -> None:
    assert await refusal(house, {"type": type, "token": "x", "seq": 1}) == (4001, [])


@pytest.mark.parametrize(
    "first",
    [
        b'{"type":"authenticate"}',
        "",
        "authenticate",
        "[]",
        '{"type":',
        '{"type":"authenticate","last_seq":"x"}',
        '{"type":1}',
        "[" * 8_000,
    ],
    ids=["binary", "empty", "word", "list", "cut", "wrong type", "number", "deep"],
)
async def test_what_is_no_message_is_closed_with_4000(house: House, first: str | bytes) -> None:
    assert await refusal(house, first) == (4000, [])


async def test_a_message_may_have_16_kib_and_no_byte_more(house: House) -> None:
    hello = json.dumps({"type": "authenticate", "token": (await house.session()).token})
    async with house.dial() as screen:
        await screen.socket.send(hello.ljust(16_384))
        assert (await screen.hear())["type"] == "authenticated"
        await screen.socket.send('{"type":"ping"}'.ljust(16_385))
        assert await screen.await_close() == 1009
    assert await refusal(house, hello.ljust(16_385)) == (1009, [])
    code, _ = await refusal(house, f'{{"type":"authenticate","token":"{"é" * 8_200}"}}')
    assert code == 1009, "bytes are counted, not characters"


async def test_a_megabyte_is_refused_and_the_server_serves_on(house: House) -> None:
    code, _ = await refusal(house, "x" * MIB)
    assert code == 1009
    async with house.screen():
        pass


async def test_a_message_in_fragments_is_one_message(house: House) -> None:
    hello = json.dumps({"type": "authenticate", "token": (await house.session()).token})
    async with house.dial() as screen:
        await screen.socket.send([hello[:7], hello[7:8], hello[8:40], hello[40:]])
        assert (await screen.hear())["type"] == "authenticated"
        await screen.socket.send(list('{"type":"ping","timestamp":"in pieces"}'))
        assert (await screen.await_type("pong"))["timestamp"] == "in pieces"


async def test_ten_messages_that_cannot_be_used_end_it_and_nine_do_not(house: House) -> None:
    async with house.screen() as screen:
        for count in range(1, 10):
            await screen.say("ack", seq="not a number") if count % 2 else await screen.say("no such type")
            error = await screen.await_type("error")
            assert error["code"] == "unusable_message"
            assert error["message"]
        await screen.head()
        await screen.say("authenticate", token=(await house.session()).token)
        assert await screen.await_close() == 4000
    assert screen.heard[-1]["code"] == "already_authenticated"
    assert screen.types().count("error") == 10


async def test_a_binary_message_ends_a_socket_that_was_welcome(house: House) -> None:
    async with house.screen() as screen:
        await screen.socket.send(b'{"type":"ping"}')
        assert await screen.await_close() == 4000


async def test_twenty_messages_a_second_are_fine_and_a_flood_is_not(house: House) -> None:
    async with house.screen() as screen:  # whose `authenticate` may have been one of this second's
        for number in range(19):
            await screen.say("ping", timestamp=number)
        assert [(await screen.await_type("pong"))["timestamp"] for _ in range(19)] == list(range(19))
        await asyncio.sleep(1.1)  # the next second begins
        for number in range(21):
            await screen.say("ping", timestamp=number)
        assert await screen.await_close() == 4029


@pytest.mark.slow
async def test_who_says_nothing_for_ten_seconds_is_closed_with_4002(house: House) -> None:
    async with house.dial() as screen, house.screen() as welcome:
        began = asyncio.get_running_loop().time()
        assert await screen.await_close(within_s=15) == 4002
        assert 9.5 < asyncio.get_running_loop().time() - began < 12
        await welcome.head()  # who did say something stays
