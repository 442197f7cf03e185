"""The deep part in serving: a next-item network that looks at a visitor's history once. numpy only.

One causal attention block with tied item vectors (SASRec, Kang and McAuley 2018). The question is asked by the newest
moment, and an event is weighed by what it is and by how many events, moments and minutes ago it was (relative biases
instead of positions, as in HSTU, Zhai and others 2024), so that the order within one basket means nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.matrix_product import product
from opsplug.models.recommend.arrays import Arrays, Codes, Scores
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.evidence import Evidence
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.scorer import Channel, Transform

MAX_EVENTS = 100  # events of a history that the network looks at, newest first
STEPS = 16  # buckets of each relative bias
KINDS = 4
HEADS = 4
EPSILON = 1e-5
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class NextItem:
    """Arrays of the trained network: d the width of an item's vector, w the inner width."""

    name: ClassVar[str] = "deep"
    vectors: Floats  # items x d
    bias: Floats  # items
    ask: Floats  # d x d
    key: Floats  # d x d
    value: Floats  # d x d
    nobody_key: Floats  # d, beside the events: what to think of somebody of whom little is known
    nobody_value: Floats  # d
    by_events: Floats  # STEPS x HEADS
    by_moments: Floats  # STEPS x HEADS
    by_minutes: Floats  # STEPS x HEADS
    by_kind: Floats  # KINDS x HEADS
    out: Floats  # d x d
    widen: Floats  # d x w
    widen_bias: Floats  # w
    narrow: Floats  # w x d
    scale: Floats  # d

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0) -> NextItem:
        """Needs torch (the extra `deep`); finds by itself how long to learn."""
        from opsplug.models.recommend.next_item.trainer import fit

        return fit(evidence, seed=seed)

    def export(self) -> Arrays:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> NextItem:
        return cls(*(arrays[field.name] for field in fields(cls)))

    def score(self, query: Query, candidates: CandidateSet, channels: Sequence[Channel]) -> list[Scores]:
        """Of each candidate the share of next choices, the most likely one 1."""
        logits = self.logits(query, candidates)
        shares: Scores = np.exp(logits - logits.max())
        return [shares for _ in channels]

    def retrieve(self, query: Query) -> Codes:
        """None: it ranks what the others name."""
        return query.items[:0]

    def logits(self, query: Query, candidates: CandidateSet) -> Scores:
        """One score per candidate, for a query with at least one event."""
        vectors, bias = candidates.take(self.vectors), candidates.take(self.bias)
        found: Scores = product(vectors, self.visitor(query)) + bias
        return found

    def visitor(self, query: Query) -> Floats:
        """The visitor's vector, shape (d,)."""
        items, events, moments, minutes, kinds = history_arrays(query)
        x = normal(self.vectors[items])
        newest = int(np.count_nonzero(moments == 0))
        last = x[:newest].sum(0) / np.float32(newest)
        asked = (last @ self.ask).reshape(HEADS, -1)
        keys = product(x, self.key).reshape(len(x), HEADS, -1)
        weight = (keys * asked).sum(-1) + self.by_events[events] + self.by_moments[moments]
        weight += self.by_minutes[minutes] + self.by_kind[kinds]
        nobody = (self.nobody_key.reshape(HEADS, -1) * asked).sum(-1)
        largest = np.maximum(weight.max(0), nobody)
        weight, nobody = np.exp(weight - largest), np.exp(nobody - largest)
        values = product(x, self.value).reshape(len(x), HEADS, -1)
        seen = (weight[..., None] * values).sum(0) + nobody[:, None] * self.nobody_value.reshape(HEADS, -1)
        seen /= (weight.sum(0) + nobody)[:, None]
        whole = normal(seen.ravel() @ self.out + last)
        whole = whole + np.maximum(whole @ self.widen + self.widen_bias, 0) @ self.narrow
        found: Floats = normal(whole) * self.scale
        return found

    def moved(self, ours: Sequence[str], theirs: Sequence[str]) -> NextItem:
        """The same network in another item vocabulary; items that it never met score lowest."""
        place = {item: code for code, item in enumerate(ours)}
        table = np.array([place.get(item, -1) for item in theirs], np.int64)
        known = table >= 0
        rows = np.where(known, table, 0)
        lowest = np.float32(self.bias.min(initial=0) - 30.0)
        return replace(
            self,
            vectors=np.where(known[:, None], self.vectors[rows], np.float32(0)),
            bias=np.where(known, self.bias[rows], lowest),
        )


CHANNEL = Channel("deep", NextItem.name, (NextItem,), "because_you_viewed", transform=Transform.SQUARE_ROOT)


def normal(rows: Floats) -> Floats:
    """Mean 0 and variance 1 along the last axis."""
    width = np.float32(rows.shape[-1])
    rows = rows - rows.sum(-1, keepdims=True) / width  # `mean` takes three times as long for a few rows
    found: Floats = rows / np.sqrt((rows * rows).sum(-1, keepdims=True) / width + np.float32(EPSILON))
    return found


HistoryArrays = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def history_arrays(query: Query) -> HistoryArrays:
    """The newest events of a query, newest first: items, buckets of events, moments and minutes ago, kinds."""
    items, kinds = query.items[::-1][:MAX_EVENTS], query.kinds[::-1][:MAX_EVENTS].astype(np.int64)
    times = query.times[::-1][:MAX_EVENTS]
    begins = np.append(True, times[1:] != times[:-1])
    moments = np.cumsum(begins) - 1
    events = np.flatnonzero(begins)[moments]  # events of later moments
    return items, LOG_STEPS[events], LOG_STEPS[moments], minute_steps(query.now - times), kinds


def log_steps(count: NDArray[Any]) -> NDArray[np.int64]:
    """Two buckets for each doubling of a count from 0."""
    found: NDArray[np.int64] = np.minimum(2 * np.log2(count + 1.0), STEPS - 1).astype(np.int64)
    return found


LOG_STEPS = log_steps(np.arange(MAX_EVENTS))


def minute_steps(seconds: NDArray[Any]) -> NDArray[np.int64]:
    """One bucket for each doubling of an age in minutes; ages below 0 are 0."""
    found: NDArray[np.int64] = np.minimum(np.log2(np.maximum(seconds, 0) / 60 + 1), STEPS - 1).astype(np.int64)
    return found
