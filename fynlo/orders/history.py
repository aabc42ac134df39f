"""What became of an order, act by act: the differences between its states in the log. No I/O.

The log has whole orders. All events of one transaction show the same version, so a version is an act. States
that earlier releases wrote lack what they did not know; that is taken as not there.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, UnsetType

from fynlo.times import Time

MONEY_EVENTS = ("payment.",)


class Named(Struct, frozen=True):
    """A person or a device; without a name where it is not known any more."""

    id: UUID
    name: str | None


class Change(Struct, frozen=True, omit_defaults=True, rename={"from_": "from"}):
    """One thing that is otherwise now.

    what      order_changed, line_added, line_changed, line_voided, line_moved (to another order), payment_made,
              payment_changed, refund_made, checks_changed
    id, name  of the line, payment (its method) or refund
    field     what of it changed, `from` one value `to` another
    """

    what: str
    id: UUID | UnsetType = UNSET
    name: str | UnsetType = UNSET
    field: str | UnsetType = UNSET
    from_: Any = UNSET
    to: Any = UNSET
    quantity: int | UnsetType = UNSET
    amount: int | UnsetType = UNSET
    tip: int | UnsetType = UNSET
    state: str | UnsetType = UNSET
    reason: str | UnsetType | None = UNSET


class Act(Struct, frozen=True):
    """What one request, or one transaction in the database, did to the order.

    `seq` is that of its last event: `at_seq` with it shows the order as it then was. `actor` and `device` are null
    for what was done in the database; `approver` is who gave their word for it, where somebody did. `changes` is null
    where the state before is no longer kept.
    """

    seq: int
    version: int
    types: tuple[str, ...]
    at: Time
    actor: Named | None
    approver: Named | None
    device: Named | None
    request_id: str | None
    changes: tuple[Change, ...] | None


class Logged(NamedTuple):
    """An event of the log with the order as it shows it, as JSON; names as they are now."""

    seq: int
    type: str
    at: Time
    actor: UUID | None
    actor_name: str | None
    approver: UUID | None
    approver_name: str | None
    device: UUID | None
    device_name: str | None
    request_id: str | None
    version: int
    order: str


class _Terms(Struct, frozen=True):
    percentage: str | None = None
    amount: int | None = None
    reason: str | None = None
    rule: str | UnsetType = UNSET


_AUTOMATIC = _Terms(rule="automatic")


class _Modifier(Struct, frozen=True):
    name: str
    quantity: int


class _Line(Struct, frozen=True):
    id: UUID
    name: str
    quantity: int
    status: str
    variant_name: str | None = None
    course: int = 1
    notes: str | None = None
    void_reason: str | None = None
    modifiers: tuple[_Modifier, ...] = ()
    discount_terms: _Terms | None = None


class _Refund(Struct, frozen=True):
    id: UUID
    amount: int
    tip: int
    method: str
    reason: str | None = None


class _Payment(Struct, frozen=True):
    id: UUID
    method: str
    state: str
    amount: int
    tip: int
    unapplied: int = 0
    reason: str | None = None
    refunds: tuple[_Refund, ...] = ()


class _Check(Struct, frozen=True):
    total: int


class _Totals(Struct, frozen=True):
    total: int = 0


class _State(Struct, frozen=True):
    """Of an order, what a change of is told."""

    status: str | None = None
    status_reason: str | None = None
    table_id: UUID | None = None
    table_name: str | None = None
    covers: int | None = None
    customer_name: str | None = None
    notes: str | None = None
    merged_into: UUID | None = None
    items: tuple[_Line, ...] = ()
    discount_terms: _Terms | None = None
    service_charge_terms: _Terms = _AUTOMATIC
    totals: _Totals = _Totals()
    payments: tuple[_Payment, ...] = ()
    checks: tuple[_Check, ...] = ()


_STATE = msgspec.json.Decoder(_State)
_NOTHING = _State()


def acts(events: Sequence[Logged], *, after: int, money: bool) -> list[Act]:
    """What the events after a seq did, act by act; those up to it say how things stood before.

    Without `money` nothing is told of prices and payments.
    """
    found: list[Act] = []
    before: _State | None = None
    for _, together in groupby(events, key=lambda event: event.version):
        act = list(together)
        state = _STATE.decode(act[0].order)
        told = [event for event in act if event.seq > after]
        types = tuple(e.type for e in told if money or not e.type.startswith(MONEY_EVENTS))
        if told[:1] and told[0].type == "order.created":
            before = _NOTHING
        if types:
            changes = None if before is None else tuple(_changes(before, state, money=money))
            found.append(_act(told, types, () if len(told) < len(act) else changes))
        before = state
    return found


def _act(told: Sequence[Logged], types: tuple[str, ...], changes: tuple[Change, ...] | None) -> Act:
    first = told[0]
    return Act(
        seq=told[-1].seq,
        version=first.version,
        types=types,
        at=first.at,
        actor=Named(first.actor, first.actor_name) if first.actor else None,
        approver=Named(first.approver, first.approver_name) if first.approver else None,
        device=Named(first.device, first.device_name) if first.device else None,
        request_id=first.request_id,
        changes=changes,
    )


def whole_acts(events: Sequence[Logged], *, after: int, limit: int, of: int) -> tuple[Sequence[Logged], bool]:
    """A page of at most `limit` events after a seq, out of `of` that there are, and whether there are more.

    It ends between two acts, but where it is in the middle of its first.
    """
    page = events[: limit + sum(event.seq <= after for event in events)]
    if len(page) == of:
        return page, False
    whole = [event for event in page if event.version != page[-1].version]
    return (whole if whole and whole[-1].seq > after else page), True


def _changes(before: _State, now: _State, *, money: bool) -> Iterator[Change]:
    fields = ["status", "covers", "customer_name", "notes", "merged_into"]
    fields += ["discount_terms", "service_charge_terms"] if money else []
    for field in fields:
        if (was := getattr(before, field)) != (is_now := getattr(now, field)):
            reason = now.status_reason if field == "status" and now.status_reason else UNSET
            yield Change("order_changed", field=field, from_=was, to=is_now, reason=reason)
    if before.table_id != now.table_id:
        yield Change("order_changed", field="table", from_=before.table_name, to=now.table_name)
    yield from _lines(before, now, money=money)
    if money:
        yield from _payments(before, now)
        if (was := [c.total for c in before.checks]) != (is_now := [c.total for c in now.checks]):
            yield Change("checks_changed", field="totals", from_=was, to=is_now)
        if before.totals.total != now.totals.total:
            yield Change("order_changed", field="total", from_=before.totals.total, to=now.totals.total)


def _lines(before: _State, now: _State, *, money: bool) -> Iterator[Change]:
    old = {line.id: line for line in before.items}
    fields = ["quantity", "course", "notes", "status", "modifiers", *(["discount_terms"] if money else [])]
    for line in now.items:
        name = f"{line.name}, {line.variant_name}" if line.variant_name else line.name
        was = old.pop(line.id, None)
        if line.status == "voided" and (was is None or was.status != "voided"):
            yield Change("line_voided", line.id, name, quantity=line.quantity, reason=line.void_reason)
        elif was is None:
            yield Change("line_added", line.id, name, quantity=line.quantity, state=line.status)
        else:
            for field in fields:
                if (one := getattr(was, field)) != (other := getattr(line, field)):
                    yield Change("line_changed", line.id, name, field, one, other)
    for line in old.values():
        yield Change("line_moved", line.id, line.name, quantity=line.quantity)


def _payments(before: _State, now: _State) -> Iterator[Change]:
    old = {payment.id: payment for payment in before.payments}
    known = {refund.id for payment in before.payments for refund in payment.refunds}
    for payment in now.payments:
        was = old.get(payment.id)
        if was is None:
            yield Change(
                "payment_made", payment.id, payment.method, amount=payment.amount, tip=payment.tip, state=payment.state
            )  # fmt: skip
        else:
            for field in ("state", "amount", "tip", "unapplied"):
                if (one := getattr(was, field)) != (other := getattr(payment, field)):
                    reason = payment.reason if field == "state" and payment.reason else UNSET
                    yield Change(
                        "payment_changed", payment.id, payment.method, field, one, other, reason=reason
                    )
        for refund in payment.refunds:
            if refund.id not in known:
                yield Change(
                    "refund_made", refund.id, refund.method, amount=refund.amount, tip=refund.tip, reason=refund.reason
                )  # fmt: skip
