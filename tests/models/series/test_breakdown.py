"""Adtributor on deviations whose cause is known."""

import pytest

from opsplug.models.series.breakdown import explain, explain_ratio
from opsplug.models.series.significance import is_practically_significant


def test_the_value_that_moved_is_named_and_the_dimension_that_says_most_comes_first() -> None:
    dimensions = {
        "device": {"mobile": (48.0, 60.0), "desktop": (32.0, 40.0)},  # both fell alike: no news
        "route": {"/": (50.0, 50.0), "/product": (0.0, 20.0), "/cart": (30.0, 30.0)},
    }
    [[cause]] = explain(dimensions)
    assert (cause.dimension, cause.value, cause.power) == ("route", "/product", 1.0)


def test_two_values_that_explain_it_together_are_both_named() -> None:
    [causes] = explain({"country": {"de": (10.0, 30.0), "fr": (10.0, 30.0), "uk": (100.0, 100.0), "at": (9.0, 10.0)}})
    assert {cause.value for cause in causes} == {"de", "fr"}


def test_what_fell_everywhere_has_no_cause() -> None:
    assert explain({"route": {f"/{n}": (10.0, 20.0) for n in range(5)}}) == []
    assert (
        explain({"route": {"/": (1.0, 9.0)}}) == []
        and explain({}) == []
        and explain({"x": {"a": (1, 1), "b": (2, 2)}}) == []
    )


def test_a_rate_is_explained_by_the_part_that_converts_less_not_by_the_one_with_more_visits() -> None:
    # part actual, part expected, whole actual, whole expected
    quads = {"mobile": (1.0, 30.0, 1000.0, 1000.0), "desktop": (30.0, 30.0, 1000.0, 1000.0)}
    [[cause]] = explain_ratio({"device": quads})
    assert cause.value == "mobile" and cause.power == pytest.approx(1.0)
    assert explain_ratio({"device": {"a": (1, 1, 10, 10), "b": (1, 1, 10, 10)}}) == []


@pytest.mark.parametrize(
    ("unit", "value", "expected", "whole", "large"),
    [
        ("count", 4, 0, 0, False), ("count", 9, 2, 0, False), ("count", 30, 5, 0, True), ("count", 0, 30, 0, True),
        ("share", 0.0, 0.03, 40, False), ("share", 0.0, 0.03, 1000, True), ("ms", 90, 40, 0, False), ("ms", 900, 400, 0, True),
        ("ms", 1100, 1000, 0, False), ("money", 120, 100, 0, False), ("money", 10, 100, 0, True), ("score", -0.5, 0.1, 0, True),
    ],
)  # fmt: skip
def test_rare_is_not_enough(unit, value, expected, whole, large) -> None:
    assert is_practically_significant(unit, value, expected, whole) is large
