"""Data gaps: two days or more without any event, not even of a robot, so the shop was off, or opsplug was."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from opsplug.features.daycells import DayCells
from opsplug.features.local_time import shifted
from opsplug.units import HOUR

if TYPE_CHECKING:
    from opsplug.training.series.daily_series import SeriesBook

MIN_GAP: Final = 48 * HOUR  # without any event of anybody


class DataGaps:
    """Is asked about the days in their order, and remembers when the last event came."""

    def __init__(self, book: SeriesBook) -> None:
        self._book = book
        self._clock = book.clock
        self._last_alive = 0.0

    def hours(self, day: str, cells: DayCells, until: float) -> list[bool]:
        """Which hours of a day lie in two days or more without any event: not zero, but unknown."""
        start, slots = self._clock.bounds(day)
        alive = cells.total("alive")
        unknown = [False] * slots
        for slot in range(slots):
            if alive[slot]:
                self._last_alive = start + (slot + 1) * HOUR
                continue
            empty_since = self._last_alive or start
            unknown[slot] = self._next_alive(day, slot, until) - empty_since >= MIN_GAP
        return unknown

    def _next_alive(self, day: str, slot: int, until: float) -> float:
        for n in range(3):
            later = shifted(day, n)
            start, slots = self._clock.bounds(later)
            alive = self._book.cells(later).total("alive")
            for hour in range(slot if n == 0 else 0, slots):
                if alive[hour]:
                    return float(start + hour * HOUR)
            if start >= until:
                break
        return float(until) if self._clock.bounds(shifted(day, 2))[0] >= until else math.inf
