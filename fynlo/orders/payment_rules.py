"""How much of an order may be paid, and what of a payment goes towards it. No I/O."""

from uuid import UUID

from msgspec import Struct

from fynlo.errors import Conflict, Invalid, NotFound

from .models import Order
from .payment_bodies import NewPayment
from .payment_models import Payment


class Room(Struct, frozen=True):
    """What is `due` of an order, or of a check of it, and what payments that are under way have `reserved`."""

    due: int
    reserved: int

    @property
    def most(self) -> int:
        return max(0, self.due - self.reserved)


def room(order: Order, check_id: UUID | None = None) -> Room:
    """What may be paid of the order; of a check never more than of the order. `check_id` is one of its checks."""
    pending = [payment for payment in order.payments if payment.state == "pending"]
    whole = Room(order.totals.due, sum([payment.amount for payment in pending]))
    check = next((check for check in order.checks if check.id == check_id), None)
    if check is None:
        return whole
    of_check = Room(check.due, sum([p.amount for p in pending if p.check_id == check_id]))
    return min(of_check, whole, key=lambda each: each.most)


def owed(order: Order, check_id: UUID | None = None) -> int:
    """What is due of the order, or of the check, whatever is reserved of it."""
    return next((check.due for check in order.checks if check.id == check_id), order.totals.due)


def check_tender(new: NewPayment) -> None:
    """Raises Invalid for a payment of nothing, and for cash tendered that is not cash or not enough."""
    if new.amount + new.tip < 1:
        raise Invalid.of("amount", "take at least 1 in amount and tip together")
    if new.tendered is None:
        return
    if new.method != "cash":
        raise Invalid.of("tendered", "only cash is tendered; leave this out")
    if new.tendered < new.amount + new.tip:
        raise Invalid.of("tendered", f"less than amount and tip, {new.amount + new.tip}")


def payment_of(order: Order, payment_id: UUID) -> Payment:
    """Raises NotFound where the order has no such payment."""
    found = next((payment for payment in order.payments if payment.id == payment_id), None)
    if found is None:
        raise NotFound("There is no such payment, or it is not yours.")
    return found


def check_state(payment: Payment, wanted: str, *, then: str) -> None:
    """Raises Conflict `invalid_payment_state`, with what to do then, where the payment is in another state."""
    if payment.state != wanted:
        raise Conflict(
            f"This payment is {payment.state}, not {wanted}; {then}.", code="invalid_payment_state"
        )
