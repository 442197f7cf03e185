"""An alarm is told once for as long as it lasts."""

from opsplug.models.series.episode import AGAIN, Episode


def news(points, episode=None):
    """Points are (alarm, value) around an expected 10 with a band from 4 to 16."""
    episode = episode or Episode()
    return [i for i, (alarm, value) in enumerate(points) if episode.is_news(alarm, value, 10.0, 4.0, 16.0)]


def test_an_outage_that_flickers_is_told_once():
    assert news([(True, 0), (False, 9), (True, 0), (False, 9), (False, 9), (True, 0)]) == [0]


def test_after_it_was_back_the_next_one_is_news():
    assert news([(True, 0), (False, 9), (False, 10), (False, 12), (True, 0)]) == [0, 4]


def test_half_a_recovery_is_none():
    assert news([(True, 0), (False, 5), (False, 5), (False, 5), (False, 5), (True, 0)]) == [0]


def test_the_other_side_is_news_at_once():
    assert news([(True, 0), (True, 40)]) == [0, 1]


def test_what_never_ends_is_told_once_a_day():
    assert news([(True, 0)] * (2 * AGAIN + 1)) == [0, AGAIN, 2 * AGAIN]


def test_it_survives_a_restart():
    first = Episode()
    assert news([(True, 0)], first) == [0]
    assert news([(True, 0)], Episode(**first.to_dict())) == []
