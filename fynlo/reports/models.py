"""Reports as they are asked for and as they go out. Money is in minor units of `currency`."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, field

from fynlo.cash.models import Shift
from fynlo.orders.money import TaxBucket
from fynlo.times import Time

GroupBy = Literal["day", "hour", "product", "category", "payment_method", "staff"]
FirstDay = Annotated[date, Meta(description="a business date")]
LastDay = Annotated[date, Meta(description="the last business date, included; 366 of them at most")]


class XQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /reports/x."""

    shift_id: UUID


class MethodSum(Struct, frozen=True):
    """Payments or refunds by one method: how many, and their amounts and tips; these are null in the X of an open
    shift where they would tell who is to count the drawer what should be in it."""

    method: str
    count: int
    amount: Annotated[
        int | None, Meta(description="tips apart; null where the drawer is to be counted blind")
    ]
    tips: Annotated[int | None, Meta(description="besides; null where the drawer is to be counted blind")]


class XReport(Struct, frozen=True):
    """A shift so far: what was captured and given back in it. Once the drawer was counted it stays as it was counted,
    whatever is voided afterwards: its cash adds up to `expected`."""

    shift: Shift
    taken_at: Time
    payments: Annotated[tuple[MethodSum, ...], Meta(description="captured, by method")]
    refunds: Annotated[tuple[MethodSum, ...], Meta(description="given back, by method")]


class NewZ(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /reports/z."""

    restaurant_id: UUID
    business_date: date


class ZQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /reports/z. `cursor` comes from the `Link` of the page before: the number of its last Z."""

    restaurant_id: UUID
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    cursor: Annotated[int, Meta(ge=1, le=2_147_483_647)] | None = None


class ZPayments(Struct, frozen=True):
    """Payments by one method; `unapplied` of `amount` was more than was due."""

    method: str
    count: int
    amount: Annotated[int, Meta(description="tips apart")]
    unapplied: Annotated[int, Meta(description="of amount, what was more than was due")]
    tips: Annotated[int, Meta(description="beside amount")]


class ZRefunds(Struct, frozen=True):
    """Refunds by one method."""

    method: str
    count: int
    amount: Annotated[int, Meta(description="tips apart")]
    tips: Annotated[int, Meta(description="beside amount")]


class ZSales(Struct, frozen=True):
    """The orders that were completed since the last Z. `subtotal` is before every discount."""

    orders: Annotated[int, Meta(description="completed since the last Z")]
    covers: Annotated[int, Meta(description="guests of these orders")]
    subtotal: Annotated[int, Meta(description="before every discount")]
    discount: Annotated[int, Meta(description="all of them: of lines and of orders")]
    service_charge: int
    tax: int
    total: Annotated[int, Meta(description="what the orders came to, without tips")]
    tax_breakdown: tuple[TaxBucket, ...]


class ZReversed(Struct, frozen=True):
    """What refunds reversed of the sales that this Z or an earlier one reports; `service_charge` is outside tax."""

    service_charge: Annotated[int, Meta(description="outside tax; a taxed one is in tax_breakdown")]
    total: Annotated[int, Meta(description="what refunds took back of sales, tax included")]
    tax_breakdown: tuple[TaxBucket, ...]


class ZCount(Struct, frozen=True):
    """So many, of so much."""

    count: int
    amount: int


class ZOpenOrders(Struct, frozen=True):
    """What the next Z will report."""

    count: int
    due: Annotated[int, Meta(description="still to be paid on them")]


class ZDrawer(Struct, frozen=True):
    """The cash of one shift in this Z: payments and tips less refunds; without a shift, what none took.
    The count stands here if the shift was closed by then: each in the first Z after it, though it be without cash."""

    shift_id: Annotated[UUID | None, Meta(description="null: cash that no shift took")]
    drawer: str | None
    opened_by_name: str | None
    cash: Annotated[int, Meta(description="of this Z: payments and tips less refunds")]
    closed_at: Time | None
    expected: Annotated[int | None, Meta(description="of the whole shift; null while it was open")]
    counted: Annotated[int | None, Meta(description="null while it was open")]
    difference: Annotated[int | None, Meta(description="counted − expected")]


class ZOpenShift(Struct, frozen=True):
    """A drawer that was not counted when the Z was taken."""

    shift_id: UUID
    drawer: str
    opened_by_name: str
    opened_at: Time


class ZBody(Struct, frozen=True):
    """What a Z says, as it was kept."""

    currency: str
    taken_by_name: str | None
    payments: tuple[ZPayments, ...]
    refunds: tuple[ZRefunds, ...]
    takings: Annotated[int, Meta(description="payments and tips less refunds with theirs")]
    sales: Annotated[ZSales, Meta(description="of the orders completed since the last Z")]
    reversed: Annotated[
        ZReversed, Meta(description="what refunds took back of sales reported here or earlier")
    ]
    voids: Annotated[ZCount, Meta(description="units of voided lines, at what they would have cost")]
    cancelled: Annotated[
        ZCount, Meta(description="orders cancelled since the last Z, at what they would have cost")
    ]
    open_orders: Annotated[ZOpenOrders, Meta(description="which the next Z will report")]
    drawers: Annotated[tuple[ZDrawer, ...], Meta(description="the cash of each shift in it")]
    open_shifts: Annotated[tuple[ZOpenShift, ...], Meta(description="not counted yet when it was taken")]


class ZReport(ZBody, frozen=True, kw_only=True):
    """The end of a day of trade. `takings` are payments and tips less refunds with theirs; `voids` are lines of
    the orders that were completed or cancelled since the last Z, `cancelled` those orders."""

    id: UUID
    restaurant_id: UUID
    number: Annotated[int, Meta(description="1, 2, 3 … for the restaurant, without a gap")]
    business_date: date
    taken_by: UUID
    taken_at: Time


class SalesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /reports/sales: business dates, both included, at most 366 of them."""

    restaurant_id: UUID
    from_: FirstDay = field(name="from")
    to: LastDay
    group_by: GroupBy = "day"


class VatQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /reports/vat: business dates, both included, at most 366 of them."""

    restaurant_id: UUID
    from_: FirstDay = field(name="from")
    to: LastDay


class SalesRow(Struct, frozen=True):
    """The sales of one group.

    total = net + service_charge + tax: `net` is without tax and service charge, `service_charge` without its tax.
    `gross`, before every discount, and `discount` are as the menu shows prices. `refunded_…` is what refunds
    reversed on their own business date, the service charge within the net. The key is a date, an hour of the
    clock ("13"), or an id; null for what belongs to no product or nobody.
    """

    key: Annotated[
        str | None, Meta(description='a date, an hour ("13") or an id; null: nobody, or no product')
    ]
    name: Annotated[str | None, Meta(description="the key, for people")]
    orders: int
    items: Annotated[int, Meta(description="units sold")]
    gross: Annotated[int, Meta(description="before every discount, as the menu shows prices")]
    discount: Annotated[int, Meta(description="all of them, as the menu shows prices")]
    net: Annotated[int, Meta(description="without tax and service charge")]
    service_charge: Annotated[int, Meta(description="without its tax")]
    tax: int
    total: Annotated[int, Meta(description="net + service_charge + tax, before refunds")]
    tips: Annotated[int, Meta(description="as they were taken, before refunds")]
    refunds: Annotated[int, Meta(description="how many")]
    refunded_net: Annotated[int, Meta(description="without tax; the service charge is within it")]
    refunded_tax: int
    refunded_total: Annotated[int, Meta(description="refunded_net + refunded_tax")]
    refunded_tips: int


class SalesReport(Struct, frozen=True, tag_field="report", tag="sales"):
    """The parts of `rows` add up to `totals`, which are the same by whatever group; only `orders`, `items` of
    several products and `refunds` may be counted in more than one row."""

    restaurant_id: UUID
    currency: str
    from_: date = field(name="from")
    to: date
    group_by: GroupBy
    totals: SalesRow
    rows: tuple[SalesRow, ...]


class TakingsRow(Struct, frozen=True):
    """What was captured and given back by one method; takings = amount + tips - refunded - refunded_tips."""

    key: Annotated[str | None, Meta(description="the method; null in the totals")]
    name: str | None
    payments: Annotated[int, Meta(description="how many")]
    amount: Annotated[int, Meta(description="captured, tips apart")]
    tips: int
    refunds: Annotated[int, Meta(description="how many")]
    refunded: Annotated[int, Meta(description="given back, tips apart")]
    refunded_tips: int
    takings: Annotated[int, Meta(description="amount + tips − refunded − refunded_tips")]


class TakingsReport(Struct, frozen=True, tag_field="report", tag="takings"):
    """Money by the business date on which it was taken, whatever became of its order."""

    restaurant_id: UUID
    currency: str
    from_: date = field(name="from")
    to: date
    group_by: GroupBy
    totals: TakingsRow
    rows: tuple[TakingsRow, ...]


class VatRow(Struct, frozen=True):
    """One rate: what was sold less what was refunded. Null is the service charge outside tax."""

    rate: Annotated[
        str | None, Meta(description="percent; null for the service charge outside tax, and in the totals")
    ]
    sales_net: int
    sales_tax: int
    sales_gross: Annotated[int, Meta(description="sales_net + sales_tax")]
    refunded_net: int
    refunded_tax: int
    refunded_gross: int
    net: Annotated[int, Meta(description="sales_net − refunded_net")]
    tax: Annotated[int, Meta(description="sales_tax − refunded_tax: what is owed")]
    gross: Annotated[int, Meta(description="net + tax")]


class VatReport(Struct, frozen=True):
    """The rows add up to `totals`."""

    restaurant_id: UUID
    currency: str
    from_: date = field(name="from")
    to: date
    totals: VatRow
    rows: tuple[VatRow, ...]
