"""The mix, in serving: a visitor's history and a placement in, a ranked list with reasons out. numpy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.features.interactions import CART, PURCHASE
from opsplug.models import fusion
from opsplug.models.base import LONGEST_HISTORY, Codes, Neighbours, Part, Query, Scores, best
from opsplug.models.bought_together import BoughtTogether
from opsplug.models.content import Content
from opsplug.models.covisitation import CoVisitation
from opsplug.models.ease import Ease
from opsplug.models.factors import Factors
from opsplug.models.fresh import Fresh
from opsplug.models.item_knn import ItemKnn
from opsplug.models.next_item import NextItem
from opsplug.models.own_items import OwnItems
from opsplug.models.popularity import Popularity
from opsplug.models.session_knn import SessionKnn
from opsplug.models.trend import Trend
from opsplug.models.view import View, leaders, view_of

KINDS: Mapping[str, type[Part]] = {
    part.name: part
    for part in (
        BoughtTogether, Content, CoVisitation, Ease, Factors, Fresh, ItemKnn, NextItem, OwnItems, Popularity,
        SessionKnn, Trend,
    )
}  # fmt: skip
PERSONAL = 5  # distinct items known before a list is called personal
AROUND = {"taste": 2.0, "also_viewed": 1.0, "session": 1.0, "similar": 2.0, "bought_together": 2.0}  # beside an item
TASTE = 0.3  # share of the visitor's own taste beside an item
REASONS = {
    "similar": "similar", "next": "also_viewed", "also_viewed": "also_viewed", "popular": "popular",
    "recent": "popular", "trend": "popular", "buy_again": "buy_again", "rebuy": "buy_again", "due": "buy_again",
    "bought_together": "bought_together",
}  # fmt: skip
TASTES = "because_you_viewed"  # the reason of every other channel
ANCHORS = {
    "similar": "similar", "next": "also_viewed", "also_viewed": "also_viewed", "bought_together": "bought_together",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RankedList:
    """Best first. `reasons` and `anchors` (item code, -1 for none) explain each; `rung` says how much was known."""

    codes: Codes
    scores: NDArray[np.float64]
    reasons: list[str]
    anchors: Codes
    rung: str
    contributions: NDArray[np.float32]  # items of the list x channels

    def __len__(self) -> int:
        return len(self.codes)


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
        hidden = _known([*np.asarray(exclude, np.int64).tolist(), query.page], size)
        around = _beside(query)
        allowed = None if candidates is None else _known(candidates, size)
        view = view_of(self.parts, query, around, self.favourites, allowed)
        if allowed is None and len(view) < k + len(hidden) + len(query.items):
            view = View(size)
        seen = np.zeros(0, np.int64) if repeats else view.places(np.unique(query.items))
        masked = np.union1d(view.places(hidden), seen)
        table, weights = self._table(query, around, masked, repeats, view)
        total = self._lifted(weights, table, view)
        total += 1e-6 * view.of(self.popular)
        if not repeats:
            total[seen] -= 1e3
            hidden = np.concatenate([hidden, query.items[query.kinds == PURCHASE]])
        places = self._choose(total, view, hidden, allowed, k)
        chosen = view.items(places)
        shares = (weights[:, None] * table[:, places]).T
        reasons, anchors = self._explain(query, around, shares, chosen)
        return RankedList(chosen, total[places].astype(np.float64), reasons, anchors, self._rung(query, around), shares)

    def _table(
        self, query: Query, around: Codes, masked: Codes, repeats: bool, view: View
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Channels (and, beside items, those of the items) and their weights."""
        weights = self.weights[fusion.situation(len(query.items), repeats)]
        wanted = [name for name, weight in zip(fusion.CHANNELS, weights, strict=True) if weight > 0]
        if not len(around):
            return fusion.channels(self.parts, query, masked, repeats, view=view, wanted=wanted), weights
        own = fusion.channels(self.parts, query, masked, repeats, view=view, wanted=[*wanted, "popular"])
        there = query.among(around)
        near = fusion.channels(self.parts, there, masked, view=view, wanted=AROUND)
        bought: Any = self.parts["bought_together"]
        together = _scaled(bought.rows.sums(*there.recency(0.7, 10), view), masked)
        names = [*fusion.CHANNELS, "bought_together"]
        strength = np.array([AROUND.get(name, 0.0) for name in names], np.float32)
        personal = TASTE * weights / max(float(weights.sum()), 1e-9) * strength.sum() * bool(len(query.items))
        personal[fusion.CHANNELS.index("popular")] = 0.02
        return np.concatenate([own, near, together[None]]), np.concatenate([personal, strength]).astype(np.float32)

    def _lifted(self, weights: NDArray[np.float32], table: NDArray[np.float32], view: View) -> Scores:
        """The score of each item. That somebody takes an item again and again says nothing about what is like it."""
        total, fresh = weights @ table, self.parts.get("new")
        if not isinstance(fresh, Fresh):
            return total
        own = [fusion.CHANNELS.index(name) for name in ("buy_again", "rebuy", "due")]
        habit = weights[own] @ table[own]
        return fresh.lifted(total - habit, view) + habit

    def _choose(self, total: Scores, view: View, hidden: Codes, allowed: Codes | None, k: int) -> Codes:
        """Places in the view."""
        if allowed is not None:
            places = view.places(np.setdiff1d(allowed, hidden))
            return places[best(total[places], k)]
        total = total.copy()
        gone = view.places(np.unique(hidden))
        total[gone] = -np.inf
        return best(total, min(k, len(total) - len(gone)))

    def _explain(
        self, query: Query, around: Codes, shares: NDArray[np.float32], chosen: Codes
    ) -> tuple[list[str], Codes]:
        """Per item of the list: the channel that gave most, and the item of the history or page it points back to."""
        anchors = np.full(len(chosen), -1, np.int64)
        if not len(chosen):
            return [], anchors
        names = [*fusion.CHANNELS, *fusion.CHANNELS, "bought_together"]
        strongest = shares.argmax(1).tolist()
        silent = (shares.max(1) <= 0).tolist()
        reasons = []
        voices: dict[tuple[str, bool], list[int]] = {}  # table and sources -> places of the list that ask it
        for place, channel in enumerate(strongest):
            near, name = channel >= len(fusion.CHANNELS), names[channel]
            reason = "popular" if silent[place] else REASONS.get(name, TASTES)
            if near and reason == TASTES:
                reason = "also_viewed"
            if near or (reason not in ("popular", "buy_again") and len(query.items)):
                voices.setdefault((ANCHORS.get(name, "neighbours"), near), []).append(place)
            elif reason == "buy_again":
                anchors[place] = chosen[place]
            reasons.append(reason)
        for (name, near), places in voices.items():
            sources = around if near else query.items[::-1][:50]
            anchors[places] = self._anchors(name, sources, chosen[places])
        return reasons, anchors

    def _anchors(self, name: str, sources: Codes, codes: Codes) -> Codes:
        """Which of `sources` speaks loudest for each item; the newest where none does."""
        part: Any = self.parts[name]
        rows: Neighbours = part.rows
        place = np.full(len(rows.codes), len(codes), np.int32)
        place[codes] = np.arange(len(codes))
        asked = place.take(rows.codes[sources])
        at, slot = np.nonzero(asked < len(codes))
        voice = np.zeros((len(codes), len(sources)), np.float32)
        voice[asked[at, slot], at] = np.maximum(rows.weights[sources[at], slot], 0)
        found: Codes = sources[voice.argmax(1)]
        return found

    def _rung(self, query: Query, around: Codes) -> str:
        distinct = len(np.unique(query.items[query.items != query.page]))
        if distinct >= PERSONAL:
            return "personal"
        if distinct:
            return "session"
        if len(around):
            return "item"
        return "popular" if self.counts.any() else "catalogue"


def _beside(query: Query) -> Codes:
    """The items a placement is about: the page's, the cart's or the last order's."""
    if query.placement == "item" and query.page >= 0:
        return np.array([query.page], np.int64)
    kind = {"cart": CART, "order": PURCHASE}.get(query.placement)
    if kind is None:
        return np.zeros(0, np.int64)
    mine = query.items[query.kinds == kind]
    return np.unique(mine[-10:]).astype(np.int64)


def _known(codes: Any, size: int) -> Codes:
    codes = np.asarray(codes, np.int64)
    return np.unique(codes[(codes >= 0) & (codes < size)])


def _scaled(scores: Scores, masked: Codes) -> Scores:
    """A largest value of 1 among those that are not masked."""
    apart = scores[masked]
    scores[masked] = 0
    largest = max(float(scores.max(initial=0)), 1e-9)
    scores[masked] = apart
    return (np.maximum(scores, 0) / largest).astype(np.float32)
