"""Axes of the stats pages' charts."""

import hypothesis.strategies as st
from hypothesis import given

from opsplug.web.admin.charts import scale


@given(st.floats(1e-6, 1e12), st.booleans())
def test_an_axis_ends_round_and_just_above_what_it_shows(most: float, whole: bool) -> None:
    top, ticks = scale(most, whole=whole)
    assert ticks[0] == 0 and ticks[-1] == top and len(ticks) == 5
    assert most <= top * (1 + 1e-9)
    assert top <= 4 if whole and most <= 4 else top <= 2.6 * most
    assert f"{ticks[1]:.0e}"[0] in "125"
    assert not whole or ticks[1] >= 1


def test_an_axis_of_nothing_is_still_one() -> None:
    assert scale(0.0, whole=False) == scale(0.0) == (4.0, [0.0, 1.0, 2.0, 3.0, 4.0])
