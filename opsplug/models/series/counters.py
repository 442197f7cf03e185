"""Counters that only grow and restart at zero (requests since start): their increments are what can be unusual."""

from __future__ import annotations

from opsplug.units import DAY

RISES = 60  # points without a fall, two days of them at least, before a series is taken for a counter
GROWN = 0.25  # share of them that must be more than the one before: a count that is mostly zero is none
RESTART = 0.1  # of the last value, below which a fall is a restart


class Counter:
    """`increment(value, step)` is the value itself until the series has shown that it is a counter."""

    def __init__(self) -> None:
        self.last: float | None = None
        self.rising = self.grown = 0
        self.on = self.never = False

    def base(self) -> float:
        """What has been counted so far; 0 for a series that is no counter."""
        return (self.last or 0.0) if self.on else 0.0

    def increment(self, value: float, step: float) -> tuple[float, str]:
        """-> (what to judge, what became of the series: "", "began", "ended" or "restarted")."""
        last, self.last = self.last, value
        if last is None or self.never:
            return value, ""
        if value >= last:
            self.rising, self.grown = self.rising + 1, self.grown + (value > last)
            if self.on:
                return value - last, ""
            if self.rising >= max(RISES, 2 * DAY / step if step else RISES) and self.grown >= GROWN * self.rising:
                self.on = True
                return value - last, "began"
            return value, ""
        restarted = 0 <= value <= RESTART * last
        if self.on and restarted:
            return value, "restarted"
        if self.on:
            self.on, self.never = False, True
            return value, "ended"
        if not restarted:
            self.rising = self.grown = 0
        return value, ""
