"""The deep part in serving: a next-item network that looks at a visitor's history once. numpy only.

One causal attention block over the history (SASRec, Kang and McAuley 2018) with tied item vectors. The visitor's vector
is the sum of several pools of the history; each pool weighs an event by what it is, by how many events, moments and
minutes ago it was (relative biases instead of positions, as in HSTU, Zhai and others 2024), so that the order within
one basket means nothing. Items are scored by their vectors against the visitor's. Trained by `next_item_torch`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.base import Arrays, Evidence, Query, Scores
from opsplug.models.view import View

LONGEST = 100  # events of a history that the network looks at, newest first
STEPS = 16  # buckets of each relative bias
KINDS = 4
EPSILON = 1e-6
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class NextItem:
    """Arrays of the trained network: d the width of an item's vector, P pools, k the width of their keys."""

    name: ClassVar[str] = "deep"
    inputs: Floats  # items x d, of an event
    outputs: Floats  # items x d, of a candidate
    bias: Floats  # items
    keys: Floats  # d x (P * k)
    asks: Floats  # d x (P * k)
    by_events: Floats  # STEPS x P
    by_moments: Floats  # STEPS x P
    by_minutes: Floats  # STEPS x P
    by_kind: Floats  # KINDS x P
    pools: Floats  # P x d x d
    widen: Floats  # d x w
    widen_bias: Floats  # w
    narrow: Floats  # w x d
    scale: Floats  # 1

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0) -> NextItem:
        """Needs torch (the extra `deep`); chooses by itself how long to learn."""
        from opsplug.models.next_item_torch import fit

        return fit(evidence, seed=seed)

    def export(self) -> Arrays:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> NextItem:
        return cls(*(arrays[field.name] for field in fields(cls)))

    def score(self, query: Query) -> Scores:
        return self.over(query, View(len(self.bias)))

    def over(self, query: Query, view: View) -> Scores:
        """Of each item of a view the share of next choices, the most likely one 1; 0 without a history."""
        if not len(query.items):
            return np.zeros(len(view), np.float32)
        logits = self.logits(query, view)
        shares: Scores = np.exp(logits - logits.max())
        return shares

    def logits(self, query: Query, view: View) -> Scores:
        """One score per item of a view, for a query with at least one event."""
        found: Scores = view.of(self.outputs) @ (self.scale[0] * self.visitor(query)) + view.of(self.bias)
        return found

    def visitor(self, query: Query) -> Floats:
        """The visitor's vector, shape (d,)."""
        items, events, moments, minutes, kinds = looked_at(query)
        x = self.inputs[items]
        last = x[moments == 0].mean(0)
        count = len(self.pools)
        asked, keys = (last @ self.asks).reshape(count, -1), (x @ self.keys).reshape(len(x), count, -1)
        weight = (keys * asked).sum(-1) + self.by_events[events] + self.by_moments[moments]
        weight += self.by_minutes[minutes] + self.by_kind[kinds]
        weight = np.exp(weight - weight.max(0))
        pooled = (weight / weight.sum(0)).T @ x
        whole = np.tensordot(pooled, self.pools, 2)
        whole = whole / np.sqrt((whole * whole).mean() + EPSILON)
        found: Floats = whole + np.maximum(whole @ self.widen + self.widen_bias, 0) @ self.narrow
        return found

    def moved(self, ours: Sequence[str], theirs: Sequence[str]) -> NextItem:
        """The same network in another item vocabulary; items that it never met score lowest."""
        place = {item: code for code, item in enumerate(ours)}
        table = np.array([place.get(item, -1) for item in theirs], np.int64)
        known = table >= 0
        rows = np.where(known, table, 0)
        lowest = float(self.bias.min(initial=0)) - 30.0
        return replace(
            self,
            inputs=np.where(known[:, None], self.inputs[rows], np.float32(0)),
            outputs=np.where(known[:, None], self.outputs[rows], np.float32(0)),
            bias=np.where(known, self.bias[rows], np.float32(lowest)),
        )


Looked = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def looked_at(query: Query) -> Looked:
    """The newest events of a query, newest first: items, buckets of events, moments and minutes ago, kinds."""
    items, times, kinds = query.items[: -LONGEST - 1 : -1], query.times[::-1][:LONGEST], query.kinds[::-1][:LONGEST]
    begins = np.append(True, times[1:] != times[:-1])
    moments = np.cumsum(begins) - 1
    events = np.flatnonzero(begins)[moments]  # events of later moments
    return items, log_steps(events), log_steps(moments), minute_steps(query.now - times), kinds.astype(np.int64)


def log_steps(count: NDArray[Any]) -> NDArray[np.int64]:
    """Two buckets for each doubling of a count from 0."""
    found: NDArray[np.int64] = np.minimum(2 * np.log2(count + 1.0), STEPS - 1).astype(np.int64)
    return found


def minute_steps(seconds: NDArray[Any]) -> NDArray[np.int64]:
    """One bucket for each doubling of an age in minutes; ages below 0 are 0."""
    found: NDArray[np.int64] = np.minimum(np.log2(np.maximum(seconds, 0) / 60 + 1), STEPS - 1).astype(np.int64)
    return found
