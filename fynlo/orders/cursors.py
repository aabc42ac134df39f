"""Cursors of lists that go by time, newest first: where a page ended, opaque to who asks for the next."""

import base64
import binascii
from datetime import datetime
from uuid import UUID

import msgspec

from fynlo.errors import FieldProblem, Invalid


class _Cursor(msgspec.Struct, frozen=True, array_like=True):
    created_at: datetime
    id: UUID


def cursor_of(created_at: datetime, id: UUID) -> str:
    """The cursor of a page that ended with this."""
    encoded = msgspec.json.encode(_Cursor(created_at, id))
    return base64.urlsafe_b64encode(encoded).decode().rstrip("=")


def ended_with(cursor: str | None) -> tuple[datetime, UUID] | None:
    """What the page before ended with. Raises Invalid for what is no cursor."""
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        found = msgspec.json.decode(raw, type=_Cursor)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise Invalid(
            "cursor: take it from the Link header of the page before.",
            errors=[FieldProblem("cursor", "not a cursor of ours")],
        ) from None
    if found.created_at.tzinfo is None:
        raise Invalid("cursor: it names no time.", errors=[FieldProblem("cursor", "not a cursor of ours")])
    return found.created_at, found.id
