"""How a refund is taken apart: what was never applied, what the order no longer costs, and the sale it reverses.

Of the sale, a refund reverses part of every tax bucket and of the service charge outside tax. However an order
is refunded, all of it given back is all of it reversed, bucket by bucket, to the penny. Minor units; no I/O.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from fynlo.errors import Invalid

from .money import (
    ROUNDING,
    TaxBucket,
    TaxRounding,
    TaxSettings,
    Totals,
    allocate,
    payable,
    rate_label,
    untaxed_charge,
)
from .splitting import share_within


class Sale(Struct, frozen=True):
    """What an order sold, or what refunds reversed of it: by tax rate, and the service charge outside tax."""

    tax_breakdown: tuple[TaxBucket, ...] = ()
    service_charge: int = 0

    @property
    def total(self) -> int:
        return sum([bucket.gross for bucket in self.tax_breakdown]) + self.service_charge


class Refund(Struct, frozen=True):
    """The parts of a refund's amount; they add up to it."""

    from_unapplied: int
    returned: int
    reversed: int

    @property
    def applied(self) -> int:
        """What of it comes off the payment's part that was applied to the order."""
        return self.returned + self.reversed


class Named(Struct, frozen=True):
    """Of the lines that a refund names, what the guest paid for them: by tax rate, and as charge outside tax."""

    at_rate: Mapping[str, Fraction]
    service_charge: Fraction


def taken_apart(amount: int, *, unapplied: int, paid: int, returned: int, total: int) -> Refund:
    """A refund of `amount` from a payment with `unapplied` not given back, of an order with these sums before it.

    First goes what was booked beyond what was due, then what is paid beyond what the order costs by now; only
    the rest reverses a sale, and so none of it makes anything due again.
    """
    from_unapplied = min(amount, unapplied)
    applied = amount - from_unapplied
    back = min(applied, max(0, paid - returned - total))
    return Refund(from_unapplied, back, applied - back)


def sale(result: Totals) -> Sale:
    """What an order with these totals sells."""
    return Sale(result.tax_breakdown, untaxed_charge(result))


def together(sales: Sequence[Sale]) -> Sale:
    """The sum of them, by rising rate."""
    sums: dict[str, tuple[int, int, int]] = {}
    for bucket in [bucket for each in sales for bucket in each.tax_breakdown]:
        net, tax, gross = sums.get(bucket.rate, (0, 0, 0))
        sums[bucket.rate] = (net + bucket.net, tax + bucket.tax, gross + bucket.gross)
    return Sale(
        tuple(TaxBucket(rate, *sums[rate]) for rate in sorted(sums, key=Decimal)),
        sum([each.service_charge for each in sales]),
    )


def named(
    result: Totals, rates: Sequence[Decimal], settings: TaxSettings, portions: Sequence[Fraction | int]
) -> Named:
    """What was paid for `portions` (0 to 1) of the lines of `result`, taxed at `rates` under `settings`."""
    paid = payable(result, rates, settings)
    charges = [0] * len(paid)
    if charge := untaxed_charge(result):
        charges = allocate(charge, [line.after_discounts for line in result.lines])
    at_rate: dict[str, Fraction] = {}
    outside = Fraction(0)
    for rate, line, charge, portion in zip(rates, paid, charges, portions, strict=True):
        label = rate_label(rate)
        at_rate[label] = at_rate.get(label, Fraction(0)) + (line - charge) * portion
        outside += charge * portion
    return Named(at_rate, outside)


def reversed_sale(
    sold: Sale, before: Sale, amount: int, tax_rounding: TaxRounding, *, named: Named | None = None
) -> Sale:
    """The part of `sold` that a refund of `amount` (`Refund.reversed`) reverses, after refunds reversed `before`.

    Shared by what remains of each bucket and of the charge outside tax, never more than that. What the lines
    `named` by the refund were paid into bears it first, as far as it lasts. Where lines were voided after a
    refund, more of a bucket may stand reversed than was sold: that bucket's part is then negative, the
    correction, and the others bear as much more.

    Raises Invalid `refund_exceeds_payment` for more than remains altogether.
    """
    sales, gone = _by_rate(sold), _by_rate(before)
    rates = sorted(sales | gone, key=Decimal)
    remains = [_at(sales, rate).gross - _at(gone, rate).gross for rate in rates]
    remains.append(sold.service_charge - before.service_charge)
    if amount > (left := max(0, sum(remains))):
        raise Invalid(
            f"Of what was sold, {left} is not refunded yet; refund at most that.",
            code="refund_exceeds_payment",
        )
    if sum(remains) < 0:
        return Sale()

    room = [max(0, left) for left in remains]
    corrections = [min(0, left) for left in remains]
    to_bear = amount - sum(corrections)
    parts = [0] * len(room)
    if named is not None:
        weights = [*[named.at_rate.get(rate, 0) for rate in rates], named.service_charge]
        parts = share_within(to_bear, weights, room)
    rest = allocate(to_bear - sum(parts), [most - part for most, part in zip(room, parts, strict=True)])
    *grosses, charge = [sum(each) for each in zip(parts, rest, corrections, strict=True)]

    buckets = []
    for rate, gross in zip(rates, grosses, strict=True):
        tax = _reversed_tax(_at(sales, rate), _at(gone, rate), gross, tax_rounding)
        if gross or tax:
            buckets.append(TaxBucket(rate, gross - tax, tax, gross))
    return Sale(tuple(buckets), charge)


def _by_rate(sold: Sale) -> dict[str, TaxBucket]:
    return {bucket.rate: bucket for bucket in sold.tax_breakdown}


def _at(buckets: Mapping[str, TaxBucket], rate: str) -> TaxBucket:
    return buckets.get(rate) or TaxBucket(rate, 0, 0, 0)


def _reversed_tax(sold: TaxBucket, gone: TaxBucket, gross: int, tax_rounding: TaxRounding) -> int:
    """The tax in `gross` of a bucket: with that of the refunds before, their part of the bucket's, rounded once."""
    tax = 0
    if sold.gross:
        tax = ROUNDING[tax_rounding](sold.tax * (gone.gross + gross), sold.gross) - gone.tax
    tax = max(min(0, gross), min(max(0, gross), tax))
    # neither of tax nor of net more than remains: the last refund takes the rest of both
    return min(sold.tax - gone.tax, max(gross - (sold.net - gone.net), tax))
