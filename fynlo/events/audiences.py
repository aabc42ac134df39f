"""Who sees what of the log, over sockets and over REST."""

from fynlo.identity.rules import Role, may
from fynlo.live.room import KITCHEN_TYPES, Audience
from fynlo.orders.audience import event_without_money


def _without_money(data: str) -> str:
    return event_without_money(data).decode()


POS = Audience("pos", (), str)
POS_WITHOUT_MONEY = Audience("pos-plain", (), _without_money)
KITCHEN = Audience("kitchen", KITCHEN_TYPES, _without_money)


def audience_of(role: Role) -> Audience:
    """What a role sees that asks for no kind of screen."""
    return POS if may(role, "money.read") else KITCHEN
