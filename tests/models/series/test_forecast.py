import numpy as np
import pytest

from opsplug.models.forecast import forecast


def week(n, rng, noise=5.0):
    return 100 + 30 * np.sin(2 * np.pi * np.arange(n) / 7) + rng.normal(0, noise, n)


def test_beats_seasonal_naive_where_there_is_noise():
    ours, naive = [], []
    for seed in range(5):
        y = week(300, np.random.default_rng(seed))
        result = forecast(y[:-14], 7, 14)
        ours.append(np.abs(result.mean - y[-14:]).mean())
        naive.append(np.abs(np.resize(y[-21:-14], 14) - y[-14:]).mean())
    assert np.mean(ours) < 0.85 * np.mean(naive)


def test_intervals_cover_what_they_say():
    inside = {80: [], 95: []}
    for seed in range(60):
        y = week(250, np.random.default_rng(seed))
        result = forecast(y[:-14], 7, 14)
        for level, hits in inside.items():
            hits += list((y[-14:] >= result.lower[level]) & (y[-14:] <= result.upper[level]))
    assert 0.74 < np.mean(inside[80]) < 0.9
    assert 0.91 < np.mean(inside[95]) < 0.99


def test_wider_levels_contain_narrower_ones():
    result = forecast(week(200, np.random.default_rng(1)), 7, 14, levels=(50, 80, 95))
    assert (result.lower[95] <= result.lower[80]).all()
    assert (result.lower[80] <= result.lower[50]).all()
    assert (result.upper[50] <= result.upper[80]).all()
    assert (result.upper[80] <= result.upper[95]).all()
    assert ((result.lower[80] <= result.mean) & (result.mean <= result.upper[80])).all()


HOLES = week(200, np.random.default_rng(2))
HOLES[::9] = np.nan
INFINITE = week(200, np.random.default_rng(3))
INFINITE[50] = np.inf
BLACK_FRIDAY = np.abs(week(200, np.random.default_rng(4)))
BLACK_FRIDAY[180] *= 20
OFFLINE = np.abs(week(200, np.random.default_rng(5)))
OFFLINE[100:107] = 0


@pytest.mark.parametrize(
    "values",
    [
        [],
        [3.0],
        [1.0, 2.0],
        [5.0] * 100,
        [0.0] * 100,
        [np.nan] * 30,
        HOLES,
        INFINITE,
        -HOLES,
        BLACK_FRIDAY,
        OFFLINE,
        [1e300, 1.0] * 40,
        np.r_[np.zeros(90), 1.0, np.zeros(9)],
    ],
)
@pytest.mark.parametrize(("period", "horizon"), [(7, 14), (24, 48), (1, 1)])
def test_any_series_gets_a_finite_forecast(values, period, horizon):
    result = forecast(values, period, horizon)
    for bounds in (result.mean, *result.lower.values(), *result.upper.values()):
        assert bounds.shape == (horizon,)
        assert np.isfinite(bounds).all()
    if np.isfinite(values).any() and np.nanmin(values) >= 0:
        assert (result.lower[95] >= 0).all()
    assert result.reason or result.model


def test_the_reason_is_said():
    assert forecast([], 7, 14).reason == "no values"
    assert forecast([2.0] * 50, 7, 14).reason == "constant"
    assert "gaps" in forecast(HOLES, 7, 14).reason


def test_black_friday_does_not_come_every_week():
    assert forecast(BLACK_FRIDAY, 7, 14).mean.max() < 3 * np.median(BLACK_FRIDAY)


@pytest.mark.parametrize(("period", "horizon", "levels"), [(0, 1, (80,)), (7, 0, (80,)), (7, 14, (101,))])
def test_impossible_questions_are_refused(period, horizon, levels):
    with pytest.raises(ValueError, match="at least 1"):
        forecast([1.0, 2.0], period, horizon, levels)
