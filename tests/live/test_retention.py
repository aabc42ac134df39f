"""What screens see of housekeeping and of a restore: nothing, or a resync."""

import asyncio
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from fynlo.demo.data import PIZZERIA, RIVAL
from fynlo.live import hub as hub_module
from fynlo.live.housekeeping import Housekeeping, Kept
from fynlo.live.room import Room
from fynlo.live.status import rotate_epochs
from tests.commands.command import run
from tests.db.till import make_month, value, write_aged

from .house import OWNER, RIVAL_OWNER, House, eventually, open_house
from .hubs import open_hub
from .test_resume import applied, come_back, resynced, write

ENVIRONMENT = {"FYNLO_REPLAY_DAYS": "300"}
"""The server keeps house as it starts, too, and must not be who takes away what a test has made old."""
FLOOR = "select floor_seq from feed_heads where restaurant_id = %s"


async def grow_old(house: House, restaurant_id: UUID) -> None:
    """What a restaurant's log has was written three weeks ago."""
    async with house.psql() as conn:
        await conn.execute(
            "update order_events set created_at = now() - interval '21 days' where restaurant_id = %s",
            (restaurant_id,),
        )


async def test_who_is_at_the_floor_resumes_and_who_is_below_resyncs(house: House) -> None:
    await write(house, 6, RIVAL.id)
    epoch, old = await house.position(RIVAL.id)
    await grow_old(house, RIVAL.id)
    async with house.screen(RIVAL_OWNER, RIVAL.id) as open_screen:
        await write(house, 4, RIVAL.id)
        await eventually(lambda: applied(house, RIVAL.id, old + 4))
        assert (await come_back(house, RIVAL.id, last_seq=old - 1, epoch=epoch)).heard[0]["replayed"] == 5
        kept = await Housekeeping(house.database_url, replay_days=7, keep_months=13).once()
        assert kept == Kept(floors=1)
        async with house.psql() as conn:
            assert await value(conn, FLOOR, RIVAL.id) == old

        async def noticed() -> bool:
            screen = await come_back(house, RIVAL.id, last_seq=old - 1, epoch=epoch)
            return not screen.heard[0]["recovered"]

        await eventually(noticed)
        await resynced(house, "below_floor", RIVAL.id, last_seq=old - 1, epoch=epoch)
        at_floor = await come_back(house, RIVAL.id, last_seq=old, epoch=epoch)
        assert (at_floor.heard[0]["recovered"], at_floor.heard[0]["replayed"]) == (True, 5)
        assert [event["seq"] for event in at_floor.events()] == list(range(old + 1, old + 6))
        # A screen that is open has noticed nothing.
        await open_screen.head()
        assert "resync" not in open_screen.types()
        assert [event["seq"] for event in open_screen.events()] == list(range(old + 1, old + 6))


async def test_a_server_keeps_house_by_itself_as_it_was_told(seeded_url: str) -> None:
    async with await AsyncConnection.connect(seeded_url, autocommit=True) as conn:
        kept, gone = await make_month(conn, 3), await make_month(conn, 4)
        # The seeded events as well, so that there is nothing young below them.
        await conn.execute("update order_events set created_at = now() - interval '4 months'")
        await write_aged(conn, PIZZERIA.id, "4 months", "3 months", "3 days", "1 day")

        async def done() -> bool:
            left = "select array_agg(name) from fynlo.event_months() where name = any (%s)"
            return bool(await value(conn, left, [kept, gone]) == [kept])

        environment = {"FYNLO_REPLAY_DAYS": "2", "FYNLO_KEEP_EVENTS_MONTHS": "3"}
        async with open_house(seeded_url, **environment) as house:
            await eventually(done)
            head = (await house.position())[1]
            assert await value(conn, FLOOR, PIZZERIA.id) == head - 1
            epoch, _ = await house.position()
            for last_seq in (0, 1, 2):  # long gone, and the server was never there
                await resynced(house, "below_floor", last_seq=last_seq, epoch=epoch)


async def test_the_settings_of_retention_are_checked(seeded_url: str) -> None:
    for name, text in (
        ("FYNLO_REPLAY_DAYS", "0"),
        ("FYNLO_KEEP_EVENTS_MONTHS", "0"),
        ("FYNLO_REPLAY_DAYS", "365"),
    ):
        given = {"FYNLO_DATABASE_URL": seeded_url, "FYNLO_SECRET": "x" * 32, name: text}
        if text == "365":
            given["FYNLO_KEEP_EVENTS_MONTHS"] = "6"
        refused = await asyncio.to_thread(run, "serve", **given)
        assert refused.returncode == 1
        assert name in refused.stderr


# -- a restore


async def test_a_new_epoch_reaches_the_screens_of_its_restaurant_and_no_other(house: House) -> None:
    await write(house, 6, RIVAL.id)
    epoch, seq = await house.position(RIVAL.id)
    others = await house.position(PIZZERIA.id)
    async with (
        house.screen(RIVAL_OWNER, RIVAL.id) as screen,
        house.screen(OWNER, PIZZERIA.id) as other,
    ):
        await screen.head()
        # What a backup that is a little older leaves: the same log, without its end.
        async with house.psql() as conn, conn.transaction():
            await conn.execute("set local session_replication_role = replica")
            await conn.execute(
                "delete from order_events where restaurant_id = %s and seq > %s", (RIVAL.id, seq - 3)
            )
            await conn.execute("update feed_heads set seq = %s where restaurant_id = %s", (seq - 3, RIVAL.id))
        rotated = await asyncio.to_thread(
            run,
            "feed",
            "rotate-epoch",
            "--yes",
            "--restaurant",
            RIVAL.id,
            FYNLO_DATABASE_URL=house.database_url,
        )
        assert rotated.returncode == 0, rotated.stderr
        restored, _ = await house.position(RIVAL.id)
        assert restored != epoch
        assert restored in rotated.stdout
        told = await screen.await_type("resync")
        assert told == {"type": "resync", "reason": "epoch_changed", "seq": seq - 3, "epoch": restored}
        await write(house, 1, RIVAL.id)
        event = await screen.await_type("order.created")
        assert (event["prev_seq"], event["seq"]) == (seq - 3, seq - 2)
        assert await other.head() == others
        assert "resync" not in other.types()
    await resynced(house, "epoch_changed", RIVAL.id, last_seq=seq, epoch=epoch)
    back = await come_back(house, RIVAL.id, last_seq=seq - 3, epoch=restored)
    assert back.heard[0]["recovered"]
    assert (await come_back(house, last_seq=others[1], epoch=others[0])).heard[0]["recovered"]


async def test_a_process_is_told_of_a_new_epoch_and_does_not_wait_for_its_poll(
    seeded_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "POLL_S", 3_600.0)
    begun: list[Room] = []
    async with open_hub(seeded_url, on_reset=begun.append) as (hub, _):
        other, room = await hub.room(PIZZERIA.id), await hub.room(RIVAL.id)
        before, untouched = room.epoch, other.epoch
        async with await AsyncConnection.connect(seeded_url, autocommit=True) as conn:
            # The control: without a word nobody looks.
            await conn.execute(
                "update feed_heads set epoch = fynlo.uuid7() where restaurant_id = %s", (RIVAL.id,)
            )
            with pytest.raises(TimeoutError):
                await eventually(lambda: room.epoch != before, within_s=1.5)
            (rotated,) = await rotate_epochs(conn, RIVAL.id)
        await eventually(lambda: room.epoch == rotated.epoch)
        assert other.epoch == untouched
        assert begun == [other, room, room]
