"""Typed functions over sql/queries/webhooks.sql: what people do with endpoints."""

from typing import NamedTuple
from uuid import UUID

import msgspec

from fynlo.db.feed import Position
from fynlo.db.pool import Connection
from fynlo.db.queries import queries

from .models import DeadLetter, Disabled, Missed, Webhook

_SQL = queries("webhooks")
_DEAD_LETTERS = msgspec.json.Decoder(tuple[DeadLetter, ...])


class Endpoint(NamedTuple):
    """An endpoint as it stands before a change."""

    url: str
    types: list[str]
    active: bool
    disabled: bool


async def webhook_insert(
    conn: Connection,
    restaurant_id: UUID,
    webhook_id: UUID,
    *,
    url: str,
    types: tuple[str, ...],
    secret: str,
    created_by: UUID,
    most: int,
) -> bool:
    """A new endpoint at the head of the log; False where the restaurant has `most` already."""
    cursor = await conn.execute(
        _SQL["webhook_insert"],
        {
            "restaurant_id": restaurant_id,
            "id": webhook_id,
            "url": url,
            "types": list(types),
            "secret": secret,
            "created_by": created_by,
            "most": most,
        },
    )
    return cursor.rowcount == 1


async def webhooks_page(
    conn: Connection, restaurant_id: UUID, *, webhook_id: UUID | None = None, limit: int = 1, offset: int = 0
) -> tuple[list[Webhook], int]:
    """A page of a restaurant's endpoints, or one of them, oldest first; and how many there are in all."""
    cursor = await conn.execute(
        _SQL["webhooks_page"],
        {"restaurant_id": restaurant_id, "id": webhook_id, "limit": limit, "offset": offset},
    )
    rows = await cursor.fetchall()
    found = []
    for row in rows:
        (_, id_, place, url, types, active, disabled_at, reason, epoch, seq, head, attempts, next_attempt_at,
         last_status, last_error, delivered_at, missed_after, missed_upto, missed_at, dead, newest, created_by,
         created_at) = row  # fmt: skip
        found.append(
            Webhook(
                id=id_,
                restaurant_id=place,
                url=url,
                types=tuple(types),
                active=active,
                disabled=None if disabled_at is None else Disabled(disabled_at, reason),
                epoch=epoch,
                seq=seq,
                head=head,
                attempts=attempts,
                next_attempt_at=next_attempt_at,
                last_status=last_status,
                last_error=last_error,
                delivered_at=delivered_at,
                missed=None if missed_at is None else Missed(missed_after, missed_upto, missed_at),
                dead_letter_count=dead,
                dead_letters=_DEAD_LETTERS.decode(newest),
                created_by=created_by,
                created_at=created_at,
            )
        )
    return found, rows[0][0] if rows else 0


async def webhook_lock(conn: Connection, restaurant_id: UUID, webhook_id: UUID) -> Endpoint | None:
    """The endpoint as it is, still until the transaction ends; None where it was ended."""
    cursor = await conn.execute(_SQL["webhook_lock"], {"restaurant_id": restaurant_id, "id": webhook_id})
    row = await cursor.fetchone()
    return None if row is None else Endpoint._make(row)


async def webhook_update(
    conn: Connection,
    restaurant_id: UUID,
    webhook_id: UUID,
    *,
    url: str,
    types: tuple[str, ...],
    active: bool,
    anew: bool,
    secret: str | None,
) -> None:
    """Writes a change; `anew` forgets what went wrong before, `secret` replaces the one there is."""
    await conn.execute(
        _SQL["webhook_update"],
        {
            "restaurant_id": restaurant_id,
            "id": webhook_id,
            "url": url,
            "types": list(types),
            "active": active,
            "anew": anew,
            "secret": secret,
        },
    )


async def webhook_archive(conn: Connection, restaurant_id: UUID, webhook_id: UUID) -> bool:
    """Ends an endpoint; False where it was ended before."""
    cursor = await conn.execute(_SQL["webhook_archive"], {"restaurant_id": restaurant_id, "id": webhook_id})
    return cursor.rowcount == 1


async def webhook_replay(conn: Connection, restaurant_id: UUID, webhook_id: UUID, position: Position) -> bool:
    """Sets the cursor; False where the endpoint was ended."""
    cursor = await conn.execute(
        _SQL["webhook_replay"],
        {"restaurant_id": restaurant_id, "id": webhook_id, "epoch": position.epoch, "seq": position.seq},
    )
    return cursor.rowcount == 1
