"""The mix behind the offline harness's contract: fit(interactions, items), recommend(history, k, ...)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from opsplug.features.interactions import from_columns
from opsplug.features.items import catalogue
from opsplug.models.recommend.mix import Mix
from opsplug.models.rerank.slot_ranker import SlotRanker


class Recommender:
    """One default configuration for all data; `repeats` is what the question asks for, not a setting."""

    def __init__(self, repeats: bool = False) -> None:
        self.repeats = repeats
        self.report: dict[str, Any] = {}

    def fit(self, interactions: Any, items: Any) -> None:
        log = from_columns(
            interactions["user"].to_numpy(), interactions["item"].to_numpy(), interactions["timestamp"].to_numpy(float)
        )
        rows = [] if items is None else items.to_dict("records")
        records = [
            {"item_id": row["item"], "item_name": row["title"], "item_category": row["category"]} for row in rows
        ]
        mix = Mix.fit(log, catalogue(records))
        self.ranker = mix.ranker()
        self.report = {"mix": {name: round(value, 2) for name, value in mix.metrics.items()}}

    def recommend(
        self, history: Any, k: int, *, now: float = 0.0, exclude: Any = (), candidates: Any = None, **_: Any
    ) -> list[str]:
        ranker, places = self.ranker, self.ranker.places
        found = ranker.rank(
            [(places.get(item, -1), time, 0) for item, time in history],
            now=now,
            k=k,
            exclude=[places[item] for item in exclude if item in places],
            candidates=None if candidates is None else ranker.codes(candidates),
            repeats=self.repeats,
        )
        return [ranker.item_ids[code] for code in found.codes]


class OneSlot(SlotRanker):
    """The learner of the slot ranker with one slot, as the simulation asks it; pages get whole lists (slots.py)."""

    def choose(self, x: Any) -> int:
        return int(np.argmax(self.draw(x)))


def slot(arms: int, features: int, rng: Any) -> SlotRanker:
    """The slot ranker behind the simulation's contract."""
    return OneSlot(arms, features, rng)
