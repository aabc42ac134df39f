"""Reports as they are asked for and as they go out. Money is in minor units of `currency`."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, field

from fynlo.cash.models import Shift
from fynlo.orders.money import TaxBucket

GroupBy = Literal["day", "hour", "product", "category", "payment_method", "staff"]


class XQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /reports/x."""

    shift_id: UUID


class MethodSum(Struct, frozen=True):
    """Payments or refunds by one method: how many, and their amounts and tips; these are null in the X of an open
    shift where they would tell who is to count the drawer what should be in it."""

    method: str
    count: int
    amount: int | None
    tips: int | None


class XReport(Struct, frozen=True):
    """A shift so far: what was captured and given back in it."""

    shift: Shift
    taken_at: datetime
    payments: tuple[MethodSum, ...]
    refunds: tuple[MethodSum, ...]


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
    amount: int
    unapplied: int
    tips: int


class ZRefunds(Struct, frozen=True):
    """Refunds by one method."""

    method: str
    count: int
    amount: int
    tips: int


class ZSales(Struct, frozen=True):
    """The orders that were completed since the last Z. `subtotal` is before every discount."""

    orders: int
    covers: int
    subtotal: int
    discount: int
    service_charge: int
    tax: int
    total: int
    tax_breakdown: tuple[TaxBucket, ...]


class ZReversed(Struct, frozen=True):
    """What refunds reversed of the sales that this Z or an earlier one reports; `service_charge` is outside tax."""

    service_charge: int
    total: int
    tax_breakdown: tuple[TaxBucket, ...]


class ZCount(Struct, frozen=True):
    """So many, of so much."""

    count: int
    amount: int


class ZOpenOrders(Struct, frozen=True):
    """What the next Z will report."""

    count: int
    due: int


class ZDrawer(Struct, frozen=True):
    """The cash of one shift in this Z: payments and tips less refunds; without a shift, what none took.
    The count stands here if the shift was closed by then."""

    shift_id: UUID | None
    drawer: str | None
    opened_by_name: str | None
    cash: int
    closed_at: datetime | None
    expected: int | None
    counted: int | None
    difference: int | None


class ZOpenShift(Struct, frozen=True):
    """A drawer that was not counted when the Z was taken."""

    shift_id: UUID
    drawer: str
    opened_by_name: str
    opened_at: datetime


class ZBody(Struct, frozen=True):
    """What a Z says, as it was kept."""

    currency: str
    taken_by_name: str | None
    payments: tuple[ZPayments, ...]
    refunds: tuple[ZRefunds, ...]
    takings: int
    sales: ZSales
    reversed: ZReversed
    voids: ZCount
    cancelled: ZCount
    open_orders: ZOpenOrders
    drawers: tuple[ZDrawer, ...]
    open_shifts: tuple[ZOpenShift, ...]


class ZReport(ZBody, frozen=True, kw_only=True):
    """The end of a day of trade. `takings` are payments and tips less refunds with theirs; `voids` are lines of
    the orders that were completed or cancelled since the last Z, `cancelled` those orders."""

    id: UUID
    restaurant_id: UUID
    number: int
    business_date: date
    taken_by: UUID
    taken_at: datetime


class SalesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /reports/sales: business dates, both included, at most 366 of them."""

    restaurant_id: UUID
    from_: date = field(name="from")
    to: date
    group_by: GroupBy = "day"


class VatQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """GET /reports/vat: business dates, both included, at most 366 of them."""

    restaurant_id: UUID
    from_: date = field(name="from")
    to: date


class SalesRow(Struct, frozen=True):
    """The sales of one group.

    total = net + service_charge + tax: `net` is without tax and service charge, `service_charge` without its tax.
    `gross`, before every discount, and `discount` are as the menu shows prices. `refunded_…` is what refunds
    reversed on their own business date, the service charge within the net. The key is a date, an hour of the
    clock ("13"), or an id; null for what belongs to no product or nobody.
    """

    key: str | None
    name: str | None
    orders: int
    items: int
    gross: int
    discount: int
    net: int
    service_charge: int
    tax: int
    total: int
    tips: int
    refunds: int
    refunded_net: int
    refunded_tax: int
    refunded_total: int
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

    key: str | None
    name: str | None
    payments: int
    amount: int
    tips: int
    refunds: int
    refunded: int
    refunded_tips: int
    takings: int


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

    rate: str | None
    sales_net: int
    sales_tax: int
    sales_gross: int
    refunded_net: int
    refunded_tax: int
    refunded_gross: int
    net: int
    tax: int
    gross: int


class VatReport(Struct, frozen=True):
    """The rows add up to `totals`."""

    restaurant_id: UUID
    currency: str
    from_: date = field(name="from")
    to: date
    totals: VatRow
    rows: tuple[VatRow, ...]
