"""A measured figure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from msgspec import Struct


class Figure(Struct):
    """What was measured, round by round, and its floor in the same rounds; `ratio` is median to median.

    Of rates the ratio says how much of the floor is reached, of times how many times the floor it takes.
    """

    name: str
    unit: str
    values: Sequence[float]
    floors: Sequence[float] = ()
    ratio: float | None = None

    def __post_init__(self) -> None:
        if self.floors and self.ratio is None:
            self.ratio = median(self.values) / median(self.floors)
