"""The mix, in serving: a visitor's history and a placement in, a ranked list with reasons out. numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.features.interactions import CART, PURCHASE
from opsplug.models.matrix_product import product
from opsplug.models.recommend import fusion
from opsplug.models.recommend.base import LONGEST_HISTORY, Codes, Part, Query, Scores, best
from opsplug.models.recommend.candidates import View, leaders, view_of
from opsplug.models.recommend.explanation import VOICES, explain
from opsplug.models.recommend.next_item.network import NextItem
from opsplug.models.recommend.scorers.bought_together import BoughtTogether
from opsplug.models.recommend.scorers.cold_items import Fresh
from opsplug.models.recommend.scorers.content import Content
from opsplug.models.recommend.scorers.covisitation import CoVisitation
from opsplug.models.recommend.scorers.ease import Ease
from opsplug.models.recommend.scorers.factors import Factors
from opsplug.models.recommend.scorers.item_bias import Taken
from opsplug.models.recommend.scorers.item_knn import ItemKnn
from opsplug.models.recommend.scorers.own_items import OwnItems
from opsplug.models.recommend.scorers.popularity import Popularity
from opsplug.models.recommend.scorers.session_knn import SessionKnn
from opsplug.models.recommend.scorers.trend import Trend

KINDS: Mapping[str, type[Part]] = {
    part.name: part
    for part in (
        BoughtTogether, Content, CoVisitation, Ease, Factors, Fresh, ItemKnn, NextItem, OwnItems, Popularity,
        SessionKnn, Taken, Trend,
    )
}  # fmt: skip
SEEN = 1e3  # what was seen stands so much lower: behind everything else
PERSONAL = 5  # distinct items known before a list is called personal
TASTE = 0.3  # share of the visitor's own taste beside an item
NEAR = {"taste": 2.0, "session": 1.0, "also_viewed": 1.0, "similar": 2.0, fusion.BESIDE: 2.0}  # and of the item's
OWN = {"cart": CART, "order": PURCHASE}  # placements that are about the visitor's own items of a kind
SPOKEN = 50  # newest events of a history that a reason may speak of
NEAR_VOICES = [*(len(fusion.CHANNELS) + fusion.CHANNELS.index(name) for name in NEAR if name != fusion.BESIDE), -1]
HABITS = {fusion.CHANNELS.index(name) for name in ("buy_again", "rebuy", "due")}


@dataclass(frozen=True, slots=True)
class RankedList:
    """Best first. `reasons` and `anchors` (item code, -1 for none) explain each; `rung` says how much was known."""

    codes: Codes
    scores: NDArray[np.float64]
    reasons: list[str]
    anchors: Codes
    rung: str
    contributions: NDArray[np.float32]  # items of the list x voices

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True, slots=True)
class _Mixed:
    """What counts for one list: numbers of voices (places in `VOICES`), the weight and what each says of the items."""

    voices: list[int]
    weights: NDArray[np.float32]
    table: NDArray[np.float32]

    def shares(self, places: Codes) -> NDArray[np.float32]:
        """What each voice gave to the items at these places, shape (places, voices)."""
        found = np.zeros((len(places), len(VOICES)), np.float32)
        found[:, self.voices] = (self.weights[:, None] * self.table[:, places]).T
        return found


@dataclass(slots=True)
class Ranker:
    """Loaded once per process; read-only and safe to share between threads."""

    item_ids: list[str]
    parts: dict[str, Part]
    weights: NDArray[np.float32]
    counts: NDArray[np.int64]
    categories: list[str]
    brands: list[str]
    prices: NDArray[np.float64]
    places: dict[str, int]
    favourites: Codes  # scored for everybody
    popular: Scores

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> Ranker:
        """From the arrays of `Mix.export`, which may be memory maps."""
        grouped: dict[str, dict[str, NDArray[Any]]] = {}
        for key, value in arrays.items():
            part, slash, name = key.partition("/")
            if slash:
                grouped.setdefault(part, {})[name] = value
        parts = {name: KINDS[str(found["kind"][0])].load(found) for name, found in grouped.items()}
        ids: list[str] = arrays["items"].tolist()
        weights = np.asarray(arrays["weights"])
        missing = len(fusion.CHANNELS) - weights.shape[1]  # channels that came after this model was trained
        return cls(
            ids, parts, np.pad(weights, ((0, 0), (0, missing))), np.asarray(arrays["counts"]),
            arrays["categories"].tolist(), arrays["brands"].tolist(), np.asarray(arrays["prices"]),
            {item: code for code, item in enumerate(ids)},
            leaders(parts), parts["popular"].score(Query.of([], size=len(ids), now=0.0)),
        )  # fmt: skip

    def codes(self, items: Sequence[str]) -> Codes:
        """The code of each item id, -1 for unknown ones."""
        return np.array([self.places.get(item, -1) for item in items], np.int64)

    def rank(
        self,
        history: Sequence[tuple[int, float, int]],
        *,
        placement: str = "home",
        item: int | None = None,
        now: float,
        k: int = 8,
        candidates: NDArray[Any] | None = None,
        exclude: Sequence[int] | NDArray[Any] = (),
        repeats: bool = False,
    ) -> RankedList:
        """The `k` best items for a visitor with this `(item code, epoch seconds, kind)` history, oldest first.

        What was bought (unless `repeats`), is excluded or stands on the page is never in it; what was seen comes last.
        """
        size = len(self.item_ids)
        page = -1 if item is None else item
        query = Query.of(history[-LONGEST_HISTORY:], size=size, now=now, placement=placement, page=page)
        beside = _beside(query)
        hidden = np.array([code for code in {*exclude, query.page} if 0 <= code < size], np.int64)
        allowed = None if candidates is None else _known(candidates, size)
        view = view_of(self.parts, query, beside, self.favourites, allowed)
        if allowed is None and len(view) < k + len(hidden) + len(query.items):
            view = View(size)
        seen = np.zeros(0, np.int64) if repeats else view.places(query.distinct()[0])
        mix = self._mixed(query, beside, np.concatenate([view.places(hidden), seen]), repeats, view)
        total = self._lifted(mix, view)
        taken = self.parts.get("taken")
        if isinstance(taken, Taken) and beside is None and len(query.items):
            total = total + view.of(taken.offsets[int(repeats)])
        total += 1e-6 * view.of(self.popular)
        if not repeats:
            total[seen] -= SEEN
            hidden = np.concatenate([hidden, query.items[query.kinds == PURCHASE]])
        places = self._choose(total, view, hidden, allowed, k)
        chosen, shares = view.items(places), mix.shares(places)
        around = query.items[:0] if beside is None else beside.items
        reasons, anchors = explain(self.parts, shares, chosen, query.distinct(SPOKEN)[0], around)
        return RankedList(chosen, total[places].astype(np.float64), reasons, anchors, self._rung(query, around), shares)

    def _mixed(self, query: Query, beside: Query | None, masked: Codes, repeats: bool, view: View) -> _Mixed:
        """What the channels say and (beside items) those of the items, as far as it counts."""
        weights = self.weights[fusion.situation(len(query.items), repeats)]
        if beside is not None:
            share = TASTE * sum(NEAR.values()) / max(float(weights.sum()), 1e-9) if len(query.items) else 0.0
            weights = weights * np.float32(share)
            weights[fusion.CHANNELS.index("popular")] = 0.02
        voices = np.flatnonzero(weights > 0).tolist()
        wanted = [fusion.CHANNELS[voice] for voice in voices]
        bent = beside is None and not repeats
        table = fusion.channels(self.parts, query, masked, repeats, bent=bent, view=view, wanted=wanted)
        if beside is None:
            return _Mixed(voices, weights[voices], table)
        near = fusion.channels(self.parts, beside, masked, bent=False, view=view, wanted=[*NEAR])
        strength = np.array([*weights[voices], *NEAR.values()], np.float32)
        return _Mixed([*voices, *NEAR_VOICES], strength, np.concatenate([table, near]))

    def _lifted(self, mix: _Mixed, view: View) -> Scores:
        """The score of each item. That somebody takes an item again and again says nothing about what is like it."""
        total: Scores = product(mix.table.T, mix.weights)
        fresh = self.parts.get("new")
        own = [row for row, voice in enumerate(mix.voices) if voice in HABITS]
        if not isinstance(fresh, Fresh):
            return total
        if not own:
            return fresh.lifted(total, view)
        habit: Scores = product(mix.table[own].T, mix.weights[own])
        return fresh.lifted(total - habit, view) + habit

    def _choose(self, total: Scores, view: View, hidden: Codes, allowed: Codes | None, k: int) -> Codes:
        """Places in the view."""
        if allowed is not None:
            places = view.places(np.setdiff1d(allowed, hidden))
            return places[best(total[places], k)]
        total = total.copy()
        total[view.places(hidden)] = -np.inf
        return best(total, min(k, int(np.count_nonzero(total > -np.inf))))

    def _rung(self, query: Query, around: Codes) -> str:
        distinct = np.count_nonzero(query.distinct()[0] != query.page)
        if distinct >= PERSONAL:
            return "personal"
        if distinct:
            return "session"
        if len(around):
            return "item"
        return "popular" if self.counts.any() else "catalogue"


def _beside(query: Query) -> Query | None:
    """The same moment with the items that a placement is about: the page's, the cart's or the last order's."""
    items: set[int] = set()
    if query.placement == "item" and query.page >= 0:
        items = {query.page}
    elif query.placement in OWN:
        items = set(query.items[query.kinds == OWN[query.placement]][-10:].tolist())
    return query.among(np.array(sorted(items), np.int64)) if items else None


def _known(codes: Any, size: int) -> Codes:
    codes = np.asarray(codes, np.int64)
    return np.unique(codes[(codes >= 0) & (codes < size)])
