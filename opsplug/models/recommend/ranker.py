"""The mix, in serving: a visitor's history and a placement in, a ranked list with reasons out. numpy only."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.features.interactions import CART, PURCHASE
from opsplug.models.matrix_product import product
from opsplug.models.recommend.arrays import Codes, Scores
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.candidates import generate_candidates, popular_candidates
from opsplug.models.recommend.channels import score_channels
from opsplug.models.recommend.compatibility import current_format
from opsplug.models.recommend.constants import (
    BESIDE_POPULAR,
    BESIDE_TASTE,
    MAX_HISTORY,
    PERSONAL_FROM,
    PLACEMENT_ITEMS,
    REASON_HISTORY,
    SEEN_PENALTY,
    TIE_BREAK,
)
from opsplug.models.recommend.explanation import Contribution, explain
from opsplug.models.recommend.item_bias import ItemBias
from opsplug.models.recommend.next_item.network import CHANNEL as NEXT_ITEM
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.registry import CHANNELS, ITEM_CHANNELS, VISITOR_CHANNELS
from opsplug.models.recommend.scorer import Scorer
from opsplug.models.recommend.scorers.cold_items import ColdItems
from opsplug.models.recommend.scorers.popularity import Popularity
from opsplug.models.recommend.topk import top_k
from opsplug.models.recommend.weights import WeightTable, context_bucket

log = logging.getLogger("opsplug")

OPTIONAL = (NEXT_ITEM,)  # channels of scorers that a mix may or may not have
SCORERS = {kind.name: kind for channel in (*CHANNELS, *OPTIONAL) for kind in channel.classes}
OWN = {"cart": CART, "order": PURCHASE}  # placements that are about the visitor's own items of a kind
NEUTRAL = {"buy_again"}  # members of which a high score says nothing about what is like the item


@dataclass(frozen=True, slots=True)
class RankedList:
    """Best first. `reasons` and `anchors` (item code, -1 for none) explain each; `rung` says how much was known."""

    codes: Codes
    scores: NDArray[np.float64]
    reasons: list[str]
    anchors: Codes
    rung: str
    contributions: NDArray[np.float32]  # items of the list x columns of the ranker

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True, slots=True)
class _Mixed:
    """What counts for one list: the columns that contribute, their weights and what each says of the candidates."""

    columns: list[int]
    weights: NDArray[np.float32]
    table: NDArray[np.float32]

    def contributions(self, positions: Codes, count: int) -> NDArray[np.float32]:
        """What each of `count` columns gave to the candidates at these positions."""
        found = np.zeros((len(positions), count), np.float32)
        found[:, self.columns] = (self.weights[:, None] * self.table[:, positions]).T
        return found


@dataclass(slots=True)
class Ranker:
    """Loaded once per process; read-only and safe to share between threads."""

    item_ids: list[str]
    scorers: dict[str, Scorer]
    cold_items: ColdItems | None
    bias: ItemBias
    columns: tuple[Contribution, ...]  # channels about the visitor, then those about a page or cart
    weights: NDArray[np.float32]  # context buckets x channels about the visitor
    counts: NDArray[np.int64]
    categories: list[str]
    brands: list[str]
    prices: NDArray[np.float64]
    places: dict[str, int]
    popular_candidates: Codes
    popularity: Scores

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> Ranker:
        """From the arrays of `Mix.export`, which may be memory maps; weights find their channels by name."""
        arrays = current_format(arrays)
        members: dict[str, dict[str, NDArray[Any]]] = {}
        for key, value in arrays.items():
            member, slash, name = key.partition("/")
            if slash:
                members.setdefault(member, {})[name] = value
        ids: list[str] = arrays["items"].tolist()
        cold_items, bias = members.pop(ColdItems.name, None), members.pop(ItemBias.name, None)
        scorers = _load_scorers(members)
        popular = scorers.get("popular")
        channels = [channel for channel in (*VISITOR_CHANNELS, *OPTIONAL) if channel.scorer in scorers]
        beside = [channel for channel in ITEM_CHANNELS if channel.scorer in scorers]
        return cls(
            ids, scorers, None if cold_items is None else ColdItems.load(cold_items),
            ItemBias.none(len(ids)) if bias is None else ItemBias.load(bias),
            (*map(Contribution, channels), *(Contribution(channel, beside=True) for channel in beside)),
            WeightTable.load(arrays).aligned([channel.name for channel in channels]), np.asarray(arrays["counts"]),
            arrays["categories"].tolist(), arrays["brands"].tolist(), np.asarray(arrays["prices"]),
            {item: code for code, item in enumerate(ids)}, popular_candidates(scorers, len(ids)),
            popular.shares if isinstance(popular, Popularity) else np.zeros(len(ids), np.float32),
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
        query = Query.of(history[-MAX_HISTORY:], size=size, now=now, placement=placement, page=page)
        page_query = _page_query(query)
        hidden = np.array([code for code in {*exclude, query.page} if 0 <= code < size], np.int64)
        requested = None if candidates is None else _known(candidates, size)
        among = generate_candidates(self.scorers, size, query, page_query, self.popular_candidates, requested)
        if requested is None and len(among) < k + len(hidden) + len(query.items):
            among = CandidateSet(size)
        seen = np.zeros(0, np.int64) if repeats else among.positions(query.distinct()[0])
        masked = np.concatenate([among.positions(hidden), seen])
        mixed = self._mixed(query, page_query, masked, repeats, among)
        total = self._total(mixed, among)
        if page_query is None and len(query.items):
            total = total + among.take(self.bias.offsets[int(repeats)])
        total += TIE_BREAK * among.take(self.popularity)
        if not repeats:
            total[seen] -= SEEN_PENALTY
            hidden = np.concatenate([hidden, query.items[query.kinds == PURCHASE]])
        positions = _choose(total, among, hidden, requested, k)
        chosen, contributions = among.items(positions), mixed.contributions(positions, len(self.columns))
        around = query.items[:0] if page_query is None else page_query.items
        past = query.distinct(REASON_HISTORY)[0]
        reasons, anchors = explain(self.scorers, self.columns, contributions, chosen, past, around)
        scores, rung = total[positions].astype(np.float64), self._rung(query, around)
        return RankedList(chosen, scores, reasons, anchors, rung, contributions)

    def _mixed(
        self, query: Query, page_query: Query | None, masked: Codes, repeats: bool, among: CandidateSet
    ) -> _Mixed:
        """What the channels say of the visitor and (beside items) of those, as far as it counts."""
        weights = self.weights[context_bucket(len(query.items), repeats)]
        count, beside = len(weights), [column.channel for column in self.columns[len(weights) :]]
        item_weights = [channel.item_weight for channel in beside]
        if page_query is not None:
            share = BESIDE_TASTE * sum(item_weights) / max(float(weights.sum()), 1e-9) if len(query.items) else 0.0
            weights = weights * np.float32(share)
            weights[[column.channel.name for column in self.columns].index("popular")] = BESIDE_POPULAR
        wanted = np.flatnonzero(weights > 0).tolist()
        channels = [self.columns[column].channel for column in wanted]
        transformed = page_query is None and not repeats
        table = score_channels(self.scorers, query, among, channels, masked, transformed=transformed)
        if page_query is None:
            return _Mixed(wanted, weights[wanted], table)
        near = score_channels(self.scorers, page_query, among, beside, masked, transformed=False)
        strength = np.array([*weights[wanted], *item_weights], np.float32)
        return _Mixed([*wanted, *range(count, len(self.columns))], strength, np.concatenate([table, near]))

    def _total(self, mixed: _Mixed, among: CandidateSet) -> Scores:
        """The score of each candidate. That somebody takes an item again and again says nothing of what is like it."""
        total: Scores = product(mixed.table.T, mixed.weights)
        if self.cold_items is None:
            return total
        own = [row for row, column in enumerate(mixed.columns) if self.columns[column].channel.scorer in NEUTRAL]
        if not own:
            return self.cold_items.raised(total, among)
        neutral: Scores = product(mixed.table[own].T, mixed.weights[own])
        return self.cold_items.raised(total - neutral, among) + neutral

    def _rung(self, query: Query, around: Codes) -> str:
        distinct = np.count_nonzero(query.distinct()[0] != query.page)
        if distinct >= PERSONAL_FROM:
            return "personal"
        if distinct:
            return "session"
        if len(around):
            return "item"
        return "popular" if self.counts.any() else "catalogue"


def _load_scorers(members: Mapping[str, Mapping[str, NDArray[Any]]]) -> dict[str, Scorer]:
    scorers: dict[str, Scorer] = {}
    for name, arrays in members.items():
        kind = SCORERS.get(str(arrays["kind"][0]))
        if kind is None:
            log.warning("opsplug: the model has a member that this version does not have: %s", name)
        else:
            scorers[name] = kind.load(arrays)
    return scorers


def _choose(total: Scores, among: CandidateSet, hidden: Codes, requested: Codes | None, k: int) -> Codes:
    """Positions of the k best candidates that may be shown."""
    if requested is not None:
        positions = among.positions(np.setdiff1d(requested, hidden))
        return positions[top_k(total[positions], k)]
    total = total.copy()
    total[among.positions(hidden)] = -np.inf
    return top_k(total, min(k, int(np.count_nonzero(total > -np.inf))))


def _page_query(query: Query) -> Query | None:
    """The same moment with the items that a placement is about: the page's, the cart's or the last order's."""
    items: set[int] = set()
    if query.placement == "item" and query.page >= 0:
        items = {query.page}
    elif query.placement in OWN:
        items = set(query.items[query.kinds == OWN[query.placement]][-PLACEMENT_ITEMS:].tolist())
    return query.about(np.array(sorted(items), np.int64)) if items else None


def _known(codes: Any, size: int) -> Codes:
    codes = np.asarray(codes, np.int64)
    return np.unique(codes[(codes >= 0) & (codes < size)])
