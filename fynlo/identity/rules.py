"""Roles and what each may do: the one table. Pure."""

from collections.abc import Mapping
from typing import Literal

StaffRole = Literal["owner", "manager", "cashier", "server", "kitchen"]
Role = Literal["owner", "manager", "cashier", "server", "kitchen", "till"]
"""`till` is a paired till at which nobody has given their PIN: it shows, and changes nothing."""

Permission = Literal[
    "menu.read",
    "money.read",
    "orders.read",
    "orders.write",
    "payments.write",
    "refunds.write",
    "tickets.write",
    "availability.write",
    "back_office.write",
    "shifts.write",
    "shifts.own",
    "reports.read",
    "owners.write",
    "staff.names",
]

MEANINGS: Mapping[Permission, str] = {
    "menu.read": "see menu, tables, tickets",
    "money.read": "see prices and totals in whatever may be seen",
    "orders.read": "see orders",
    "orders.write": "create, change, send, move, split orders",
    "payments.write": "take payments",
    "refunds.write": "refund, void what was sent, discount over the limit; approve these",
    "tickets.write": "bump, recall",
    "availability.write": "86",
    "back_office.write": "menu, stations, tables, settings, staff, devices, webhooks",
    "shifts.write": "all shifts",
    "shifts.own": "one's own shift and its X",
    "reports.read": "reports, Z, audit log, exports",
    "owners.write": "make and change owners",
    "staff.names": "see who works here",
}

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


def roles_of(permission: Permission) -> tuple[Role, ...]:
    """The roles that have it."""
    return tuple(role for role in PERMISSIONS if may(role, permission))


def table() -> str:
    """The whole of it as Markdown, for the README."""
    rows = [f"| may | {' | '.join(PERMISSIONS)} |", f"| --- |{' --- |' * len(PERMISSIONS)}"]
    for permission, meaning in MEANINGS.items():
        marks = " | ".join("y" if may(role, permission) else " " for role in PERMISSIONS)
        rows.append(f"| {meaning} | {marks} |")
    return "\n".join(rows)
