"""Typed functions over sql/queries/reports.sql."""

from fynlo.db.queries import queries
from fynlo.tenancy import Tenant

from .models import (
    SalesQuery,
    SalesReport,
    SalesRow,
    TakingsReport,
    TakingsRow,
    VatQuery,
    VatReport,
    VatRow,
)

_SQL = queries("reports")


async def sales(tenant: Tenant, asked: SalesQuery) -> SalesReport | TakingsReport:
    """Sales by what is asked for; by payment method, what was taken."""
    wanted = {"restaurant_id": tenant.restaurant_id, "from": asked.from_, "to": asked.to}
    if asked.group_by == "payment_method":
        cursor = await tenant.conn.execute(_SQL["takings"], wanted)
        taken, *by_method = [TakingsRow(*row) for row in await cursor.fetchall()]
        return TakingsReport(
            tenant.restaurant_id,
            tenant.currency,
            asked.from_,
            asked.to,
            asked.group_by,
            taken,
            tuple(by_method),
        )
    wanted["group_by"] = asked.group_by
    if asked.group_by in ("product", "category"):
        cursor = await tenant.conn.execute(_SQL["sales_by_item"], wanted)
    else:
        cursor = await tenant.conn.execute(
            _SQL["sales_by_order"],
            {**wanted, "timezone": tenant.timezone, "day_cutoff": tenant.day_cutoff},
        )
    totals, *rows = [SalesRow(*row) for row in await cursor.fetchall()]
    return SalesReport(
        tenant.restaurant_id, tenant.currency, asked.from_, asked.to, asked.group_by, totals, tuple(rows)
    )


async def vat(tenant: Tenant, asked: VatQuery) -> VatReport:
    """By rate, what was sold less what was refunded."""
    cursor = await tenant.conn.execute(
        _SQL["vat"], {"restaurant_id": tenant.restaurant_id, "from": asked.from_, "to": asked.to}
    )
    totals, *rows = [VatRow(*row[1:]) for row in await cursor.fetchall()]
    return VatReport(tenant.restaurant_id, tenant.currency, asked.from_, asked.to, totals, tuple(rows))
