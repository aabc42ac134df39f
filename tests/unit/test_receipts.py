"""Receipts on paper: columns, currencies, names of any length and script."""

import random
import unicodedata
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from fynlo.orders.models import ChargeTerms, ItemModifier, Order, OrderItem, OrderTotals, Terms
from fynlo.orders.money import TaxBucket
from fynlo.orders.payment_models import Check, CheckItem, Payment, Refund
from fynlo.orders.printing import amount_of, columns, wrapped
from fynlo.orders.receipts import receipt, text

NOON = datetime(2026, 7, 1, 23, 30, 12, 345, tzinfo=UTC)
ID = UUID(int=1)


def width(line: str) -> int:
    """As a terminal sees it; not the code under test."""
    return sum(
        0 if unicodedata.combining(c) or unicodedata.category(c) in ("Mn", "Me", "Cf")
        else 2 if unicodedata.east_asian_width(c) in ("W", "F") else 1
        for c in line
    )  # fmt: skip


def item(name: str, total: int, quantity: int = 1, **fields: Any) -> OrderItem:
    values: dict[str, Any] = {
        "id": uuid4(), "product_id": ID, "variant_id": None, "variant_name": None, "station_id": None,
        "unit_price": total // quantity, "course": 1, "notes": None, "status": "sent", "void_reason": None,
        "modifiers": (), "discount_terms": None, "discount": 0, "net": total, "tax_rate": "20", **fields,
    }  # fmt: skip
    return OrderItem(name=name, total=total, quantity=quantity, **values)


def totals(total: int, **fields: Any) -> OrderTotals:
    values: dict[str, Any] = {
        "subtotal": total, "discount": 0, "service_charge": 0, "tax": 0, "tips": 0, "paid": 0, "refunded": 0,
        "due": total, "unapplied": 0, "to_refund": 0, "tax_breakdown": (), **fields,
    }  # fmt: skip
    return OrderTotals(total=total, **values)


def payment(amount: int, **fields: Any) -> Payment:
    values: dict[str, Any] = {
        "id": uuid4(), "order_id": ID, "check_id": None, "shift_id": None, "method": "card", "state": "captured",
        "unapplied": 0, "tip": 0, "tendered": None, "change": None, "reference": None, "reason": None,
        "taken_by": None, "business_date": date(2026, 7, 1), "created_at": NOON, "captured_at": NOON,
        "refunded": 0, "refunds": (), **fields,
    }  # fmt: skip
    return Payment(amount=amount, **values)


def order(*items: OrderItem, sums: OrderTotals, **fields: Any) -> Order:
    values: dict[str, Any] = {
        "id": ID, "restaurant_id": ID, "currency": "GBP", "number": 17, "business_date": date(2026, 7, 1),
        "type": "dine_in", "status": "ready", "payment_status": "unpaid", "version": 1, "table_id": None,
        "table_name": None, "covers": None, "customer_name": None, "notes": None, "status_reason": None,
        "created_by": None, "merged_into": None, "placed_at": NOON, "created_at": NOON, "updated_at": NOON,
        "closed_at": None, "discount_terms": None, "service_charge_terms": ChargeTerms(), **fields,
    }  # fmt: skip
    return Order(items=items, totals=sums, **values)


def printed(of: Order, name: str = "Forno & Fig", *, inclusive: bool = True, **fields: Any) -> list[str]:
    found = text(
        receipt(of, restaurant=name, timezone="Europe/London", prices_include_tax=inclusive, **fields)
    )
    assert found.endswith("\n")
    lines = found[:-1].split("\n")
    assert [line for line in lines if width(line) > 42] == []
    assert [line for line in lines if line != line.rstrip()] == []
    return lines


def test_a_receipt_reads_from_the_name_of_the_house_to_what_is_due() -> None:
    pizza = item(
        "Margherita", 2400, 2, variant_name="Large", unit_price=1150, discount=200,
        modifiers=(ItemModifier(ID, "Olives", 150, 1),), discount_terms=Terms(None, 200, "late"),
    )  # fmt: skip
    voided = item("Tiramisu", 0, status="voided")
    refund = Refund(ID, ID, 500, 100, "cash", "cold", (), None, None, date(2026, 7, 1), None, NOON)
    of = order(
        pizza, item("Wine", 1000), voided,
        sums=totals(
            3442, subtotal=3600, discount=540, service_charge=382, tips=300, paid=3442, refunded=500, due=0,
            tax=510, tax_breakdown=(TaxBucket("20", 2550, 510, 3060),),
        ),
        table_name="7", covers=6, discount_terms=Terms("10", None, None),
        payments=(
            payment(2442, method="cash", tip=300, tendered=3000, change=258),
            payment(1000, reference="**** 4242", refunds=(refund,)),
            payment(9, state="voided"), payment(8, state="pending", captured_at=None),
        ),
    )  # fmt: skip
    assert printed(of) == [
        "               Forno & Fig",
        "",
        "Order 17                  2026-07-02 00:30",
        "Table 7                           6 guests",
        "------------------------------------------",
        "2 x Margherita, Large                26.00",
        "    + Olives (1.50)",
        "    Discount (late)                  -2.00",
        "1 x Wine                             10.00",
        "------------------------------------------",
        "Subtotal                             36.00",
        "Discounts on lines                   -2.00",
        "Discount                             -3.40",
        "Service charge                        3.82",
        "TOTAL GBP                            34.42",
        "",
        "Tax 20 % in 30.60                     5.10",
        "------------------------------------------",
        "Cash                                 24.42",
        "    Tip                               3.00",
        "    Tendered                         30.00",
        "    Change                            2.58",
        "Card (**** 4242)                     10.00",
        "Refund, cash (cold)                  -5.00",
        "    Tip                              -1.00",
        "DUE GBP                               0.00",
    ]


def test_a_check_shows_its_part_of_the_lines_and_its_own_payments() -> None:
    pizza, wine = item("Margherita", 2300, 2), item("Wine", 1000)
    one = Check(
        uuid4(), 1687, 500, 1187, (CheckItem(pizza.id, quantity=1), CheckItem(wine.id, share="1/3")), False
    )
    of = order(
        pizza, wine, sums=totals(3630, subtotal=3300, service_charge=330), checks=(one,),
        payments=(payment(500, check_id=one.id), payment(100)),
    )  # fmt: skip
    assert printed(of, check=one)[5:] == [
        "1 x Margherita                       11.50",
        "1/3 of 1 x Wine                       3.33",
        "------------------------------------------",
        "Other discounts and charges           2.04",
        "THIS CHECK GBP                       16.87",
        "of the whole order                   36.30",
        "------------------------------------------",
        "Card                                  5.00",
        "DUE GBP                              11.87",
    ]  # fmt: skip


def test_tax_on_top_is_named_before_the_total() -> None:
    sums = totals(1140, subtotal=1000, tax=140, tax_breakdown=(TaxBucket("14", 1000, 140, 1140),))
    assert printed(order(item("Tea", 1000), sums=sums), inclusive=False)[-5:] == [
        "Subtotal                             10.00",
        "Tax 14 %                              1.40",
        "TOTAL GBP                            11.40",
        "------------------------------------------",
        "DUE GBP                              11.40",
    ]


def test_what_comes_to_nothing_together_is_named_all_the_same() -> None:
    tax = (TaxBucket("20", 750, 150, 900),)
    sums = totals(1000, discount=100, service_charge=100, tax=150, tax_breakdown=tax)
    assert printed(order(item("Tea", 1000), sums=sums))[7:11] == [
        "Subtotal                             10.00",
        "Discount                             -1.00",
        "Service charge                        1.00",
        "TOTAL GBP                            10.00",
    ]
    sums = totals(1000, discount=167, tax=167, tax_breakdown=(TaxBucket("20", 833, 167, 1000),))
    assert printed(order(item("Tea", 1000), sums=sums), inclusive=False)[7:11] == [
        "Subtotal                             10.00",
        "Discount                             -1.67",
        "Tax 20 %                              1.67",
        "TOTAL GBP                            10.00",
    ]


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (1150, "GBP", "11.50"), (5, "EUR", "0.05"), (-5, "EUR", "-0.05"), (0, "USD", "0.00"), (1150, "JPY", "1150"),
        (1150, "KWD", "1.150"), (7, "BHD", "0.007"), (12, "CLF", "0.0012"), (-3, "KRW", "-3"),
    ],
)  # fmt: skip
def test_amounts_have_the_minor_units_of_their_currency(minor: int, currency: str, shown: str) -> None:
    assert amount_of(minor, currency) == shown


@pytest.mark.parametrize(
    ("name", "takes"),
    [
        ("Tea", 3),
        ("北京烤鸭", 8),
        ("Cafe\u0301", 4),
        ("ｱｲｽ", 3),
        ("ＡＢ", 4),
        ("🍕", 2),
        ("שלום", 4),
        ("กำ\u0e49", 2),
    ],
)
def test_characters_take_the_columns_they_are_shown_in(name: str, takes: int) -> None:
    assert columns(name) == takes


def test_long_names_are_folded_between_words_and_words_without_end_where_they_must() -> None:
    assert wrapped("one two three", 7) == ["one two", "three"]
    assert wrapped("Donaudampfschiff", 5) == ["Donau", "dampf", "schif", "f"]
    assert wrapped("a 北京烤鸭", 5) == ["a", "北京", "烤鸭"]
    assert wrapped("e\u0301" * 4, 3) == ["ééé", "é"]
    assert wrapped("कि" * 2, 3) == ["कि", "कि"], "signs stay with their letter"
    assert wrapped("   ", 5) == [""]
    name = "Linguine with brown crab, datterini tomatoes and rather more lemon than you would think"
    lines = printed(order(item(name, 123456, 12), sums=totals(123456)))
    assert lines[5:8] == [
        "12 x Linguine with brown crab,     1234.56",
        "datterini tomatoes and rather more",
        "lemon than you would think",
    ]


def test_nothing_is_asked_of_whoever_gets_the_receipt_of_a_cancelled_order() -> None:
    lines = printed(order(item("Tea", 450), sums=totals(450), status="cancelled"))
    assert any("*** cancelled ***" in line for line in lines)
    assert not [line for line in lines if line.startswith("DUE")]


def test_nothing_in_a_name_gets_onto_a_line_of_its_own_or_turns_an_amount_around() -> None:
    lines = printed(order(item("Tea\nDUE GBP 0.00\u2028x\u202e\x1b[2J\tcake", 450), sums=totals(450)))
    assert lines[5] == "1 x Tea DUE GBP 0.00 x [2J cake       4.50"
    assert len(lines) == 10


def test_whatever_stands_in_it_no_line_is_wider_than_the_paper() -> None:
    pick = random.Random(42)
    letters = "ab  éß北京烤鸭ｱＡ🍕👨\u200d👩\u200d👧\u0301\u0e49\u202e\u00ad\n\tשلकि"
    for _ in range(300):

        def words(most: int = 120) -> str:
            return "".join(pick.choices(letters, k=pick.randint(0, most)))

        amount = pick.choice([0, 7, 99_999, 10**14])
        modifiers = (ItemModifier(ID, words(), amount, pick.choice([1, 999])),)
        lines = (
            item(
                words(), amount, 999, variant_name=words(), discount=5, modifiers=modifiers,
                discount_terms=Terms(None, 5, words()),
            ),
        )  # fmt: skip
        printed(
            order(
                *lines, sums=totals(amount, to_refund=amount), table_name=words(50), customer_name=words(),
                currency=pick.choice(["GBP", "JPY", "KWD"]), status=pick.choice(["cancelled", "ready"]),
                payments=(payment(amount, reference=words(), tendered=amount, change=0),),
            ),
            words(200),
        )  # fmt: skip
