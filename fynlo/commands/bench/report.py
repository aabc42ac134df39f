"""A measured figure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from msgspec import Struct


class Figure(Struct):
    """What was measured, round by round, and its floor in the same rounds; `ratio` is median to median.

    Of rates the ratio says how much of the floor is reached, of times how many times the floor it takes.
    An aim is a median that is not exceeded (`at_most`) or a ratio that is reached (`at_least`); `met` says
    whether it was, on this machine in this run.
    """

    name: str
    unit: str
    values: Sequence[float]
    floors: Sequence[float] = ()
    at_most: float | None = None
    at_least: float | None = None
    ratio: float | None = None
    met: bool | None = None

    def __post_init__(self) -> None:
        if self.floors:
            self.ratio = median(self.values) / median(self.floors)
        if self.at_most is not None:
            self.met = median(self.values) <= self.at_most
        elif self.at_least is not None and self.ratio is not None:
            self.met = self.ratio >= self.at_least

    @property
    def aim(self) -> str:
        """The aim, and whether it was met."""
        if self.met is None:
            return ""
        aim = f"≤ {self.at_most:g}" if self.at_most is not None else f"≥ {self.at_least:.0%}"
        return f"{aim}, {'met' if self.met else 'missed'}"
