"""The trained mix as a source of candidates: item ids to codes, the catalogue's word on what can be sold, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.constants import SEEN_PENALTY
from opsplug.models.recommend.ranker import RankedList, Ranker
from opsplug.services.catalog import Catalog
from opsplug.services.recommend.ranking import Candidate, Question, Ranking
from opsplug.services.snapshot import Snapshot
from opsplug.training.run.artefacts import Artefact

LEAST = 1e-4  # of a score, that is worth a word


class Trained:
    """One loaded version; `knows` tells whether an item was there when it was trained."""

    def __init__(self, artefact: Artefact, catalog: Catalog) -> None:
        self.version = artefact.version
        self.ranker = Ranker.load(artefact.arrays)
        self._catalog = catalog
        self._sellable: tuple[Snapshot, NDArray[Any]] | None = None

    def knows(self, item_id: str | None) -> bool:
        return item_id in self.ranker.places

    def rank(self, question: Question, limit: int) -> Ranking:
        snapshot = self._catalog.snapshot()
        if question.candidates is not None:
            codes = self.ranker.codes([item for item in question.candidates if _sellable(item, snapshot)])
            return self._answer(self.ask(question, limit, codes))
        for_sale = max(len(self._codes_for_sale(snapshot)), 1) if snapshot.records else len(self.ranker.item_ids)
        spare = 2 * (len(self.ranker.item_ids) - for_sale) / max(len(self.ranker.item_ids), 1)
        ranking = self._answer(self.ask(question, limit + round(min(spare, 1.0) * limit)))
        if snapshot.records:
            kept = [candidate for candidate in ranking.candidates if candidate.item_id in snapshot.sellable]
            if len(kept) < min(limit, len(ranking.candidates)):
                return self._answer(self.ask(question, limit, self._codes_for_sale(snapshot)))
            ranking.candidates[:] = kept[:limit]
        return ranking

    def contributions(self, question: Question, items: list[str]) -> dict[str, dict[str, float]]:
        """The score contributions of these items: item id -> channel -> share of the score.

        `item` is what no channel gave: its bias, and what raises a cold item.
        """
        ranked = self.ask(question, len(items), self.ranker.codes(items))
        names = [*(column.name for column in self.ranker.columns), "item"]
        rest = ranked.scores - ranked.contributions.sum(1)
        rest += np.where(rest < -SEEN_PENALTY / 2, SEEN_PENALTY, 0)
        rows = zip(ranked.codes.tolist(), np.column_stack([ranked.contributions, rest]).round(5).tolist(), strict=True)
        return {
            self.ranker.item_ids[code]: {
                name: share for name, share in zip(names, shares, strict=True) if abs(share) > LEAST
            }
            for code, shares in rows
        }

    def ask(self, question: Question, limit: int, codes: NDArray[Any] | None = None) -> RankedList:
        """The ranker's own list, best first, among `codes` or all items."""
        places = self.ranker.places
        history = [(places[item], at, kind) for item, at, kind in question.acts if item in places]
        page = places.get(question.item_id) if question.item_id is not None else None
        exclude = [places[item] for item in question.excluded if item in places]
        return self.ranker.rank(
            history, placement=question.placement, item=page, now=question.now, k=limit, candidates=codes,
            exclude=exclude, repeats=question.repeats,
        )  # fmt: skip

    def _answer(self, ranked: RankedList) -> Ranking:
        ids = self.ranker.item_ids
        rows = zip(ranked.codes.tolist(), ranked.scores.tolist(), ranked.reasons, ranked.anchors.tolist(), strict=True)
        found = [
            Candidate(ids[code], score, why, ids[anchor] if anchor >= 0 else None) for code, score, why, anchor in rows
        ]
        return Ranking(found, ranked.rung)

    def _codes_for_sale(self, snapshot: Snapshot) -> NDArray[Any]:
        held = self._sellable
        if held is None or held[0] is not snapshot:
            codes = [code for code, item in enumerate(self.ranker.item_ids) if item in snapshot.sellable]
            held = self._sellable = (snapshot, np.array(codes, np.int64))
        return held[1]


def _sellable(item_id: str, snapshot: Snapshot) -> bool:
    return not snapshot.records or item_id in snapshot.sellable
