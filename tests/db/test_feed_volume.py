"""Transactions that change very much: each change costs what it costs alone."""

from uuid import UUID

from fynlo.db.pool import Connection
from fynlo.demo.data import PIZZERIA

from .till import connect, rows, value

PLACE = PIZZERIA.id


async def pages_read(conn: Connection) -> int:
    """How many pages of the notes have been read so far, by everybody."""
    async with conn.transaction():  # what this connection has counted is told when it is next idle
        await conn.execute("select pg_stat_force_next_flush()")
    found: int = await value(
        conn,
        "select heap_blks_hit + idx_blks_hit from pg_statio_all_tables where relid = 'fynlo.touched'::regclass",
    )
    return found


async def pages_an_order(conn: Connection, count: int) -> float:
    """The same for each of so many orders that are written at once."""
    before = await pages_read(conn)
    await conn.execute(
        "insert into orders (restaurant_id) select %s from generate_series(1, %s)", (PLACE, count)
    )
    return (await pages_read(conn) - before) / count


async def test_an_order_among_thousands_costs_what_it_costs_among_hundreds(seeded_url: str) -> None:
    async with await connect(seeded_url) as conn:
        few = await pages_an_order(conn, 250)
        many = await pages_an_order(conn, 4000)
    assert few > 0
    assert many < 2 * few


async def test_hundreds_of_restaurants_at_once_have_a_log_without_a_hole_each(database_url: str) -> None:
    each = 5
    async with await connect(database_url) as conn:
        await conn.execute(
            "insert into restaurants (name, currency) select 'Place ' || n, 'EUR' from generate_series(1, 300) n"
        )
        for _ in range(2):
            async with conn.transaction():
                await conn.execute(
                    "insert into orders (restaurant_id) select id from restaurants, generate_series(1, %s)",
                    (each,),
                )
                await conn.execute(
                    "insert into modifier_groups (restaurant_id, name) select id, 'x' from restaurants"
                )
        logs: list[tuple[UUID, list[int], list[str], int]] = await rows(
            conn,
            "select e.restaurant_id, array_agg(e.seq order by e.seq), array_agg(e.type order by e.seq), max(h.seq)"
            "  from order_events e join feed_heads h on h.restaurant_id = e.restaurant_id group by 1",
        )
        strangers = await value(
            conn,
            "select count(*) from order_events where data -> 'order' ->> 'restaurant_id' <> restaurant_id::text",
        )
    assert len(logs) == 300
    assert strangers == 0
    for _, seqs, types, head in logs:
        assert seqs == list(range(1, head + 1))
        assert sorted(types) == ["menu.updated"] * 2 + ["order.created"] * 2 * each
