"""What was acknowledged, order, payment or refund, is there and there once, whatever was killed with -9 meanwhile."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator
from random import randint, random

import psycopg
import pytest

from fynlo.db.migrations import apply
from fynlo.demo.seed import seed
from tests.cluster import own_postgres
from tests.live.house import open_house

from .broken import LATE
from .chaos import roll_dice
from .crash import PEOPLE, Kill, Machine, Tills, kill_postgres
from .ledger import Problem

TILLS = 6
ALTERNATELY: tuple[Kill, ...] = ("server", "postgres", "both")

LAZY = {"wal_writer_delay": "10s", "wal_writer_flush_after": "1GB", "bgwriter_lru_maxpages": "0"}
"""Nobody writes the log before the commit that needs it."""


@pytest.fixture(scope="module")
async def machine() -> AsyncIterator[Machine]:
    """As in production, but that all depends on the commits; many a one is made and not told yet at a kill."""
    with own_postgres(settings=LAZY) as postgres:
        await apply(postgres.url())
        async with await psycopg.AsyncConnection.connect(postgres.url(), autocommit=True) as conn:
            await seed(conn)
        async with open_house(postgres.url(), patched=LATE) as house:
            for email in PEOPLE:
                await house.session(email)
            yield Machine(house, postgres)


async def survive(machine: Machine, *kills: Kill, most: int) -> Tills:
    """Tills sell through these kills, each at a random moment; then the database is judged.

    At `most` so many requests are acknowledged between two. Forgetful tills make some orders twice meanwhile.
    """
    tills, forgetful = Tills(machine.house, TILLS), Tills(machine.house, TILLS, forgetful=True)
    recoveries = machine.recoveries
    try:
        for kill in kills:
            await tills.reach(randint(10, most))
            await asyncio.sleep(random() * 0.05)
            unanswered = tills.unanswered
            await machine.kill(kill)
            await tills.reach(1)
            assert tills.unanswered > unanswered, f"nobody has noticed that {kill} was killed"
        async with machine.house.psql() as conn:
            while not tills.repeated or "twice" not in kinds(await forgetful.ledger.judge(conn)):
                await machine.kill("server")
                await tills.reach(20)
        await tills.end()
        await forgetful.end()
    finally:
        await tills.leave()
        await forgetful.leave()
    assert machine.recoveries - recoveries == sum(kill != "server" for kill in kills)
    async with machine.house.psql() as conn:
        assert await tills.ledger.judge(conn) == []
    await tills.again(20)
    return tills


def kinds(problems: list[Problem]) -> Counter[str]:
    return Counter(problem.kind for problem in problems)


async def test_what_was_acknowledged_is_there_once_though_postgres_and_the_server_were_killed(
    machine: Machine,
) -> None:
    roll_dice()
    await survive(machine, "postgres", "both", most=30)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_what_was_acknowledged_is_there_once_after_two_dozen_kills(machine: Machine) -> None:
    roll_dice()
    began = time.monotonic()
    kills = list(itertools.islice(itertools.cycle(ALTERNATELY), 24))
    tills = await survive(machine, *kills, most=200)
    print(
        f"{Counter(kills)} in {time.monotonic() - began:.0f} s: {tills.tries} requests,"
        f" {tills.unanswered} without an answer, {len(tills.sent)} acknowledged, {tills.repeated} of them done"
        f" before; {tills.ledger.figures}"
    )


SPOILT = {
    "lost": "delete from orders where id = %(id)s",
    "other than told": "update orders set total = total + 1 where id = %(id)s",
    "twice": """
insert into orders select (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid(), 'number', 9999))).*
  from orders o where id = %(id)s""",
    "untold": "update orders set notes = notes || '!' where id = %(id)s",
    "numbers": "update orders set number = 9999 where id = %(id)s",
    "lines": "update orders set subtotal = subtotal + 1 where id = %(id)s",
    "payments": "update payments set amount = amount - 1 where order_id = %(id)s",
    "refunds": "delete from refunds where order_id = %(id)s",
    "events of payments": """
update order_events set type = 'order.updated'
 where type = 'payment.refunded' and data #>> '{order,id}' = %(id)s""",
    "log": "delete from order_events where entity_id = %(id)s",
    "versions": "update orders set version = version + 1 where id = %(id)s",
}


async def test_a_database_that_was_spoilt_is_condemned(machine: Machine) -> None:
    tills = Tills(machine.house, TILLS)
    while not tills.ledger.refunds:
        await tills.reach(5)
    await tills.end()
    _, payment, *_ = next(iter(tills.ledger.refunds.values()))
    order = next(order for id, order, *_ in tills.ledger.payments.values() if id == payment)
    async with machine.house.psql() as dba:
        await dba.execute("set session_replication_role = replica")  # no trigger and no foreign key minds
        for kind, spoil in SPOILT.items():
            async with dba.transaction(force_rollback=True):
                assert (await dba.execute(spoil.encode(), {"id": order})).rowcount >= 1
                assert kind in kinds(await tills.ledger.judge(dba))
        assert await tills.ledger.judge(dba) == []


async def test_the_same_kill_loses_what_was_acknowledged_where_commits_wait_for_no_flush(
    machine: Machine,
) -> None:
    roll_dice()
    house = machine.house
    async with house.psql() as dba:
        await dba.execute("alter system set synchronous_commit = off")
        await dba.execute("select pg_reload_conf()")
    tills = Tills(house, TILLS)
    try:
        await tills.reach(100)
        ready = await house.rest.get(house.server.url + "/health/ready")
        assert "synchronous_commit" in ready.json()["checks"]["durability"]["detail"]
        await asyncio.to_thread(kill_postgres, machine.postgres)
    finally:
        await tills.leave()
        await asyncio.to_thread(machine.postgres.start)
    async with house.psql() as dba:
        await dba.execute("alter system reset synchronous_commit")
        await dba.execute("select pg_reload_conf()")
        problems = await tills.ledger.judge(dba)
    lost = Counter(problem.what.split()[0] for problem in problems if problem.kind == "lost")
    print(f"of {tills.ledger.figures} acknowledged, lost {dict(lost)}; {dict(kinds(problems))}")
    assert lost["order"], "no order was lost"
    assert lost["payment"], "no payment was lost"
    assert set(kinds(problems)) <= {"lost", "other than told", "untold"}, "what is left does not fit together"
