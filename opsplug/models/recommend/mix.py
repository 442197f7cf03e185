"""The mix, in training: fits every part, learns their weights on rolling splits, exports plain arrays."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.features.interactions import Interactions
from opsplug.features.items import Catalogue
from opsplug.models.parallel import side_by_side
from opsplug.models.recommend import fusion
from opsplug.models.recommend.base import Arrays, Evidence, Part
from opsplug.models.recommend.evaluation import questions
from opsplug.models.recommend.ranker import Ranker
from opsplug.models.recommend.scorers.bought_together import BoughtTogether
from opsplug.models.recommend.scorers.cold_item_share import Newcomers
from opsplug.models.recommend.scorers.cold_items import Fresh
from opsplug.models.recommend.scorers.content import Content, item_features
from opsplug.models.recommend.scorers.covisitation import CoVisitation
from opsplug.models.recommend.scorers.ease import Ease
from opsplug.models.recommend.scorers.factors import Factors
from opsplug.models.recommend.scorers.item_bias import Lesson, Taken
from opsplug.models.recommend.scorers.item_knn import ItemKnn
from opsplug.models.recommend.scorers.own_items import OwnItems
from opsplug.models.recommend.scorers.popularity import Popularity
from opsplug.models.recommend.scorers.popularity_shrinkage import quieter
from opsplug.models.recommend.scorers.session_knn import SessionKnn
from opsplug.models.recommend.scorers.trend import Trend

PARTS: Mapping[str, type[Part]] = {
    "popular": Popularity,
    "trend": Trend,
    "session": SessionKnn,
    "also_viewed": CoVisitation,
    "factors": Factors,
    "bought_together": BoughtTogether,
    "buy_again": OwnItems,
}
LARGEST_EASE = 8000  # active items; the inverse takes time with the third power of it, memory with the second
SPLITS = (0.08, 0.16, 0.24)  # newest share of the log that a rolling split holds out
ASKED = 400  # questions of each split
FEWEST = 1000  # events before weights are learnt at all
LONGEST_SPLIT = 600_000  # newest events a split is fitted on


@dataclass(slots=True)
class Mix:
    """Fitted parts and learnt channel weights. `metrics` says what was measured on the way."""

    parts: dict[str, Part]
    weights: NDArray[np.float32]
    evidence: Evidence
    metrics: dict[str, float] = field(default_factory=dict)

    @classmethod
    def fit(
        cls,
        interactions: Interactions,
        catalogue: Catalogue,
        *,
        now: float | None = None,
        seed: int = 0,
        budget_s: float | None = None,
    ) -> Mix:
        """Learn from a log and a catalogue, both possibly empty. `now` defaults to the newest event.

        `budget_s` bounds the CPU seconds spent on learning weights: a split that would not fit in it is left out.
        """
        began = time.process_time()
        evidence = Evidence.of(interactions, catalogue, now)
        texts = Texts.of(evidence.items)
        weights, taken = fusion.equal_weights(), Taken.fit(evidence)
        newcomers = Newcomers(np.bincount(evidence.log.items, minlength=evidence.size))
        if len(evidence.log) >= FEWEST:
            weights, taken = learn_weights(evidence, seed, texts, newcomers, budget_s)
        learnt = time.process_time()
        parts = fit_parts(evidence, seed, texts) | {"taken": taken}
        if isinstance(parts["new"], Fresh):
            parts["new"] = replace(parts["new"], strength=newcomers.strength())
        if isinstance(parts["factors"], Factors):
            parts["factors"] = parts["factors"].indexed(seed)
        ended = time.process_time()
        return cls(parts, weights, evidence, {"fit_cpu_s": ended - learnt, "cpu_s": ended - began})

    def export(self) -> Arrays:
        """Everything a ranker needs; keys are `part/array`."""
        arrays: Arrays = {
            "items": np.array(self.evidence.items.item_ids, dtype=np.str_),
            "categories": np.array(self.evidence.items.categories, dtype=np.str_),
            "brands": np.array(self.evidence.items.brands, dtype=np.str_),
            "prices": self.evidence.items.prices,
            "weights": self.weights,
            "counts": np.bincount(self.evidence.log.items, minlength=self.evidence.size).astype(np.int64),
        }
        for name, part in self.parts.items():
            arrays[f"{name}/kind"] = np.array([part.name], dtype=np.str_)
            arrays |= {f"{name}/{key}": value for key, value in part.export().items()}
        return arrays

    def ranker(self) -> Ranker:
        """The serving object, made in memory."""
        return Ranker.load(self.export())


@dataclass(frozen=True, slots=True)
class Texts:
    """What the catalogue alone says: the same at every cut of the log."""

    features: Any  # sparse, items x tokens
    similar: Content

    @classmethod
    def of(cls, items: Catalogue) -> Texts:
        features = item_features(items)
        return cls(features, Content.of(features))


def fit_parts(evidence: Evidence, seed: int = 0, texts: Texts | None = None) -> dict[str, Part]:
    """Every part of the mix on one log, side by side. `texts` must be of the same catalogue in the same order."""
    texts = texts or Texts.of(evidence.items)
    active = int((np.bincount(evidence.log.items, minlength=1) > 0).sum())
    kind: type[Part] = Ease if active <= LARGEST_EASE else ItemKnn
    kinds: dict[str, type[Part]] = {"neighbours": kind, **PARTS}
    fitted = side_by_side(partial(part.fit, evidence, seed=seed) for part in kinds.values())
    parts: dict[str, Part] = dict(zip(kinds, fitted, strict=True))
    return parts | {"similar": texts.similar, "new": Fresh.of(evidence, texts.features)}


def learn_weights(
    evidence: Evidence,
    seed: int,
    texts: Texts,
    newcomers: Newcomers,
    budget_s: float | None = None,
    splits: tuple[float, ...] = SPLITS,
) -> tuple[NDArray[np.float32], Taken]:
    """Channel weights and offsets of items from rolling splits inside the log, in discovery and in repeat mode.

    What is kept of a split are its samples, so that one set of parts is in memory at a time; `newcomers` judges with
    the weights known by then. A split that would not fit into `budget_s` CPU seconds, to judge by the one before, is
    left out.
    """
    gathered: dict[bool, list[fusion.Samples]] = {False: [], True: []}
    began = last = time.process_time()
    longest = 0.0
    for share in splits:
        if budget_s is not None and last - began + longest >= budget_s:
            break
        past, cut = _past(evidence, share)
        if len(past.log) >= FEWEST // 2:
            parts = fit_parts(past, seed, texts)
            asked = questions(evidence.log, cut, most=ASKED, seed=seed)
            for again, found in gathered.items():
                found.append(fusion.samples(parts, asked, again=again))
            newcomers.ask(parts, asked, fusion.learn(fusion.join(gathered[False]), again=False))
            del parts
        now = time.process_time()
        longest, last = max(longest, now - last), now
    if not gathered[False]:
        return fusion.equal_weights(), Taken.fit(evidence)
    asked_of = {again: fusion.join(gathered.pop(again)) for again in (False, True)}
    tables = {again: fusion.learn(data, again) for again, data in asked_of.items()}
    lessons = {again: Lesson.of(data, tables[again], evidence.size, again) for again, data in asked_of.items()}
    tables[False] = quieter(lessons[False], tables[False])
    return np.concatenate([*tables.values()]), Taken(np.stack([lesson.offsets for lesson in lessons.values()]))


def _past(evidence: Evidence, share: float) -> tuple[Evidence, float]:
    """What was known when the newest `share` of the log had not happened yet, and that moment."""
    cut = float(np.quantile(evidence.log.times, 1 - share))
    known = evidence.log.before(cut)
    known = known.take(slice(max(0, len(known) - LONGEST_SPLIT), len(known)))
    return Evidence.of(known, evidence.items, cut), cut
