"""What tills were told of their sales, and whether the database has just that: all of it, once, and in itself right."""

from collections import defaultdict
from typing import Any, NamedTuple
from uuid import uuid4

from fynlo.demo.data import PIZZERIA
from tests.live.house import Json

Row = tuple[Any, ...]

ORDERS = """
select notes, id::text, number, business_date::text, version, status, payment_status, subtotal, total, paid
  from orders where notes like %s"""
LINES = """
select notes, id::text, order_id::text, quantity, status, total from order_items where notes like %s"""

RULES = {
    "numbers": """
select 'the numbers of ' || business_date from orders where restaurant_id = %(place)s
 group by business_date
having (min(number), max(number), count(distinct number)) <> (1, count(*), count(*))
union all
select 'the counter of ' || c.business_date from day_counters c
 where c.restaurant_id = %(place)s and c.last_number <> (
   select count(*) from orders o
    where o.restaurant_id = c.restaurant_id and o.business_date = c.business_date)""",
    "lines": """
select 'order ' || o.id from orders o where o.restaurant_id = %(place)s and o.subtotal <> (
  select coalesce(sum(i.total), 0) from order_items i
   where i.restaurant_id = o.restaurant_id and i.order_id = o.id and i.status <> 'voided')""",
    "log": """
select format('%%s events up to %%s, the head is %%s', count(*), max(e.seq), h.seq)
  from feed_heads h join order_events e using (restaurant_id)
 where restaurant_id = %(place)s group by h.seq
having (count(*), count(distinct e.seq), max(e.seq)) <> (h.seq, h.seq, h.seq)""",
    "versions": """
with last as (
  select distinct on (e.entity_id) e.entity_id as id, (e.data #>> '{order,version}')::bigint as version
    from order_events e where e.restaurant_id = %(place)s and e.type like 'order.%%'
   order by e.entity_id, e.seq desc)
select 'order ' || o.id from orders o left join last using (id)
 where o.restaurant_id = %(place)s and last.version is distinct from o.version""",
}
"""What holds of a restaurant without discounts, whatever was acknowledged; each finds who breaks it."""


class Problem(NamedTuple):
    """`kind`: lost, twice, other than told, untold; or the rule that is broken."""

    kind: str
    what: str


class Ledger:
    """What was acknowledged. Each order and line bears a mark that begins with `run`, and no other like it."""

    def __init__(self) -> None:
        self.run = uuid4().hex
        self.orders: dict[str, Row] = {}
        self.lines: dict[str, Row] = {}

    @property
    def figures(self) -> str:
        """How much was acknowledged."""
        return f"{len(self.orders)} orders, {len(self.lines)} lines"

    def order(self, answer: Json, tag: str, lines: list[Json]) -> Json:
        """An order was made; returns it."""
        assert answer["notes"] == tag
        return self.more(answer, lines)

    def more(self, answer: Json, lines: list[Json]) -> Json:
        """An order was answered that has these lines; returns it."""
        for line in lines:
            told = next(item for item in answer["items"] if item["notes"] == line["notes"])
            assert told["quantity"] == line["quantity"]
            self.lines[line["notes"]] = (
                told["id"],
                answer["id"],
                told["quantity"],
                told["status"],
                told["total"],
            )
        return self._told(answer)

    def _told(self, order: Json) -> Json:
        totals = order["totals"]
        self.orders[order["notes"]] = (
            order["id"],
            order["number"],
            order["business_date"],
            order["version"],
            order["status"],
            order["payment_status"],
            totals["subtotal"],
            totals["total"],
            totals["paid"],
        )
        return order

    async def judge(self, conn: Any) -> list[Problem]:
        """What a database has otherwise than was told, or that does not fit together. `conn` is a superuser's."""
        problems = []
        for what, query, told in (
            ("order", ORDERS, self.orders),
            ("line", LINES, self.lines),
        ):
            found: defaultdict[str, list[Row]] = defaultdict(list)
            for tag, *row in await (await conn.execute(query, (f"{self.run}/%",))).fetchall():
                found[tag].append(tuple(row))
            for tag in found.keys() | told.keys():
                kind = _kind(told.get(tag), found[tag])
                if kind is not None:
                    problems.append(Problem(kind, f"{what} {told.get(tag)}: {found[tag]}"))
        for rule, query in RULES.items():
            broken = await (await conn.execute(query, {"place": PIZZERIA.id})).fetchall()
            problems += [Problem(rule, what) for (what,) in broken]
        return problems


def _kind(told: Row | None, found: list[Row]) -> str | None:
    match found:
        case []:
            return "lost"
        case [row] if told is None:
            return "untold"
        case [row]:
            return None if row == told else "other than told"
        case _:
            return "twice"
