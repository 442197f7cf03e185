"""Series that are not what they seem: right or silent, with the reason."""

import json

import numpy as np
import pytest

from opsplug.models.anomaly import StreamingDetector
from opsplug.models.series.alarm_budget import neg_log10_p

START, MINUTE, HOUR, DAY = 1_700_000_000.0, 60.0, 3600.0, 86400.0


def feed(detector, values, start=START, step=HOUR):
    return [detector.update(start + step * i, float(value)) for i, value in enumerate(values)]


def alarms(results):
    return [i for i, one in enumerate(results) if one.is_anomaly]


def cycle(n, rng, level=200.0):
    return rng.poisson(level * np.exp(0.8 * np.cos(2 * np.pi * np.arange(n) / 24))).astype(float)


# ------------------------------------------------------------------ the budget


def test_the_budget_is_in_time_so_a_finer_step_needs_a_rarer_point():
    steps = [1, 10, 60, 120, 300, 900, 3600, 21600, 86400, 604800]
    needed = [neg_log10_p(step) for step in steps]
    assert needed == sorted(needed, reverse=True)
    assert neg_log10_p(6.0) == pytest.approx(neg_log10_p(60.0) + 1)  # ten times the points, the same alarms a month


@pytest.mark.parametrize(("step", "n"), [(MINUTE, 20_000), (HOUR, 4_000), (DAY, 1_000)])
def test_alarms_on_pure_noise_stay_within_a_few_a_month(step, n):
    found = sum(
        len(alarms(feed(StreamingDetector(), np.random.default_rng(s).normal(50, 5, n), step=step))) for s in range(3)
    )
    months = 3 * n * step / (30 * DAY)
    assert found <= 4 * months + 3


@pytest.mark.parametrize("level", [1e-3, 1.0, 1e6])
def test_the_level_of_a_series_does_not_decide(level):
    values = np.random.default_rng(1).lognormal(0, 0.2, 1500)
    values[900] *= 4
    assert alarms(feed(StreamingDetector(), values * level)) == alarms(feed(StreamingDetector(), values * 7.3))


# ------------------------------------------------------------------ odd series


def test_another_sampling_step_is_learned_anew_and_in_silence():
    rng, detector = np.random.default_rng(2), StreamingDetector()
    feed(detector, cycle(1000, rng))
    fine = feed(detector, rng.poisson(17, 2000), start=START + 1000 * HOUR, step=5 * MINUTE)
    assert alarms(fine[12:]) == []
    assert detector.expectation.step == pytest.approx(5 * MINUTE)
    assert fine[15].reason == "still learning"


def test_a_counter_is_judged_by_its_increments():
    rng = np.random.default_rng(3)
    each = cycle(1500, rng)
    each[1000] = 6000
    results = feed(StreamingDetector(), np.cumsum(each))
    assert 1000 in alarms(results)
    assert len(alarms(results)) <= 3
    assert results[900].reason == "a counter: its increments are judged"
    assert results[900].lower <= np.cumsum(each)[900] <= results[900].upper


def test_a_counter_that_restarts_at_zero_is_no_alarm():
    rng = np.random.default_rng(4)
    total, values = 0.0, []
    for i, one in enumerate(cycle(1200, rng)):
        total = one if i in (400, 800, 801) else total + one
        values.append(total)
    results = feed(StreamingDetector(), values)
    assert not set(alarms(results)) & set(range(398, 412)) | set(alarms(results)) & set(range(798, 812))
    assert results[800].reason == "counter restarted"


def test_a_smooth_day_is_no_counter():
    minutes = np.arange(6000)
    detector = StreamingDetector()
    results = feed(detector, 100 + 50 * np.sin(2 * np.pi * minutes / 1440), step=MINUTE)
    assert not detector.counter.on
    assert len(alarms(results)) <= 1


def test_a_value_held_for_months_is_said_once_and_teaches_nothing():
    rng, detector = np.random.default_rng(5), StreamingDetector()
    before = rng.normal(100, 10, 1000)
    feed(detector, before)
    held = feed(detector, [104.2] * 2000, start=START + 1000 * HOUR)
    after = feed(detector, rng.normal(100, 10, 300), start=START + 3000 * HOUR)
    assert len(alarms(held)) == 1
    assert alarms(held)[0] < 10
    assert held[1000].reason == "holds one value"
    assert len(alarms(after)) <= 1
    assert after[10].upper - after[10].lower > 30  # the noise of before is not forgotten


def test_a_shop_that_is_shut_at_night_holds_no_value():
    rng = np.random.default_rng(6)
    values = np.where(np.arange(1500) % 24 < 14, 0, rng.poisson(40, 1500))
    assert len(alarms(feed(StreamingDetector(), values))) <= 1


@pytest.mark.parametrize("top", [1.0, 100.0])
def test_shares_that_touch_their_ceiling_are_no_alarm(top):
    rng = np.random.default_rng(7)
    values = top * rng.binomial(400, 0.995, 2000) / 400
    assert len(alarms(feed(StreamingDetector(), values))) <= 3
    values[1500:1505] = 0.7 * top
    assert 1500 in alarms(feed(StreamingDetector(), values))


def test_a_day_that_arrives_in_bulk_and_late_is_left_out_with_the_reason():
    rng, detector = np.random.default_rng(8), StreamingDetector()
    feed(detector, cycle(600, rng))
    late = feed(detector, cycle(24, rng), start=START + 560 * HOUR)
    assert alarms(late) == []
    assert {one.reason for one in late} == {"time before the last point"}
    assert detector.seen == 600


def test_state_of_an_older_release_is_learned_again():
    state = StreamingDetector().to_dict()
    del state["counter"]
    assert StreamingDetector.from_dict(state).seen == 0


def test_a_counter_survives_a_restart_of_the_process():
    values = np.cumsum(cycle(300, np.random.default_rng(9)))
    whole = StreamingDetector()
    feed(whole, values[:200])
    again = StreamingDetector.from_dict(json.loads(json.dumps(whole.to_dict())))
    assert feed(whole, values[200:], start=START + 200 * HOUR) == feed(again, values[200:], start=START + 200 * HOUR)
