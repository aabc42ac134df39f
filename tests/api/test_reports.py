"""Sales and VAT: every grouping adds up to the same, at every clock change, and a spreadsheet may open it."""

import csv
import io
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest
from msgspec import Struct
from psycopg.types.json import Jsonb

from fynlo.demo.data import PIZZERIA
from fynlo.orders.money import (
    Discount,
    PricedLine,
    ServiceCharge,
    TaxSettings,
    Totals,
    allocate,
    totals,
)
from fynlo.orders.refunding import Sale, reversed_sale, sale, together

from .house import Database, Json, Person, line, order, refused
from .money import paid, pay, refund, refunded

FRIES, BROCCOLI, COLA = "Skin-on fries", "Tenderstem broccoli", "Cola"
GROUPS = ("day", "hour", "product", "category", "staff")
ADDITIVE = (
    "items", "gross", "discount", "net", "service_charge", "tax", "total", "tips", "refunded_net", "refunded_tax",
    "refunded_total", "refunded_tips",
)  # fmt: skip


async def ask(
    by: Person, what: str, first: object, last: object, accept: str = "application/json", **fields: str
) -> httpx.Response:
    where = {"restaurant_id": str(by.place.id), "from": str(first), "to": str(last), **fields}
    return await by.client.get(f"/reports/{what}", params=where, headers={"accept": accept})


async def report(by: Person, what: str, first: date, last: date | None = None, **fields: str) -> Any:
    answer = await ask(by, what, first, last or first, **fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def sales(by: Person, first: date, last: date | None = None, group_by: str = "day") -> Any:
    found = await report(by, "sales", first, last, group_by=group_by)
    assert (found["report"], found["group_by"], found["currency"]) == ("sales", group_by, "GBP")
    return found


class Sold(Struct):
    """An order as it was written into the database."""

    id: UUID
    day: date
    products: list[UUID]
    quantities: list[int]
    result: Totals
    settings: TaxSettings
    gone: Sale = Sale()


class Books:
    """Orders, payments and refunds of past days, written by SQL with the sums that the application would write."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database = database
        self.random = random.Random(seed)
        self.place = PIZZERIA.id
        self.by = PIZZERIA.memberships[1].person.id

    def sell(self, day: date, at: datetime, status: str = "completed", lines: int | None = None) -> Sold:
        pick = self.random
        products = [
            pick.choice(PIZZERIA.products).id for _ in range(pick.randint(0, 4) if lines is None else lines)
        ]
        priced = [
            PricedLine(
                pick.choice((1, 3, 99, 450, 1_050)),
                pick.randint(1, 4),
                Decimal(pick.choice(("0", "5", "20", "9.75"))),
                discount=pick.choice((None, None, Discount(percentage=Decimal("12.5")), Discount(amount=7))),
            )
            for _ in products
        ]
        settings = TaxSettings(
            pick.random() < 0.6, pick.choice(("half_up", "half_even")), pick.choice(("bucket", "line"))
        )
        charge = pick.choice((None, None, ServiceCharge(Decimal("12.5"), pick.random() < 0.5)))
        discount = pick.choice((None, Discount(amount=55), Discount(percentage=Decimal("33.3"))))
        result = totals(priced, settings, discount=discount, service_charge=charge)
        made = Sold(uuid4(), day, products, [each.quantity for each in priced], result, settings)
        run = self.database.run
        run(
            "insert into orders (restaurant_id, id, business_date, placed_at, status, created_by, prices_include_tax,"
            " tax_rounding, tax_scope, subtotal, discount, service_charge, tax, total, tax_breakdown)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            self.place, made.id, day, at, status, pick.choice((self.by, PIZZERIA.memberships[0].person.id)),
            settings.prices_include_tax, settings.tax_rounding, settings.tax_scope, result.subtotal, result.discount,
            result.service_charge, result.tax, result.total, Jsonb(msgspec.to_builtins(result.tax_breakdown)),
        )  # fmt: skip
        for n, (product, each, summed) in enumerate(zip(products, priced, result.lines, strict=True)):
            run(
                "insert into order_items (restaurant_id, order_id, id, position, product_id, name, unit_price,"
                " quantity, status, tax_rate, discount, total, net)"
                " values (%s, %s, %s, %s, %s, 'x', %s, %s, 'sent', %s, %s, %s, %s)",
                self.place, made.id, self.item(made, n), n, product, each.unit_price, each.quantity, each.tax_rate,
                summed.discount, summed.total, summed.net,
            )  # fmt: skip
        # a voided line counts for nothing
        run(
            "insert into order_items (restaurant_id, order_id, position, product_id, name, unit_price, quantity,"
            " status, tax_rate, total, net) values (%s, %s, 99, %s, 'x', 500, 2, 'voided', 20, 1000, 0)",
            self.place, made.id, PIZZERIA.products[0].id,
        )  # fmt: skip
        return made

    def item(self, sold: Sold, n: int) -> UUID:
        return UUID(int=(sold.id.int + n + 1) % 2**128)

    def pay(self, sold: Sold, day: date, amount: int, tip: int, method: str, state: str = "captured") -> UUID:
        payment = uuid4()
        self.database.run(
            "insert into payments (restaurant_id, id, order_id, method, state, amount, tip, business_date, captured_at)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            self.place, payment, sold.id, method, state, amount, tip, day,
            datetime(2026, 1, 1) if state in ("captured", "voided") else None,  # noqa: DTZ001
        )  # fmt: skip
        return payment

    def refund(self, sold: Sold, payment: UUID, day: date, amount: int, tip: int, *lines: int) -> Sale:
        back = reversed_sale(sale(sold.result), sold.gone, amount, sold.settings.tax_rounding)
        sold.gone = together([sold.gone, back])
        parts = allocate(amount, [1] * len(lines)) if lines else []
        items = [
            {"item_id": str(self.item(sold, n)), "quantity": 1, "amount": part}
            for n, part in zip(lines, parts, strict=True)
        ]
        self.database.run(
            "insert into refunds (restaurant_id, payment_id, order_id, method, amount, tip, service_charge,"
            " tax_breakdown, items, reason, business_date, created_at)"
            " values (%s, %s, %s, 'card', %s, %s, %s, %s, %s, 'cold', %s, %s)",
            self.place, payment, sold.id, amount, tip, back.service_charge,
            Jsonb(msgspec.to_builtins(back.tax_breakdown)), Jsonb(items), day,
            datetime(day.year, day.month, day.day, 12),  # noqa: DTZ001
        )  # fmt: skip
        return back


def adds_up(found: Json, of: tuple[str, ...] = ADDITIVE) -> None:
    for name in of:
        assert sum(row[name] for row in found["rows"]) == found["totals"][name], (found["group_by"], name)
    for row in (*found["rows"], found["totals"]):
        assert row["total"] == row["net"] + row["service_charge"] + row["tax"]
        assert row["refunded_total"] == row["refunded_net"] + row["refunded_tax"]


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_grouping_adds_up_to_what_was_sold(
    manager: Person, database: Database, seed: int
) -> None:
    first = date(2026, 2, 1) + timedelta(days=60 * seed)
    days = [first + timedelta(days=n) for n in range(5)]
    books, pick = Books(database, seed), random.Random(seed)
    sold: list[Sold] = []
    back: list[Sale] = []
    tips, back_tips, captured, refunds = 0, 0, 0, 0
    for _ in range(40):
        day = pick.choice(days)
        at = datetime(day.year, day.month, day.day, pick.randint(8, 22))  # noqa: DTZ001
        status = pick.choice(("completed", "completed", "ready", "pending", "cancelled", "merged"))
        made = books.sell(day, at, status)
        counts = status in ("completed", "ready")
        sold += [made] if counts else []
        if made.result.total and status not in ("merged", "pending"):
            tip = pick.choice((0, 50))
            payment = books.pay(made, day, made.result.total, tip, pick.choice(("cash", "card")))
            books.pay(made, day, 1, 0, "card", pick.choice(("voided", "failed", "pending")))
            captured += made.result.total + tip
            tips += tip if counts else 0
            for _ in range(pick.randint(0, 2)):
                part = pick.randint(0, made.result.total // 2)
                gone = min(tip, 5)
                tip -= gone
                if part + gone:
                    named = [n for n in range(len(made.products)) if pick.random() < 0.4]
                    reversed_ = books.refund(made, payment, pick.choice(days), part, gone, *named)
                    captured -= part + gone
                    if counts:
                        refunds += 1
                        back_tips += gone
                        back.append(reversed_)

    found = {group: await sales(manager, first, days[-1], group) for group in GROUPS}
    for each in found.values():
        adds_up(each)
        assert each["totals"] == found["day"]["totals"] | {"key": None, "name": each["totals"]["name"]}
    whole = found["day"]["totals"]
    assert (whole["orders"], whole["gross"], whole["discount"], whole["tax"], whole["total"]) == (
        len(sold), sum(s.result.subtotal for s in sold), sum(s.result.discount for s in sold),
        sum(s.result.tax for s in sold), sum(s.result.total for s in sold),
    )  # fmt: skip
    assert whole["items"] == sum(sum(s.quantities) for s in sold)
    assert whole["net"] == sum(summed.net for s in sold for summed in s.result.lines)
    assert (whole["tips"], whole["refunds"], whole["refunded_tips"]) == (tips, refunds, back_tips)
    assert whole["refunded_total"] == sum(each.total for each in back)
    assert whole["refunded_tax"] == sum(bucket.tax for each in back for bucket in each.tax_breakdown)

    by_day = {row["key"]: row for row in found["day"]["rows"]}
    for day in days:
        of_day = [s.result for s in sold if s.day == day]
        if of_day:
            assert by_day[str(day)]["orders"] == len(of_day)
            assert by_day[str(day)]["total"] == sum(result.total for result in of_day)
    for group in ("day", "hour", "staff"):
        assert sum(row["orders"] for row in found[group]["rows"]) == len(sold)
        assert sum(row["refunds"] for row in found[group]["rows"]) == refunds

    # a product has what its lines have: the discounts and nets of the bill, to the penny
    net, gross, off = Counter[str](), Counter[str](), Counter[str]()
    for s in sold:
        for product, summed in zip(s.products, s.result.lines, strict=True):
            net[str(product)] += summed.net
            gross[str(product)] += summed.gross
            off[str(product)] += summed.gross - summed.after_discounts
    rows = {row["key"]: row for row in found["product"]["rows"] if row["key"] is not None}
    for product_id in net:
        row = rows[product_id]
        assert (row["net"], row["gross"], row["discount"]) == (
            net[product_id], gross[product_id], off[product_id],
        )  # fmt: skip
        assert row["name"] == next(p.name for p in PIZZERIA.products if str(p.id) == product_id)

    vat = await report(manager, "vat", first, days[-1])
    for name in vat["totals"]:
        if name != "rate":
            assert sum(row[name] for row in vat["rows"]) == vat["totals"][name], name
    totals_ = vat["totals"]
    assert (totals_["sales_gross"], totals_["sales_tax"]) == (whole["total"], whole["tax"])
    assert (totals_["refunded_gross"], totals_["refunded_tax"]) == (
        whole["refunded_total"], whole["refunded_tax"],
    )  # fmt: skip
    assert totals_["net"] + totals_["tax"] == totals_["gross"] == whole["total"] - whole["refunded_total"]
    rates = [row["rate"] for row in vat["rows"] if row["rate"] is not None]
    assert rates == ["0", "5", "9.75", "20"]

    taken = await report(manager, "sales", first, days[-1], group_by="payment_method")
    assert taken["totals"]["takings"] == captured
    assert sum(row["takings"] for row in taken["rows"]) == captured


def test_the_sums_of_a_report_that_does_not_add_up_are_noticed() -> None:
    row = dict.fromkeys(ADDITIVE, 0)
    with pytest.raises(AssertionError):
        adds_up({"group_by": "day", "rows": [row], "totals": row | {"net": 1, "total": 1}})


async def test_a_sale_and_its_refund_stand_beside_each_other(manager: Person) -> None:
    made = await manager.order(line(FRIES, quantity=2), line(BROCCOLI))
    day = made.business_date
    before, vat_before = await sales(manager, day), await report(manager, "vat", day)
    taken = paid(await pay(manager, made, 1_425, "cash", tip=75))
    named = [{"item_id": str(made.items[1].id), "quantity": 1}]
    refunded(await refund(manager, taken, 525, tip=5, items=named))
    after, vat = await sales(manager, day), await report(manager, "vat", day)
    gained = {name: after["totals"][name] - before["totals"][name] for name in ADDITIVE}
    assert gained == dict.fromkeys(ADDITIVE, 0) | {
        "tips": 75, "refunded_net": 437, "refunded_tax": 88, "refunded_total": 525, "refunded_tips": 5,
    }  # fmt: skip
    (rate,) = [row for row in vat["rows"] if row["rate"] == "20"]
    (rate_before,) = [row for row in vat_before["rows"] if row["rate"] == "20"]
    assert (rate["refunded_gross"] - rate_before["refunded_gross"], rate_before["gross"] - rate["gross"]) == (
        525,
        525,
    )
    products = {row["name"]: row for row in (await sales(manager, day, group_by="product"))["rows"]}
    assert (products[BROCCOLI]["refunded_total"], products[BROCCOLI]["refunds"]) == (525, 1)
    assert products[FRIES]["refunded_total"] == 0
    assert products[None]["refunded_tips"] >= 5
    methods = await report(manager, "sales", day, group_by="payment_method")
    (cash,) = [row for row in methods["rows"] if row["key"] == "cash"]
    assert (cash["amount"], cash["tips"], cash["refunded"], cash["refunded_tips"], cash["takings"]) == (
        1_425, 75, 525, 5, 970,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("trade", "hours", "placed"),
    [
        # forward: 01:00 to 02:00 is not there
        (date(2026, 3, 28), {"00:00": 1, "02:00": 1, "03:00": 1},
         ("2026-03-29T00:30Z", "2026-03-29T01:30Z", "2026-03-29T02:30Z")),
        # back: 01:00 to 02:00 comes twice, and is one hour of the clock
        (date(2025, 10, 25), {"00:00": 1, "01:00": 2, "02:00": 1},
         ("2025-10-25T23:30Z", "2025-10-26T00:30Z", "2025-10-26T01:30Z", "2025-10-26T02:30Z")),
    ],
)  # fmt: skip
async def test_hours_are_those_of_the_clock_on_the_wall(
    manager: Person, database: Database, trade: date, hours: dict[str, int], placed: tuple[str, ...]
) -> None:
    books = Books(database, 7)
    made = [books.sell(trade, datetime.fromisoformat(at), lines=2) for at in placed]
    dated = database.rows(
        "select distinct fynlo.business_date(placed_at, 'Europe/London', '04:00') from orders where id = any (%s)",
        [each.id for each in made],
    )
    assert dated == [(trade,)], "as they would have been dated, had they been made then"
    found = await sales(manager, trade, group_by="hour")
    adds_up(found)
    assert {row["name"]: row["orders"] for row in found["rows"]} == hours
    assert found["totals"]["total"] == sum(each.result.total for each in made)
    (row,) = (await sales(manager, trade))["rows"]
    assert (row["key"], row["orders"]) == (str(trade), len(placed))


async def test_the_hours_of_a_day_begin_at_its_cutoff(manager: Person, database: Database) -> None:
    books, day = Books(database, 8), date(2026, 7, 1)
    for at in ("2026-07-02T00:30Z", "2026-07-01T11:00Z", "2026-07-01T03:00Z"):
        books.sell(day, datetime.fromisoformat(at), lines=1)
    found = await sales(manager, day, group_by="hour")
    assert [row["name"] for row in found["rows"]] == ["04:00", "12:00", "01:00"]


@contextmanager
def renamed(database: Database, product_id: UUID, name: str) -> Iterator[None]:
    before = database.value("select name from products where id = %s", product_id)
    database.run("update products set name = %s where id = %s", name, product_id)
    yield
    database.run("update products set name = %s where id = %s", before, product_id)


@pytest.mark.parametrize(
    "name", ['=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(A1)", "\tx", 'a "b", c\r\nd']
)
async def test_a_spreadsheet_takes_no_name_for_a_formula(
    manager: Person, database: Database, name: str
) -> None:
    fries = next(p for p in PIZZERIA.products if p.name == FRIES)
    made = await manager.order(line(FRIES))
    day = made.business_date
    with renamed(database, fries.id, name):
        answer = await ask(manager, "sales", day, day, "text/csv", group_by="product")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="sales-by-product-{day}-{day}.csv"'
    )
    assert "accept" in answer.headers["vary"].lower()
    rows = list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))
    (row,) = [row for row in rows if row["key"] == str(fries.id)]
    assert row["name"] == (f"'{name}" if name[0] in "=+-@\t" else name)
    assert row["currency"] == "GBP"
    assert int(row["gross"]) >= 450


async def test_the_csv_says_what_the_json_says(manager: Person) -> None:
    made = await manager.order(line(COLA, quantity=3), type="dine_in", covers=8)
    paid(await pay(manager, made, made.totals.total, "gift_card"))
    day = made.business_date
    groups = [("sales", {"group_by": group}) for group in (*GROUPS, "payment_method")]
    for what, asked in (*groups, ("vat", {})):
        as_json = await ask(manager, what, day, day, **asked)
        as_csv = await ask(manager, what, day, day, "text/csv, */*;q=0.1", **asked)
        rows = list(csv.DictReader(io.StringIO(as_csv.content.decode(), newline="")))
        assert as_csv.content.count(b"\r\n") == len(rows) + 1 > 1
        told = [
            {name: "" if v is None else str(v) for name, v in row.items()} for row in as_json.json()["rows"]
        ]
        assert rows == [row | {"currency": "GBP"} for row in told]
        refused(await ask(manager, what, day, day, "image/png", **asked), 406, "not_acceptable")


async def test_what_no_report_can_say_is_refused(manager: Person, waiter: Person) -> None:
    for what in ("sales", "vat"):
        refused(await ask(manager, what, "2026-01-02", "2026-01-01"), 422, "validation_failed")
        refused(await ask(manager, what, "2024-01-01", "2025-01-01"), 422, "validation_failed")
        assert (await ask(manager, what, "2024-01-01", "2024-12-31")).status_code == 200
        refused(await ask(manager, what, "2024-13-01", "2024-12-31"), 422, "validation_failed")
        refused(await ask(waiter, what, "2026-01-01", "2026-01-01"), 403, "forbidden")
    refused(
        await ask(manager, "sales", "2026-01-01", "2026-01-01", group_by="moon"), 422, "validation_failed"
    )
    nothing = (await ask(manager, "sales", "2020-01-01", "2020-01-02")).json()
    assert nothing["rows"] == []
    assert nothing["totals"]["total"] == 0


async def test_what_is_open_counts_and_what_is_cancelled_does_not(manager: Person) -> None:
    made = await manager.order(line(FRIES))
    seen = (await sales(manager, made.business_date))["totals"]["total"]
    order(await manager.move(made, "cancelled", reason="left"))
    await manager.order(line(FRIES), send=False)
    assert (await sales(manager, made.business_date))["totals"]["total"] == seen - 450
