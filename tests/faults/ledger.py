"""What tills were told of their sales, and whether the database has just that: all of it, once, and in itself right."""

from collections import defaultdict
from typing import Any, NamedTuple
from uuid import uuid4

from fynlo.demo.data import PIZZERIA
from tests.live.house import Json

Row = tuple[Any, ...]

ORDERS = """
select notes, id::text, number, business_date::text, version, status, payment_status, subtotal, total, paid, tips,
       refunded
  from orders where notes like %s"""
LINES = """
select notes, id::text, order_id::text, quantity, status, total from order_items where notes like %s"""
PAYMENTS = """
select reference, id::text, order_id::text, method, state, amount, tip, tendered
  from payments where reference like %s"""
REFUNDS = """
select reason, id::text, payment_id::text, amount, tip from refunds where reason like %s"""

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
    "payments": """
select 'order ' || o.id from orders o where o.restaurant_id = %(place)s and (o.paid, o.tips) <> (
  select coalesce(sum(p.amount - p.unapplied), 0), coalesce(sum(p.tip), 0) from payments p
   where p.restaurant_id = o.restaurant_id and p.order_id = o.id and p.state = 'captured')""",
    "refunds": """
select 'order ' || o.id from orders o where o.restaurant_id = %(place)s and o.refunded <> (
  select coalesce(sum(f.amount), 0) from refunds f
   where f.restaurant_id = o.restaurant_id and f.order_id = o.id)""",
    "events of payments": """
with money as (
  select id from payments where restaurant_id = %(place)s and state = 'captured'
  union all
  select id from refunds where restaurant_id = %(place)s
), told as (
  select e.entity_id as id, count(*) as times from order_events e
   where e.restaurant_id = %(place)s and e.type in ('payment.completed', 'payment.refunded')
   group by e.entity_id)
select 'payment or refund ' || id from money full join told using (id)
 where money.id is null or told.times is distinct from 1""",
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
"""What holds of a restaurant without discounts, surplus and voids, whatever was acknowledged."""


class Problem(NamedTuple):
    """`kind`: lost, twice, other than told, untold; or the rule that is broken."""

    kind: str
    what: str


class Ledger:
    """What was acknowledged. Each order, line, payment and refund bears a mark that begins with `run`."""

    def __init__(self) -> None:
        self.run = uuid4().hex
        self.orders: dict[str, Row] = {}
        self.lines: dict[str, Row] = {}
        self.payments: dict[str, Row] = {}
        self.refunds: dict[str, Row] = {}

    @property
    def figures(self) -> str:
        """How much was acknowledged."""
        return (
            f"{len(self.orders)} orders, {len(self.lines)} lines, {len(self.payments)} payments,"
            f" {len(self.refunds)} refunds"
        )

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
        return self.changed(answer)

    def paid(self, answer: Json, payment: Json) -> Json:
        """A payment was made; returns its order."""
        assert (answer["amount"], answer["method"]) == (payment["amount"], payment["method"])
        self.payments[payment["reference"]] = (
            answer["id"],
            answer["order_id"],
            answer["method"],
            answer["state"],
            answer["amount"],
            answer["tip"],
            payment.get("tendered"),
        )
        return self.changed(answer["order"])

    def refunded(self, answer: Json, refund: Json) -> Json:
        """Money was given back; returns the order."""
        assert answer["amount"] == refund["amount"]
        self.refunds[refund["reason"]] = (
            answer["id"],
            answer["payment_id"],
            answer["amount"],
            answer["tip"],
        )
        return self.changed(answer["order"])

    def changed(self, order: Json) -> Json:
        """An order was answered, as it is now; returns it."""
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
            totals["tips"],
            totals["refunded"],
        )
        return order

    async def judge(self, conn: Any) -> list[Problem]:
        """What a database has otherwise than was told, or that does not fit together. `conn` is a superuser's."""
        problems = []
        for what, query, told in (
            ("order", ORDERS, self.orders),
            ("line", LINES, self.lines),
            ("payment", PAYMENTS, self.payments),
            ("refund", REFUNDS, self.refunds),
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
