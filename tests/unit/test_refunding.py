"""Refunds: cases worked by hand, and that what is given back is reversed to the penny, however it is given back."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fynlo.errors import Invalid
from fynlo.orders.money import (
    Discount,
    PricedLine,
    ServiceCharge,
    TaxBucket,
    TaxSettings,
    Totals,
    payable,
    totals,
)
from fynlo.orders.refunding import Named, Refund, Sale, named, reversed_sale, sale, taken_apart, together

quickly = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
thoroughly = settings(max_examples=3_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])

INSIDE = TaxSettings(prices_include_tax=True, tax_rounding="half_up", tax_scope="bucket")


def apart(amount: int, unapplied: int = 0, paid: int = 0, returned: int = 0, total: int = 0) -> Refund:
    return taken_apart(amount, unapplied=unapplied, paid=paid, returned=returned, total=total)


def test_a_refund_takes_what_was_never_applied_then_what_is_not_owed_and_reverses_the_rest() -> None:
    assert apart(100, unapplied=300, paid=1000, total=1000) == Refund(100, 0, 0)
    assert apart(500, unapplied=300, paid=1000, total=1000) == Refund(300, 0, 200)
    assert apart(900, unapplied=300, paid=1000, total=600) == Refund(300, 400, 200)
    # the 400 were given back before: all of it is a sale undone
    assert apart(200, paid=1000, returned=400, total=600) == Refund(0, 0, 200)
    assert apart(900, unapplied=300, paid=1000, total=600).applied == 600


def test_a_goodwill_refund_makes_nothing_due_and_lines_after_a_void_and_its_refund_are_due() -> None:
    def due(total: int, paid: int, returned: int) -> int:
        return max(0, total - (paid - returned))

    goodwill = apart(300, paid=1000, total=1000)
    assert due(1000, 1000, goodwill.returned) == 0
    back = apart(400, paid=1000, total=600)
    assert due(600, 1000, back.returned) == 0
    assert due(750, 1000, back.returned) == 150


DINNER = Sale((TaxBucket("10", 1000, 100, 1100), TaxBucket("20", 2000, 400, 2400)), 350)


def test_a_refund_reverses_every_rate_and_the_charge_by_what_remains_of_them() -> None:
    half = reversed_sale(DINNER, Sale(), 1925, "half_up")
    assert half == Sale((TaxBucket("10", 500, 50, 550), TaxBucket("20", 1000, 200, 1200)), 175)
    assert reversed_sale(DINNER, half, 1925, "half_up") == half
    assert reversed_sale(DINNER, together([half, half]), 0, "half_up") == Sale()


def test_tax_in_a_refund_is_rounded_as_the_order_s() -> None:
    sold = Sale((TaxBucket("100", 5, 5, 10),))
    assert reversed_sale(sold, Sale(), 5, "half_up").tax_breakdown == (TaxBucket("100", 2, 3, 5),)
    assert reversed_sale(sold, Sale(), 5, "half_even").tax_breakdown == (TaxBucket("100", 3, 2, 5),)


def test_penny_by_penny_the_tax_given_back_stays_that_of_what_was_given_back() -> None:
    sold = Sale((TaxBucket("20", 100, 20, 120),))
    gone = Sale()
    for pennies in range(1, 121):
        gone = together([gone, reversed_sale(sold, gone, 1, "half_up")])
        assert abs(gone.tax_breakdown[0].tax - Fraction(pennies, 6)) <= Fraction(1, 2)
    assert gone == sold


def test_more_than_was_sold_is_not_refunded() -> None:
    with pytest.raises(Invalid, match="3850 is not refunded yet") as caught:
        reversed_sale(DINNER, Sale(), 3851, "half_up")
    assert caught.value.code == "refund_exceeds_payment"


def test_what_named_lines_were_paid_into_bears_the_refund_as_far_as_it_lasts() -> None:
    starter = Named({"10": Fraction(1100)}, Fraction(0))
    assert reversed_sale(DINNER, Sale(), 600, "half_up", named=starter) == Sale(
        (TaxBucket("10", 545, 55, 600),)
    )
    beyond = reversed_sale(DINNER, Sale(), 1650, "half_up", named=starter)
    # the 550 beyond, over 2400 and 350
    assert beyond == Sale((TaxBucket("10", 1000, 100, 1100), TaxBucket("20", 400, 80, 480)), 70)


def line(price: int, rate: str, quantity: int = 1) -> PricedLine:
    return PricedLine(price, quantity, Decimal(rate))


def test_a_line_named_whole_is_reversed_with_its_own_tax_and_its_share_of_the_charge() -> None:
    lines = [line(1000, "20"), line(500, "10", 2)]
    got = totals(lines, INSIDE, service_charge=ServiceCharge(Decimal(10), taxable=False))
    rates = [each.tax_rate for each in lines]
    starter = named(got, rates, INSIDE, [0, Fraction(1, 2)])
    assert starter == Named({"20": Fraction(0), "10": Fraction(500)}, Fraction(50))
    assert reversed_sale(sale(got), Sale(), 550, "half_up", named=starter) == Sale(
        (TaxBucket("10", 454, 46, 500),),
        50,  # of the 91 for both
    )


def test_a_bucket_voided_after_it_was_refunded_is_corrected_by_the_next_refund() -> None:
    sold = Sale((TaxBucket("10", 1000, 100, 1100), TaxBucket("20", 2000, 400, 2400)))
    first = reversed_sale(sold, Sale(), 350, "half_up")
    assert [bucket.gross for bucket in first.tax_breakdown] == [110, 240]
    left = Sale(sold.tax_breakdown[1:])
    second = reversed_sale(left, first, 50, "half_up")
    assert second.tax_breakdown == (TaxBucket("10", -100, -10, -110), TaxBucket("20", 133, 27, 160))
    last = reversed_sale(left, together([first, second]), 2000, "half_up")
    assert nothing_but(together([first, second, last])) == left


def test_tax_and_net_that_a_change_of_the_order_moved_are_put_right_within_what_is_given_back() -> None:
    # as much was sold as was reversed, but with a penny more of tax in it, or less
    more_tax, less_tax = TaxBucket("20", 2, 1, 3), TaxBucket("20", 3, 0, 3)
    assert reversed_sale(Sale((more_tax,)), Sale((less_tax,)), 0, "half_up").tax_breakdown == (
        TaxBucket("20", -1, 1, 0),
    )
    assert reversed_sale(Sale((less_tax,)), Sale((more_tax,)), 0, "half_up").tax_breakdown == (
        TaxBucket("20", 1, -1, 0),
    )
    # 3 of tax are behind, and the penny is all of tax
    sold, behind = Sale((TaxBucket("100", 50, 50, 100),)), Sale((TaxBucket("100", 5, 0, 5),))
    assert reversed_sale(sold, behind, 1, "half_up").tax_breakdown == (TaxBucket("100", 0, 1, 1),)


def test_where_more_was_refunded_than_is_left_of_the_order_nothing_is_reversed() -> None:
    assert reversed_sale(Sale(), DINNER, 0, "half_up") == Sale()
    with pytest.raises(Invalid, match="0 is not refunded yet"):
        reversed_sale(Sale(), DINNER, 1, "half_up")


def nothing_but(sold: Sale) -> Sale:
    """Without the buckets that come to nothing."""
    return msgspec.structs.replace(
        sold, tax_breakdown=tuple(each for each in sold.tax_breakdown if each.gross or each.tax)
    )


percentages = st.sampled_from(["0", "7.5", "10", "33.3333", "100"]).map(Decimal)
rates = st.sampled_from(["0", "5", "8.875", "10", "20", "20.00", "100"]).map(Decimal)
discounts = st.none() | st.builds(Discount, percentage=percentages)
charges = (
    st.none()
    | st.builds(ServiceCharge, percentages, st.booleans())
    | st.builds(ServiceCharge, st.none(), st.booleans(), st.integers(0, 9000))
)


class Ordered(msgspec.Struct, frozen=True):
    lines: list[PricedLine]
    how: TaxSettings
    discount: Discount | None
    charge: ServiceCharge | None

    def totals(self, lines: Sequence[PricedLine] | None = None) -> Totals:
        return totals(
            self.lines if lines is None else lines,
            self.how,
            discount=self.discount,
            service_charge=self.charge,
        )


priced_lines = st.builds(PricedLine, st.integers(0, 3000), st.integers(1, 5), rates, discount=discounts)
ordered = st.builds(
    Ordered, st.lists(priced_lines, min_size=1, max_size=6), st.builds(TaxSettings), discounts, charges
)


def within(part: Sale, of: Sale) -> bool:
    """Whether no bucket of `part` is beyond that of `of`, nor its net, its tax, or the charge."""
    there = {bucket.rate: bucket for bucket in of.tax_breakdown}
    nothing = TaxBucket("", 0, 0, 0)
    return 0 <= part.service_charge <= of.service_charge and all(
        0 <= bucket.net <= there.get(bucket.rate, nothing).net
        and 0 <= bucket.tax <= there.get(bucket.rate, nothing).tax
        and bucket.net + bucket.tax == bucket.gross
        for bucket in part.tax_breakdown
    )


def some_refunds(data: st.DataObject) -> list[bool]:
    """A few refunds, the last of them of all that is left."""
    return [False] * data.draw(st.integers(0, 5)) + [True]


def some_named(data: st.DataObject, order: Ordered, got: Totals) -> Named | None:
    if not got.lines or data.draw(st.booleans()):
        return None
    portions = [data.draw(st.fractions(0, 1, max_denominator=9)) for _ in got.lines]
    return named(got, [each.tax_rate for each in order.lines], order.how, portions)


def check_sequence(data: st.DataObject, order: Ordered) -> None:
    got = order.totals()
    sold = sale(got)
    assert sold.total == got.total
    gone = Sale()
    for everything in some_refunds(data):
        if not (left := sold.total - gone.total):
            break
        amount = left if everything else data.draw(st.integers(1, left))
        part = reversed_sale(sold, gone, amount, order.how.tax_rounding, named=some_named(data, order, got))
        assert part.total == amount
        assert all(min(bucket.net, bucket.tax, bucket.gross) >= 0 for bucket in part.tax_breakdown)
        gone = together([gone, part])
        assert within(gone, sold)
    assert nothing_but(gone) == nothing_but(sold)


@quickly
@given(st.data(), ordered)
def test_refunds_that_give_everything_back_reverse_exactly_what_was_sold(
    data: st.DataObject, order: Ordered
) -> None:
    check_sequence(data, order)


def check_named_alone(data: st.DataObject, order: Ordered) -> None:
    got = order.totals()
    rates_ = [each.tax_rate for each in order.lines]
    index = data.draw(st.integers(0, len(order.lines) - 1))
    amount = payable(got, rates_, order.how)[index]
    only = named(got, rates_, order.how, [int(place == index) for place in range(len(order.lines))])
    part = reversed_sale(sale(got), Sale(), amount, order.how.tax_rounding, named=only)
    assert part.total == amount
    assert part.service_charge == only.service_charge
    assert all(Decimal(bucket.rate) == rates_[index] for bucket in part.tax_breakdown)


@quickly
@given(st.data(), ordered)
def test_a_line_given_back_reverses_what_was_paid_for_it_at_its_own_rate(
    data: st.DataObject, order: Ordered
) -> None:
    check_named_alone(data, order)


def check_evening(data: st.DataObject, order: Ordered) -> None:
    """Paid, refunded in part, lines voided, refunded again until nothing is left: sales and money agree.

    A void may make the rest a penny dearer, where what is rounded falls otherwise; that penny is due, and none such
    is played here.
    """
    lines = list(order.lines)
    got = order.totals()
    paid, unapplied = got.total, data.draw(st.integers(0, 500))
    refunded = returned = from_unapplied = 0
    gone = Sale()
    for everything in some_refunds(data):
        if not (left := paid + unapplied - refunded - from_unapplied):
            break
        smaller = order.totals(lines[:-1])
        if data.draw(st.booleans()) and gone.total <= smaller.total <= got.total:
            lines, got = lines[:-1], smaller
        amount = left if everything else data.draw(st.integers(1, left))
        parts = taken_apart(
            amount, unapplied=unapplied - from_unapplied, paid=paid, returned=returned, total=got.total
        )
        assert parts.from_unapplied + parts.returned + parts.reversed == amount
        assert min(parts.from_unapplied, parts.returned, parts.reversed) >= 0
        part = reversed_sale(sale(got), gone, parts.reversed, order.how.tax_rounding)
        assert part.total == parts.reversed
        gone = together([gone, part])
        from_unapplied += parts.from_unapplied
        refunded += parts.applied
        returned += parts.returned
        assert within(gone, sale(got)) or gone.total == 0
        assert max(0, got.total - (paid - returned)) == 0
    assert nothing_but(gone) == nothing_but(sale(got))


@quickly
@given(st.data(), ordered)
def test_after_any_refunds_and_voids_what_was_reversed_is_what_was_sold(
    data: st.DataObject, order: Ordered
) -> None:
    check_evening(data, order)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("check", [check_sequence, check_named_alone, check_evening])
def test_thousands_of_refunds_come_out_to_the_penny(check: object) -> None:
    thoroughly(given(st.data(), ordered)(check))()  # type: ignore[arg-type]
