"""A place in a restaurant's feed."""

from typing import NamedTuple
from uuid import UUID


class Position(NamedTuple):
    """Everything up to `seq` of `epoch`; written `epoch:seq`, as in the header Fynlo-Feed."""

    epoch: UUID
    seq: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.seq}"
