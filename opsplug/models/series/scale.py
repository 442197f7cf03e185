"""The usual size of a residual: constant, like the root of the level (counts), or like the level (traffic)."""

from __future__ import annotations

from math import log, sqrt


class Scale:
    """Three models of the noise that compete by their likelihood, above the floor that small numbers have by nature."""

    def __init__(self) -> None:
        self.mean = [0.0] * 3
        self.cost = [0.0] * 3
        self.power = [1.0] * 3
        self.level = 0.0  # typical absolute value
        self.whole = self.positive = True
        self.zeros = 0.0  # share of zeros
        self.unit, self.units = 0.0, 0  # the size of one order in a series of sums

    def sigma(self, expected: float) -> float:
        size = max(abs(expected), 0.02 * self.level, 1e-9)
        self.power = [1.0, sqrt(size), size]
        model = min((0, 1, 2), key=self.cost.__getitem__) if self.positive else 0
        sigma = max(1.2533 * self.mean[model] * self.power[model], 1e-3 * self.level + 1e-9)
        if self.whole and self.positive:
            sigma = max(sigma, sqrt(max(expected, 0.0) + 1.0))
        if self.positive and self.zeros > 0.02 and self.units:
            sigma = max(sigma, sqrt(self.unit * (max(expected, 0.0) + self.unit)))
        return sigma

    def deviation(self, value: float, residual: float, expected: float, sigma: float) -> float:
        """Residual in sigmas; counts near their natural noise by Anscombe's square roots, which remove skewness."""
        poisson = sqrt(max(expected, 0.0) + 1.0)
        if self.whole and self.positive and sigma < 1.5 * poisson:
            root = sqrt(max(value - residual, 0.0) + 0.375)
            return 2 * abs(sqrt(value + 0.375) - root) * poisson / sigma
        return abs(residual) / sigma

    def note(self, value: float) -> None:
        if self.whole and value != int(value):
            self.whole = False
        if value < 0:
            self.positive = False

    def learn(self, value: float, residual: float, expected: float, seen: int) -> None:
        early = 1 / (seen + 1)
        slow, fast = max(early, 0.005), max(early, 0.02)
        self.zeros += slow * ((value == 0) - self.zeros)
        if value > 0 and expected < 0.1 * self.level:
            self.units += 1
            new = value if self.units < 10 else min(value, 4 * self.unit)
            self.unit += max(1 / self.units, 0.02) * (new - self.unit)
        size = min(abs(value), 3 * self.level + 1e-9) if seen > 20 else abs(value)
        self.level += slow * (size - self.level)
        for i in range(3):
            error, mean = abs(residual) / self.power[i], self.mean[i]
            if seen > 20:
                error = min(error, 4 * mean + 1e-12)
            self.mean[i] += fast * (error - mean)
            if mean > 0:
                self.cost[i] += slow * (log(mean * self.power[i]) + error / mean - self.cost[i])
