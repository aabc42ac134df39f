"""Many writers at once: the log has no hole, a reader that follows it misses nothing, no number is lost."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from fynlo.db.pool import Connection
from fynlo.demo.data import PIZZERIA

from .till import connect, rows, value

PLACE = PIZZERIA.id
WRITERS = 20
EACH = 12
SHORTLY = "select pg_sleep(%s)"


class Follower:
    """Reads a table behind the highest position that it has seen, again and again: what a screen does."""

    def __init__(self, conn: Connection, table: str, position: str) -> None:
        self._conn = conn
        self._query = (
            f"select {position} from {table} where {position} > %s and restaurant_id = %s order by {position}"
        )
        self._all = f"select {position} from {table} where restaurant_id = %s order by {position}"
        self.seen: list[int] = []

    async def read(self) -> None:
        last = self.seen[-1] if self.seen else 0
        self.seen += [seq for (seq,) in await rows(self._conn, self._query, last, PLACE)]

    async def missed(self) -> set[int]:
        """What stands in the table and was never seen."""
        await self.read()
        return {seq for (seq,) in await rows(self._conn, self._all, PLACE)} - set(self.seen)

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        done = False

        async def follow() -> None:
            while not done:
                await self.read()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follow())
            try:
                yield
            finally:
                done = True


async def make_naive_log(conn: Connection) -> None:
    """What the log would be with a sequence for a cursor: a row as the change happens, numbered at once."""
    await conn.execute(
        """
        create table naive_log (restaurant_id uuid, seq bigserial);
        create function naive() returns trigger language plpgsql security definer as $$
          begin insert into public.naive_log (restaurant_id) values (new.restaurant_id); return null; end $$;
        create trigger naive after insert on orders for each row execute function naive();
        """
    )


async def write(url: str, chance: random.Random) -> int:
    """A writer: some orders, a third of them rolled back, all of them taking their time. How many it kept."""
    kept = 0
    async with await connect(url) as conn:
        for _ in range(EACH):
            back = chance.random() < 1 / 3
            async with conn.transaction(force_rollback=back):
                if chance.random() < 0.5:
                    await conn.execute(SHORTLY, (chance.random() / 200,))
                # of a day of its own half the time: the day's counter makes orders of one day take turns
                await conn.execute(
                    "insert into orders (restaurant_id, placed_at) values (%s, now() - make_interval(days => %s))",
                    (PLACE, chance.choice((0, chance.randrange(1, 60)))),
                )
                await conn.execute(SHORTLY, (chance.random() / 100,))
            kept += not back
    return kept


async def test_twenty_writers_leave_no_hole_and_a_follower_misses_nothing(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn, await connect(seeded_url) as other:
        await make_naive_log(conn)
        start = await value(conn, "select seq from feed_heads where restaurant_id = %s", PLACE)
        log, naive = Follower(conn, "order_events", "seq"), Follower(other, "naive_log", "seq")
        async with log.following(), naive.following():
            kept = await asyncio.gather(*(write(seeded_url, random.Random(seed)) for seed in range(WRITERS)))
        assert await log.missed() == set()
        assert log.seen == list(range(1, start + sum(kept) + 1))
        days = await rows(conn, "select array_agg(number order by number) from orders group by business_date")
        assert all(numbers == list(range(1, len(numbers) + 1)) for (numbers,) in days)
        assert sum(len(numbers) for (numbers,) in days) == sum(kept)
        # the control: the same follower, over a cursor that is given out before the commit
        assert len(await naive.missed()) > 0


async def test_who_commits_first_comes_first(seeded_url: str) -> None:
    """The same with two writers and no chance in it: the first to begin is the last to commit."""
    insert = "insert into orders (restaurant_id, business_date) values (%s, %s)"
    async with (
        await connect(seeded_url) as slow,
        await connect(seeded_url) as quick,
        await connect(seeded_url) as conn,
    ):
        await make_naive_log(conn)
        log, naive = Follower(conn, "order_events", "seq"), Follower(conn, "naive_log", "seq")
        await log.read()
        start = len(log.seen)
        async with slow.transaction():
            await slow.execute(insert, (PLACE, "2026-01-01"))
            await quick.execute(insert, (PLACE, "2026-01-02"))
            await log.read()
            await naive.read()
        assert await log.missed() == set()
        assert log.seen[start:] == [start + 1, start + 2]
        assert await naive.missed() == {1}


async def test_fifty_orders_at_once_are_numbered_one_to_fifty(seeded_url: str) -> None:
    async def order() -> int:
        async with await connect(seeded_url, "fynlo_app") as conn, conn.transaction():
            await conn.execute("select set_config('app.restaurant_id', %s, true)", (str(PLACE),))
            number: int = await value(
                conn, "insert into orders (restaurant_id) values (%s) returning number", PLACE
            )
            return number

    numbers = await asyncio.gather(*(order() for _ in range(50)))
    assert sorted(numbers) == list(range(1, 51))


async def test_a_number_that_was_given_moves_the_counter_up_to_it(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn:
        given = "insert into orders (restaurant_id, business_date, number) values (%s, '2026-01-01', %s)"
        next_one = (
            "insert into orders (restaurant_id, business_date) values (%s, '2026-01-01') returning number"
        )
        await conn.execute(given, (PLACE, 7))
        assert await value(conn, next_one, PLACE) == 8
        await conn.execute(given, (PLACE, 3))
        assert await value(conn, next_one, PLACE) == 9
        with pytest.raises(psycopg.errors.UniqueViolation):
            await conn.execute(given, (PLACE, 8))


async def test_a_retried_number_is_not_skipped(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn:
        insert = "insert into orders (restaurant_id) values (%s) returning number"
        async with conn.transaction(force_rollback=True):
            assert await value(conn, insert, PLACE) == 1
        assert await value(conn, insert, PLACE) == 1
