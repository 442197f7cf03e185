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
from opsplug.models.own_items import OwnItems
from opsplug.models.popularity import Popularity
from opsplug.models.session_knn import SessionKnn
from opsplug.models.trend import Trend

KINDS: Mapping[str, type[Part]] = {
    part.name: part
    for part in (
        BoughtTogether, Content, CoVisitation, Ease, Factors, Fresh, ItemKnn, OwnItems, Popularity, SessionKnn, Trend,
    )
}  # fmt: skip
PERSONAL = 5  # distinct items known before a list is called personal
AROUND = {"taste": 2.0, "also_viewed": 1.0, "session": 1.0, "similar": 2.0, "bought_together": 2.0}  # beside an item
TASTE = 0.3  # share of the visitor's own taste beside an item
RESERVED = 1  # places among the first ten kept for new items, so that they can show what they are worth
EVERY = 5  # in one list of so many: a place costs about 4 % of a list's NDCG when the new item does not suit
SUITS = 0.3  # share of the last place's score that a new item must be worth
SHORTEST = 8  # lists shorter than this reserve nothing
REASONS = {
    "similar": "similar", "next": "also_viewed", "also_viewed": "also_viewed", "popular": "popular",
    "recent": "popular", "trend": "popular", "buy_again": "buy_again", "rebuy": "buy_again",
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
        return cls(
            ids, parts, np.asarray(arrays["weights"]), np.asarray(arrays["counts"]), arrays["categories"].tolist(),
            arrays["brands"].tolist(), np.asarray(arrays["prices"]), {item: code for code, item in enumerate(ids)},
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
        seen = np.zeros(0, np.int64) if repeats else np.unique(query.items)
        table, weights = self._table(query, np.union1d(hidden, seen), repeats)
        total = self._lifted(weights @ table)
        total += 1e-6 * self.parts["popular"].score(query)
        if not repeats:
            total[seen] -= 1e3
            hidden = np.union1d(hidden, query.items[query.kinds == PURCHASE])
        turn = 1 if repeats else int(now) + int(query.items.sum())
        chosen = self._choose(total, hidden, candidates, k, turn)
        shares = (weights[:, None] * table[:, chosen]).T
        reasons, anchors = self._explain(query, shares, chosen)
        return RankedList(chosen, total[chosen].astype(np.float64), reasons, anchors, self._rung(query), shares)

    def _table(self, query: Query, masked: Codes, repeats: bool) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Channels (and, beside items, those of the items) and their weights."""
        own = fusion.channels(self.parts, query, masked, repeats)
        weights = self.weights[fusion.situation(len(query.items), repeats)]
        around = _beside(query)
        if not len(around):
            return own, weights
        there = Query(
            around, np.full(len(around), query.now), np.zeros(len(around), np.int8), query.now, query.placement
        )
        near = fusion.channels(self.parts, there, masked)
        together = _scaled(self.parts["bought_together"].score(there), masked)
        names = [*fusion.CHANNELS, "bought_together"]
        strength = np.array([AROUND.get(name, 0.0) for name in names], np.float32)
        personal = TASTE * weights / max(float(weights.sum()), 1e-9) * strength.sum() * bool(len(query.items))
        personal[fusion.CHANNELS.index("popular")] = 0.02
        return np.concatenate([own, near, together[None]]), np.concatenate([personal, strength]).astype(np.float32)

    def _lifted(self, total: Scores) -> Scores:
        fresh = self.parts.get("new")
        return fresh.lifted(total) if isinstance(fresh, Fresh) else total

    def _choose(self, total: Scores, hidden: Codes, candidates: NDArray[Any] | None, k: int, turn: int) -> Codes:
        if candidates is not None:
            allowed = np.setdiff1d(_known(candidates, len(total)), hidden)
            return allowed[best(total[allowed], k)]
        total = total.copy()
        total[hidden] = -np.inf
        chosen = best(total, min(k, len(total) - len(hidden)))
        return self._explored(total, chosen) if turn % EVERY == 0 else chosen

    def _explored(self, total: Scores, chosen: Codes) -> Codes:
        """The list with its reserved last places of the first ten given to the new items that suit best."""
        fresh = self.parts.get("new")
        if not isinstance(fresh, Fresh) or len(chosen) < SHORTEST or not len(fresh.codes):
            return chosen
        new = fresh.codes[best(total[fresh.codes], RESERVED)]
        new = new[(total[new] > SUITS * total[chosen[:10][-1]]) & ~np.isin(new, chosen[:10])]
        if not len(new):
            return chosen
        head = chosen[: min(len(chosen), 10) - len(new)]
        rest = np.setdiff1d(chosen[len(head) :], new, assume_unique=True)
        rest = chosen[len(head) :][np.isin(chosen[len(head) :], rest)]
        return np.concatenate([head, new, rest])[: len(chosen)]

    def _explain(self, query: Query, shares: NDArray[np.float32], chosen: Codes) -> tuple[list[str], Codes]:
        """Per item of the list: the channel that gave most, and the item of the history or page it points back to."""
        if not len(chosen):
            return [], np.zeros(0, np.int64)
        beside = _beside(query)
        names = list(fusion.CHANNELS)
        if len(beside):
            names += [*fusion.CHANNELS, "bought_together"]
        strongest = shares.argmax(1)
        own = strongest < len(fusion.CHANNELS)
        sources = query.items[::-1][:50]
        anchors = np.full(len(chosen), -1, np.int64)
        reasons = []
        for place, code in enumerate(chosen):
            name = names[strongest[place]]
            reason = REASONS.get(name, TASTES) if shares[place].any() else "popular"
            if len(beside) and not own[place]:
                reason = "also_viewed" if reason == TASTES else reason
                anchors[place] = self._anchor(name, beside, int(code))
            elif reason not in ("popular", "buy_again") and len(sources):
                anchors[place] = self._anchor(name, sources, int(code))
            elif reason == "buy_again":
                anchors[place] = code
            reasons.append(reason)
        return reasons, anchors

    def _anchor(self, channel: str, sources: Codes, code: int) -> int:
        """Which of `sources` speaks loudest for an item; the newest where none does."""
        part: Any = self.parts[ANCHORS.get(channel, "neighbours")]
        rows: Neighbours = part.rows
        voice = np.where(rows.codes[sources] == code, rows.weights[sources], 0).max(1)
        return int(sources[int(voice.argmax())])

    def _rung(self, query: Query) -> str:
        distinct = len(np.unique(query.items[query.items != query.page]))
        if distinct >= PERSONAL:
            return "personal"
        if distinct:
            return "session"
        if len(_beside(query)):
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
    scores = scores.copy()
    scores[masked] = 0
    return (np.maximum(scores, 0) / max(float(scores.max(initial=0)), 1e-9)).astype(np.float32)
