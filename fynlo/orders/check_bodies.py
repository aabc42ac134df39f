"""What is sent to split an order into checks, to move it and to merge it. Money is in minor units."""

from typing import Annotated, cast
from uuid import UUID

from msgspec import Meta, Struct

from .models import Approver, Money
from .splitting import FEWEST_WAYS, MOST_WAYS, CheckPart


class SplitEqually(Struct, frozen=True, forbid_unknown_fields=True, tag_field="split", tag="equal"):
    """POST /orders/{id}/checks: so many checks alike."""

    ways: Annotated[int, Meta(ge=FEWEST_WAYS, le=MOST_WAYS)]


class SplitByItems(Struct, frozen=True, forbid_unknown_fields=True, tag_field="split", tag="items"):
    """POST /orders/{id}/checks: a check for each list of lines and parts of lines; the rest on a remainder check."""

    checks: Annotated[
        tuple[Annotated[tuple[CheckPart, ...], Meta(min_length=1, max_length=500)], ...],
        Meta(min_length=1, max_length=MOST_WAYS),
    ]


class SplitByAmounts(Struct, frozen=True, forbid_unknown_fields=True, tag_field="split", tag="amounts"):
    """POST /orders/{id}/checks: a check of each amount; what is due beyond them on a remainder check."""

    amounts: Annotated[tuple[Money, ...], Meta(min_length=1, max_length=MOST_WAYS)]


NewSplit = SplitEqually | SplitByItems | SplitByAmounts
NEW_SPLIT = cast("type[NewSplit]", NewSplit)


class Transfer(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /orders/{id}/transfer. null: the order is at no table any more."""

    table_id: UUID | None


class Merge(Struct, frozen=True, forbid_unknown_fields=True):
    """POST /orders/{id}/merge. The order to be merged into this one, and the version of it that you have seen."""

    order_id: UUID
    version: Annotated[int, Meta(description="the other order's, as you have seen it")]
    approver: Approver | None = None
