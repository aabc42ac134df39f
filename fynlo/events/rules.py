"""Whether a position of somebody's can be followed. Pure."""

from uuid import UUID

from fynlo.errors import Conflict, Gone

_SNAPSHOT = "take a snapshot (GET /orders, GET /menu) and go on after the seq of its Fynlo-Feed"


def check_followed(after: int, epoch: UUID | None, *, log: UUID, begins: int, head: int) -> None:
    """Nothing between a position and the log that is kept may be missing; after 0, whatever is kept is followed.

    `log` is the epoch of the log, `begins` the seq of the first event after the position that is kept.
    Raises Conflict `epoch_changed` or `ahead_of_head` where the position is of another history, Gone
    `events_gone` where events after it are no longer kept.
    """
    if epoch is not None and epoch != log:
        raise Conflict(
            f"The log was restored and has the epoch {log}, so that its seqs are others: {_SNAPSHOT}.",
            code="epoch_changed",
        )
    if after > head:
        raise Conflict(
            f"The log ends at {head}, before {after}: it is not the log that this seq is from; {_SNAPSHOT}.",
            code="ahead_of_head",
        )
    if 0 < after < begins - 1:
        raise Gone(
            f"What came after {after} is not kept any more, the oldest event is {begins}:"
            f" {_SNAPSHOT}, or begin with the oldest event by `after=0`."
        )
