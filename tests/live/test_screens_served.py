"""Screens at real servers, two processes and three workers on one Postgres, as health and `fynlo feed` show them."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from fynlo.demo.data import PIZZERIA
from tests.commands.command import run

from .house import COOK, House, Json, Screen, eventually, open_house

ENVIRONMENT: dict[str, Any] = {"FYNLO_SCREENS_REFRESH_S": "1", "FYNLO_STALE_SCREEN_S": "3"}


@pytest.fixture(scope="module")
async def other(house: House) -> AsyncIterator[House]:
    """The same restaurant, served by two workers of another server."""
    async with open_house(house.database_url, FYNLO_WORKERS="2", **ENVIRONMENT) as other:
        yield other


async def health(house: House) -> Json:
    found: Json = (await house.rest.get(house.server.url + "/health/websocket")).json()
    assert found["status"] == "healthy"
    return found


async def shown(house: House, screen: Screen) -> Json | None:
    """How health shows this screen."""
    name = screen.heard[0]["connection_id"]
    rows = (await health(house))["screens"]["worst"]
    return next((row for row in rows if row["connection_id"] == name), None)


async def status(house: House) -> dict[str, Json]:
    """The screens as `fynlo feed status` shows them, by connection."""
    done = await asyncio.to_thread(
        run, "feed", "status", "--json", "--restaurant", PIZZERIA.id, FYNLO_DATABASE_URL=house.database_url
    )
    assert done.returncode == 0, done.stderr
    return {row["connection_id"]: row for row in json.loads(done.stdout)["screens"]}


async def acknowledge(screen: Screen, order: Json) -> None:
    event = await screen.await_order(order["id"])
    await screen.say("ack", seq=event["seq"])


def told(house: House, screen: Screen) -> list[Any]:
    """What the log says of this screen."""
    name = screen.heard[0]["connection_id"]
    lines = [json.loads(line) for line in house.server.log.splitlines() if line.startswith("{")]
    return [line["event"] for line in lines if line.get("connection_id") == name]


async def test_a_screen_that_stops_acknowledging_is_stale_until_it_acknowledges_and_others_are_not(
    house: House, other: House
) -> None:
    async with (
        house.screen() as stops,
        house.screen(COOK, kind="kitchen") as goes_on,
        other.screen() as elsewhere,
        other.screen() as never,
    ):
        order = await house.order()
        for screen in (stops, goes_on, elsewhere):
            await acknowledge(screen, order)
        await never.await_order(order["id"])

        def current(row: Json | None) -> bool:
            return row is not None and row["lag_events"] == 0 and row["lag_s"] == 0 and not row["stale"]

        for at in (house, other):
            for screen in (stops, goes_on, elsewhere):
                await eventually(lambda at=at, screen=screen: _holds(at, screen, current))  # type: ignore[misc]
            row = await eventually(lambda at=at: shown(at, never))  # type: ignore[misc]
            assert (row["lag_events"], row["lag_s"], row["acknowledged_at"]) == (None, None, None)

        # events come; one screen shows nothing any more, though its heart beats
        for _ in range(3):
            order = await house.order()
            for screen in (goes_on, elsewhere):
                await acknowledge(screen, order)
            await stops.say("ping")

        def stale(row: Json | None) -> bool:
            return row is not None and row["stale"] and row["lag_events"] == 3 and row["lag_s"] > 3

        for at in (house, other):
            await eventually(lambda at=at: _holds(at, stops, stale))  # type: ignore[misc]
            for screen in (goes_on, elsewhere):
                assert await _holds(at, screen, current)
            said = (await health(at))["screens"]
            assert (said["of"], said["stale"], said["untracked"]) == ("all processes", 1, 1)
            assert said["tracked"] == 3
            assert said["worst"][0]["connection_id"] == stops.heard[0]["connection_id"]
            assert said["lag_s_max"] > 3
        rows = await status(house)
        row = rows[stops.heard[0]["connection_id"]]
        assert (row["stale"], row["waiting"], row["kind"], row["who"], row["restaurant"]) == (
            True, 3, "pos", "owner@demo.fynlo.test", PIZZERIA.name,
        )  # fmt: skip
        assert next(iter(rows)) == row["connection_id"], "stale ones first"
        assert [row["stale"] for row in rows.values()] == [True, False, False, False]
        assert rows[never.heard[0]["connection_id"]]["acknowledged_seq"] is None
        metrics = (await house.rest.get(house.server.url + "/metrics")).text
        assert "fynlo_screens_stale 1.0" in metrics

        # what it was never sent, what is over, and nonsense acknowledge nothing
        head = (await stops.await_order(order["id"]))["seq"]
        for seq in (head + 1, head - 3, 0, -1, 2**62):
            await stops.say("ack", seq=seq)
        await stops.head()
        assert await _holds(house, stops, stale)
        await stops.say("ack", seq=head)
        for at in (house, other):
            await eventually(lambda at=at: _holds(at, stops, current))  # type: ignore[misc]
        await eventually(lambda: told(house, stops) == ["screen_stale", "screen_recovered"])
        assert told(house, goes_on) == []

    async def gone() -> bool:
        found = [(await health(at))["screens"] for at in (house, other)]
        return all(said["tracked"] == said["untracked"] == 0 and said["worst"] == [] for said in found)

    await eventually(gone)
    assert await status(house) == {}


async def _holds(house: House, screen: Screen, condition: Any) -> bool:
    return bool(condition(await shown(house, screen)))


async def test_every_worker_shows_the_screens_of_all(house: House, other: House) -> None:
    async with other.screen(), other.screen(), other.screen(), other.screen(), house.screen():
        async with house.psql() as conn:

            async def all_told() -> bool:
                found = await conn.execute("select count(*) from screens")
                return await found.fetchone() == (5,)

            await eventually(all_told)
        for at in (house, *[other] * 10):  # whichever of its workers answers, once it has looked

            async def told(at: House = at) -> bool:
                async with House(at.server, at.database_url).rest as rest:
                    said = (await rest.get(at.server.url + "/health/websocket")).json()["screens"]
                return (said["of"], said["untracked"], len(said["worst"])) == ("all processes", 5, 5)

            await eventually(told)


async def test_the_screens_of_a_killed_process_go_with_its_lease(house: House) -> None:
    async with (
        open_house(house.database_url, **ENVIRONMENT) as doomed,
        house.screen() as stays,
        doomed.screen() as goes,
        house.psql() as conn,
    ):
        for screen in (stays, goes):
            await eventually(lambda screen=screen: shown(house, screen))  # type: ignore[misc]
        found = await conn.execute(
            "select p.id from screens s join fynlo.processes p on p.id = s.process_id where connection_id = %s",
            (goes.heard[0]["connection_id"],),
        )
        (process,) = await found.fetchall()
        await asyncio.to_thread(doomed.server.kill)
        assert await goes.await_close() is None
        assert await shown(house, goes), "nobody has said that it is dead"
        await conn.execute("update fynlo.processes set leased_until = now() where id = %s", process)

        async def vanished() -> bool:
            return await shown(house, goes) is None

        await eventually(vanished)
        assert await shown(house, stays)

        async def swept() -> bool:
            found = await conn.execute("select count(*) from fynlo.processes where id = %s", process)
            return await found.fetchone() == (0,)

        await eventually(swept)


async def test_an_acknowledgement_is_measured_from_the_commit_to_when_it_was_shown(house: House) -> None:
    async def measured() -> dict[str, float]:
        text = (await house.rest.get(house.server.url + "/metrics")).text
        pairs = (line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("fynlo_feed_commit_to"))
        return {name.removeprefix("fynlo_feed_commit_to_"): float(value) for name, value in pairs}

    async with house.screen() as first:
        before = await measured()
        order = await house.order()
        event = await first.await_order(order["id"])
        # the client has held it back for an hour: less than nothing is nothing
        await first.say("ack", seq=event["seq"], held_ms=3_600_000)
        epoch, seq = await first.head()
        after = await measured()
        name = 'screen_seconds_{}{{replayed="no"}}'
        assert after[name.format("count")] == before[name.format("count")] + 1
        assert after[name.format("sum")] == before[name.format("sum")]
        assert after["send_seconds_count"] == before["send_seconds_count"] + 1, "once, not once a screen"

    async with house.screen() as witness:  # while the first is away
        order = await house.order()
        await witness.await_order(order["id"])
    async with house.screen(last_seq=seq, epoch=epoch) as again:
        before = await measured()
        event = await again.await_order(order["id"])
        await again.say("ack", seq=seq)  # what it had before is not shown now
        await again.say("ack", seq=event["seq"])
        await again.head()
        after = await measured()
        assert after[name.format("count")] == before[name.format("count")]
        replayed = 'screen_seconds_count{replayed="yes"}'
        assert after[replayed] == before[replayed] + 1
        assert after["send_seconds_count"] == before["send_seconds_count"], "a replay is no sending"


async def test_an_event_that_nobody_watches_is_not_counted_as_sent(house: House) -> None:
    async def sent() -> float:
        text = (await house.rest.get(house.server.url + "/metrics")).text
        (line,) = [x for x in text.splitlines() if x.startswith("fynlo_feed_commit_to_send_seconds_count")]
        return float(line.split()[-1])

    async def applied() -> str:
        """How far this process has applied the feed, which it follows for its menus as well."""
        headers = (await house.session()).headers
        answer = await house.rest.get("/menu", params={"restaurant_id": str(PIZZERIA.id)}, headers=headers)
        return answer.headers["fynlo-feed"].partition(":")[2]

    await applied()
    before = await sent()
    await house.order()

    async def caught_up() -> bool:
        return await applied() == str((await house.position())[1])

    await eventually(caught_up)
    async with house.screen() as screen:
        order = await house.order()
        await screen.await_order(order["id"])
        assert await sent() == before + 1


async def test_the_sockets_of_a_killed_worker_are_counted_no_more(other: House) -> None:
    active = (await health(other))["active_connections"]
    async with AsyncExitStack() as open_screens, other.psql() as conn:
        screens = [await open_screens.enter_async_context(other.screen()) for _ in range(4)]
        names = [screen.heard[0]["connection_id"] for screen in screens]
        by_worker = (
            "select p.pid, count(*) from screens s join fynlo.processes p on p.id = s.process_id"
            " where connection_id = any (%s::uuid[]) group by pid order by 2 desc"
        )

        async def all_told() -> list[tuple[int, int]] | None:
            found = await (await conn.execute(by_worker, (names,))).fetchall()
            return found if sum(count for _, count in found) == len(names) else None

        (pid, count), *_ = await eventually(all_told)
        assert (await health(other))["active_connections"] == active + 4, "the control"
        os.kill(pid, signal.SIGKILL)

        async def counted() -> bool:
            with contextlib.suppress(httpx.TransportError):  # the killed one had this connection, too
                return bool((await health(other))["active_connections"] == active + 4 - count)
            return False

        await eventually(counted)
