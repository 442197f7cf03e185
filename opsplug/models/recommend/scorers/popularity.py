"""Popularity that forgets: events weighted by age, with the half-life that predicted the log's own next days best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.arrays import Arrays, Codes, Scores
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.constants import (
    HALF_LIFE_DAYS,
    HALF_LIFE_TOP,
    HALF_LIVES,
    POPULARITY_SCALE,
    RETRIEVE_POPULAR,
)
from opsplug.models.recommend.evidence import Evidence
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.scorer import Channel


@dataclass(frozen=True, slots=True)
class Popularity:
    name: ClassVar[str] = "popular"
    shares: Scores
    half_life: float
    logged: Scores = field(init=False)  # on a log scale from 0 to 1: the leader does not drown the long tail

    def __post_init__(self) -> None:
        object.__setattr__(self, "logged", log_scaled(self.shares))

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0) -> Popularity:
        half_life = choose_half_life(evidence)
        return cls(decayed(evidence, half_life), half_life)

    def export(self) -> Arrays:
        return {"shares": self.shares, "half_life": np.array([self.half_life])}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> Popularity:
        return cls(arrays["shares"], float(arrays["half_life"][0]))

    def score(self, query: Query, candidates: CandidateSet, channels: Sequence[Channel]) -> list[Scores]:
        return [candidates.take(self.logged) for _ in channels]

    def retrieve(self, query: Query) -> Codes:
        return most_popular(self.shares)


def most_popular(shares: Scores) -> Codes:
    """The items with the largest shares, in no order."""
    count = min(RETRIEVE_POPULAR, len(shares))
    return np.argpartition(-shares, count - 1)[:count] if count else np.zeros(0, np.int64)


def decayed(evidence: Evidence, half_life: float) -> Scores:
    """Sum of event weights halved every `half_life` active days, scaled to a largest value of 1."""
    weight = np.maximum(evidence.log.weights, 0) * 0.5 ** (evidence.ages / half_life)
    total = np.bincount(evidence.log.items, weight, minlength=evidence.size)
    return (total / max(float(total.max(initial=0.0)), 1e-12)).astype(np.float32)


def log_scaled(shares: Scores) -> Scores:
    """Shares in [0, 1] on a log scale that starts at about one percent."""
    scaled: Scores = (np.log1p(POPULARITY_SCALE * shares) / np.log1p(POPULARITY_SCALE)).astype(np.float32)
    return scaled


def choose_half_life(evidence: Evidence, *, top: int = HALF_LIFE_TOP, days: int = HALF_LIFE_DAYS) -> float:
    """The half-life whose ranking held most of the next day's events, over the newest `days` active days of the log."""
    if not len(evidence.log):
        return HALF_LIVES[4]
    day = np.floor(evidence.ages).astype(np.int64)
    age_of_first = int(day.max())
    days = min(days, age_of_first // 2)
    if days < 2:
        return HALF_LIVES[4]
    size = evidence.size
    gained = np.zeros(len(HALF_LIVES))
    decay = 0.5 ** (1 / np.array(HALF_LIVES))
    state = np.zeros((len(HALF_LIVES), size))
    order = np.argsort(-day, kind="stable")
    edges = np.searchsorted(-day[order], -np.arange(age_of_first, -1, -1), "right")
    start = 0
    for age, stop in zip(range(age_of_first, -1, -1), edges, strict=True):
        rows = order[start:stop]
        today = np.bincount(evidence.log.items[rows], np.maximum(evidence.log.weights[rows], 0), minlength=size)
        if age < days and today.sum():
            popular = np.argpartition(-state, min(top, size - 1), axis=1)[:, :top]
            gained += today[popular].sum(1) / today.sum()
        state = state * decay[:, None] + today
        start = stop
    return HALF_LIVES[int(np.argmax(gained))]
