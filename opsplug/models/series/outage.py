"""Outage detection: zeros for longer than chance allows. A detector that follows the level sees them late at night."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import Any

LEAST_WEEK = 5.0  # things that each of the weeks before had in the same hours
CHANCE = 1e-5  # of nothing, if things came independently at the usual rate (Poisson); the rate is halved to be safe


class OutageDetector:
    """`update(value, weeks)`: `weeks` are the same hour's values in the weeks before. True once in a run of zeros."""

    def __init__(self) -> None:
        self.hours = 0
        self.weeks: list[float] = []
        self.reported = False

    def update(self, value: float, weeks: Sequence[float]) -> bool:
        if value > 0:
            self.hours, self.weeks, self.reported = 0, [], False
            return False
        if len(weeks) < 3 or (self.weeks and len(weeks) != len(self.weeks)):
            return False
        self.hours += 1
        self.weeks = [a + b for a, b in zip(self.weeks or [0.0] * len(weeks), weeks, strict=True)]
        if self.reported or min(self.weeks) < LEAST_WEEK or exp(-self.expected / 2) > CHANCE:
            return False
        self.reported = True
        return True

    @property
    def expected(self) -> float:
        """What the hours of this run usually have, together."""
        return sum(self.weeks) / len(self.weeks) if self.weeks else 0.0

    def to_dict(self) -> dict[str, Any]:
        return {"hours": self.hours, "weeks": self.weeks, "told": self.reported}

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> OutageDetector:
        found = cls()
        found.hours, found.weeks, found.reported = int(state["hours"]), list(state["weeks"]), bool(state["told"])
        return found
