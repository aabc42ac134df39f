"""Coming back: everything since, once and in order; or a resync, and never a part of it."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from websockets.exceptions import ConnectionClosed

from fynlo.demo.data import PIZZERIA, RIVAL

from .house import OWNER, RIVAL_OWNER, House, Json, Screen, eventually
from .test_events import assert_chained

PLACE = PIZZERIA.id


async def write(house: House, count: int, restaurant_id: UUID = PLACE) -> None:
    """So many events, a transaction each in effect: they share one, and the log doesn't care."""
    async with house.psql() as conn:
        await conn.execute(
            "insert into orders (restaurant_id) select %s from generate_series(1, %s)", (restaurant_id, count)
        )


async def applied(house: House, restaurant_id: UUID, head: int) -> bool:
    """Whether the server has handed out everything up to there."""
    try:
        screen = await come_back(house, restaurant_id)
    except (ConnectionClosed, OSError):
        return False  # it came amid the burst and was too slow for it, which the contract allows
    return screen.place == head


async def come_back(house: House, restaurant_id: UUID = PLACE, **fields: Any) -> Screen:
    """What a screen hears that says where it was, until nothing more is to come."""
    email = OWNER if restaurant_id == PLACE else RIVAL_OWNER
    async with house.dial(restaurant_id) as screen:
        await screen.say("authenticate", token=(await house.session(email)).token, **fields)
        await screen.hear()
        await screen.head()
    return screen


async def resynced(house: House, reason: str, restaurant_id: UUID = PLACE, **fields: Any) -> None:
    """It is told to start over, for this reason, gets nothing old, and what is new from there on."""
    email = OWNER if restaurant_id == PLACE else RIVAL_OWNER
    epoch, head = await house.position(restaurant_id)
    await eventually(lambda: applied(house, restaurant_id, head))
    async with house.dial(restaurant_id) as screen:
        await screen.say("authenticate", token=(await house.session(email)).token, **fields)
        welcome, told = await screen.hear(), await screen.hear()
        assert (welcome["type"], welcome["recovered"], welcome["replayed"]) == ("authenticated", False, 0)
        assert (welcome["seq"], welcome["epoch"]) == (head, epoch)
        assert told == {"type": "resync", "reason": reason, "seq": head, "epoch": epoch}
        await write(house, 1, restaurant_id)
        event = await screen.hear()
    assert (event["type"], event["prev_seq"], event["seq"]) == ("order.created", head, head + 1)


@pytest.fixture
async def missed(house: House) -> tuple[str, int]:
    """Where a screen was before five orders were made."""
    position = await house.position()
    await write(house, 5)
    await eventually(lambda: applied(house, PLACE, position[1] + 5))
    return position


async def test_what_was_missed_comes_first_and_is_counted(house: House, missed: tuple[str, int]) -> None:
    epoch, seq = missed
    screen = await come_back(house, last_seq=seq, epoch=epoch)
    welcome, events = screen.heard[0], screen.events()
    assert (welcome["recovered"], welcome["replayed"], welcome["seq"]) == (True, 5, seq + 5)
    assert [event["seq"] for event in events] == list(range(seq + 1, seq + 6))
    assert_chained(screen, seq)


async def test_who_missed_nothing_hears_nothing(house: House, missed: tuple[str, int]) -> None:
    epoch, seq = missed
    screen = await come_back(house, last_seq=seq + 5, epoch=epoch)
    assert screen.types() == ["authenticated", "pong"]
    assert (screen.heard[0]["recovered"], screen.heard[0]["replayed"]) == (True, 0)


async def test_who_says_no_place_begins_at_the_head(house: House, missed: tuple[str, int]) -> None:
    screen = await come_back(house)
    assert screen.types() == ["authenticated", "pong"]
    assert (screen.heard[0]["recovered"], screen.heard[0]["seq"]) == (False, missed[1] + 5)


async def test_a_place_under_data_counts_as_well(house: House, missed: tuple[str, int]) -> None:
    epoch, seq = missed
    token = (await house.session()).token
    async with house.dial() as screen:
        await screen.say("authenticate", data={"token": token, "last_seq": seq, "epoch": epoch})
        assert (await screen.hear())["replayed"] == 5


async def test_a_replay_says_the_same_as_the_live_feed_did(house: House) -> None:
    async with house.screen() as screen:
        epoch, seq = await screen.head()
        await write(house, 5)
        await house.order()
        while len(screen.events()) < 6:
            await screen.hear()
    again = await come_back(house, last_seq=seq, epoch=epoch)
    assert again.events() == screen.events()


async def test_a_replay_reaches_over_a_restart_of_the_server(house: House) -> None:
    async with house.screen() as screen:
        epoch, seq = await screen.head()
        await write(house, 3)
        while len(screen.events()) < 3:
            await screen.hear()
    await asyncio.to_thread(house.server.stop)
    await write(house, 3)
    await asyncio.to_thread(house.server.start)
    await asyncio.to_thread(house.server.await_ready)
    await eventually(lambda: applied(house, PLACE, seq + 6))
    whole = await come_back(house, last_seq=seq, epoch=epoch)
    rest = await come_back(house, last_seq=seq + 3, epoch=epoch)
    assert (whole.heard[0]["recovered"], whole.heard[0]["replayed"]) == (True, 6)
    assert whole.events()[:3] == screen.events()
    assert whole.events()[4:] == rest.events()[1:]
    assert [event["seq"] for event in whole.events()] == list(range(seq + 1, seq + 7))


async def test_orders_made_while_it_is_replayed_follow_in_their_place(house: House) -> None:
    epoch, seq = await house.position()
    await write(house, 400)
    await eventually(lambda: applied(house, PLACE, seq + 400))
    # A replay may be as long as it is; of what follows, no more may wait than a slow screen is allowed.
    writing = asyncio.gather(*(write(house, 20) for _ in range(10)))
    async with house.screen(last_seq=seq, epoch=epoch) as screen:
        assert screen.heard[0]["recovered"]
        while len(screen.events()) < 600:
            await screen.hear()
        await writing
        await screen.head()
    assert [event["seq"] for event in screen.events()] == list(range(seq + 1, seq + 601))
    assert_chained(screen, seq)


# -- where that cannot be


async def test_a_place_without_its_epoch_is_none(house: House, missed: tuple[str, int]) -> None:
    await resynced(house, "epoch_missing", last_seq=missed[1])


async def test_a_place_in_another_history_is_none(house: House, missed: tuple[str, int]) -> None:
    await resynced(house, "epoch_changed", last_seq=missed[1], epoch=uuid4())


async def test_a_place_beyond_the_head_is_none(house: House, missed: tuple[str, int]) -> None:
    epoch, seq = missed
    await resynced(house, "ahead_of_head", last_seq=seq + 1_000, epoch=epoch)


async def test_a_place_below_the_floor_is_none_and_the_floor_itself_is_one(house: House) -> None:
    await write(house, 20, RIVAL.id)
    epoch, seq = await house.position(RIVAL.id)
    floor = seq - 10
    async with house.psql() as conn:
        await conn.execute("update feed_heads set floor_seq = %s where restaurant_id = %s", (floor, RIVAL.id))

    async def noticed() -> bool:
        screen = await come_back(house, RIVAL.id, last_seq=floor - 1, epoch=epoch)
        return not screen.heard[0]["recovered"]

    await eventually(noticed, within_s=3)
    await resynced(house, "below_floor", RIVAL.id, last_seq=floor - 1, epoch=epoch)
    await resynced(house, "below_floor", RIVAL.id, last_seq=-1, epoch=epoch)
    screen = await come_back(house, RIVAL.id, last_seq=floor, epoch=epoch)
    assert (screen.heard[0]["recovered"], screen.heard[0]["replayed"]) == (True, 12)


async def test_a_gap_over_the_limit_is_not_replayed_and_one_at_the_limit_is(house: House) -> None:
    epoch, seq = await house.position()
    await write(house, 2_501)
    await house.order()
    await resynced(house, "gap_too_large", last_seq=seq, epoch=epoch)
    _, head = await house.position()
    screen = await come_back(house, last_seq=head - 2_500, epoch=epoch)
    assert (screen.heard[0]["recovered"], screen.heard[0]["replayed"]) == (True, 2_500)
    assert [event["seq"] for event in screen.events()] == list(range(head - 2_499, head + 1))


async def test_a_restored_database_is_told_to_open_screens_and_to_those_who_come_back(house: House) -> None:
    epoch, seq = await house.position(RIVAL.id)
    async with house.screen(RIVAL_OWNER, RIVAL.id) as screen:
        await screen.head()
        async with house.psql() as conn:
            new = await conn.execute(
                "update feed_heads set epoch = fynlo.uuid7() where restaurant_id = %s returning epoch::text",
                (RIVAL.id,),
            )
            ((restored,),) = await new.fetchall()
        told: Json = await screen.await_type("resync", within_s=4)
        assert told == {"type": "resync", "reason": "epoch_changed", "seq": seq, "epoch": restored}
        assert await screen.head() == (restored, seq)
        await write(house, 1, RIVAL.id)
        event = await screen.await_type("order.created")
        assert (event["prev_seq"], event["seq"]) == (seq, seq + 1)
    await resynced(house, "epoch_changed", RIVAL.id, last_seq=seq, epoch=epoch)
