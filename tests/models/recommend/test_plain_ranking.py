"""Several hundred drawn visitors get the lists that the mix in plain loops gives."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from opsplug.features.interactions import CART, PURCHASE, VIEW, interactions
from opsplug.features.items import catalogue
from opsplug.models.recommend import candidates as generation
from opsplug.models.recommend.item_bias import ItemBias
from opsplug.models.recommend.mix import Mix
from opsplug.models.recommend.neighbours import NeighbourScorer
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.ranker import Ranker
from opsplug.models.recommend.scorers import session_knn
from tests.support import plain_ranking

NOW, ITEMS, EVENTS, NEW, VISITORS = 1.7e9, 240, 12_000, 8, 300
CLOSE = 2e-5  # what single precision may differ by
PLACEMENTS = ("home", "item", "cart", "order")
Acts = list[tuple[int, float, int]]


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    """A shop of twelve tastes, with items that nobody has taken; all weights differ, so that no two channels are level."""
    rng = np.random.default_rng(4)
    people = np.sort(rng.integers(0, EVENTS // 15, EVENTS))
    taste = (people * 7 + (rng.random(EVENTS) < 0.2)) % 12
    items = taste * (ITEMS // 12) + np.minimum(rng.pareto(1.0, EVENTS) * 3, ITEMS // 12 - 1).astype(int)
    times = NOW - 40 * 86400 + np.cumsum(rng.exponential(280.0, EVENTS))
    names = np.where(rng.random(EVENTS) < 0.15, "purchase", "view_item")
    rows = zip((f"u{who}" for who in people), (f"i{item}" for item in items), times, names, strict=True)
    records = [
        {"item_id": f"i{n}", "item_name": f"kind{n // 20} form{n % 7} part{n % 11}", "price": float(n % 13)}
        for n in range(ITEMS + NEW)
    ]
    found = Mix.fit(interactions([(*row, None) for row in rows]), catalogue(records), now=NOW).ranker()
    found.weights[:] = np.where(found.weights > 0, found.weights + 0.1 * rng.random(found.weights.shape), 0)
    found.bias = ItemBias(rng.normal(0, 0.5, (2, len(found.item_ids))).astype(np.float32))
    return found


def visitor(rng: np.random.Generator) -> Acts:
    length = int(rng.choice([0, 1, 2, 5, 20, 90]))
    base = int(rng.integers(12)) * (ITEMS // 12)
    items = np.where(
        rng.random(length) < 0.8, base + rng.integers(0, ITEMS // 12, length), rng.integers(0, ITEMS, length)
    )
    times = NOW - np.sort(rng.exponential(3 * 86400, length))[::-1]
    kinds = rng.choice([VIEW, CART, PURCHASE], length, p=[0.7, 0.2, 0.1])
    return list(zip(items.tolist(), times.tolist(), kinds.tolist(), strict=True))


@pytest.mark.parametrize("small", [12_000, 0], ids=["all scored", "some scored"])
def test_serving_gives_the_lists_of_the_slow_way(ranker: Ranker, small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "SCORE_ALL_UP_TO", small)
    monkeypatch.setattr(session_knn, "SESSION_NEIGHBOURS", 60)
    rng = np.random.default_rng(11)
    for number in range(VISITORS):
        acts, placement, repeats = visitor(rng), PLACEMENTS[number % 4], number % 3 == 0
        page = int(rng.integers(ITEMS)) if placement == "item" else None
        exclude = rng.integers(0, ITEMS, 3).tolist()
        asked = {"placement": placement, "now": NOW}
        found = ranker.rank(acts, item=page, k=10, exclude=exclude, repeats=repeats, **asked)  # type: ignore[arg-type]
        query = Query.of(acts, size=len(ranker.item_ids), page=-1 if page is None else page, **asked)  # type: ignore[arg-type]
        plain = plain_ranking.rank(ranker, query, exclude, repeats)
        order = sorted(plain.scores, key=lambda item: (-plain.scores[item], item))[:10]
        np.testing.assert_allclose(found.scores, [plain.scores[item] for item in order], rtol=CLOSE, atol=CLOSE)
        for place, (item, expected) in enumerate(zip(found.codes.tolist(), order, strict=True)):
            assert item == expected or abs(plain.scores[item] - plain.scores[expected]) < CLOSE * 20, (number, place)
            explained(ranker, found.reasons[place], found.contributions[place], plain.given[item])


def explained(ranker: Ranker, reason: str, shares: np.ndarray, given: Mapping[tuple[str, bool], float]) -> None:
    """What each channel contributed is reported, and the reason is that of the channel that contributed most."""
    expected = [given.get((column.channel.name, column.beside), 0.0) for column in ranker.columns]
    np.testing.assert_allclose(shares, expected, rtol=CLOSE, atol=CLOSE)
    most = max(expected)
    fitting = {column.reason for column, share in zip(ranker.columns, expected, strict=True) if share > most - CLOSE}
    assert reason in (fitting if most > 0 else {"popular"})


def test_the_anchor_of_a_reason_is_the_item_with_the_largest_weight_for_the_shown_one(ranker: Ranker) -> None:
    rng, found_weights = np.random.default_rng(5), 0
    for _ in range(60):
        acts = visitor(rng)
        found = ranker.rank(acts, now=NOW, k=10)
        past = [item for item, _, _ in reversed(acts)][:50]
        for item, anchor, row in zip(found.codes.tolist(), found.anchors.tolist(), found.contributions, strict=True):
            if anchor >= 0:
                scorer = ranker.scorers[ranker.columns[int(row.argmax())].anchored_by]
                assert isinstance(scorer, NeighbourScorer)
                rows = scorer.rows
                weights = {
                    other: max(float(rows.weights[other][rows.codes[other] == item].max(initial=0)), 0.0)
                    for other in past
                }
                assert weights[anchor] == max(weights.values())
                found_weights += weights[anchor] > 0
    assert found_weights > 100
