"""Roles and what each may do: the one table. Pure."""

from typing import Literal

StaffRole = Literal["owner", "manager", "cashier", "server", "kitchen"]
Role = Literal["owner", "manager", "cashier", "server", "kitchen", "till"]
"""`till` is a paired till at which nobody has given their PIN: it shows, and changes nothing."""

Permission = Literal[
    "menu.read",  # menu, tables and tickets
    "money.read",  # prices and totals in whatever may be seen
    "orders.read",
    "orders.write",  # create, change, send, move, split
    "payments.write",
    "refunds.write",  # refunds, voids after sending, payment voids, discounts over the limit
    "tickets.write",  # bump and recall
    "availability.write",  # 86
    "back_office.write",  # menu, stations, tables, settings, staff, devices, webhooks
    "shifts.write",
    "shifts.own",
    "reports.read",  # reports, Z, audit, exports
    "owners.write",  # owners, deleting
    "staff.names",  # who may sign in at a till
]

_EVERYONE: frozenset[Permission] = frozenset({"menu.read", "orders.read", "availability.write"})
_FLOOR: frozenset[Permission] = _EVERYONE | {"money.read", "orders.write", "payments.write", "shifts.own"}
_MANAGER: frozenset[Permission] = _FLOOR | {
    "refunds.write",
    "tickets.write",
    "back_office.write",
    "shifts.write",
    "reports.read",
    "staff.names",
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    "owner": _MANAGER | {"owners.write"},
    "manager": _MANAGER,
    "cashier": _FLOOR,
    "server": _FLOOR,
    "kitchen": _EVERYONE | {"tickets.write"},
    "till": frozenset({"menu.read", "orders.read", "money.read", "staff.names"}),
}


def may(role: Role, permission: Permission) -> bool:
    """Whether the role has the permission."""
    return permission in PERMISSIONS[role]
