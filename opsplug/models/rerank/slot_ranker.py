"""The slot ranker: learns from impressions and clicks which item a context wants, and explores where it is uncertain.

One Bayesian logistic regression per item around a common click rate, updated at every impression by an extended Kalman
step and read by Thompson sampling (Chapelle and Li 2011). Position bias: a click at a place is an examination (its
probability is given) times the relevance of the item.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# The first three were chosen on four simulated truths other than those of benchmarks/slots.py; the others by hand.
RELEVANCE_VARIANCE: Final = 0.25  # prior variance of an item's relevance, in log-odds
CONTEXT_VARIANCE: Final = 0.25  # prior variance of what a context feature adds
EXPLORATION_SCALE: Final = 0.5  # standard deviations of uncertainty that a draw may add
PRIOR_CLICK_RATE: Final = 0.02  # before anything is seen
INTERCEPT_VARIANCE: Final = 1.0  # prior variance of its log-odds


class SlotRanker:
    """Context vectors have `features` numbers, best 0 or 1. `rng` draws the exploration; nothing else is random."""

    def __init__(self, arms: int, features: int, rng: np.random.Generator) -> None:
        self.rng = rng
        self.mean = np.zeros((arms, features + 1))
        prior = np.diag([*[CONTEXT_VARIANCE] * features, RELEVANCE_VARIANCE])
        self.covariance = np.tile(prior, (arms, 1, 1))
        self.intercept = float(np.log(PRIOR_CLICK_RATE / (1 - PRIOR_CLICK_RATE)))
        self.intercept_variance = INTERCEPT_VARIANCE

    def draw(self, x: NDArray[np.float64], arms: NDArray[Any] | None = None) -> NDArray[np.float64]:
        """One plausible relevance (log-odds) of each of `arms`, or of all."""
        x = np.append(x, 1.0)
        rows = slice(None) if arms is None else arms
        mean, covariance = self.mean[rows], self.covariance[rows]
        spread = np.sqrt(np.maximum((covariance @ x) @ x, 0.0))
        found: NDArray[np.float64] = mean @ x + EXPLORATION_SCALE * spread * self.rng.standard_normal(len(mean))
        return found

    def learn(self, x: NDArray[np.float64], arm: int, click: float, examined: float = 1.0, offset: float = 0.0) -> None:
        """One impression; `examined` is the probability that its place was looked at (1 at the top).

        `offset` are log-odds known from elsewhere (what the mix thought of the item), so that only the rest is learnt.
        """
        examined = 1.0 if click else min(max(examined, 0.01), 1.0)
        x = np.append(x, 1.0)
        relevance = 1 / (1 + np.exp(-(self.mean[arm] @ x + self.intercept + offset)))
        if not click and examined < 1.0:
            examined = examined * (1 - relevance) / max(1 - examined * relevance, 1e-9)  # looked at, given no click
        gain = self.covariance[arm] @ x
        weight = examined * relevance * (1 - relevance)
        self.covariance[arm] -= np.outer(gain, gain) * (weight / (1 + weight * (gain @ x)))
        self.mean[arm] += (self.covariance[arm] @ x) * examined * (click - relevance)
        self.intercept_variance -= self.intercept_variance**2 * weight / (1 + weight * self.intercept_variance)
        self.intercept += self.intercept_variance * examined * (click - relevance)
