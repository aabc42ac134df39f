"""A database that is away, as it is told by somebody who asks for it again and again."""

import structlog

log = structlog.get_logger(__name__)


class Outage:
    """Logs `event` once, with what happens `next`, until it is over."""

    __slots__ = ("_event", "_next", "lasts")

    def __init__(self, event: str, *, next: str) -> None:
        self._event = event
        self._next = next
        self.lasts = False

    def goes_on(self, error: BaseException) -> None:
        """It was tried, and that is what came of it."""
        if not self.lasts:
            log.warning(self._event, error=str(error).strip(), next=self._next)
        self.lasts = True

    def is_over(self) -> None:
        self.lasts = False
