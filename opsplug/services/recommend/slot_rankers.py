"""The slot rankers that serve, one per placement: they re-order the head of a list by what its clicks said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from opsplug.models.rerank.list_ranker import PROVEN, SlotList, artefact_name, rng_of
from opsplug.services.recommend.holdout import share_of
from opsplug.services.recommend.ranking import Candidate, Question, Ranking
from opsplug.services.snapshot import Snapshot
from opsplug.training.run.artefacts import Artefact, Artefacts
from opsplug.training.run.live import Live
from opsplug.units import HOUR

PLAIN = 0.1  # share of the visitors, always the same, whose lists keep the order of the mix: to compare with
LOOKED_AT = 20  # new items that are looked at for one that may be tried
STEADY = HOUR  # seconds for which one visitor's exploration stays as it is: lists that flicker annoy


@dataclass(frozen=True, slots=True)
class Slot:
    """One loaded version for one placement."""

    version: str
    ranker: SlotList
    seed: int

    def reorder(self, ranking: Ranking, question: Question, snapshot: Snapshot, who: str, k: int) -> list[Candidate]:
        """The same candidates, the pool in the slot ranker's order, and sometimes one new item among them.

        Scores stay with the places, for the rules.
        """
        last = question.item_id or (question.acts[-1][0] if question.acts else "")
        category = str(snapshot.records.get(last, {}).get("item_category") or "")
        steady = (self.seed, self.version, who, question.placement, int(question.now // STEADY))
        new = snapshot.cold_start_items(question.now)
        candidates = list(ranking.candidates)
        spare = (
            self._cold_start_item(candidates, new.near(category), question, rng_of(*steady, "new")) if new.all else ""
        )
        ids = [candidate.item_id for candidate in candidates]
        order = self.ranker.order(ids, ranking.rung, category, rng_of(*steady), k, new=new.ids, spare=spare)
        if spare and order[-1] == len(ids):
            order.pop()  # this list reserves no place
        candidates.append(Candidate(spare, 0.0, "new"))
        return [
            candidates[rank] if rank == place else replace(candidates[rank], score=candidates[place].score)
            for place, rank in enumerate(order)
        ]

    def _cold_start_item(
        self, candidates: Sequence[Candidate], new: Sequence[str], question: Question, rng: np.random.Generator
    ) -> str:
        """A new item that the mix has not named, to be tried; "" where there is none."""
        named = {candidate.item_id for candidate in candidates}
        start = int(rng.integers(len(new)))
        for item_id in [*new[start : start + LOOKED_AT], *new[:start]][:LOOKED_AT]:
            if item_id in named or self.ranker.impressions(item_id) >= PROVEN or item_id in question.excluded:
                continue
            if question.candidates is None or item_id in question.candidates:
                return item_id
        return ""


class Slots:
    """Follows the artefacts as the recommender follows the mix. No version, or one that is off: no re-ordering."""

    def __init__(self, artefacts: Artefacts, seed: int, *, count: Callable[[str], object]) -> None:
        self._artefacts = artefacts
        self._seed = seed
        self._count = count
        self._live: dict[str, Live[Slot]] = {}

    def get(self, placement: str, who: str = "", version: str | None = None) -> Slot | None:
        """What serves this visitor, or a certain version (`ArtefactError` when it is gone); "" asks for none."""
        name = artefact_name(placement)
        if version is not None:
            return self._build(self._artefacts.load(name, version)) if version else None
        if who and share_of(who, "plain slots", self._seed) < PLAIN:
            return None
        live = self._live.get(placement)
        if live is None:
            live = self._live[placement] = Live(self._artefacts, name, self._build, count=self._count)
        found = live.get()
        return found if found is not None and found.ranker.arms else None

    def _build(self, artefact: Artefact) -> Slot:
        return Slot(artefact.version, SlotList.load(artefact.arrays), self._seed)
