"""Who notifies: the commit itself, or whoever announces it afterwards."""

import asyncio
from uuid import UUID, uuid4

import pytest
from psycopg import Notify

from fynlo.db.pool import Connection
from fynlo.db.queries import queries
from fynlo.demo.data import PIZZERIA
from fynlo.errors import NotFound, Unavailable
from fynlo.http import Reply
from fynlo.orders.models import NewOrder
from fynlo.orders.work import create
from fynlo.tenancy import Once, Tenant, Work, once

from .till import Till, connect, inside, plain_line, value

PLACE = PIZZERIA.id
INSERT = "insert into orders (restaurant_id) values (%s)"
END = "select pg_notify('fynlo_feed', 'end')"


async def hints(url: str, listening: Connection) -> list[Notify]:
    """What has been told so far, on either channel."""
    async with await connect(url) as conn:
        await conn.execute(END)
    heard: list[Notify] = []
    async with asyncio.timeout(10):
        async for notification in listening.notifies():
            if notification.payload == "end":
                return heard
            heard.append(notification)
    raise AssertionError("unreachable")


async def listen(url: str) -> Connection:
    conn = await connect(url)
    await conn.execute("listen fynlo_feed")
    await conn.execute("listen fynlo_control")
    return conn


async def test_a_transaction_that_is_announced_notifies_nobody(seeded_url: str) -> None:
    told: list[UUID] = []
    async with (
        await listen(seeded_url) as listening,
        Till.at(seeded_url, announce=told.append) as till,
        Till.at(seeded_url) as plain,
    ):
        order = await till.order(plain_line())
        await till.move(await till.add(order, plain_line()), "preparing")
        assert told == [PLACE] * 3
        assert await hints(seeded_url, listening) == []
        await plain.order(plain_line())
        assert [hint.payload for hint in await hints(seeded_url, listening)] == [str(PLACE)]
        async with await connect(seeded_url) as psql:
            assert await value(psql, "select count(*) from order_events where type like 'order.%'") == 4


async def test_the_next_transaction_of_its_connection_notifies_again(seeded_url: str) -> None:
    async with (
        await listen(seeded_url) as listening,
        Till.at(seeded_url, size=1, announce=lambda _: None) as till,
    ):
        await till.order(plain_line())
        async with till.pool.connection() as conn:
            pid = conn.info.backend_pid
            async with inside(conn, PLACE):
                await conn.execute(
                    "insert into orders (restaurant_id, currency) values (%s, 'GBP')", (PLACE,)
                )
        await till.order(plain_line())
        assert [hint.pid for hint in await hints(seeded_url, listening)] == [pid]


async def test_psql_may_switch_it_off_for_a_transaction(seeded_url: str) -> None:
    async with await listen(seeded_url) as listening, await connect(seeded_url) as psql:
        async with psql.transaction():
            await psql.execute("set local app.notify = 'off'")
            await psql.execute(INSERT, (PLACE,))
        assert await hints(seeded_url, listening) == []
        assert await value(psql, "select current_setting('app.notify', true)") == ""
        await psql.execute(INSERT, (PLACE,))
        assert [hint.pid for hint in await hints(seeded_url, listening)] == [psql.info.backend_pid]


async def test_sessions_are_told_of_in_announced_transactions_too(seeded_url: str) -> None:
    session = uuid4()

    async def work(tenant: Tenant) -> Reply:
        await tenant.conn.execute("update sessions set revoked_at = now() where id = %s", (session,))
        return Reply(200, b"{}", {})

    async with await listen(seeded_url) as listening, await connect(seeded_url) as psql:
        await psql.execute(
            "insert into sessions (id, user_id) values (%s, %s)", (session, PIZZERIA.memberships[0].person.id)
        )
        async with Till.at(seeded_url, announce=lambda _: None) as till:
            await once(
                till.pool, till.context, "orders.write", Once("POST", "/", None, b""), work,
                restaurant_id=PLACE, announce=till.announce,
            )  # fmt: skip
        assert [hint.payload for hint in await hints(seeded_url, listening)] == [f"session:{session}"]


async def test_what_is_rolled_back_refused_or_answered_before_is_not_announced(seeded_url: str) -> None:
    told: list[UUID] = []

    async def work(tenant: Tenant) -> Reply:
        return await create(tenant, NewOrder(restaurant_id=PLACE, items=(plain_line(),)), b"")

    async def fail(tenant: Tenant) -> Reply:
        await work(tenant)
        raise NotFound("It is gone.")

    async with Till.at(seeded_url, announce=told.append) as till:

        async def do(work: Work, place: UUID = PLACE, refused: NotFound | None = None) -> Reply:
            return await once(
                till.pool, till.context, "orders.write", Once("POST", "/", "key", b""), work,
                restaurant_id=place, refused=refused, announce=told.append,
            )  # fmt: skip

        for failing in (do(fail), do(work, refused=NotFound("No.")), do(work, place=uuid4())):
            with pytest.raises(NotFound):
                await failing
        assert told == []
        await do(work)
        await do(work)  # a replay
        assert told == [PLACE]


async def test_a_commit_whose_answer_is_lost_is_announced(seeded_url: str) -> None:
    told: list[UUID] = []
    async with Till.at(seeded_url) as till, await connect(seeded_url) as psql:

        async def work(tenant: Tenant) -> Reply:
            reply = await create(tenant, NewOrder(restaurant_id=PLACE, items=(plain_line(),)), b"")
            await psql.execute("select pg_terminate_backend(%s)", (tenant.conn.info.backend_pid,))
            return reply

        with pytest.raises(Unavailable):
            await once(
                till.pool, till.context, "orders.write", Once("POST", "/", None, b""), work,
                restaurant_id=PLACE, announce=told.append,
            )  # fmt: skip
        assert told == [PLACE]


async def test_the_announcement_is_a_notification_as_the_trigger_sends_it(seeded_url: str) -> None:
    async with await listen(seeded_url) as listening, await connect(seeded_url, "fynlo_app") as app:
        await app.execute(queries("feed")["notify"], {"restaurants": [PLACE, PLACE, uuid4()]})
        heard = await hints(seeded_url, listening)
    assert [(hint.channel, hint.payload) for hint in heard][:1] == [("fynlo_feed", str(PLACE))]
    assert len(heard) == 2


async def test_a_setting_of_another_kind_switches_nothing_off(seeded_url: str) -> None:
    async with await listen(seeded_url) as listening, await connect(seeded_url) as psql:
        for setting in ("on", "", "OFF", "nonsense"):
            async with psql.transaction():
                await psql.execute("select set_config('app.notify', %s, true)", (setting,))
                await psql.execute(INSERT, (PLACE,))
        assert len(await hints(seeded_url, listening)) == 4
