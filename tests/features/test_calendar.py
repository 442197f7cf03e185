"""Which days are known to be unlike others: sales, holidays of the world, of a country and of the shop."""

import pytest

from opsplug.errors import SettingsError
from opsplug.features.calendar import Calendar
from opsplug.settings import Settings


def test_the_public_holidays_of_a_country_are_known():
    german, plain = Calendar(country="DE"), Calendar()
    assert german.kind_of("2026-10-03") == "holiday"
    assert plain.kind_of("2026-10-03") is None
    assert german.kind_of("2026-10-05") is None


def test_what_the_shop_says_comes_first():
    calendar = Calendar([{"date": "2026-10-03", "kind": "normal"}, {"date": "2026-10-05", "kind": "sale"}], "DE")
    assert calendar.kind_of("2026-10-03") is None
    assert calendar.known(["2026-10-03", "2026-10-05", "2026-12-25"]) == [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]


def test_chinese_new_year_moves_and_is_known():
    assert Calendar(country="CN").kind_of("2026-02-17") == "holiday"
    assert Calendar(country="CN").kind_of("2025-02-17") is None


@pytest.mark.parametrize("country", ["XX", "Germany", "de"])
def test_a_country_that_is_none_is_refused_at_the_start(country):
    with pytest.raises(SettingsError, match="country"):
        Settings.gather({"country": country}, {}, {})
