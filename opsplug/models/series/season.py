"""The value to expect next: levels of three speeds over no season, the hour of the day and the hour of the week."""

from __future__ import annotations

from opsplug.units import DAY, HOUR, WEEK

SPEEDS = (0.8, 0.2, 0.02)
SLOW = 2  # index of the slowest level within each season
EMPTY = 1e300


class Bins:
    """A profile over a cycle of `length` seconds in `count` slots, each the mean of its last visits."""

    def __init__(self, length: float, count: int) -> None:
        self.length = length
        self.mean = [0.0] * count
        self.visits = [0] * count

    def slot(self, clock: float) -> int:
        return int(clock % self.length / self.length * len(self.mean))

    def learn(self, slot: int, value: float, clip: float) -> None:
        self.visits[slot] += 1
        change = value - self.mean[slot]
        if self.visits[slot] > 3:
            change = max(-clip, min(clip, change))
        self.mean[slot] += max(1 / self.visits[slot], 0.15) * change


class Expectation:
    """Nine predictors that compete by their recent absolute error (prediction with expert advice)."""

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self.step = 0.0
        self.bins: list[Bins | None] = [None, None]
        self.offset = [0.0] * 9
        self.error = [0.0] * 9
        self.slots = [-1, -1]
        self.base: list[float | None] = [0.0] * 3 + [None] * 6
        self.best = 0
        self.lowest = EMPTY

    def start(self, value: float) -> None:
        self.offset[0] = self.offset[1] = self.offset[2] = value

    def gap(self, seconds: float) -> None:
        """Learn the spacing of the series from its first steps; the seasons follow from it."""
        if self.step or seconds <= 0:
            return
        self.gaps.append(seconds)
        if len(self.gaps) < 8:
            return
        self.step = sorted(self.gaps)[len(self.gaps) // 2]
        if self.step <= 3 * HOUR:
            count = int(min(max(DAY // self.step, 1), 48))
            self.bins = [Bins(DAY, count), Bins(WEEK, 7 * min(count, 24))]
        elif self.step <= 1.5 * DAY:
            self.bins = [None, Bins(WEEK, 7)]

    def predict(self, clock: float) -> None:
        """Set the best predictor for this moment of the shop's own clock (seconds)."""
        for i, bins in enumerate(self.bins):
            first = 3 * (i + 1)
            slot = bins.slot(clock) if bins is not None else -1
            self.slots[i] = slot
            base = bins.mean[slot] if bins is not None and bins.visits[slot] else None
            self.base[first] = self.base[first + 1] = self.base[first + 2] = base
        self.best, self.lowest = 0, EMPTY
        for k, base in enumerate(self.base):
            if base is not None and self.error[k] < self.lowest:
                self.best, self.lowest = k, self.error[k]

    def value(self, k: int) -> float:
        return (self.base[k] or 0.0) + self.offset[k]

    def slowest(self) -> float:
        """The expected value with the level of last weeks rather than of the last points."""
        best = SLOW
        for k in (SLOW + 3, SLOW + 6):
            if self.base[k] is not None and self.error[k] < self.error[best]:
                best = k
        return self.value(best)

    def nearest(self, value: float) -> float:
        """The smallest residual among predictors nearly as good as the best: all the competent must be surprised."""
        residual = value - self.value(self.best)
        limit = 1.5 * self.lowest
        for k, base in enumerate(self.base):
            if base is not None and self.error[k] < limit:
                other = value - base - self.offset[k]
                if abs(other) < abs(residual):
                    residual = other
        return residual

    def learn(self, value: float, seen: int, scale: float, free: bool) -> None:
        """Learn robustly: a residual moves a level by at most three scales, until it has lasted (`free`)."""
        clip = EMPTY if free else 3 * scale
        early = 1 / (seen + 1)
        rate, most = max(early, 0.02), 5 * scale if seen > 20 else EMPTY
        error, offset = self.error, self.offset
        lowest = self.lowest
        for k, base in enumerate(self.base):
            if base is None:
                error[k] = lowest  # a season not yet seen starts as good as the best and must earn it
                continue
            residual = value - base - offset[k]
            error[k] += rate * (min(abs(residual), most) - error[k])
            speed = SPEEDS[k % 3]
            offset[k] += (early if early > speed else speed) * max(-clip, min(clip, residual))
        for bins, slot in zip(self.bins, self.slots, strict=True):
            if bins is not None:
                bins.learn(slot, value, clip)
