"""The reports of the day, the drawer and the Z, against the orders of the service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date

from msgspec import Struct

from fynlo.client import (
    ApiClient,
    ClientError,
    Order,
    Payment,
    Refund,
    SalesReport,
    Shift,
    TakingsReport,
    VatReport,
    ZReport,
)

from .till import DROP, FLOAT, PAID_IN

NO_SALE = ("pending", "cancelled", "merged")


class Reports(Struct, frozen=True):
    """What the reports said at one time of these business dates."""

    first: date
    last: date
    sales: SalesReport
    takings: TakingsReport
    vat: VatReport

    @classmethod
    async def read(cls, api: ApiClient, restaurant_id: str, first: date, last: date) -> Reports:
        """Raises ProblemError `forbidden` for those who may not see them."""
        return cls(
            first,
            last,
            await api.sales(restaurant_id, first, last),
            await api.takings(restaurant_id, first, last),
            await api.vat(restaurant_id, first, last),
        )


def _sold(orders: Iterable[Order]) -> list[Order]:
    return [order for order in orders if order.status not in NO_SALE]


def _refunds(orders: Iterable[Order]) -> list[tuple[Payment, Refund]]:
    return [(p, refund) for order in orders for p in order.payments or () for refund in p.refunds]


def of_the_day(before: Reports, after: Reports, orders: Iterable[Order]) -> Iterator[str]:
    """What the reports grew by is what these orders come to."""
    orders = list(orders)
    sales = Counter[str]()
    vat = Counter[tuple[str | None, str]]()
    for order in _sold(orders):
        totals = order.totals
        if totals is None:
            continue
        net = sum(item.net or 0 for item in order.items if item.status != "voided")
        given_back = sum(refund.tip for _, refund in _refunds([order]))
        sales.update(
            orders=1,
            items=sum(item.quantity for item in order.items if item.status != "voided"),
            gross=totals.subtotal,
            discount=totals.discount,
            net=net,
            service_charge=totals.total - totals.tax - net,
            tax=totals.tax,
            total=totals.total,
            tips=totals.tips + given_back,
            refunds=len(_refunds([order])),
            refunded_tips=given_back,
        )
        for tax in totals.tax_breakdown:
            vat.update(
                {(tax.rate, "net"): tax.net, (tax.rate, "tax"): tax.tax, (tax.rate, "gross"): tax.gross}
            )
        untaxed = totals.total - sum(tax.gross for tax in totals.tax_breakdown)
        vat.update({(None, "net"): untaxed, (None, "gross"): untaxed})
    for name in sales:
        grew = getattr(after.sales.totals, name) - getattr(before.sales.totals, name)
        if grew != sales[name]:
            yield f"sales: {name} grew by {grew}, and by the orders it is {sales[name]}"
    grown = Counter[tuple[str | None, str]]()
    for sign, report in ((1, after.vat), (-1, before.vat)):
        for row in report.rows:
            for name in ("net", "tax", "gross"):
                grown[row.rate, name] += sign * getattr(row, f"sales_{name}")
    yield from _differences("VAT", grown, vat)
    taken = Counter[tuple[str | None, str]]()
    for sign, takings in ((1, after.takings), (-1, before.takings)):
        for method in takings.rows:
            for name in ("payments", "amount", "tips", "refunds", "refunded", "refunded_tips"):
                taken[method.key, name] += sign * getattr(method, name)
    yield from _differences("takings", taken, _takings(orders))


def _takings(orders: Iterable[Order]) -> Counter[tuple[str | None, str]]:
    counted = Counter[tuple[str | None, str]]()
    orders = list(orders)
    for payment in (p for order in orders for p in order.payments or () if p.state == "captured"):
        by = payment.method
        counted.update({(by, "payments"): 1, (by, "amount"): payment.amount, (by, "tips"): payment.tip})
    for _, refund in _refunds(orders):
        by = refund.method
        counted.update(
            {(by, "refunds"): 1, (by, "refunded"): refund.amount, (by, "refunded_tips"): refund.tip}
        )
    return counted


def _differences(
    what: str, grew: Counter[tuple[str | None, str]], should: Counter[tuple[str | None, str]]
) -> Iterator[str]:
    for key in sorted(grew.keys() | should.keys(), key=str):
        if grew[key] != should[key]:
            yield f"{what}: {key[1]} of {key[0]} grew by {grew[key]}, and by the orders it is {should[key]}"


async def close_drawer(api: ApiClient, shift: Shift, orders: Iterable[Order], *, alone: bool) -> list[str]:
    """Takes the X, drops some of the cash, counts what should be there, and closes; what it finds otherwise."""
    payments = [p for o in orders for p in o.payments or () if p.state == "captured"]
    in_it = Counter[tuple[str | None, str]]()
    cash = 0
    for payment in (p for p in payments if p.shift_id == shift.id):
        in_it.update(
            {(payment.method, "payments"): 1, (payment.method, "amount"): payment.amount + payment.tip}
        )
        cash += (payment.amount + payment.tip) * (payment.method == "cash")
    for refund in (r for p in payments for r in p.refunds if r.shift_id == shift.id):
        in_it.update({(refund.method, "refunds"): 1, (refund.method, "refunded"): refund.amount + refund.tip})
        cash -= (refund.amount + refund.tip) * (refund.method == "cash")
    x = await api.x_report(shift.id)
    told = Counter[tuple[str | None, str]]()
    blind = False
    for kind, amount, sums in (("payments", "amount", x.payments), ("refunds", "refunded", x.refunds)):
        for by in sums:
            blind = blind or by.amount is None
            told.update({(by.method, kind): by.count, (by.method, amount): (by.amount or 0) + (by.tips or 0)})
    problems = list(_differences("X", told, in_it)) if alone and not blind else []
    expected = FLOAT + PAID_IN + cash
    drop = min(DROP, expected)
    if drop > 0:
        await api.move_cash(shift.id, "drop", drop, "to the safe (simulation)")
    closed = await api.close_shift(shift.id, max(0, expected - drop))
    if alone and closed.difference != 0:
        problems.append(f"drawer: {closed.counted} should be in it, and {closed.expected} is expected")
    return problems


async def leave_drawer(api: ApiClient, shift: Shift) -> None:
    """Closes a drawer that was not counted, so that the next service can open one."""
    with suppress(ClientError):
        if (await api.shift(shift.id)).closed_at is None:
            await api.close_shift(shift.id, FLOAT + PAID_IN)


async def close_day(
    api: ApiClient, restaurant_id: str, business_date: date, orders: Iterable[Order]
) -> tuple[ZReport, list[str]]:
    """Takes a Z, and finds the payments of the service in it, as a Z keeps them from being voided."""
    z = await api.take_z(restaurant_id, business_date)
    problems = []
    in_z = {row.method: row.count for row in z.payments}
    for (method, name), count in _takings(orders).items():
        if name == "payments" and in_z.get(method or "", 0) < count:
            problems.append(
                f"Z {z.number}: {in_z.get(method or '', 0)} payments by {method}, and there were {count}"
            )
    takings = sum((r.amount or 0) + (r.tips or 0) for r in z.payments)
    takings -= sum((r.amount or 0) + (r.tips or 0) for r in z.refunds)
    if z.takings != takings:
        problems.append(f"Z {z.number}: takings are {z.takings}, and its parts come to {takings}")
    return z, problems
