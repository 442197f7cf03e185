"""The mix, in training: fits every member, learns the weights on rolling splits, exports plain arrays."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.features.interactions import Interactions
from opsplug.features.items import Catalogue
from opsplug.models.parallel import side_by_side
from opsplug.models.recommend.arrays import Arrays
from opsplug.models.recommend.cold_item_share import ColdItemShare
from opsplug.models.recommend.compatibility import FORMAT
from opsplug.models.recommend.constants import (
    LARGEST_EASE,
    MAX_SPLIT_EVENTS,
    MIN_EVENTS,
    QUESTIONS_PER_SPLIT,
    SPLITS,
)
from opsplug.models.recommend.evaluation import questions
from opsplug.models.recommend.evidence import Evidence
from opsplug.models.recommend.item_bias import BiasEstimate, ItemBias
from opsplug.models.recommend.popularity_shrinkage import shrink_popularity
from opsplug.models.recommend.ranker import Ranker
from opsplug.models.recommend.registry import CHANNELS
from opsplug.models.recommend.scorer import Member, Scorer
from opsplug.models.recommend.scorers.cold_items import ColdItems
from opsplug.models.recommend.scorers.content import Content, item_features
from opsplug.models.recommend.scorers.factors import Factors
from opsplug.models.recommend.weights import BUCKETS, Samples, WeightTable, join, learn, samples, start_weights


@dataclass(slots=True)
class Mix:
    """Fitted members and learnt weights of the channels. `metrics` says what was measured on the way."""

    members: dict[str, Member]
    weights: WeightTable
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
        cold_share = ColdItemShare(np.bincount(evidence.log.items, minlength=evidence.size))
        gathered = gather(evidence, seed, texts, cold_share, budget_s) if len(evidence.log) >= MIN_EVENTS else None
        weights, bias = weigh(gathered, evidence.size) if gathered else (start_weights(), ItemBias.none(evidence.size))
        learnt = time.process_time()
        scorers = fit_scorers(evidence, seed, texts)
        factors = scorers["factors"]
        if isinstance(factors, Factors):
            scorers["factors"] = factors.indexed(seed)
        cold_items = replace(ColdItems.of(evidence, texts.features), strength=cold_share.strength())
        members: dict[str, Member] = {**scorers, cold_items.name: cold_items, bias.name: bias}
        ended = time.process_time()
        return cls(members, weights, evidence, {"fit_cpu_s": ended - learnt, "cpu_s": ended - began})

    def export(self) -> Arrays:
        """Everything a ranker needs; keys are `member/array`."""
        arrays: Arrays = {
            "format": np.array([FORMAT]),
            "items": np.array(self.evidence.items.item_ids, dtype=np.str_),
            "categories": np.array(self.evidence.items.categories, dtype=np.str_),
            "brands": np.array(self.evidence.items.brands, dtype=np.str_),
            "prices": self.evidence.items.prices,
            "counts": np.bincount(self.evidence.log.items, minlength=self.evidence.size).astype(np.int64),
            **self.weights.export(),
        }
        for name, member in self.members.items():
            arrays |= export_member(name, member)
        return arrays

    def ranker(self) -> Ranker:
        """The serving object, made in memory."""
        return Ranker.load(self.export())


def export_member(name: str, member: Member) -> Arrays:
    """One member among the arrays of a mix, with the name of its class."""
    arrays = {f"{name}/{key}": value for key, value in member.export().items()}
    return {f"{name}/kind": np.array([member.name], dtype=np.str_), **arrays}


@dataclass(frozen=True, slots=True)
class Texts:
    """What the catalogue alone says: the same at every cut of the log."""

    features: Any  # sparse, items x tokens
    similar: Content

    @classmethod
    def of(cls, items: Catalogue) -> Texts:
        features = item_features(items)
        return cls(features, Content.of(features))


def fit_scorers(evidence: Evidence, seed: int = 0, texts: Texts | None = None) -> dict[str, Scorer]:
    """Every scorer of the registry on one log, side by side. `texts`: of the same catalogue in the same order."""
    active = int((np.bincount(evidence.log.items, minlength=1) > 0).sum())
    known: dict[str, Scorer] = {} if texts is None else {"similar": texts.similar}
    kinds = {channel.scorer: channel.classes[0 if active <= LARGEST_EASE else -1] for channel in CHANNELS}
    missing = [name for name in kinds if name not in known]
    fitted = side_by_side(partial(kinds[name].fit, evidence, seed=seed) for name in missing)
    return known | dict(zip(missing, fitted, strict=True))


def gather(
    evidence: Evidence,
    seed: int,
    texts: Texts,
    cold_share: ColdItemShare,
    budget_s: float | None = None,
    splits: tuple[float, ...] = SPLITS,
) -> dict[bool, Samples] | None:
    """Samples of rolling splits inside the log, in discovery and in repeats; None where no split could be asked.

    What is kept of a split are its samples, so that one set of scorers is in memory at a time; `cold_share` judges with
    the weights known by then. A split that would not fit into `budget_s` CPU seconds, to judge by the one before, is
    left out.
    """
    gathered: dict[bool, list[Samples]] = {False: [], True: []}
    began = last = time.process_time()
    longest = 0.0
    for share in splits:
        if budget_s is not None and last - began + longest >= budget_s:
            break
        past, cut = _past(evidence, share)
        if len(past.log) >= MIN_EVENTS // 2:
            scorers = fit_scorers(past, seed, texts)
            asked = questions(evidence.log, cut, most=QUESTIONS_PER_SPLIT, seed=seed)
            for repeats, found in gathered.items():
                found.append(samples(scorers, asked, evidence.size, repeats=repeats))
            weights = learn(join(gathered[False]), start_weights().table[:BUCKETS])
            cold_share.ask(scorers, ColdItems.of(past, texts.features), asked, weights)
            del scorers
        now = time.process_time()
        longest, last = max(longest, now - last), now
    return {repeats: join(found) for repeats, found in gathered.items()} if gathered[False] else None


def weigh(gathered: dict[bool, Samples], size: int) -> tuple[WeightTable, ItemBias]:
    """The weights of the channels and the bias of the items, from samples in discovery and in repeats."""
    start = start_weights()
    tables: list[NDArray[np.float32]] = []
    offsets = []
    for repeats, data in gathered.items():
        table = learn(data, start.table[BUCKETS:] if repeats else start.table[:BUCKETS])
        bias = BiasEstimate.of(data, table, size, repeats)
        tables.append(table if repeats else shrink_popularity(bias, table))
        offsets.append(bias.offsets)
    return WeightTable(start.names, np.concatenate(tables)), ItemBias(np.stack(offsets))


def _past(evidence: Evidence, share: float) -> tuple[Evidence, float]:
    """What was known when the newest `share` of the log had not happened yet, and that moment."""
    cut = float(np.quantile(evidence.log.times, 1 - share))
    known = evidence.log.before(cut)
    known = known.take(slice(max(0, len(known) - MAX_SPLIT_EVENTS), len(known)))
    return Evidence.of(known, evidence.items, cut), cut
