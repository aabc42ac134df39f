"""Cash drawers and reports: the part of `ApiClient` that is about them. Conventions as in `models`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from msgspec import Struct, field

from fynlo.client.answers import read
from fynlo.client.calls import Calls


class Movement(Struct, frozen=True):
    """Cash that went into a drawer (paid_in) or out of it (paid_out, drop) and is no payment."""

    id: str
    shift_id: str
    type: str
    amount: int
    reason: str | None = None
    made_by: str | None = None
    created_at: datetime | None = None


class Shift(Struct, frozen=True):
    """A drawer in somebody's hands, from the float they were given to the count.

    `expected` is None while who asks is still to count it; difference = counted - expected.
    """

    id: str
    restaurant_id: str
    currency: str
    drawer: str
    opened_by: str
    opened_at: datetime
    opening_float: int
    opened_by_name: str | None = None
    closed_by: str | None = None
    closed_at: datetime | None = None
    expected: int | None = None
    counted: int | None = None
    difference: int | None = None
    movements: tuple[Movement, ...] = ()


class MethodSum(Struct, frozen=True):
    """Payments or refunds by one method. `amount` and `tips` are None where who is to count the drawer may not know."""

    method: str
    count: int
    amount: int | None = None
    tips: int | None = None
    unapplied: int = 0


class XReport(Struct, frozen=True):
    """A shift so far: what was captured and given back in it. Once the drawer was counted it stays as it was counted,
    whatever is voided afterwards: its cash adds up to `expected`."""

    shift: Shift
    taken_at: datetime
    payments: tuple[MethodSum, ...] = ()
    refunds: tuple[MethodSum, ...] = ()


class ZReport(Struct, frozen=True):
    """The end of a day of trade, as it was taken.

    `takings` are payments and tips less refunds with theirs; `sales`, as the contract has them, are of the orders that
    were completed since the last one.
    """

    id: str
    restaurant_id: str
    number: int
    business_date: date
    taken_at: datetime
    takings: int
    payments: tuple[MethodSum, ...] = ()
    refunds: tuple[MethodSum, ...] = ()
    sales: dict[str, Any] = {}


class SalesRow(Struct, frozen=True):
    """The sales of one group: total = net + service_charge + tax; `refunded_…` is what refunds reversed of them."""

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


class SalesReport(Struct, frozen=True):
    """The parts of `rows` add up to `totals`."""

    currency: str
    totals: SalesRow
    rows: tuple[SalesRow, ...]
    first: date = field(name="from")
    last: date = field(name="to")


class TakingsRow(Struct, frozen=True):
    """What was captured and given back by one method; takings = amount + tips - refunded - refunded_tips."""

    key: str | None
    payments: int
    amount: int
    tips: int
    refunds: int
    refunded: int
    refunded_tips: int
    takings: int


class TakingsReport(Struct, frozen=True):
    """Money by the business date on which it was taken, whatever became of its order."""

    currency: str
    totals: TakingsRow
    rows: tuple[TakingsRow, ...]
    first: date = field(name="from")
    last: date = field(name="to")


class VatRow(Struct, frozen=True):
    """One rate: what was sold less what was refunded. Without a `rate`: the service charge outside tax."""

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

    currency: str
    totals: VatRow
    rows: tuple[VatRow, ...]
    first: date = field(name="from")
    last: date = field(name="to")


class _NewShift(Struct):
    restaurant_id: str
    drawer: str
    opening_float: int


class _NewMovement(Struct):
    type: str
    amount: int
    reason: str


class _Count(Struct):
    counted: int


class _NewZ(Struct):
    restaurant_id: str
    business_date: date


class CashCalls(Calls):
    """Each writing method makes one Idempotency-Key and keeps it over its tries."""

    async def open_shift(
        self, restaurant_id: str, drawer: str, opening_float: int = 0, *, idempotency_key: str | None = None
    ) -> Shift:
        """Takes a drawer; what this person takes in cash belongs to it until it is closed. Raises `shift_open`."""
        body = _NewShift(restaurant_id, drawer, opening_float)
        return read(await self._post("/shifts", body, idempotency_key), Shift)

    async def shift(self, shift_id: str) -> Shift:
        """A shift as it is now."""
        return read(await self._ask("GET", f"/shifts/{shift_id}"), Shift)

    async def move_cash(
        self,
        shift_id: str,
        type: Literal["paid_in", "paid_out", "drop"],
        amount: int,
        reason: str,
        *,
        idempotency_key: str | None = None,
    ) -> Movement:
        """Cash that is no payment. Raises `shift_closed`."""
        body = _NewMovement(type, amount, reason)
        return read(await self._post(f"/shifts/{shift_id}/movements", body, idempotency_key), Movement)

    async def close_shift(self, shift_id: str, counted: int, *, idempotency_key: str | None = None) -> Shift:
        """All the cash in the drawer was counted, the float included; what was expected stands in the answer."""
        return read(await self._post(f"/shifts/{shift_id}/close", _Count(counted), idempotency_key), Shift)

    async def x_report(self, shift_id: str) -> XReport:
        """A shift so far; changes nothing."""
        return read(await self._ask("GET", "/reports/x", params={"shift_id": shift_id}), XReport)

    async def take_z(
        self, restaurant_id: str, business_date: date, *, idempotency_key: str | None = None
    ) -> ZReport:
        """Ends a day of trade: every payment and refund since the last Z, numbered without gaps. It can't be undone.
        Raises `z_out_of_order`."""
        body = _NewZ(restaurant_id, business_date)
        return read(await self._post("/reports/z", body, idempotency_key), ZReport)

    async def sales(
        self,
        restaurant_id: str,
        first: date,
        last: date,
        group_by: Literal["day", "hour", "product", "category", "staff"] = "day",
    ) -> SalesReport:
        """Sales of business dates, both included."""
        params = _dates(restaurant_id, first, last) | {"group_by": group_by}
        return read(await self._ask("GET", "/reports/sales", params=params), SalesReport)

    async def takings(self, restaurant_id: str, first: date, last: date) -> TakingsReport:
        """What was taken and given back on business dates, by method."""
        params = _dates(restaurant_id, first, last) | {"group_by": "payment_method"}
        return read(await self._ask("GET", "/reports/sales", params=params), TakingsReport)

    async def vat(self, restaurant_id: str, first: date, last: date) -> VatReport:
        """The VAT summary of business dates, by rate."""
        params = _dates(restaurant_id, first, last)
        return read(await self._ask("GET", "/reports/vat", params=params), VatReport)


def _dates(restaurant_id: str, first: date, last: date) -> dict[str, str]:
    return {"restaurant_id": restaurant_id, "from": first.isoformat(), "to": last.isoformat()}
