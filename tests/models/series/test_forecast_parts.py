"""Short series, weeks of hours, known influences, intermittent demand, sums: each with an answer that is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsplug.models.forecast import forecast, runs_out
from opsplug.models.series.combination import select
from opsplug.models.series.hierarchy import reconcile
from opsplug.models.series.intermittent import croston, is_intermittent, sba, tsb


def hours(n, rng, noise=3.0):
    """A day on weekdays and half of it at weekends."""
    hour, day = np.arange(n) % 24, np.arange(n) // 24 % 7
    return 60 + np.where(day >= 5, 15, 40) * np.sin(2 * np.pi * hour / 24) + rng.normal(0, noise, n)


def test_four_weeks_of_hours_are_enough_to_know_the_weekend():
    errors, naive = [], []
    for seed in range(3):
        y = hours(24 * 7 * 4 + 24 * 6, np.random.default_rng(seed))  # ends on a Saturday; its last day was a Saturday
        past, actual = y[:-48], y[-48:]
        errors.append(np.abs(forecast(past, 24, 48).mean - actual).mean())
        naive.append(np.abs(np.resize(past[-24:], 48) - actual).mean())
    assert np.mean(errors) < 0.5 * np.mean(naive)


@pytest.mark.parametrize("days", [30, 60, 90])
def test_a_new_shop_is_better_served_than_by_last_week_again(days):
    ours, naive, inside = [], [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        y = rng.poisson(20 + 12 * np.sin(2 * np.pi * np.arange(days + 14) / 7)).astype(float)
        result = forecast(y[:days], 7, 14)
        ours.append(np.abs(result.mean - y[days:]).mean())
        naive.append(np.abs(np.resize(y[days - 7 : days], 14) - y[days:]).mean())
        inside.append(np.mean((y[days:] >= result.lower[80]) & (y[days:] <= result.upper[80])))
    assert np.mean(ours) < 0.9 * np.mean(naive)
    assert 0.72 < np.mean(inside) < 0.93


def test_ensemble_selection_finds_the_mean_of_opposite_errors():
    truth = np.arange(40.0).reshape(20, 2)
    weights = select(truth, [truth + 1, truth - 1, truth + 30])
    assert weights.tolist() == [0.5, 0.5, 0.0]


# ------------------------------------------------------------------ intermittent demand


def test_croston_of_a_regular_demand_is_its_rate_and_sba_its_share():
    series = np.tile([0.0, 0.0, 6.0], 40)
    assert croston(series)[-1] == pytest.approx(2.0)
    assert sba(series)[-1] == pytest.approx(2.0 * 0.95)


def test_tsb_forgets_what_is_asked_for_no_more_and_croston_does_not():
    series = np.r_[np.tile([0.0, 4.0], 50), np.zeros(60)]
    assert tsb(series)[-1] < 0.1
    assert croston(series)[-1] == pytest.approx(2.0)


@pytest.mark.parametrize("chance", [0.08, 0.3])
def test_intermittent_demand_has_the_right_sum_and_coverage(chance):
    sums, truth, inside = [], 0.0, []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        series = rng.integers(1, 6, 328) * (rng.random(328) < chance)
        result = forecast(series[:300], 7, 28)
        assert result.model.startswith("intermittent")
        sums.append(result.mean.sum())
        truth += series[300:].sum() / 30
        inside.append(np.mean((series[300:] >= result.lower[95]) & (series[300:] <= result.upper[95])))
    assert np.mean(sums) == pytest.approx(truth, rel=0.15)
    assert np.mean(inside) > 0.93


def test_closed_nights_are_a_season_not_intermittent_demand():
    rng = np.random.default_rng(1)
    shop = np.where(np.arange(24 * 40) % 24 < 14, 0, rng.poisson(8, 24 * 40)).astype(float)
    assert not is_intermittent(shop, 24)
    assert is_intermittent((rng.random(200) < 0.2).astype(float), 7)


def test_a_stock_of_slow_sellers_runs_out_when_the_sums_say_so():
    rng = np.random.default_rng(2)
    series = (rng.random(400) < 0.25).astype(float)  # one every four days
    early, middle, late = runs_out(series, 7, 80, stock=10)
    assert early < middle <= (late or 80)
    assert 28 <= middle <= 56


# ------------------------------------------------------------------ what is known beforehand


def test_a_known_holiday_halves_the_day_and_only_that_day():
    rng = np.random.default_rng(3)
    holiday = np.zeros(214)
    holiday[[20, 57, 88, 120, 166, 190, 205]] = 1
    y = (200 + 60 * np.sin(2 * np.pi * np.arange(214) / 7)) * rng.normal(1, 0.05, 214) * np.where(holiday, 0.5, 1)
    blind, told = forecast(y[:200], 7, 14), forecast(y[:200], 7, 14, known=holiday)
    assert told.mean[5] == pytest.approx(y[205], rel=0.2)
    assert blind.mean[5] > 1.5 * y[205]
    assert told.lower[95][5] <= y[205] <= told.upper[95][5]
    assert np.delete(told.mean, 5) == pytest.approx(np.delete(blind.mean, 5), rel=0.1)


def test_a_lower_price_sells_more():
    rng = np.random.default_rng(4)
    price = rng.choice([8.0, 10.0, 12.0], 164)
    y = rng.poisson(100 * (price / 10) ** -2.0).astype(float)
    cheap, expensive = price.copy(), price.copy()
    cheap[150:], expensive[150:] = 8.0, 12.0
    ratio = forecast(y[:150], 7, 14, known=cheap).mean.sum() / forecast(y[:150], 7, 14, known=expensive).mean.sum()
    assert ratio == pytest.approx((12 / 8) ** 2, rel=0.15)


def test_a_column_that_explains_nothing_changes_nothing():
    rng = np.random.default_rng(5)
    y = rng.poisson(50, 200).astype(float)
    changed = 0
    for seed in range(20):
        noise = np.random.default_rng(seed).random(214)
        changed += not np.allclose(forecast(y, 7, 14, known=noise).mean, forecast(y, 7, 14).mean)
    assert changed <= 3  # one in twenty by chance


@pytest.mark.parametrize("known", [np.zeros(10), np.zeros((214, 2, 2)), np.full(214, np.nan)])
def test_known_influences_of_the_wrong_shape_are_refused(known):
    with pytest.raises(ValueError, match="known must be finite"):
        forecast(np.arange(200.0), 7, 14, known=known)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=120), st.integers(1, 8), st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_any_history_with_any_known_day_gets_a_finite_forecast(values, period, horizon):
    known = (np.arange(len(values) + horizon) % 11 == 0).astype(float)
    result = forecast(values, period, horizon, known=known)
    for bounds in (result.mean, *result.lower.values(), *result.upper.values()):
        assert bounds.shape == (horizon,)
        assert np.isfinite(bounds).all()
        assert (bounds >= 0).all()
    assert (result.lower[95] <= result.lower[80] + 1e-9).all()


# ------------------------------------------------------------------ sums


def test_products_add_up_to_categories_and_the_shop():
    rng = np.random.default_rng(6)
    parts = {name: rng.poisson(rate, 200).astype(float) for name, rate in (("a", 3), ("b", 30), ("c", 9), ("d", 0.3))}
    series = {
        **parts, "ab": parts["a"] + parts["b"], "cd": parts["c"] + parts["d"], "shop": sum(parts.values()),
    }  # fmt: skip
    parents = {"a": "ab", "b": "ab", "c": "cd", "d": "cd", "ab": "shop", "cd": "shop"}
    alone = {key: forecast(values, 7, 14) for key, values in series.items()}
    found = reconcile(alone, parents)
    assert found["ab"].mean == pytest.approx(found["a"].mean + found["b"].mean)
    assert found["shop"].mean == pytest.approx(found["ab"].mean + found["cd"].mean)
    assert min(one.mean.min() for one in found.values()) >= 0
    assert found["shop"].mean == pytest.approx(alone["shop"].mean, rel=0.25)
    moved = {key: np.abs(found[key].mean - alone[key].mean).mean() for key in series}
    assert moved["d"] < moved["b"]  # what is known well is hardly changed


def test_a_hierarchy_with_a_circle_is_refused():
    one = forecast(np.arange(60.0), 7, 7)
    with pytest.raises(ValueError, match="circle"):
        reconcile({"leaf": one, "a": one, "b": one}, {"leaf": "a", "a": "b", "b": "a"})


def test_forecasts_without_a_hierarchy_stay_as_they_are():
    one = forecast(np.arange(60.0), 7, 7)
    assert reconcile({"a": one}, {}) == {"a": one}
