"""Which part of a measure explains its deviation: Adtributor.

Bhagwan and others, "Adtributor: Revenue Debugging in Advertising Systems", NSDI 2014. For each value of a dimension the
explanatory power is its share of the whole deviation, the surprise is how much its share of the measure changed
(Jensen-Shannon divergence). Of each dimension the most surprising values are taken until they explain two thirds;
dimensions are ranked by the surprise of what was taken. For a ratio the partial derivative of the ratio takes the place
of the difference, as in the paper's section on derived measures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2
from typing import Final

ENOUGH: Final = 0.67  # of the deviation, that a dimension's chosen values explain together
LEAST: Final = 0.1  # of the deviation, that a value explains to be named
MOST: Final = 4  # values named of a dimension
TELLING: Final = 0.02  # bits by which a dimension's shares must have changed: else its values moved with the whole

Pair = tuple[float, float]  # actual, expected
Quad = tuple[float, float, float, float]  # actual and expected part, actual and expected whole


@dataclass(frozen=True, slots=True)
class Cause:
    """One value of a dimension. `power` is the share of the deviation that it explains, `actual` and `expected` its
    own amounts (of the part, for a ratio)."""

    dimension: str
    value: str
    power: float
    surprise: float
    actual: float
    expected: float


def explain(dimensions: Mapping[str, Mapping[str, Pair]], most: int = 2) -> list[list[Cause]]:
    """The causes of a sum's deviation, by dimension, the most surprising dimension first. A dimension with one value
    alone explains nothing, nor does one whose values all moved alike."""
    found = []
    for dimension, values in dimensions.items():
        deviation = sum(actual - expected for actual, expected in values.values())
        if len(values) < 2 or deviation == 0:
            continue
        powers = {value: (actual - expected) / deviation for value, (actual, expected) in values.items()}
        found.append(_chosen(dimension, powers, values))
    return _ranked(found, most)


def explain_ratio(dimensions: Mapping[str, Mapping[str, Quad]], most: int = 2) -> list[list[Cause]]:
    """The same for part over whole."""
    found = []
    for dimension, values in dimensions.items():
        part, whole = (sum(quad[i] for quad in values.values()) for i in (1, 3))
        if len(values) < 2 or whole <= 0:
            continue
        moves = {}
        for value, (actual, expected, actual_whole, expected_whole) in values.items():
            change = (actual - expected) * whole - (actual_whole - expected_whole) * part
            moves[value] = change / (whole * max(whole + actual_whole - expected_whole, 1e-9))
        total = sum(moves.values())
        if total == 0:
            continue
        powers = {value: move / total for value, move in moves.items()}
        found.append(_chosen(dimension, powers, {value: (quad[0], quad[1]) for value, quad in values.items()}))
    return _ranked(found, most)


def _chosen(dimension: str, powers: Mapping[str, float], values: Mapping[str, Pair]) -> list[Cause]:
    total, expected_total = (max(sum(pair[i] for pair in values.values()), 1e-12) for i in (0, 1))
    causes = [
        Cause(dimension, value, power, _surprise(values[value][1] / expected_total, values[value][0] / total),
              *values[value])
        for value, power in powers.items()
        if power >= LEAST
    ]  # fmt: skip
    chosen: list[Cause] = []
    for cause in sorted(causes, key=lambda cause: (-cause.surprise, -cause.power, cause.value)):
        if sum(taken.power for taken in chosen) >= ENOUGH or len(chosen) == MOST:
            break
        chosen.append(cause)
    return chosen if sum(taken.power for taken in chosen) >= ENOUGH else []


def _ranked(found: list[list[Cause]], most: int) -> list[list[Cause]]:
    """Dimensions whose values just moved with the whole (no surprise) are left out."""
    telling = [causes for causes in found if causes and sum(cause.surprise for cause in causes) >= TELLING]
    telling.sort(key=lambda causes: (-sum(cause.surprise for cause in causes), len(causes), causes[0].dimension))
    return telling[:most]


def _surprise(expected: float, actual: float) -> float:
    """Jensen-Shannon divergence between two shares, in bits."""
    middle = (max(expected, 0.0) + max(actual, 0.0)) / 2
    if middle <= 0:
        return 0.0
    return 0.5 * sum(share * log2(share / middle) for share in (expected, actual) if share > 0)
