import numpy as np

from opsplug.models.visitors.segments import KEYS, cluster_segments, rfm_segments


def visitors(n=600):
    rng = np.random.default_rng(0)
    return rng.exponential(90, n), 1 + rng.geometric(0.3, n) - 1, rng.lognormal(5, 1, n)


def test_every_visitor_is_in_one_rfm_segment_and_their_money_adds_up():
    r, f, v = visitors()
    segments = rfm_segments(r, f, v)
    assert sorted(np.concatenate([s.members for s in segments])) == list(range(600))
    assert {s.key for s in segments} <= set(KEYS)
    assert abs(sum(s.value_share for s in segments) - 1) < 1e-9


def test_champions_are_recent_and_worth_more_than_the_lapsed():
    by_key = {s.key: s for s in rfm_segments(*visitors())}
    assert by_key["champions"].recency < by_key["lapsed"].recency
    assert by_key["champions"].value > by_key["lapsed"].value


def test_two_clear_groups_are_found():
    r = np.r_[np.full(50, 2.0), np.full(80, 300.0)] + np.arange(130) % 3
    f = np.r_[np.full(50, 20.0), np.full(80, 1.0)]
    found = cluster_segments(r, f, f * 50, clusters=2)
    assert [len(s.members) for s in found] == [80, 50]
    assert found[1].traits[0] == "recent"


def test_nothing_known_and_no_visitors():
    assert rfm_segments([], [], []) == []
    assert cluster_segments([], [], []) == []
    assert len(cluster_segments([np.nan] * 5, [1] * 5, [np.inf] * 5)) == 1
