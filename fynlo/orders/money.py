"""What an order costs: lines, discounts, service charge and tax, in whole minor units.

    gross of a line   quantity x (unit price + its modifiers)
    - its discount    -> LineTotals.total
    - its share of the order's discount
    + service charge  a percentage of what is left of all lines, or an amount
    + tax             by rate or by line, inside these amounts or on top of them

Everything is exact until a rounding named by `TaxSettings.tax_rounding`; what is shared out adds up again.
Prices and quantities are taken as valid: no price is negative, a quantity is at least 1.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Literal

from msgspec import Meta, Struct

TaxRounding = Literal["half_up", "half_even"]
TaxScope = Literal["bucket", "line"]


class Discount(Struct, frozen=True):
    """Off a line or an order: a percentage (0 to 100) or an amount in minor units, exactly one of them.

    Never takes off more than there is. Raises ValueError for both, neither, or a negative amount.
    """

    percentage: Decimal | None = None
    amount: int | None = None

    def __post_init__(self) -> None:
        if (self.percentage is None) == (self.amount is None):
            raise ValueError("a discount is a percentage or an amount: give one of them")
        if self.amount is not None and self.amount < 0:
            raise ValueError("a discount is not negative")


class ModifierPrice(Struct, frozen=True, gc=False):
    """A modifier as sold on one unit of the line: `price` each, `quantity` of them."""

    price: int
    quantity: int


class PricedLine(Struct, frozen=True):
    """A line that counts (not voided) with the prices and the tax rate it was sold at."""

    unit_price: int
    quantity: int
    tax_rate: Decimal
    modifiers: tuple[ModifierPrice, ...] = ()
    discount: Discount | None = None


class TaxSettings(Struct, frozen=True, gc=False):
    """How the restaurant taxes; an order keeps those it was made under."""

    prices_include_tax: bool
    tax_rounding: TaxRounding
    tax_scope: TaxScope


class ServiceCharge(Struct, frozen=True):
    """A percentage (0 to 100) of what all discounts leave, or an amount in minor units: exactly one of them.

    Never more than the lines come to after all discounts; taxed with them if `taxable`. Raises ValueError for
    both, neither, or a negative amount.
    """

    percentage: Decimal | None
    taxable: bool
    amount: int | None = None

    def __post_init__(self) -> None:
        if (self.percentage is None) == (self.amount is None):
            raise ValueError("a service charge is a percentage or an amount: give one of them")
        if self.amount is not None and self.amount < 0:
            raise ValueError("a service charge is not negative")


class LineTotals(Struct, frozen=True, gc=False):
    """One line: `gross` before any discount, `discount` its own, `total` after its own discount.

    `after_discounts` is its total less its share of the order's discount, before charge and tax on top. `net` is
    what the line adds to net sales: the same without tax. The nets of the lines of a rate, with the net of the
    service charge taxed among them, add up to that rate's net.
    """

    gross: int
    discount: int
    total: int
    after_discounts: int
    net: int


class TaxBucket(Struct, frozen=True, gc=False):
    """Everything taxed at one `rate` ("20", "9.75"): net + tax = gross."""

    rate: Annotated[str, Meta(description='percent, as "20" or "9.75"')]
    net: Annotated[int, Meta(description="without tax")]
    tax: int
    gross: Annotated[int, Meta(description="net + tax")]


class Totals(Struct, frozen=True, gc=False):
    """An order: `subtotal` before every discount, `discount` all of them, `total` to be paid, without tips.

    `lines` in the order given; `tax_breakdown` by rising rate. A service charge outside tax is in no bucket.
    """

    lines: tuple[LineTotals, ...]
    subtotal: int
    discount: int
    service_charge: int
    tax: int
    total: int
    tax_breakdown: tuple[TaxBucket, ...]


def totals(
    lines: Sequence[PricedLine],
    settings: TaxSettings,
    *,
    discount: Discount | None = None,
    service_charge: ServiceCharge | None = None,
) -> Totals:
    """Add an order up (REST contract, "Totals"). Raises ValueError for a percentage outside 0 to 100."""
    rounded = ROUNDING[settings.tax_rounding]

    gross = [
        line.quantity
        * (line.unit_price + sum([modifier.price * modifier.quantity for modifier in line.modifiers]))
        for line in lines
    ]
    own = [_taken_off(amount, line.discount, rounded) for amount, line in zip(gross, lines, strict=True)]
    after_own = [amount - off for amount, off in zip(gross, own, strict=True)]

    before_shared = sum(after_own)
    shared = _taken_off(before_shared, discount, rounded)
    left = after_own
    if shared:
        left = [amount - off for amount, off in zip(after_own, allocate(shared, after_own), strict=True)]
    to_pay = before_shared - shared

    charge = 0
    charges = [0] * len(left)
    if service_charge is not None:
        charge = _portion(to_pay, service_charge.percentage, service_charge.amount, rounded)
        if service_charge.taxable:
            charges = allocate(charge, left)

    tax, nets, breakdown = _taxes(lines, left, charges, settings, rounded)
    return Totals(
        lines=tuple(map(LineTotals, gross, own, after_own, left, nets)),
        subtotal=sum(gross),
        discount=sum(own) + shared,
        service_charge=charge,
        tax=tax,
        total=to_pay + charge + (0 if settings.prices_include_tax else tax),
        tax_breakdown=breakdown,
    )


def payable(result: Totals, rates: Sequence[Decimal], settings: TaxSettings) -> list[int]:
    """What the guest pays for each line, minor units: they add up to `result.total`.

    `result` is what `totals` made of lines taxed at `rates` (in its order) under `settings`. A line's
    `after_discounts` with its share of the service charge and of the tax on top. The lines of a rate pay their
    bucket's gross, and the part of the charge outside tax besides.
    """
    left = [line.after_discounts for line in result.lines]
    charges = allocate(result.service_charge, left)
    paid = [amount + charge for amount, charge in zip(left, charges, strict=True)]
    if settings.prices_include_tax:
        return paid

    taxed = left if untaxed_charge(result) else paid
    buckets = {bucket.rate: bucket.tax for bucket in result.tax_breakdown}
    members: dict[str, list[int]] = {}
    for index, value in enumerate(rates):
        members.setdefault(rate_label(value), []).append(index)
    for rate, together in members.items():
        if settings.tax_scope == "line":
            rounded = ROUNDING[settings.tax_rounding]
            taxes = [_share(taxed[index], rates[index], rounded) for index in together]
        else:
            taxes = allocate(buckets[rate], [taxed[index] for index in together])
        for index, tax in zip(together, taxes, strict=True):
            paid[index] += tax
    return paid


def untaxed_charge(result: Totals) -> int:
    """The service charge that is in no bucket: all of it, or nothing."""
    return result.total - sum([bucket.gross for bucket in result.tax_breakdown])


def rate_label(rate: Decimal) -> str:
    """The rate as `TaxBucket.rate` writes it: "20" for 20.00. Raises ValueError outside 0 to 100."""
    return _percent(rate).label


def allocate(amount: int, weights: Sequence[int | Fraction]) -> list[int]:
    """Share `amount` in proportion to `weights` by largest remainder, ties to the earlier: it adds up again.

    No share is above its weight unless `amount` is above their sum. Raises ValueError for a negative amount
    or weight, and for an amount with nobody to bear it.
    """
    if amount < 0 or min(weights, default=0) < 0:
        raise ValueError("amounts and weights are not negative")
    whole = sum(weights)
    if whole == 0:
        if amount:
            raise ValueError("nothing to share the amount over")
        return [0] * len(weights)
    shares = [amount * weight // whole for weight in weights]
    missing = amount - sum(shares)
    if missing:
        # sorted() is stable: equal remainders stay in the order given
        remainders = [-(amount * weight % whole) for weight in weights]
        for index in sorted(range(len(weights)), key=remainders.__getitem__)[:missing]:
            shares[index] += 1
    return shares


Rounding = Callable[[int, int], int]  # of a numerator and a denominator, to a whole


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def _half_even(numerator: int, denominator: int) -> int:
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1))


ROUNDING: dict[TaxRounding, Rounding] = {"half_up": _half_up, "half_even": _half_even}


class _Percent(Struct, frozen=True, gc=False):
    """A percentage as the exact fraction `numerator / denominator`; `label` is the same for equal values."""

    value: Decimal
    label: str
    numerator: int
    denominator: int


@lru_cache(maxsize=1024)
def _percent(value: Decimal) -> _Percent:
    if not (value.is_finite() and 0 <= value <= 100):
        raise ValueError(f"a percentage is between 0 and 100, not {value}")
    numerator, denominator = value.as_integer_ratio()
    label = format(value.copy_abs(), "f")
    if "." in label:
        label = label.rstrip("0").rstrip(".")
    return _Percent(value, label, numerator, 100 * denominator)


def _share(amount: int, percentage: Decimal, rounded: Rounding) -> int:
    percent = _percent(percentage)
    return rounded(amount * percent.numerator, percent.denominator)


def _taken_off(amount: int, discount: Discount | None, rounded: Rounding) -> int:
    return 0 if discount is None else _portion(amount, discount.percentage, discount.amount, rounded)


def _portion(amount: int, percentage: Decimal | None, fixed: int | None, rounded: Rounding) -> int:
    if percentage is None:
        return min(amount, fixed or 0)
    return _share(amount, percentage, rounded)


def _taxes(
    lines: Sequence[PricedLine],
    left: list[int],
    charges: list[int],
    settings: TaxSettings,
    rounded: Rounding,
) -> tuple[int, list[int], tuple[TaxBucket, ...]]:
    """The tax of the order, the net of each line, and the breakdown by rate."""
    included, by_line = settings.prices_include_tax, settings.tax_scope == "line"
    at_rate: dict[str, tuple[_Percent, list[int]]] = {}
    for index, line in enumerate(lines):
        rate = _percent(line.tax_rate)
        at_rate.setdefault(rate.label, (rate, []))[1].append(index)

    nets = left.copy()
    buckets: list[tuple[Decimal, TaxBucket]] = []
    for rate, members in at_rate.values():
        base = rate.denominator + rate.numerator if included else rate.denominator
        bucket_amount = bucket_tax = 0
        for together in [[index] for index in members] if by_line else [members]:
            charged = sum([charges[index] for index in together])
            amount = sum([left[index] for index in together]) + charged
            tax = rounded(amount * rate.numerator, base)
            bucket_amount += amount
            bucket_tax += tax
            if included:
                # the charge bears its part of the tax, as the last of those taxed together
                parts = allocate(amount - tax, [*[left[index] for index in together], charged])
                for index, net in zip(together, parts[:-1], strict=True):
                    nets[index] = net
        net = bucket_amount - bucket_tax if included else bucket_amount
        buckets.append((rate.value, TaxBucket(rate.label, net, bucket_tax, net + bucket_tax)))

    buckets.sort(key=lambda bucket: bucket[0])
    breakdown = tuple([bucket for _, bucket in buckets])
    return sum([bucket.tax for bucket in breakdown]), nets, breakdown
