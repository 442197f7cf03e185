"""The slot ranker, off-policy estimates and fairness, each on data whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from opsplug.errors import ModelError
from opsplug.models.rerank.list_ranker import HEAD, KNOWN, POOL, SlotList, rng_of
from opsplug.models.rerank.off_policy import doubly_robust, ips, snips
from opsplug.models.rerank.slot_ranker import SlotRanker
from opsplug.models.visitors.fairness import evened, exposure


def test_the_slot_ranker_finds_what_each_context_wants() -> None:
    rng = np.random.default_rng(5)
    ranker = SlotRanker(6, 2, rng)
    contexts = np.eye(2)
    late = []
    for _ in range(4000):
        side = int(rng.integers(2))
        arm = int(np.argmax(ranker.draw(contexts[side])))
        rate = 0.3 if arm == (1 if side else 4) else 0.03
        ranker.learn(contexts[side], arm, float(rng.random() < rate))
        late.append(rate > 0.1)
    assert np.mean(late[-1000:]) > 0.8


def test_a_list_ranker_of_the_version_before_orders_alike() -> None:
    rng = np.random.default_rng(3)
    ranker = SlotRanker(4, len(KNOWN), rng)
    for step in range(300):
        ranker.learn(np.eye(len(KNOWN))[step % len(KNOWN)], step % 4, float(rng.random() < 0.1 * (step % 4)))
    items = [f"i{n}" for n in range(4)]
    prior = -0.1 * np.arange(POOL)
    ours = SlotList.of(ranker, items, np.full(4, 90), [], prior, np.ones(HEAD))
    old = {"rank_prior": "pull", "examination": "looks", "covariance": "doubt"}
    arrays = ours.export()
    before = {old.get(key, key): value for key, value in arrays.items()}
    assert set(old.values()) <= set(before)
    for seed in range(5):
        order = ours.order(items, "session", "", rng_of(seed), 4)
        assert SlotList.load(before).order(items, "session", "", rng_of(seed), 4) == order
        assert SlotList.load(arrays).order(items, "session", "", rng_of(seed), 4) == order


def test_a_place_nobody_looks_at_teaches_little() -> None:
    seen, unseen = (SlotRanker(1, 1, np.random.default_rng(0)) for _ in range(2))
    for _ in range(50):
        seen.learn(np.ones(1), 0, 0.0)
        unseen.learn(np.ones(1), 0, 0.0, examined=0.05)
    assert seen.mean[0].sum() < unseen.mean[0].sum() < 0


def test_off_policy_estimates_cover_the_truth_and_refuse_a_verdict_on_few_clicks() -> None:
    rng = np.random.default_rng(0)
    rates, logging, target = np.array([0.02, 0.05, 0.10]), np.array([0.6, 0.3, 0.1]), np.array([0.1, 0.2, 0.7])
    action = rng.choice(3, 20000, p=logging)
    reward = (rng.random(20000) < rates[action]).astype(float)
    truth = float(rates @ target)
    pair = (logging[action], target[action])
    guess = np.full(3, 0.04)
    for found in (
        ips(reward, *pair),
        snips(reward, *pair),
        doubly_robust(reward, *pair, guess[action], np.full(20000, guess @ target)),
    ):
        assert found.low <= truth <= found.high
        assert found.verdict
        assert 0 < found.effective_sample_size < 20000
    assert not ips(reward[:2000], pair[0][:2000], pair[1][:2000]).verdict
    with pytest.raises(ModelError, match="positive"):
        ips(reward, np.zeros(20000), pair[1])


def test_exposure_names_who_is_shown_too_little() -> None:
    groups = ["big"] * 50 + ["small"] * 50 + ["rare"] * 2
    demand = np.ones(102)
    shown = np.arange(0, 50).repeat(2)
    shown[:10] = 60
    found = {row.group: row for row in exposure(shown, np.zeros(100, np.int64), groups, demand)}
    assert found["small"].ratio < 0.5 < 1 < found["big"].ratio
    assert np.isnan(found["rare"].ratio)


def test_the_slider_trades_order_for_evenness() -> None:
    scores = np.array([1.0, 0.9, 0.8, 0.1])
    groups = ["a", "a", "a", "b"]
    assert evened(scores, groups, 0.0, 3).tolist() == [0, 1, 2]
    assert 3 in evened(scores, groups, 2.0, 3)
