"""How rare a deviation is, learned from the series itself: peaks over a threshold, with a Pareto tail."""

from __future__ import annotations

from math import log, log10

LEVEL = 0.95  # the threshold is this quantile of the deviations
BASE = -log10(1 - LEVEL)
_LOG10E = 0.43429448


class Tail:
    """Surprise of a deviation >= 0: -log10 of the p-value, the probability of one at least as large.

    Peaks over threshold after Siffer et al. (KDD 2017), with a Pareto tail so that one incident does not blind the
    next; a cluster of exceedances is counted once (declustering)."""

    def __init__(self, threshold: float = 1.1, excess: float = 0.2, weight: float = 20.0) -> None:
        self.threshold, self.total, self.weight = threshold, weight * excess, weight
        self.seen, self.above = 0, False

    def excess(self) -> float:
        return self.total / self.weight

    def learn(self, deviation: float) -> float:
        """Return the surprise of the deviation, then learn from it."""
        size, excess = log(1 + deviation), self.excess()
        over = size - self.threshold
        surprise = BASE + _LOG10E * over / excess if over > 0 else BASE * size / self.threshold
        self.seen += 1
        step = max(1 / (self.seen + 20), 0.001) * 2 * excess
        if over <= 0:
            self.threshold = max(self.threshold - step * (1 - LEVEL), 0.05)
            self.above = False
            return surprise
        self.threshold += step * LEVEL
        if not self.above:
            self.total = self.total * 0.99 + min(max(size - self.threshold, 0.0), 6 * excess)
            self.weight = self.weight * 0.99 + 1
        self.above = True
        return surprise
