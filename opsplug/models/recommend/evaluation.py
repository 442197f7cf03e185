"""Rolling time-split evaluation: what a model fitted on the past would have shown at real later moments.

A question is a moment between two different times of one visitor: history is everything before it, targets are the
next distinct items. The whole catalogue is ranked; nothing is sampled, so that scores compare across models (Krichene
and Rendle 2020).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from opsplug.features.interactions import Interactions
from opsplug.models.recommend.constants import MAX_HISTORY
from opsplug.models.recommend.evidence import by_visitor
from opsplug.models.recommend.queries import Query

K = 10  # items of a list that are judged
TARGETS = 10
DISCOUNT = 1 / np.log2(np.arange(2, 102))


@dataclass(frozen=True, slots=True)
class Question:
    """`targets` are the next distinct items without those `seen`; `again` are the next distinct items, seen or not."""

    query: Query
    targets: NDArray[np.int64]
    again: NDArray[np.int64]
    seen: NDArray[np.int64]
    visitor: int

    def truncated(self) -> Question:
        """The same question by somebody of whom only the last event is known (another device, say)."""
        return replace(self, query=self.query.truncated(1))


def questions(
    log: Interactions, cut: float, until: float = np.inf, *, per_visitor: int = 3, most: int = 500, seed: int = 0
) -> list[Question]:
    """Up to `most` questions between `cut` and `until`: of each visitor the first moment and some at random.

    Where visitors are few, more of each; of those without a history, at most a quarter of `most`.
    """
    rng = np.random.default_rng(seed)
    order, begins = by_visitor(log)
    starts = np.append(np.flatnonzero(begins), len(order))
    times = log.times
    late = np.unique(log.users[(times >= cut) & (times < until)])
    place = {int(log.users[order[start]]): number for number, start in enumerate(starts[:-1])}
    each = min(max(per_visitor, -(-most // max(len(late), 1))), 3 * per_visitor)
    found: list[Question] = []
    strangers = most // 4
    for user in rng.permutation(late):
        number = place[int(user)]
        rows = order[starts[number] : starts[number + 1]]
        when = times[rows]
        first, last = np.searchsorted(when, [cut, until], "left")
        moments = [at for at in range(int(first), int(last)) if at == 0 or when[at] != when[at - 1]]
        chosen = moments[:1]
        if len(moments) > 1:
            chosen += rng.choice(moments[1:], min(each - 1, len(moments) - 1), replace=False).tolist()
        if chosen[:1] == [0]:
            strangers -= 1
            chosen = chosen if strangers >= 0 else chosen[1:]
        found += [_question(log, rows, at) for at in sorted(chosen)]
        if len(found) >= most:
            break
    return found[:most]


def _question(log: Interactions, rows: NDArray[np.int64], at: int) -> Question:
    past, future = rows[:at], log.items[rows[at:]][: 50 * TARGETS].astype(np.int64)
    seen = np.unique(log.items[past]).astype(np.int64)
    near = past[-MAX_HISTORY:]
    query = Query(
        log.items[near].astype(np.int64), log.times[near], log.kinds[near], float(log.times[rows[at]]), "home", -1
    )
    unseen = future[~np.isin(future, seen)]
    return Question(query, _first(unseen), _first(future), seen, int(log.users[rows[0]]))


def _first(items: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first distinct items, in order."""
    return items[np.sort(np.unique(items, return_index=True)[1])][:TARGETS]


@dataclass(frozen=True, slots=True)
class Quality:
    """Per-question NDCG and hits, and what was shown. Means, intervals and comparisons are computed from these."""

    ndcg: NDArray[np.float64]
    hit: NDArray[np.float64]
    shown: NDArray[np.int64]
    visitors: NDArray[np.int64]
    coverage: float
    popularity: float

    def summary(self) -> dict[str, float]:
        """Means with the standard error of NDCG over visitors."""
        low, high = interval(self.ndcg, self.visitors)
        return {
            "ndcg@10": float(self.ndcg.mean()) if len(self.ndcg) else 0.0, "ndcg_low": low, "ndcg_high": high,
            "hr@10": float(self.hit.mean()) if len(self.hit) else 0.0, "coverage@10": self.coverage,
            "popularity_percentile": self.popularity, "questions": float(len(self.ndcg)),
        }  # fmt: skip


def ndcg(shown: NDArray[np.int64], targets: NDArray[np.int64], k: int = 10) -> float:
    """Normalised discounted cumulative gain of the first k shown, with equal gains."""
    gain = np.isin(shown[:k], targets) @ DISCOUNT[: len(shown[:k])]
    ideal = DISCOUNT[: min(len(targets), k)].sum()
    return float(gain / ideal) if ideal else 0.0


def measure(
    answer: Callable[[Question], NDArray[np.int64]],
    asked: Sequence[Question],
    counts: NDArray[np.int64],
    *,
    repeats: bool = False,
    k: int = 10,
) -> Quality:
    """Ask every question that has targets; `counts` are training events per item (coverage, popularity percentile)."""
    asked = [question for question in asked if len(question.again if repeats else question.targets)]
    gains, hits, lists = [], [], []
    for question in asked:
        shown, targets = answer(question)[:k], question.again if repeats else question.targets
        gains.append(ndcg(shown, targets, k))
        hits.append(float(np.isin(shown, targets).any()))
        lists.append(shown)
    shown = np.concatenate(lists) if lists else np.zeros(0, np.int64)
    rank = np.searchsorted(np.sort(counts), counts, "right") / max(len(counts), 1)
    return Quality(
        np.array(gains), np.array(hits), shown, np.array([question.visitor for question in asked], np.int64),
        len(np.unique(shown)) / max(len(counts), 1), float(rank[shown].mean()) if len(shown) else 0.0,
    )  # fmt: skip


def interval(
    values: NDArray[np.float64], groups: NDArray[np.int64], *, rounds: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """95 % bootstrap interval of the mean, resampling whole groups (visitors), whose questions are not independent."""
    if not len(values):
        return 0.0, 0.0
    _, code = np.unique(groups, return_inverse=True)
    total, count = np.bincount(code, values), np.bincount(code)
    draws = np.random.default_rng(seed).integers(0, len(total), (rounds, len(total)))
    means = total[draws].sum(1) / count[draws].sum(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def ratio_interval(
    ours: NDArray[np.float64],
    theirs: NDArray[np.float64],
    groups: NDArray[np.int64],
    *,
    rounds: int = 2000,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Ratio of two means on the same questions and its paired 95 % bootstrap interval: (ratio, low, high)."""
    _, code = np.unique(groups, return_inverse=True)
    above, below = np.bincount(code, ours), np.bincount(code, theirs)
    draws = np.random.default_rng(seed).integers(0, len(above), (rounds, len(above)))
    ratios = above[draws].sum(1) / np.maximum(below[draws].sum(1), 1e-12)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(above.sum() / max(below.sum(), 1e-12)), float(low), float(high)
