"""One alarm an episode: a lasting deviation is reported once, until the series has been back for some points."""

from __future__ import annotations

from typing import Any

BACK = 3  # points in a row on the good half of the band that end an episode: one lucky hour in an outage does not
AGAIN = 24  # points after which an episode that has not ended is reported again


class Episode:
    """`is_news(alarm, value, expected, lower, upper)` for every point of a series, in order."""

    def __init__(self, side: int = 0, back: int = 0, age: int = 0) -> None:
        self.side, self.back, self.age = side, back, age

    def is_news(self, alarm: bool, value: float, expected: float, lower: float, upper: float) -> bool:
        """Whether an alarm begins an episode: the first, one on the other side, or one that lasts for a day."""
        if self.side:
            self.age += 1
            edge = (expected + (lower if self.side < 0 else upper)) / 2
            self.back = self.back + 1 if self.side * (value - edge) <= 0 else 0
            if self.back >= BACK:
                self.side = 0
        if not alarm:
            return False
        side = 1 if value > expected else -1
        if side == self.side and self.age < AGAIN:
            return False
        self.side, self.back, self.age = side, 0, 0
        return True

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))
