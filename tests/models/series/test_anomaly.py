import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from opsplug.models.anomaly import StreamingDetector

START, HOUR = 1_700_000_000.0, 3600.0


def alarms(values, start=START, step=HOUR, detector=None):
    detector = detector or StreamingDetector()
    scores = [detector.update(start + step * i, float(v)) for i, v in enumerate(values)]
    assert all(0.0 <= s.score <= 1.0 and s.is_anomaly == (s.score >= detector.threshold) for s in scores)
    return [i for i, s in enumerate(scores) if s.is_anomaly]


def daily_cycle(n, rng, level=200.0):
    return rng.poisson(level * np.exp(0.8 * np.cos(2 * np.pi * np.arange(n) / 24))).astype(float)


def test_a_spike_and_an_outage_are_seen_once_learned():
    values = daily_cycle(1200, np.random.default_rng(1))
    values[700] *= 4
    values[1000:1006] = 0
    found = alarms(values)
    assert 700 in found
    assert any(1000 <= i < 1008 for i in found)
    assert sum(not (698 <= i <= 702 or 998 <= i <= 1008) for i in found) <= 1


@pytest.mark.parametrize("rate", [0.05, 0.3, 3.0])
def test_the_noise_of_small_numbers_is_no_alarm(rate):
    runs = [alarms(np.random.default_rng(seed).poisson(rate, 3000)) for seed in range(3)]
    assert sum(map(len, runs)) <= 3  # 9,000 points


@pytest.mark.parametrize("values", [[5.0] * 500, [0.0] * 500, [7.0], [], list(range(400))])
def test_constant_zero_single_empty_and_straight_series_are_harmless(values):
    assert alarms(values) == []


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), None, "x", 1e300])
def test_what_is_no_number_scores_nothing_and_says_so(bad):
    detector = StreamingDetector()
    alarms([10.0, 11.0] * 50, detector=detector)
    before = detector.to_dict()
    result = detector.update(START + 200 * HOUR, bad)
    assert (result.score, result.is_anomaly) == (0.0, False)
    assert result.reason
    assert detector.to_dict() == before


def test_negative_values_are_values():
    values = np.random.default_rng(2).normal(-50, 3, 500)
    values[400] = 50
    assert alarms(values) == [400]


def test_duplicates_and_unsorted_points_are_left_out():
    detector = StreamingDetector()
    for i in range(100):
        detector.update(START + i * HOUR, 10.0 + i % 3)
    assert detector.update(START + 99 * HOUR, 9999.0).reason == "duplicate time"
    assert detector.update(START + 50 * HOUR, 9999.0).reason == "time before the last point"
    assert detector.seen == 100


def test_holes_are_no_alarm():
    rng = np.random.default_rng(3)
    values, detector, found = daily_cycle(1500, rng), StreamingDetector(), []
    for i, v in enumerate(values):
        if rng.random() > 0.3:
            found.append(detector.update(START + i * HOUR, v).is_anomaly)
    assert sum(found) <= 1


def test_a_week_offline_is_no_alarm_on_return():
    values, detector = daily_cycle(1500, np.random.default_rng(4)), StreamingDetector()
    found = [
        i for i, v in enumerate(values) if not 1000 <= i < 1168 and detector.update(START + i * HOUR, v).is_anomaly
    ]
    assert [i for i in found if i >= 1000] == []


def test_the_day_the_clocks_change_is_no_alarm():
    zone = ZoneInfo("Europe/Berlin")
    rng, detector, found = np.random.default_rng(5), StreamingDetector(), []
    moment = datetime(2024, 3, 1, tzinfo=UTC)
    for _ in range(24 * 40):
        local = moment.astimezone(zone)
        rate = 200.0 if 8 <= local.hour < 20 else 5.0
        if detector.update(local, float(rng.poisson(rate))).is_anomaly:
            found.append(local)
        moment += timedelta(hours=1)
    assert found == []


def test_black_friday_announced_is_no_alarm_and_teaches_nothing():
    values = daily_cycle(1200, np.random.default_rng(6))
    values[960:984] *= 5
    known, unknown = StreamingDetector(), StreamingDetector()
    quiet = [known.update(START + i * HOUR, v, special=960 <= i < 984).is_anomaly for i, v in enumerate(values)]
    loud = [unknown.update(START + i * HOUR, v).is_anomaly for i, v in enumerate(values)]
    assert not any(quiet[950:])
    assert any(loud[960:984])


@pytest.mark.parametrize("wrong", [-2.2e9, 4.1e9, 1e300, float("nan")])
def test_a_clock_in_the_wrong_century_is_ignored_and_forgotten(wrong):
    detector = StreamingDetector()
    alarms([10.0, 11.0, 12.0] * 40, detector=detector)
    result = detector.update(wrong, 9999.0)
    assert not result.is_anomaly
    assert result.reason
    assert detector.update(START + 121 * HOUR, 10.0).reason == ""


def test_a_clock_set_right_is_believed_again():
    detector = StreamingDetector()
    alarms([10.0, 11.0, 12.0] * 40, start=START + 9e8, detector=detector)
    reasons = [detector.update(START + i * HOUR, 10.0 + i % 3).reason for i in range(30)]
    assert reasons[0]
    assert reasons[-1] == ""


def test_a_restart_changes_nothing():
    values = daily_cycle(600, np.random.default_rng(7))
    whole, half = StreamingDetector(), StreamingDetector()
    for i, v in enumerate(values[:300]):
        whole.update(START + i * HOUR, v)
        half.update(START + i * HOUR, v)
    again = StreamingDetector.from_dict(json.loads(json.dumps(half.to_dict())))
    for i, v in enumerate(values[300:], 300):
        assert whole.update(START + i * HOUR, v) == again.update(START + i * HOUR, v)


def test_memory_stays():
    detector = StreamingDetector()
    values = daily_cycle(6000, np.random.default_rng(8)).tolist()
    for i, v in enumerate(values[:3000]):
        detector.update(START + i * HOUR, v)
    size = len(json.dumps(detector.to_dict()))
    for i, v in enumerate(values[3000:], 3000):
        detector.update(START + i * HOUR, v)
    assert len(json.dumps(detector.to_dict())) < 1.3 * size
