"""What every scorer of the mix owes, on a shop whose right answer is known.

The shop has two tastes: visitors of one take items a0..a9, those of the other b0..b9. Visitor n lacks item n of the taste, so that
the item held out must come first among those of the taste that the visitor has not taken.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from opsplug.features.interactions import Interactions, interactions
from opsplug.features.items import Catalogue, catalogue
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.evidence import Evidence
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.ranker import OPTIONAL
from opsplug.models.recommend.registry import CHANNELS
from opsplug.models.recommend.scorer import Channel, Scorer
from opsplug.models.recommend.topk import top_k

HOUR = 3600.0
ITEMS = 10


def two_tastes(visitors: int = 40) -> tuple[Interactions, Catalogue]:
    """Every visitor takes nine of the ten items of one taste, an hour apart; names tell the tastes apart, too."""
    rows = []
    for visitor in range(visitors):
        taste = "ab"[visitor % 2]
        missing = (visitor // 2) % ITEMS
        for step in range(ITEMS):
            item = (step + visitor) % ITEMS
            if item != missing:
                rows.append((f"u{visitor}", f"{taste}{item}", 1e9 + visitor * 600 + step * HOUR, "view_item", None))
    records = [
        {"item_id": f"{taste}{item}", "item_name": f"{word} number {item}", "item_category": word, "price": 5.0}
        for taste, word in (("a", "kettle"), ("b", "scarf"))
        for item in range(ITEMS)
    ]
    return interactions(rows), catalogue(records)


class ScorerContract:
    """A subclass names the class: `scorer = Ease`. It is asked as serving asks it, for each of its channels."""

    scorer: type[Scorer]

    def channels(self) -> list[Channel]:
        found = [channel for channel in (*CHANNELS, *OPTIONAL) if self.scorer in channel.classes]
        assert found, "no record of the registry names this class"
        return found

    def fitted(self) -> tuple[Scorer, Evidence]:
        evidence = Evidence.of(*two_tastes())
        return self.scorer.fit(evidence, seed=1), evidence

    def visitor(self, evidence: Evidence, visitor: int) -> Query:
        mine = evidence.log.users == evidence.log.user_ids.index(f"u{visitor}")
        events = zip(evidence.log.items[mine], evidence.log.times[mine], evidence.log.kinds[mine], strict=True)
        return Query.of([(int(a), float(b), int(c)) for a, b, c in events], size=evidence.size, now=evidence.now)

    def scores(self, scorer: Scorer, query: Query, candidates: CandidateSet) -> Any:
        """Shape (channels, candidates)."""
        return np.array(scorer.score(query, candidates, self.channels()))

    def test_what_is_loaded_scores_like_what_was_exported(self) -> None:
        scorer, evidence = self.fitted()
        query, everything = self.visitor(evidence, 3), CandidateSet(evidence.size)
        again = self.scorer.load(scorer.export())
        np.testing.assert_array_equal(self.scores(again, query, everything), self.scores(scorer, query, everything))

    def test_the_same_seed_gives_the_same_scores(self) -> None:
        (one, evidence), (two, _) = self.fitted(), self.fitted()
        query, everything = self.visitor(evidence, 4), CandidateSet(evidence.size)
        np.testing.assert_array_equal(self.scores(one, query, everything), self.scores(two, query, everything))

    def test_some_candidates_are_scored_as_among_all(self) -> None:
        scorer, evidence = self.fitted()
        some = CandidateSet.subset(evidence.size, np.array([1, 4, 11, 17]))
        query = self.visitor(evidence, 5)
        whole = self.scores(scorer, query, CandidateSet(evidence.size))
        assert some.codes is not None
        if self.relative:  # scores are shares of the largest one
            whole = whole / whole[:, some.codes].max(1, keepdims=True)
        np.testing.assert_allclose(self.scores(scorer, query, some), whole[:, some.codes], rtol=1e-5, atol=1e-7)

    relative = False

    def test_one_finite_score_for_each_channel_and_item(self) -> None:
        scorer, evidence = self.fitted()
        for visitor in range(6):
            scores = self.scores(scorer, self.visitor(evidence, visitor), CandidateSet(evidence.size))
            assert scores.shape == (len(self.channels()), evidence.size)
            assert np.isfinite(scores).all()

    def test_what_it_retrieves_are_items(self) -> None:
        scorer, evidence = self.fitted()
        found = scorer.retrieve(self.visitor(evidence, 2))
        assert ((found >= 0) & (found < evidence.size)).all()

    def test_small_and_strange_logs(self) -> None:
        shop = catalogue([{"item_id": "one"}, {"item_id": "two", "price": 0}])
        for rows in (
            [],
            [("u", "one", 5.0, "view_item", None)],
            [("u", "one", 5.0, "purchase", "t"), ("v", "two", 5.0, "purchase", "t2")],
            [("u", "one", 5.0, "purchase", "t"), ("u", "one", 6.0, "refund", "t")],
            [("u", "one", 5.0, "view_item", None)] * 500,
        ):
            for items in (shop, catalogue([])):
                evidence = Evidence.of(interactions(rows), items)
                query = Query.of([(0, 5.0, 0)], size=evidence.size, now=9.0)
                if len(query.items):
                    scores = self.scores(self.scorer.fit(evidence), query, CandidateSet(evidence.size))
                    assert scores.shape == (len(self.channels()), evidence.size)
                    assert np.isfinite(scores).all()


class TasteContract(ScorerContract):
    """Of scorers that know tastes: each of their channels finds the item held out."""

    def test_the_item_held_out_comes_first(self) -> None:
        scorer, evidence = self.fitted()
        for visitor in range(20):
            query = self.visitor(evidence, visitor)
            expected = f"{'ab'[visitor % 2]}{(visitor // 2) % ITEMS}"
            for channel, scores in zip(
                self.channels(), self.scores(scorer, query, CandidateSet(evidence.size)).astype(float), strict=True
            ):
                scores[query.items] = -np.inf
                assert evidence.log.item_ids[top_k(scores, 1)[0]] == expected, channel.name


class SharedContract(ScorerContract):
    """Of scorers that say the same to everybody."""

    def test_everybody_is_told_the_same(self) -> None:
        scorer, evidence = self.fitted()
        everything = CandidateSet(evidence.size)
        nobody = self.scores(scorer, Query.of([], size=evidence.size, now=evidence.now), everything)
        assert nobody.any()
        for visitor in range(4):
            np.testing.assert_array_equal(self.scores(scorer, self.visitor(evidence, visitor), everything), nobody)

    def test_its_records_say_so(self) -> None:
        assert not any(channel.personal for channel in self.channels())
