"""Typed functions over sql/queries/audit.sql."""

from fynlo.db.pool import Connection
from fynlo.db.queries import queries

from .models import AuditEntry, AuditQuery

_SQL = queries("audit")


async def audit_entries(conn: Connection, asked: AuditQuery) -> list[AuditEntry]:
    """The entries that are asked for, newest first."""
    cursor = await conn.execute(
        _SQL["audit_entries"],
        {
            "restaurant_id": asked.restaurant_id,
            "action": asked.action,
            "actor": asked.actor,
            "entity_id": asked.entity_id,
            "since": asked.since,
            "until": asked.until,
            "below": asked.cursor,
            "limit": asked.limit,
        },
    )
    return [AuditEntry(*row) for row in await cursor.fetchall()]
