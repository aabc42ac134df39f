"""A receipt: of an order or of one of its checks, as data and as text for a printer of 42 columns. No I/O."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Meta, Struct

from fynlo.menu.models import OrderType
from fynlo.times import Time

from .models import ItemModifier, Order, OrderItem, OrderTotals
from .money import ROUNDING
from .payment_models import Check, CheckItem, Payment, PaymentMethod, Refund
from .printing import WIDTH, amount_of, amount_row, centred, folded, row
from .rules import OrderStatus

_METHODS: dict[PaymentMethod, str] = {
    "cash": "Cash",
    "card": "Card",
    "gift_card": "Gift card",
    "other": "Other",
}
_TYPES: dict[OrderType, str] = {"dine_in": "Dine in", "takeaway": "Takeaway", "delivery": "Delivery"}
_RULE = "-" * WIDTH
_NOT_TO_PAY: frozenset[OrderStatus] = frozenset({"cancelled", "merged"})


class ReceiptLine(Struct, frozen=True):
    """A line that counts. On a check only its part: so many, or `share` ("1/3") of `quantity`.

    `unit_price` is of one without its modifiers; `gross` of all of it with them, `total` after `discount`.
    """

    item_id: UUID
    name: str
    variant_name: str | None
    quantity: int
    share: Annotated[str | None, Meta(description='of a check: so much of the quantity, as "1/3"')]
    unit_price: Annotated[int, Meta(description="of one, without its modifiers")]
    modifiers: tuple[ItemModifier, ...]
    gross: Annotated[int, Meta(description="with its modifiers, before its discount")]
    discount: Annotated[int, Meta(description="its own, not its share of the order's")]
    discount_reason: str | None
    total: Annotated[int, Meta(description="gross − discount")]


class ReceiptPayment(Struct, frozen=True):
    """A captured payment; `at` in the restaurant's zone."""

    id: UUID
    method: PaymentMethod
    amount: Annotated[int, Meta(description="tip apart")]
    tip: int
    tendered: int | None
    change: int | None
    reference: str | None
    at: Time


class ReceiptRefund(Struct, frozen=True):
    """Money given back; `at` in the restaurant's zone."""

    id: UUID
    payment_id: UUID
    method: PaymentMethod
    amount: Annotated[int, Meta(description="tip apart")]
    tip: int
    reason: str
    at: Time


class ReceiptCheck(Struct, frozen=True):
    """The check that the receipt is of: `lines`, `payments` and `refunds` are its own then."""

    id: UUID
    total: int
    paid: int
    due: int


class Receipt(Struct, frozen=True):
    """What a guest is given. `at` is when the order was placed, in the restaurant's zone; `totals` are the whole
    order's, `order_discount` the part of its discount that is of no single line."""

    order_id: UUID
    restaurant: str
    currency: str
    number: int
    business_date: date
    at: Annotated[Time, Meta(description="when it was placed, in the restaurant's zone")]
    type: OrderType
    status: OrderStatus
    table_name: str | None
    covers: int | None
    customer_name: str | None
    lines: tuple[ReceiptLine, ...]
    prices_include_tax: bool
    order_discount: Annotated[int, Meta(description="off the order as a whole, besides its lines' own")]
    discount_reason: str | None
    totals: Annotated[OrderTotals, Meta(description="the whole order's, of a check as well")]
    check: Annotated[ReceiptCheck | None, Meta(description="null: the receipt is of the whole order")]
    payments: tuple[ReceiptPayment, ...]
    refunds: tuple[ReceiptRefund, ...]


def receipt(
    order: Order, *, restaurant: str, timezone: str, prices_include_tax: bool, check: Check | None = None
) -> Receipt:
    """The receipt of the order, or of that check of it. Voided lines, and payments that came to nothing, are
    left out."""
    zone = ZoneInfo(timezone)
    counting = {item.id: item for item in order.items if item.status != "voided"}
    if check is None:
        lines = [_line(item, None) for item in counting.values()]
    else:
        lines = [_line(counting[part.item_id], part) for part in check.items if part.item_id in counting]
    payments = [
        p
        for p in order.payments
        if p.state == "captured" and (check is None or p.check_id == check.id) and p.captured_at is not None
    ]
    return Receipt(
        order_id=order.id,
        restaurant=restaurant,
        currency=order.currency,
        number=order.number,
        business_date=order.business_date,
        at=_local(order.placed_at, zone),
        type=order.type,
        status=order.status,
        table_name=order.table_name,
        covers=order.covers,
        customer_name=order.customer_name,
        lines=tuple(lines),
        prices_include_tax=prices_include_tax,
        order_discount=order.totals.discount - sum(item.discount for item in counting.values()),
        discount_reason=order.discount_terms.reason if order.discount_terms else None,
        totals=order.totals,
        check=ReceiptCheck(check.id, check.total, check.paid, check.due) if check else None,
        payments=tuple(_payment(p, zone) for p in payments),
        refunds=tuple(_refund(f, zone) for p in payments for f in p.refunds),
    )


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(microsecond=0)


def _line(item: OrderItem, part: CheckItem | None) -> ReceiptLine:
    portion = Fraction(1)
    if part is not None:
        portion = (
            Fraction(part.share) if part.share is not None else Fraction(part.quantity or 0, item.quantity)
        )
        portion = min(portion, Fraction(1))  # of the line there may be less than when it was split

    def of_it(amount: int) -> int:
        return ROUNDING["half_up"](amount * portion.numerator, portion.denominator)

    gross, discount = of_it(item.total + item.discount), of_it(item.discount)
    return ReceiptLine(
        item_id=item.id,
        name=item.name,
        variant_name=item.variant_name,
        quantity=min(part.quantity, item.quantity) if part is not None and part.quantity else item.quantity,
        share=part.share if part is not None else None,
        unit_price=item.unit_price,
        modifiers=item.modifiers,
        gross=gross,
        discount=discount,
        discount_reason=item.discount_terms.reason if item.discount_terms else None,
        total=gross - discount,
    )


def _payment(p: Payment, zone: ZoneInfo) -> ReceiptPayment:
    at = _local(p.captured_at or p.created_at, zone)
    return ReceiptPayment(p.id, p.method, p.amount, p.tip, p.tendered, p.change, p.reference, at)


def _refund(f: Refund, zone: ZoneInfo) -> ReceiptRefund:
    return ReceiptRefund(f.id, f.payment_id, f.method, f.amount, f.tip, f.reason, _local(f.created_at, zone))


def text(of: Receipt) -> str:
    """The receipt in lines of at most 42 columns, each ended by a newline; amounts stand at the right edge."""
    parts = [_head(of), _lines(of), _sums(of) if of.check is None else _check_sums(of, of.check), _paid(of)]
    return "".join(f"{line}\n" for part in parts for line in part)


def _head(of: Receipt) -> Iterable[str]:
    yield from centred(of.restaurant)
    yield ""
    yield from row(f"Order {of.number}", f"{of.at:%Y-%m-%d %H:%M}")
    place = f"Table {of.table_name}" if of.table_name is not None else _TYPES[of.type]
    yield from row(place, f"{of.covers} guest{'s' if of.covers != 1 else ''}" if of.covers else "")
    if of.customer_name:
        yield from folded(of.customer_name)
    if of.status in _NOT_TO_PAY:
        yield from centred(f"*** {of.status} ***")
    yield _RULE


def _lines(of: Receipt) -> Iterable[str]:
    for line in of.lines:
        name = f"{line.name}, {line.variant_name}" if line.variant_name else line.name
        share = f"{line.share} of " if line.share else ""
        yield from amount_row(f"{share}{line.quantity} x {name}", line.gross, of.currency)
        for modifier in line.modifiers:
            times = f"{modifier.quantity} x " if modifier.quantity > 1 else ""
            price = f" ({amount_of(modifier.price, of.currency)})" if modifier.price else ""
            yield from folded(f"+ {times}{modifier.name}{price}", indent=4)
        if line.discount:
            yield from amount_row(
                _why("Discount", line.discount_reason), -line.discount, of.currency, indent=4
            )
    if of.lines:
        yield _RULE


def _sums(of: Receipt) -> Iterable[str]:
    totals, currency = of.totals, of.currency
    on_top = 0 if of.prices_include_tax else totals.tax
    if totals.discount or totals.service_charge or on_top:
        yield from amount_row("Subtotal", totals.subtotal, currency)
        if own := totals.discount - of.order_discount:
            yield from amount_row("Discounts on lines", -own, currency)
        if of.order_discount:
            yield from amount_row(_why("Discount", of.discount_reason), -of.order_discount, currency)
        if totals.service_charge:
            yield from amount_row("Service charge", totals.service_charge, currency)
        if not of.prices_include_tax:
            for bucket in totals.tax_breakdown:
                yield from amount_row(f"Tax {bucket.rate} %", bucket.tax, currency)
    yield from amount_row(f"TOTAL {currency}", totals.total, currency)
    if of.prices_include_tax and totals.tax_breakdown:
        yield ""
        for bucket in totals.tax_breakdown:
            yield from row(
                f"Tax {bucket.rate} % in {amount_of(bucket.gross, currency)}", amount_of(bucket.tax, currency)
            )


def _check_sums(of: Receipt, check: ReceiptCheck) -> Iterable[str]:
    rest = check.total - sum(line.total for line in of.lines)
    if of.lines and rest:
        yield from amount_row("Other discounts and charges", rest, of.currency)
    yield from amount_row(f"THIS CHECK {of.currency}", check.total, of.currency)
    yield from amount_row("of the whole order", of.totals.total, of.currency)


def _paid(of: Receipt) -> Iterable[str]:
    currency = of.currency
    yield _RULE
    for payment in of.payments:
        yield from amount_row(_why(_METHODS[payment.method], payment.reference), payment.amount, currency)
        if payment.tip:
            yield from amount_row("Tip", payment.tip, currency, indent=4)
        if payment.tendered is not None:
            yield from amount_row("Tendered", payment.tendered, currency, indent=4)
            yield from amount_row("Change", payment.change or 0, currency, indent=4)
    for refund in of.refunds:
        label = _why(f"Refund, {_METHODS[refund.method].lower()}", refund.reason)
        yield from amount_row(label, -refund.amount, currency)
        if refund.tip:
            yield from amount_row("Tip", -refund.tip, currency, indent=4)
    if of.status not in _NOT_TO_PAY:
        due = of.totals.due if of.check is None else of.check.due
        yield from amount_row(f"DUE {currency}", due, currency)
    if of.check is None and of.totals.to_refund:
        yield from amount_row("To give back", of.totals.to_refund, currency)


def _why(what: str, reason: str | None) -> str:
    return f"{what} ({reason})" if reason else what


def check_of(checks: Sequence[Check], check_id: UUID) -> Check | None:
    """The check of that id."""
    return next((check for check in checks if check.id == check_id), None)
