"""The months of the log: made ahead, and never in anybody's way."""

from fynlo.db.pool import Connection
from fynlo.db.sqlfiles import sql_directory
from fynlo.demo.data import PIZZERIA

from .till import application, connect, rows, value

MAKE = "select fynlo.make_event_partitions(%s)"


async def months(conn: Connection, ahead: int) -> list[str]:
    """The partitions of this month and those to come."""
    found = await rows(
        conn,
        "select to_char(date_trunc('month', now() at time zone 'UTC') + make_interval(months => n),"
        " '\"order_events_\"YYYY_MM') from generate_series(0, %s) n order by n",
        ahead,
    )
    return [name for (name,) in found]


async def test_the_coming_months_are_there_and_made_once(database_url: str) -> None:
    async with await application(database_url) as conn:
        expected = await months(conn, 5)
        assert await rows(conn, MAKE, 3) == []
        assert await rows(conn, MAKE, 5) == [(name,) for name in expected[4:]]
        assert await rows(conn, MAKE, 5) == []


async def test_an_event_stands_in_the_partition_of_its_month(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn:
        await conn.execute("insert into orders (restaurant_id) values (%s)", (PIZZERIA.id,))
        assert await rows(conn, "select distinct tableoid::regclass::text from order_events") == [
            (name,) for name in await months(conn, 0)
        ]


async def test_a_month_that_began_without_its_partition_stays_in_the_default_one(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn:
        expected = await months(conn, 6)
        await conn.execute(
            "insert into order_events (restaurant_id, seq, type, entity_id, data, created_at)"
            " values (%s, 0, 'x', %s, '{}', date_trunc('month', now()) + interval '5 months 1 day')",
            (PIZZERIA.id, PIZZERIA.id),
        )
        assert await rows(conn, MAKE, 6) == [(expected[4],), (expected[6],)]
        assert await rows(conn, MAKE, 6) == []
        assert await value(conn, "select count(*) from order_events_default") == 1


async def test_who_reads_the_log_for_long_is_not_waited_for(database_url: str) -> None:
    async with await application(database_url) as conn, await connect(database_url) as reader:
        async with reader.transaction():
            await reader.execute("select count(*) from order_events")
            assert await rows(conn, MAKE, 5) == []
        assert len(await rows(conn, MAKE, 5)) == 2


async def test_two_at_once_do_not_fail(database_url: str) -> None:
    async with (
        await application(database_url) as one,
        await application(database_url) as other,
        one.transaction(),
    ):
        assert len(await rows(one, MAKE, 5)) == 2
        assert await rows(other, MAKE, 5) == []


async def test_a_partition_is_read_through_the_log_only(database_url: str) -> None:
    async with await connect(database_url) as conn:
        for (made,) in await rows(conn, MAKE, 5):
            found = await rows(
                conn,
                "select relrowsecurity, relforcerowsecurity, has_table_privilege('fynlo_app', oid, 'select')"
                " from pg_class where relname = %s",
                made,
            )
            assert found == [(True, True, False)]


async def test_the_indexes_that_were_built_by_hand_are_taken_over(database_url: str) -> None:
    migration = (sql_directory() / "migrations/0017_log_index.sql").read_bytes()
    children = (
        "select i.inhrelid::regclass::text from pg_inherits i"
        " where i.inhparent = 'order_events_entity_idx'::regclass order by 1"
    )
    async with await connect(database_url) as conn:
        months = await rows(
            conn,
            "select inhrelid::regclass::text from pg_inherits where inhparent = 'order_events'::regclass",
        )
        await conn.execute("drop index order_events_entity_idx")
        for (name,) in months:
            build = f"create index concurrently {name}_entity_idx on {name} (restaurant_id, entity_id, seq)"
            await conn.execute(build.encode())
        async with conn.transaction():
            await conn.execute(migration)
        assert await rows(conn, children) == sorted((f"{name}_entity_idx",) for (name,) in months)
        assert await value(
            conn, "select indisvalid from pg_index where indexrelid = 'order_events_entity_idx'::regclass"
        )
