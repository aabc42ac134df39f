"""Whose shift it is, and who sees what should be in the drawer. Pure."""

from uuid import UUID

from fynlo.identity.rules import Role, may


def is_theirs(role: Role, user_id: UUID, opened_by: UUID) -> bool:
    """Whether somebody may see and work on a shift: their own, or anybody's with `shifts.write`."""
    return opened_by == user_id or may(role, "shifts.write")


def counts_blind(role: Role, *, closed: bool) -> bool:
    """Whether they are not to know what should be in the drawer: it is open, and theirs to count.

    Who has `reports.read` may know at any time.
    """
    return not closed and not may(role, "reports.read")
