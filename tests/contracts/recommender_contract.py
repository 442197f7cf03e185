"""What every recommender owes, on a shop whose right answer is known.

The shop has two tastes: visitors of one take items a0..a9, those of the other b0..b9. Visitor n lacks item n of the taste, so that
the item held out must come first among those of the taste that the visitor has not taken.
"""

from __future__ import annotations

import numpy as np

from opsplug.features.interactions import Interactions, interactions
from opsplug.features.items import Catalogue, catalogue
from opsplug.models.recommend.base import Evidence, Part, Query, best

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


class RecommenderContract:
    """A subclass names the part: `part = Ease`."""

    part: type[Part]
    personal = True  # whether the part knows tastes at all

    def fitted(self) -> tuple[Part, Evidence]:
        evidence = Evidence.of(*two_tastes())
        return self.part.fit(evidence, seed=1), evidence

    def ask(self, evidence: Evidence, visitor: int) -> Query:
        mine = evidence.log.users == evidence.log.user_ids.index(f"u{visitor}")
        events = zip(evidence.log.items[mine], evidence.log.times[mine], evidence.log.kinds[mine], strict=True)
        return Query.of([(int(a), float(b), int(c)) for a, b, c in events], size=evidence.size, now=evidence.now)

    def test_the_item_held_out_comes_first(self) -> None:
        if not self.personal:
            return
        part, evidence = self.fitted()
        for visitor in range(20):
            query = self.ask(evidence, visitor)
            scores = part.score(query).astype(float)
            scores[query.items] = -np.inf
            first = evidence.log.item_ids[best(scores, 1)[0]]
            assert first == f"{'ab'[visitor % 2]}{(visitor // 2) % ITEMS}"

    def test_what_is_loaded_scores_like_what_was_exported(self) -> None:
        part, evidence = self.fitted()
        query = self.ask(evidence, 3)
        again = self.part.load(part.export())
        np.testing.assert_array_equal(again.score(query), part.score(query))

    def test_the_same_seed_gives_the_same_scores(self) -> None:
        (one, evidence), (two, _) = self.fitted(), self.fitted()
        query = self.ask(evidence, 4)
        np.testing.assert_array_equal(one.score(query), two.score(query))

    def test_one_score_per_item_and_none_is_odd(self) -> None:
        part, evidence = self.fitted()
        for query in (self.ask(evidence, 0), Query.of([], size=evidence.size, now=evidence.now)):
            scores = part.score(query)
            assert scores.shape == (evidence.size,)
            assert np.isfinite(scores).all()

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
                scores = self.part.fit(evidence).score(Query.of([(0, 5.0, 0)], size=evidence.size, now=9.0))
                assert scores.shape == (evidence.size,)
                assert np.isfinite(scores).all()
