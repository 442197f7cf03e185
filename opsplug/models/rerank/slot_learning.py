"""Learns the slot ranker of a placement from lists that were seen, and says what re-ordering would have brought.

Lists are gone through in the order of time: each is first ordered by what was learnt before it, then learnt from. So
every estimate is about lists that the ranker had not seen (prequential evaluation; Dawid 1984). What another order
would have been worth follows from the clicks and the places by inverse propensity (Joachims, Swaminathan and Schnabel
2017): a click at a place that few look at counts for more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opsplug.features.recommendation_id import HEAD
from opsplug.models.recommend.evaluation import ratio_interval
from opsplug.models.rerank.list_ranker import MOST_ARMS, POOL, SlotList, features, rng_of
from opsplug.models.rerank.off_policy import FEWEST_CLICKS, Estimate, doubly_robust, ips, snips
from opsplug.models.rerank.position_bias import fit_position_bias
from opsplug.models.rerank.slot_ranker import SlotRanker

Floats = NDArray[np.float64]

WARM_UP = 50  # clicks that are learnt from before anything is judged
LOWEST_RANK_PRIOR = -3.0  # log-odds: an item far down is worth a twentieth of the first, never nothing


@dataclass(frozen=True, slots=True)
class SlotLog:
    """Lists in the order of time and their entries in the order of place. Entries beyond the head are left out."""

    items: list[str]
    categories: list[str]  # contexts, see `list_ranker.features`
    rungs: list[str]  # one per list
    last_categories: list[str]  # one per list: the category of the last item viewed
    lists: NDArray[np.int64]  # the list of each entry, ascending
    codes: NDArray[np.int64]  # its item
    places: NDArray[np.int64]  # 0 is the first
    ranks: NDArray[np.int64]  # where the mix had put it; POOL or more: it came otherwise
    clicks: Floats  # 0 or 1


@dataclass(frozen=True, slots=True)
class Learned:
    """The ranker, and estimates of clicks per entry in its order; `ratio` is against the order of the mix."""

    model: SlotList
    lists: int
    clicks: int
    judged: int  # clicks among the lists that were judged
    by: dict[str, Estimate]  # ips, snips, dr
    mix: float  # clicks per entry in the order of the mix
    ratio: tuple[float, float, float]  # with its 95 % interval over lists

    @property
    def enough(self) -> bool:
        return self.judged >= FEWEST_CLICKS


def learn(log: SlotLog, *, seed: int = 0) -> Learned:
    """Go through the log once. Deterministic for a seed."""
    examination, rank_prior = _bias(log)
    arms, shown = _arms(log)
    ranker = SlotRanker(len(arms), len(features(log.categories, "", "")), rng_of(seed, "learning"))
    record = _Record(examination)
    starts = np.searchsorted(log.lists, np.arange(len(log.rungs) + 1))
    offset = np.append(rank_prior, rank_prior[-1])[np.minimum(log.ranks, POOL)]
    clicks = 0.0
    for number in range(len(log.rungs)):
        rows = np.arange(starts[number], starts[number + 1])
        rows = rows[arms[log.codes[rows]] >= 0]
        if not len(rows):
            continue
        x = features(log.categories, log.rungs[number], log.last_categories[number])
        own = arms[log.codes[rows]]
        if clicks >= WARM_UP and len(rows) > 1:
            odds = ranker.draw(x, own) + offset[rows]
            relevance = 1 / (1 + np.exp(-(ranker.mean[own] @ np.append(x, 1.0) + ranker.intercept + offset[rows])))
            record.add(number, log, rows, odds, relevance)
        for row, arm in zip(rows.tolist(), own.tolist(), strict=True):
            ranker.learn(x, arm, log.clicks[row], examination[log.places[row]], offset[row])
        clicks += float(log.clicks[rows].sum())
    chosen = [log.items[code] for code in np.flatnonzero(arms >= 0)]
    model = SlotList.of(ranker, chosen, shown, log.categories, rank_prior, examination)
    return record.learned(model, len(log.rungs), int(log.clicks.sum()), seed)


def _bias(log: SlotLog) -> tuple[Floats, Floats]:
    """Examination of each place of the head, and the log-odds of each rank against the first."""
    known = log.ranks < POOL
    examination, ranks = fit_position_bias(
        log.places[known], log.ranks[known], log.codes[known], log.clicks[known], size=(HEAD, POOL)
    )
    worth = np.minimum.accumulate(np.log(np.maximum(ranks, 1e-9) / max(float(ranks[0]), 1e-9)))
    return examination, np.clip(worth, LOWEST_RANK_PRIOR, 0.0)


def _arms(log: SlotLog) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The arm of each item code, -1 past the most shown ones, and the impressions of each arm."""
    shown = np.bincount(log.codes, minlength=len(log.items))
    chosen = np.sort(np.argsort(-shown, kind="stable")[:MOST_ARMS])
    chosen = chosen[shown[chosen] > 0]
    arms = np.full(len(log.items), -1, np.int64)
    arms[chosen] = np.arange(len(chosen))
    return arms, shown[chosen].astype(np.int64)


class _Record:
    """What the lists would have looked like, entry by entry."""

    def __init__(self, examination: Floats) -> None:
        self._examination = examination
        self._rows: list[tuple[Floats, ...]] = []
        self._lists: list[int] = []

    def add(self, number: int, log: SlotLog, rows: NDArray[np.int64], odds: Floats, relevance: Floats) -> None:
        """The shown entries change places among themselves: once by `odds`, once by the mix's ranks."""
        places = np.sort(log.places[rows])
        new, mix = np.empty(len(rows), np.int64), np.empty(len(rows), np.int64)
        new[np.argsort(-odds, kind="stable")] = places
        mix[np.argsort(log.ranks[rows], kind="stable")] = places
        was = self._examination[log.places[rows]]
        self._rows.append((log.clicks[rows], was, self._examination[new], self._examination[mix], was * relevance))
        self._lists += [number] * len(rows)

    def learned(self, model: SlotList, lists: int, clicks: int, seed: int) -> Learned:
        if not self._rows:
            return Learned(model, lists, clicks, 0, {}, 0.0, (1.0, 0.0, float("inf")))
        reward, was, new, mix, guess = (np.concatenate(column) for column in zip(*self._rows, strict=True))
        by = {
            "ips": ips(reward, was, new), "snips": snips(reward, was, new),
            "dr": doubly_robust(reward, was, new, guess, guess / was * new),
        }  # fmt: skip
        groups = np.array(self._lists, np.int64)
        ratio = ratio_interval(reward / was * new, reward / was * mix, groups, seed=seed)
        value = float((reward / was * mix).mean())
        return Learned(model, lists, clicks, int(reward.sum()), by, value, ratio)


def verdict(learned: Learned) -> tuple[bool, str]:
    """Whether to serve, and the sentence that says why."""
    if not learned.enough:
        return False, f"not enough data yet ({learned.judged} of {FEWEST_CLICKS} clicks to judge by)"
    ratio, low, high = learned.ratio
    estimate = f"{ratio:.2f} times the clicks of the mix's own order ({low:.2f} to {high:.2f})"
    return (True, estimate) if ratio >= 1 else (False, f"worse: {estimate}")


def most_viewed(categories: Sequence[str], most: int) -> list[str]:
    """The most frequent non-empty categories, the contexts of a placement."""
    names, count = np.unique([name for name in categories if name] or [""], return_counts=True)
    return [str(name) for name in names[np.argsort(-count, kind="stable")][:most] if name]
