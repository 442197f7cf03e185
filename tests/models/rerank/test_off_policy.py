"""Off-policy estimates on real logs of two policies that ran beside each other: each foretells the other's clicks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from opsplug.models.rerank.off_policy import FEWEST_CLICKS, doubly_robust, ips, snips
from tests.support.samples import WHOLE

BANDIT = WHOLE / "bandit"  # Open Bandit Dataset, where it is
PLACES, ITEMS, IMPRESSIONS = 3, 34, 10_000
RATES = {"random": 0.0046, "bts": 0.0069}  # clicks an impression, as in that data set


def published() -> dict[str, dict[str, Any]]:
    found = {}
    for name in RATES:
        table = np.genfromtxt(BANDIT / f"{name}_men.csv.gz", delimiter=",", skip_header=1, usecols=(2, 3, 4, 5))
        found[name] = {
            "item": table[:, 0].astype(int), "place": table[:, 1].astype(int) - 1, "click": table[:, 2],
            "propensity": table[:, 3],
        }  # fmt: skip
    return found


def made() -> dict[str, dict[str, Any]]:
    """Two policies, one at random and one that has learned, on one world: what is clicked depends on item and place."""
    rng = np.random.default_rng(11)
    appeal = rng.gamma(2.0, 1.0, ITEMS)[None, :] * np.array([1.2, 1.0, 0.8])[:, None]
    learned = np.exp(0.8 * (appeal - appeal.mean()) + rng.normal(0, 0.5, appeal.shape))
    policies = {"random": np.full((PLACES, ITEMS), 1 / ITEMS), "bts": learned / learned.sum(1, keepdims=True)}
    rate = RATES["random"] * appeal / appeal.mean()
    found = {}
    for name, policy in policies.items():
        place = np.tile(np.arange(PLACES), IMPRESSIONS // PLACES + 1)[:IMPRESSIONS]
        item = np.array([rng.choice(ITEMS, p=policy[where]) for where in place])
        found[name] = {
            "item": item, "place": place, "click": (rng.random(IMPRESSIONS) < rate[place, item]).astype(float),
            "propensity": policy[place, item],
        }  # fmt: skip
    return found


@pytest.fixture(scope="module", params=[made, published] if BANDIT.is_dir() else [made])
def logs(request: pytest.FixtureRequest) -> dict[str, dict[str, Any]]:
    return dict(request.param())


def shares(log: dict[str, Any]) -> np.ndarray:
    """How often the policy put each item at each place: its probabilities, for neither policy knows who looks."""
    count = np.zeros((PLACES, ITEMS))
    np.add.at(count, (log["place"], log["item"]), 1)
    return np.asarray(count / count.sum(1, keepdims=True))


@pytest.mark.parametrize(("seen", "asked"), [("random", "bts"), ("bts", "random")])
def test_the_interval_covers_what_the_other_policy_really_got(
    logs: dict[str, dict[str, Any]], seen: str, asked: str
) -> None:
    log, cells = logs[seen], (logs[seen]["place"], logs[seen]["item"])
    target = shares(logs[asked])[cells]
    rate = np.full((PLACES, ITEMS), log["click"].mean())
    expected = (shares(logs[asked]) * rate).sum(1)[log["place"]]
    truth = float(logs[asked]["click"].mean())
    for found in (
        ips(log["click"], log["propensity"], target),
        snips(log["click"], log["propensity"], target),
        doubly_robust(log["click"], log["propensity"], target, rate[cells], expected),
    ):
        assert found.low <= truth <= found.high, (found, truth)
        assert found.low <= found.value <= found.high
        assert 0 < found.effective_sample_size < len(log["click"])
        assert found.clicks < FEWEST_CLICKS
        assert not found.verdict, "69 and 46 clicks cannot rank policies"


def test_a_policy_judged_by_its_own_log_gets_its_own_mean(logs: dict[str, dict[str, Any]]) -> None:
    for log in logs.values():
        own = ips(log["click"], log["propensity"], log["propensity"])
        assert own.value == pytest.approx(log["click"].mean())
        assert own.effective_sample_size == pytest.approx(len(log["click"]))


@pytest.mark.parametrize(("count", "rate"), [(5000, 0.005), (5000, 0.02)])
def test_intervals_cover_where_clicks_are_rare_and_weights_unequal(count: int, rate: float) -> None:
    """Percentile bootstrap and normal intervals cover 0.74 to 0.82 here where they promise 0.95."""
    rng, arms, rounds, covered = np.random.default_rng(0), 34, 200, np.zeros(3)
    for _ in range(rounds):
        rates = np.clip(rate * np.exp(rng.normal(0, 0.5, arms)), 0, 0.5)
        logging = np.maximum(rng.dirichlet(np.ones(arms)), 1 / arms / 40)
        logging /= logging.sum()
        taken = rng.choice(arms, count, p=logging)
        clicks = (rng.random(count) < rates[taken]).astype(float)
        pair, guess = (logging[taken], np.full(count, 1 / arms)), np.full(count, clicks.mean())
        found = (ips(clicks, *pair), snips(clicks, *pair), doubly_robust(clicks, *pair, guess, guess))
        covered += [one.low <= rates.mean() <= one.high for one in found]
    assert (covered / rounds >= 0.93).all(), covered / rounds
