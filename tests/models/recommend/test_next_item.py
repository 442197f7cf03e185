"""The next-item network: served by numpy as torch computed it, and a part of the mix like any other."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from opsplug.features.interactions import interactions
from opsplug.features.items import catalogue
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.evidence import Evidence
from opsplug.models.recommend.next_item.encoding import Batch, Examples
from opsplug.models.recommend.next_item.network import CHANNEL, MAX_EVENTS, NextItem, history_arrays
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.scorer import Scorer
from tests.contracts.recommender_contract import TasteContract, two_tastes

torch = pytest.importorskip("torch", reason="the extra deep is not installed")

from opsplug.models.recommend.next_item import trainer as training  # noqa: E402
from opsplug.models.recommend.next_item.torch_network import Network  # noqa: E402


class TestNextItem(TasteContract):
    scorer = NextItem
    relative = True

    def fitted(self) -> tuple[Scorer, Evidence]:
        evidence = Evidence.of(*two_tastes())
        return training.learn(evidence, seed=1, rounds=4).network, evidence


def score(network: NextItem, query: Query) -> np.ndarray:
    (found,) = network.score(query, CandidateSet(len(network.bias)), [CHANNEL])
    return found


def shuffled(seed: int) -> tuple[Query, Evidence]:
    evidence = Evidence.of(*two_tastes())
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 150))
    times = np.sort(rng.integers(0, max(count // 3, 1), count)) * 777.0
    query = Query(rng.integers(0, evidence.size, count), times, rng.integers(0, 4, count).astype(np.int8), 2e5)
    return query, evidence


def as_batch(query: Query) -> Batch:
    items, events, moments, minutes, kinds = (column[None].copy() for column in history_arrays(query))
    nothing = np.zeros((1, 1), np.int64)
    return Batch(items, np.ones(items.shape, bool), events, moments, minutes, kinds, nothing, nothing.astype(bool))


@pytest.mark.parametrize("seed", range(8))
def test_numpy_answers_as_torch(seed: int) -> None:
    query, evidence = shuffled(seed)
    torch.manual_seed(seed)
    network = Network(evidence.size, training.text_features(evidence, 0))
    with torch.no_grad():
        for value in network.parameters():
            value.copy_(torch.randn(value.shape) * 0.3)
    everything = np.ones(evidence.size, bool)
    served = network.arrays(everything, everything)
    with torch.no_grad():
        vectors = network.vectors()
        expected = network.visitors(vectors, as_batch(query)) @ vectors.T + network.bias
    found = score(served, query)
    expected = torch.exp(expected - expected.max())[0].numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_the_order_within_a_basket_means_nothing() -> None:
    query, evidence = shuffled(3)
    torch.manual_seed(0)
    network = Network(evidence.size, training.text_features(evidence, 0))
    served = network.arrays(np.ones(evidence.size, bool), np.ones(evidence.size, bool))
    order = np.lexsort((np.random.default_rng(1).random(len(query.items)), query.times))
    mixed = Query(query.items[order], query.times, query.kinds[order], query.now)
    cut = query.times >= query.times[-min(MAX_EVENTS, len(query.times))]
    assert cut.sum() <= MAX_EVENTS + 10
    if len(query.items) <= MAX_EVENTS:
        np.testing.assert_allclose(score(served, query), score(served, mixed), rtol=1e-4, atol=1e-6)


def test_training_sees_a_history_as_serving_does() -> None:
    rows = [("u", f"i{number % 7}", 1e6 + number // 3 * 4000.0, "view_item", None) for number in range(40)]
    log = interactions(rows)
    examples = Examples(log)
    batch = examples.batch(examples._at[-1:])
    at = int(examples._at[-1])
    query = Query(log.items[:at].astype(np.int64), log.times[:at], log.kinds[:at], float(log.times[at]))
    for mine, theirs in zip(
        history_arrays(query), (batch.items, batch.events, batch.moments, batch.minutes, batch.kinds), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs[0][batch.known[0]])


def test_targets_are_the_next_new_items_after_the_moment() -> None:
    rows = [("u", item, float(at), "view_item", None) for at, item in enumerate("abcab")]
    rows += [("u", "d", 4.0, "view_item", None), ("v", "a", 9.0, "view_item", None)]
    log = interactions(rows)
    examples = Examples(log)
    found = examples.batch(examples._at)
    told = [[log.item_ids[code] for code in row[used]] for row, used in zip(found.targets, found.asked, strict=True)]
    assert told == [["b", "c", "d"], ["c", "d"], ["d"], ["d"]]
    assert not len(Examples(interactions([("v", "a", 9.0, "view_item", None)])))


def test_what_is_hidden_is_gone_from_the_history_and_was_in_it() -> None:
    rows = [("u", f"i{step % 7}", 1e6 + step // 3 * 4000.0, "view_item", None) for step in range(140)]
    rows += [("v", "i1", 1e6 + step, "view_item", None) for step in range(5)]
    log = interactions(rows)
    examples = Examples(log)
    found = examples.hidden(50, np.random.default_rng(0))
    assert 40 < len(found.items) <= 50  # nothing can be hidden of "v", and of moments with one item
    assert found.hidden
    assert found.known[:, 0].all()
    for items, known, targets, asked in zip(found.items, found.known, found.targets, found.asked, strict=True):
        hidden = targets[asked]
        assert 1 <= len(hidden) == len(set(hidden.tolist())) <= 6
        assert not set(hidden.tolist()) & set(items[known].tolist())
        assert set(hidden.tolist()) | set(items[known].tolist()) <= set(range(7))


def test_a_question_of_what_is_hidden_moves_no_bias_of_time() -> None:
    evidence = Evidence.of(*two_tastes())
    whole = training._Training(evidence, 0, None)
    batch = whole.examples.hidden(32, np.random.default_rng(0))
    torch.autograd.backward(whole._loss(batch))
    assert whole.network.by_minutes.grad is None
    assert whole.network.bias.grad is None
    assert whole.network.own.grad is not None
    torch.autograd.backward(whole._loss(whole.examples.drawn(32, np.random.default_rng(0))))
    assert whole.network.by_minutes.grad is not None


def test_a_sample_of_the_softmax_estimates_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = Evidence.of(*two_tastes())
    whole = training._Training(evidence, 0, None)
    whole.network.eval()
    batch = whole.examples.drawn(64, np.random.default_rng(0))
    expected = whole._loss(batch).item()
    monkeypatch.setattr(training, "LARGEST_SOFTMAX", 5)
    found = np.mean([whole._loss(batch).item() for _ in range(5)])
    assert found == pytest.approx(expected, rel=0.02)
    monkeypatch.setattr(whole, "drawn", whole.drawn[::-1] ** 3 / (whole.drawn**3).sum())
    assert abs(whole._loss(batch).item() - expected) < 0.2 * expected


def test_a_new_item_is_told_by_its_text() -> None:
    log, items = two_tastes()
    records = [
        {"item_id": item, "item_name": name, "item_category": category, "price": 5.0}
        for item, name, category in zip(items.item_ids, items.names, items.categories, strict=True)
    ]
    new = [{"item_id": "a_new", "item_name": "kettle number 3", "item_category": "kettle", "price": 5.0}]
    new += [{"item_id": "b_new", "item_name": "scarf number 3", "item_category": "scarf", "price": 5.0}]
    evidence = Evidence.of(log, catalogue(records + new))
    network = training.learn(evidence, rounds=3).network
    codes = {item: code for code, item in enumerate(evidence.log.item_ids)}
    for taste, other in ("ab", "ba"):
        history = [(codes[f"{taste}{n}"], 1e9 + n, 0) for n in range(4)]
        scores = score(network, Query.of(history, size=evidence.size, now=1e9 + 99))
        assert scores[codes[f"{taste}_new"]] > 10 * scores[codes[f"{other}_new"]]


def test_when_the_budget_is_over_the_best_so_far_is_there() -> None:
    evidence = Evidence.of(*two_tastes())
    calls = iter([False] * 40)
    budget = training.Budget(None, lambda: next(calls, True))
    found = training.learn(evidence, budget=budget, rounds=50)
    assert len(found.history) == 3
    assert found.rounds == 2
    assert np.isfinite(found.network.vectors).all()
    assert training.Budget(0.0).over()


def test_learning_goes_on_where_it_ended() -> None:
    evidence = Evidence.of(*two_tastes())
    first = training.learn(evidence, rounds=2).network
    same = training.learn(evidence, rounds=0, start=first).network
    np.testing.assert_allclose(same.vectors, first.vectors, atol=1e-3)
    np.testing.assert_allclose(same.key, first.key)


def test_another_vocabulary_keeps_the_scores_of_known_items() -> None:
    evidence = Evidence.of(*two_tastes())
    network = training.learn(evidence, rounds=1).network
    ours = evidence.log.item_ids
    theirs = ["unknown", *reversed(ours)]
    moved = network.moved(ours, theirs)
    query = Query.of([(3, 1e9, 0), (5, 1e9 + 50, 0)], size=len(ours), now=1e9 + 99)
    there = Query.of([(theirs.index(ours[3]), 1e9, 0), (theirs.index(ours[5]), 1e9 + 50, 0)], size=21, now=1e9 + 99)
    np.testing.assert_allclose(score(moved, there)[1:][::-1], score(network, query), rtol=1e-5)
    assert score(moved, there)[0] < 1e-9


def test_serving_opens_no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    code = "import sys, opsplug.models.recommend.ranker, opsplug.training.deep; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
