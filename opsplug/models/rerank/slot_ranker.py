"""The slot ranker: learns from impressions and clicks which item a context wants, and explores in doubt.

One Bayesian logistic regression per item around a common click rate, updated at every impression by an extended Kalman
step and read by Thompson sampling (Chapelle and Li 2011). Position bias: a click at a place is an examination (its
probability is given) times a liking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.arrays import Arrays, Codes
from opsplug.models.recommend.topk import top_k

LIKING = 0.25  # prior variance of an item's liking, in log-odds
CONTEXT = 0.25  # prior variance of what a context feature adds
CURIOSITY = 0.5  # standard deviations of doubt that a draw may add
EXPECTED = 0.02  # click rate before anything is seen
UNSURE = 1.0  # prior variance of its log-odds


class SlotRanker:
    """Context vectors have `features` numbers, best 0 or 1. `rng` draws the exploration; nothing else is random."""

    def __init__(
        self,
        arms: int,
        features: int,
        rng: np.random.Generator,
        *,
        curiosity: float = CURIOSITY,
        liking: float = LIKING,
        context: float = CONTEXT,
    ) -> None:
        self.rng, self.curiosity = rng, curiosity
        self.mean = np.zeros((arms, features + 1))
        self.doubt = np.tile(np.diag([*[context] * features, liking]), (arms, 1, 1))
        self.intercept, self.unsure = float(np.log(EXPECTED / (1 - EXPECTED))), UNSURE

    def liking(self, x: NDArray[np.float64], arm: int, offset: float = 0.0) -> float:
        """The probability that the item is clicked where it is looked at."""
        odds = self.mean[arm] @ np.append(x, 1.0) + self.intercept + offset
        return float(1 / (1 + np.exp(-odds)))

    def draw(self, x: NDArray[np.float64], arms: NDArray[Any] | None = None) -> NDArray[np.float64]:
        """One plausible liking (log-odds) of each of `arms`, or of all."""
        x = np.append(x, 1.0)
        mean, doubt = (self.mean, self.doubt) if arms is None else (self.mean[arms], self.doubt[arms])
        spread = np.sqrt(np.maximum((doubt @ x) @ x, 0.0))
        found: NDArray[np.float64] = mean @ x + self.curiosity * spread * self.rng.standard_normal(len(mean))
        return found

    def choose(self, x: NDArray[np.float64]) -> int:
        """The item for one slot."""
        return int(np.argmax(self.draw(x)))

    def rank(self, x: NDArray[np.float64], arms: Sequence[int], k: int) -> Codes:
        """`k` of `arms`, best draw first."""
        among = np.asarray(arms, np.int64)
        return among[top_k(self.draw(x, among), k)]

    def learn(self, x: NDArray[np.float64], arm: int, click: float, examined: float = 1.0, offset: float = 0.0) -> None:
        """One impression; `examined` is the probability that its place was looked at (1 at the top).

        `offset` are log-odds known from elsewhere (what the mix thought of the item), so that only the rest is learnt.
        """
        examined = 1.0 if click else min(max(examined, 0.01), 1.0)
        x = np.append(x, 1.0)
        liked = 1 / (1 + np.exp(-(self.mean[arm] @ x + self.intercept + offset)))
        if not click and examined < 1.0:
            examined = examined * (1 - liked) / max(1 - examined * liked, 1e-9)  # looked at, given no click
        gain = self.doubt[arm] @ x
        weight = examined * liked * (1 - liked)
        self.doubt[arm] -= np.outer(gain, gain) * (weight / (1 + weight * (gain @ x)))
        self.mean[arm] += (self.doubt[arm] @ x) * examined * (click - liked)
        self.unsure -= self.unsure**2 * weight / (1 + weight * self.unsure)
        self.intercept += self.unsure * examined * (click - liked)

    def export(self) -> Arrays:
        return {"mean": self.mean, "doubt": self.doubt, "common": np.array([self.intercept, self.unsure])}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], rng: np.random.Generator) -> SlotRanker:
        """The ranker as exported; the arrays are copied, because it goes on learning."""
        arms, width = arrays["mean"].shape
        found = cls(arms, width - 1, rng)
        found.mean, found.doubt = np.array(arrays["mean"]), np.array(arrays["doubt"])
        found.intercept, found.unsure = (float(value) for value in arrays["common"])
        return found
