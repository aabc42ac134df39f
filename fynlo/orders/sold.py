"""What an order sells, line by line. No I/O."""

from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from .models import Order, OrderItem
from .money import TaxSettings, Totals, payable
from .pricing import Stamp, priced


class Sold(Struct, frozen=True):
    """The lines of an order that count, and the totals they make under its settings."""

    lines: list[OrderItem]
    result: Totals
    settings: TaxSettings

    @classmethod
    def of(cls, order: Order, stamp: Stamp) -> "Sold":
        _, result = priced(
            order.items, stamp, order.type, order.covers, order.discount_terms, order.service_charge_terms
        )
        return cls(
            [item for item in order.items if item.status != "voided"],
            result,
            TaxSettings(stamp.prices_include_tax, stamp.tax_rounding, stamp.tax_scope),
        )

    @property
    def rates(self) -> list[Decimal]:
        return [Decimal(item.tax_rate) for item in self.lines]

    @property
    def payable(self) -> dict[UUID, int]:
        """What the guest pays for each line, minor units: together the order's total."""
        paid = payable(self.result, self.rates, self.settings)
        return {line.id: amount for line, amount in zip(self.lines, paid, strict=True)}
