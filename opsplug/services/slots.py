"""The slot rankers that serve, one per placement: they re-order the head of a list by what its clicks said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from opsplug.models.slot_list import SlotList, artefact_name, rng_of
from opsplug.services.experiments import share_of
from opsplug.services.ranking import Candidate
from opsplug.training.artefacts import Artefact, Artefacts
from opsplug.training.live import Live

PLAIN = 0.1  # share of the visitors, always the same, whose lists keep the order of the mix: to compare with
STEADY = 3600  # seconds for which one visitor's exploration stays as it is: lists that flicker annoy


@dataclass(frozen=True, slots=True)
class Slot:
    """One loaded version for one placement."""

    version: str
    ranker: SlotList
    seed: int

    def reorder(
        self, candidates: Sequence[Candidate], *, rung: str, category: str, who: str, placement: str, now: float, k: int
    ) -> list[Candidate]:
        """The same candidates, the pool in the slot ranker's order; scores stay with the places, for the rules."""
        rng = rng_of(self.seed, self.version, who, placement, int(now // STEADY))
        order = self.ranker.order([candidate.item_id for candidate in candidates], rung, category, rng, k)
        return [
            candidates[rank] if rank == place else replace(candidates[rank], score=candidates[place].score)
            for place, rank in enumerate(order)
        ]


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
