from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from opsplug.features.series import fold, make_series, ratio

BERLIN = ZoneInfo("Europe/Berlin")


def at(*parts):
    return datetime(*parts, tzinfo=BERLIN).timestamp()


def test_gaps_are_filled_and_order_does_not_matter():
    series = make_series([at(2024, 5, 3, 10), at(2024, 5, 1, 9), at(2024, 5, 1, 8)], timezone="Europe/Berlin")
    assert series.values.tolist() == [2, 0, 1]
    assert series.starts[0] == datetime(2024, 5, 1, tzinfo=BERLIN)


@pytest.mark.parametrize(("day", "hours"), [((2024, 3, 31), 23), ((2024, 10, 27), 25)])
def test_the_days_the_clocks_change_are_one_day_each(day, hours):
    first, after = at(*day), at(*day) + hours * 3600
    every_hour = first + 1800 + 3600 * np.arange(hours)
    daily = make_series(every_hour, timezone="Europe/Berlin")
    hourly = make_series(every_hour, every="hour", timezone="Europe/Berlin", start=first, end=after)
    assert daily.values.tolist() == [hours]
    assert hourly.values.tolist() == [1] * hours


def test_an_evening_order_counts_for_the_shops_day_not_for_utc():
    series = make_series([at(2024, 7, 1, 0, 30)], timezone="Europe/Berlin")
    assert series.starts[0].day == 1


def test_late_events_are_folded_in():
    series = make_series([at(2024, 5, 1, 9), at(2024, 5, 2, 9)], [10.0, 20.0], timezone="Europe/Berlin")
    later = fold(series, [at(2024, 5, 1, 23), at(2024, 6, 1)], [5.0, 7.0])
    assert later.values.tolist() == [15, 20]
    assert later.dropped == 1
    assert series.values.tolist() == [10, 20]


def test_a_clock_in_the_wrong_century_is_dropped_and_counted():
    series = make_series([at(2024, 5, 1), -2.2e9, 9e9, float("nan"), float("inf")], timezone="Europe/Berlin")
    assert (len(series.values), series.dropped) == (1, 4)


def test_nothing_gives_nothing_and_a_range_gives_zeros():
    assert len(make_series([]).values) == 0
    assert make_series([], start=at(2024, 5, 1), end=at(2024, 5, 3), timezone="Europe/Berlin").values.tolist() == [0, 0]


def test_a_rate_of_few_is_unknown():
    part, whole = make_series([at(2024, 5, 1)] * 2), make_series([at(2024, 5, 1)] * 4)
    assert ratio(part, whole).values.tolist() == [0.5]
    assert np.isnan(ratio(part, whole, least=5).values).all()
