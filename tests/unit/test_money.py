"""The order's arithmetic: the golden cases, cases worked by hand, and what must hold for any order."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fynlo.orders.money import (
    Discount,
    LineTotals,
    ModifierPrice,
    PricedLine,
    ServiceCharge,
    TaxBucket,
    TaxSettings,
    Totals,
    allocate,
    payable,
    rate_label,
    totals,
    untaxed_charge,
)


class GoldenSettings(msgspec.Struct, forbid_unknown_fields=True):
    prices_include_tax: bool
    tax_rounding: str
    tax_scope: str
    service_charge: ServiceCharge | None

    def tax(self) -> TaxSettings:
        return msgspec.convert(msgspec.structs.asdict(self), TaxSettings)


class GoldenTotals(msgspec.Struct, forbid_unknown_fields=True):
    subtotal: int
    discount: int
    service_charge: int
    tax: int
    total: int
    tax_breakdown: tuple[TaxBucket, ...]


class GoldenCase(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    settings: GoldenSettings
    items: tuple[PricedLine, ...]
    discount: Discount | None
    expect: GoldenTotals


class Golden(msgspec.Struct, forbid_unknown_fields=True):
    note: str
    cases: list[GoldenCase]


GOLDEN = msgspec.json.decode(
    (Path(__file__).parents[1] / "golden" / "money.json").read_bytes(), type=Golden
).cases


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.name)
def test_golden(case: GoldenCase) -> None:
    got = totals(
        case.items, case.settings.tax(), discount=case.discount, service_charge=case.settings.service_charge
    )
    assert msgspec.convert(without_lines(got), GoldenTotals) == case.expect


def without_lines(got: Totals) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(got).items() if name != "lines"}


INSIDE = TaxSettings(prices_include_tax=True, tax_rounding="half_up", tax_scope="bucket")
ON_TOP = TaxSettings(prices_include_tax=False, tax_rounding="half_up", tax_scope="bucket")


def line(price: int, rate: str = "20", quantity: int = 1, discount: Discount | None = None) -> PricedLine:
    return PricedLine(price, quantity, Decimal(rate), discount=discount)


def test_an_order_without_lines_costs_nothing() -> None:
    charge = ServiceCharge(Decimal("12.5"), taxable=True)
    nothing = Totals((), 0, 0, 0, 0, 0, ())
    assert totals([], INSIDE, discount=Discount(amount=500), service_charge=charge) == nothing


def test_a_line_s_total_is_before_and_its_net_after_its_share_of_the_order_s_discount() -> None:
    got = totals(
        [line(1200, discount=Discount(amount=200)), line(500)], INSIDE, discount=Discount(amount=300)
    )
    # 1500 left to share 300: 200 and 100, so 800 and 400 gross at 20 % inside
    assert got.lines == (
        LineTotals(gross=1200, discount=200, total=1000, after_discounts=800, net=667),
        LineTotals(gross=500, discount=0, total=500, after_discounts=400, net=333),
    )
    assert got.tax_breakdown == (TaxBucket("20", 1000, 200, 1200),)


def test_a_taxable_service_charge_is_taxed_inside_with_its_lines() -> None:
    charge = ServiceCharge(Decimal(10), taxable=True)
    got = totals([line(1000, "20"), line(1000, "0")], INSIDE, service_charge=charge)
    assert (got.service_charge, got.tax, got.total) == (200, 183, 2200)
    assert got.tax_breakdown == (TaxBucket("0", 1100, 0, 1100), TaxBucket("20", 917, 183, 1100))
    # 917 of the bucket over 1000 and the 100 of the charge: 833.64 and 83.36
    assert [each.net for each in got.lines] == [834, 1000]


def test_a_taxable_service_charge_is_shared_by_what_the_discounts_leave_of_each_line() -> None:
    charge = ServiceCharge(Decimal(100), taxable=True)
    # the first line bears the discount of a penny, so the penny of the charge falls on the second
    got = totals([line(1, "0"), line(1, "100")], ON_TOP, discount=Discount(amount=1), service_charge=charge)
    assert got.tax_breakdown == (TaxBucket("0", 0, 0, 0), TaxBucket("100", 2, 2, 4))


def test_the_service_charge_is_a_percentage_of_what_all_discounts_leave() -> None:
    charge = ServiceCharge(Decimal("12.5"), taxable=False)
    got = totals([line(4000)], INSIDE, discount=Discount(percentage=Decimal(50)), service_charge=charge)
    assert (got.discount, got.service_charge, got.total) == (2000, 250, 2250)
    assert got.tax_breakdown == (TaxBucket("20", 1667, 333, 2000),)


def test_a_service_charge_may_be_an_amount_but_is_never_more_than_what_the_discounts_leave() -> None:
    half = Discount(percentage=Decimal(50))
    for asked, charged in ((300, 300), (900, 500)):
        charge = ServiceCharge(None, taxable=True, amount=asked)
        got = totals([line(1000)], INSIDE, discount=half, service_charge=charge)
        assert (got.service_charge, got.total) == (charged, 500 + charged)
        assert got.tax_breakdown[0].gross == 500 + charged
    untaxed = ServiceCharge(None, taxable=False, amount=300)
    got = totals([line(1000)], INSIDE, service_charge=untaxed)
    assert (got.total, got.tax_breakdown) == (1300, (TaxBucket("20", 833, 167, 1000),))


def test_a_line_is_paid_with_its_share_of_the_charge_and_of_the_tax_on_top() -> None:
    charge = ServiceCharge(Decimal(10), taxable=False)
    lines = [line(1005, "20"), line(995, "20"), line(1000, "0")]
    got = totals(lines, ON_TOP, service_charge=charge)
    # the charge of 300: 100.5, 99.5, 100; the tax of 400: 201 and 199
    assert payable(got, [each.tax_rate for each in lines], ON_TOP) == [1005 + 101 + 201, 995 + 99 + 199, 1100]
    assert untaxed_charge(got) == 300


def test_by_line_each_is_paid_with_its_own_tax() -> None:
    by_line = msgspec.structs.replace(ON_TOP, tax_scope="line")
    got = totals([line(price) for price in (7, 7, 7, 100)], by_line)
    # 1.4 and 20: over all four together, the 23 of tax would be shared 2, 1, 1, 19
    assert payable(got, [Decimal(20)] * 4, by_line) == [8, 8, 8, 120]


def test_half_even_also_rounds_discounts_and_service_charge() -> None:
    def half(tax_rounding: str) -> Totals:
        settings_ = msgspec.structs.replace(INSIDE, tax_rounding=tax_rounding)
        charge = ServiceCharge(Decimal(10), taxable=False)
        return totals(
            [line(50, "0", discount=Discount(percentage=Decimal(10)))], settings_, service_charge=charge
        )

    # 45 left, of which 10 % is 4.5
    assert (half("half_up").service_charge, half("half_even").service_charge) == (5, 4)
    quarter = Discount(percentage=Decimal(25))
    assert totals([line(10, "0")], INSIDE, discount=quarter).discount == 3
    even = msgspec.structs.replace(INSIDE, tax_rounding="half_even")
    assert totals([line(10, "0")], even, discount=quarter).discount == 2


def test_the_same_rate_written_differently_is_one_bucket_and_buckets_stand_in_numerical_order() -> None:
    rates = ["17.2500", "6.10", "3E+1", "100", "0.00", "30", "17.25"]
    got = totals([line(100, rate) for rate in rates], ON_TOP)
    assert [bucket.rate for bucket in got.tax_breakdown] == ["0", "6.1", "17.25", "30", "100"]
    assert got.tax_breakdown[3] == TaxBucket("30", 200, 60, 260)


@pytest.mark.parametrize(
    "fields",
    [{}, {"percentage": Decimal(5), "amount": 5}, {"amount": -1}],
    ids=["neither", "both", "negative"],
)
def test_a_discount_is_a_percentage_or_an_amount(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a discount is"):
        Discount(**fields)


@pytest.mark.parametrize(
    ("percentage", "amount"), [(None, None), (Decimal(5), 5), (None, -1)], ids=["neither", "both", "negative"]
)
def test_a_service_charge_is_a_percentage_or_an_amount(
    percentage: Decimal | None, amount: int | None
) -> None:
    with pytest.raises(ValueError, match="a service charge is"):
        ServiceCharge(percentage, taxable=False, amount=amount)


@pytest.mark.parametrize("percentage", ["-0.01", "100.01", "NaN", "Infinity"])
def test_a_percentage_lies_between_0_and_100(percentage: str) -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        totals([line(100, percentage)], INSIDE)
    with pytest.raises(ValueError, match="between 0 and 100"):
        totals([line(100)], INSIDE, discount=Discount(percentage=Decimal(percentage)))


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (101, [1, 1, 1], [34, 34, 33]),
        (2, [3, 3, 4], [1, 0, 1]),
        (5, [0, 7, 0], [0, 5, 0]),
        (0, [0, 0], [0, 0]),
        (0, [], []),
    ],
)
def test_allocate(amount: int, weights: list[int], shares: list[int]) -> None:
    assert allocate(amount, weights) == shares


@pytest.mark.parametrize(("amount", "weights"), [(1, []), (1, [0, 0]), (-1, [1]), (1, [2, -1])])
def test_allocate_refuses_what_cannot_be_shared(amount: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r"not negative|nothing to share"):
        allocate(amount, weights)


quickly = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

percentages = st.sampled_from(["0", "5", "7.5", "9.75", "10", "12.5", "20.00", "33.3333", "100"]).map(Decimal)
rates = st.sampled_from(["0", "5", "7.5", "8.875", "10", "20", "20.0", "22"]).map(Decimal)
discounts = (
    st.none() | st.builds(Discount, percentage=percentages) | st.builds(Discount, amount=st.integers(0, 9000))
)
modifiers = st.builds(ModifierPrice, st.integers(0, 300), st.integers(1, 3))
priced_lines = st.builds(
    PricedLine,
    st.integers(0, 5000),
    st.integers(1, 12),
    rates,
    st.lists(modifiers, max_size=2).map(tuple),
    discounts,
)
orders = st.lists(priced_lines, max_size=6)
tax_settings = st.builds(TaxSettings)
charges = (
    st.none()
    | st.builds(ServiceCharge, percentages, st.booleans())
    | st.builds(ServiceCharge, st.none(), st.booleans(), st.integers(0, 9000))
)


@quickly
@given(orders, tax_settings, discounts, charges)
def test_the_parts_add_up(
    lines: list[PricedLine], how: TaxSettings, discount: Discount | None, charge: ServiceCharge | None
) -> None:
    got = totals(lines, how, discount=discount, service_charge=charge)
    taxed_charge = got.service_charge if charge is not None and charge.taxable else 0

    assert got.subtotal == sum(each.gross for each in got.lines)
    assert 0 <= sum(each.discount for each in got.lines) <= got.discount <= got.subtotal
    assert all(each.gross - each.discount == each.total for each in got.lines)
    assert all(0 <= each.net <= each.after_discounts <= each.total for each in got.lines)
    assert sum(each.after_discounts for each in got.lines) == got.subtotal - got.discount
    assert 0 <= got.service_charge <= got.subtotal - got.discount
    assert got.tax == sum(bucket.tax for bucket in got.tax_breakdown)
    assert sum(bucket.gross for bucket in got.tax_breakdown) == got.total - got.service_charge + taxed_charge
    on_top = 0 if how.prices_include_tax else got.tax
    assert got.total == got.subtotal - got.discount + got.service_charge + on_top

    charge_net = 0
    for bucket in got.tax_breakdown:
        assert bucket.net + bucket.tax == bucket.gross
        nets = sum(
            each.net
            for each, priced in zip(got.lines, lines, strict=True)
            if priced.tax_rate == Decimal(bucket.rate)
        )
        assert bucket.net - nets >= 0
        charge_net += bucket.net - nets
    assert charge_net <= taxed_charge
    if not how.prices_include_tax or not taxed_charge:
        assert charge_net == taxed_charge


@quickly
@given(orders, tax_settings, discounts, charges)
def test_tax_inside_prices_never_moves_what_is_paid(
    lines: list[PricedLine], how: TaxSettings, discount: Discount | None, charge: ServiceCharge | None
) -> None:
    inside = msgspec.structs.replace(how, prices_include_tax=True)
    untaxed = [msgspec.structs.replace(each, tax_rate=Decimal(0)) for each in lines]
    taxed = totals(lines, inside, discount=discount, service_charge=charge)
    assert taxed.total == totals(untaxed, inside, discount=discount, service_charge=charge).total


@quickly
@given(orders, tax_settings, discounts, charges)
def test_what_is_paid_for_the_lines_is_the_total_and_by_rate_the_bucket_s_gross(
    lines: list[PricedLine], how: TaxSettings, discount: Discount | None, charge: ServiceCharge | None
) -> None:
    got = totals(lines, how, discount=discount, service_charge=charge)
    paid = payable(got, [each.tax_rate for each in lines], how)
    assert sum(paid) == got.total
    assert all(amount >= each.after_discounts for amount, each in zip(paid, got.lines, strict=True))
    if how.prices_include_tax and not got.service_charge:
        assert paid == [each.after_discounts for each in got.lines]
    if not untaxed_charge(got):
        for bucket in got.tax_breakdown:
            at_rate = [
                amount
                for amount, each in zip(paid, lines, strict=True)
                if rate_label(each.tax_rate) == bucket.rate
            ]
            assert sum(at_rate) == bucket.gross


@quickly
@given(orders, tax_settings, discounts, charges)
def test_a_bucket_s_tax_is_the_exact_one_rounded_once(
    lines: list[PricedLine], how: TaxSettings, discount: Discount | None, charge: ServiceCharge | None
) -> None:
    by_bucket = msgspec.structs.replace(how, tax_scope="bucket")
    for bucket in totals(lines, by_bucket, discount=discount, service_charge=charge).tax_breakdown:
        rate = Fraction(bucket.rate) / 100
        exact = bucket.gross * rate / (1 + rate) if how.prices_include_tax else bucket.net * rate
        assert abs(bucket.tax - exact) <= Fraction(1, 2)
        if abs(bucket.tax - exact) == Fraction(1, 2):
            assert bucket.tax % 2 == 0 if how.tax_rounding == "half_even" else bucket.tax > exact


@quickly
@given(orders, tax_settings)
def test_by_line_the_order_s_tax_is_that_of_its_lines_alone(
    lines: list[PricedLine], how: TaxSettings
) -> None:
    by_line = msgspec.structs.replace(how, tax_scope="line")
    alone = [totals([each], by_line) for each in lines]
    together = totals(lines, by_line)
    assert together.tax == sum(one.tax for one in alone)
    assert together.lines == tuple(one.lines[0] for one in alone)


@quickly
@given(st.data(), orders, tax_settings, discounts, charges)
def test_the_order_of_the_lines_moves_no_sum(
    data: st.DataObject,
    lines: list[PricedLine],
    how: TaxSettings,
    discount: Discount | None,
    charge: ServiceCharge | None,
) -> None:
    shuffled = data.draw(st.permutations(lines))
    assert without_lines(totals(shuffled, how)) == without_lines(totals(lines, how))
    # shares go to the earlier line on a tie, so with something shared only the sums before tax are the same
    one = totals(lines, how, discount=discount, service_charge=charge)
    other = totals(shuffled, how, discount=discount, service_charge=charge)
    assert (one.subtotal, one.discount, one.service_charge) == (
        other.subtotal,
        other.discount,
        other.service_charge,
    )


@quickly
@given(orders, tax_settings, discounts, charges, st.integers(2, 9))
def test_more_of_a_thing_costs_as_a_dearer_thing(
    lines: list[PricedLine],
    how: TaxSettings,
    discount: Discount | None,
    charge: ServiceCharge | None,
    times: int,
) -> None:
    more = [msgspec.structs.replace(each, quantity=each.quantity * times) for each in lines]
    dearer = [
        msgspec.structs.replace(
            each,
            unit_price=each.unit_price * times,
            modifiers=tuple(ModifierPrice(m.price * times, m.quantity) for m in each.modifiers),
        )
        for each in lines
    ]
    shared = {"discount": discount, "service_charge": charge}
    assert totals(more, how, **shared) == totals(dearer, how, **shared)  # type: ignore[arg-type]


@quickly
@given(st.integers(0, 100_000), st.lists(st.integers(0, 10_000), min_size=1, max_size=8).filter(any))
def test_shares_add_up_and_are_within_one_of_the_exact_share(amount: int, weights: list[int]) -> None:
    shares = allocate(amount, weights)
    whole = sum(weights)
    assert sum(shares) == amount
    assert all(
        abs(share - Fraction(amount * weight, whole)) < 1
        for share, weight in zip(shares, weights, strict=True)
    )
    assert amount > whole or all(share <= weight for share, weight in zip(shares, weights, strict=True))


@quickly
@given(st.integers(0, 1000), st.integers(1, 9))
def test_equal_weights_give_the_odd_pennies_to_the_first(amount: int, ways: int) -> None:
    each, odd = divmod(amount, ways)
    assert allocate(amount, [7] * ways) == [each + 1] * odd + [each] * (ways - odd)
