"""One day of a shop in numbers: how much of each measure in each hour, and in which part (route, product ...)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MOST_VALUES: Final = 400  # of one dimension and measure that a day keeps by name
REST: Final = "…"  # what the others are counted under
SLOTS: Final = 25
_SUBDIVISION: Final = 12  # buckets of a duration to the power of ten: each is 21 % wider than the one before

Slots = dict[int, float]
Parts = dict[str, dict[str, dict[str, Slots]]]  # measure -> dimension -> value -> slot -> amount


@dataclass(slots=True)
class DayCells:
    """`totals[measure][slot]` and `parts[measure][dimension][value][slot]`. Amounts may be taken back again."""

    totals: dict[str, list[float]] = field(default_factory=dict)
    parts: Parts = field(default_factory=dict)

    def add(self, measure: str, slot: int, amount: float, **places: str) -> None:
        """Add to a measure, and to the part of each dimension in `places` (an empty value is nothing known)."""
        total = self.totals.get(measure)
        if total is None:
            total = self.totals[measure] = [0.0] * SLOTS
        total[slot] += amount
        for dimension, value in places.items():
            if value:
                self.add_part(measure, slot, amount, dimension, value)

    def add_part(self, measure: str, slot: int, amount: float, dimension: str, value: str) -> None:
        """Add to one part alone; past `MOST_VALUES` values new ones are counted together."""
        dimensions = self.parts.get(measure)
        if dimensions is None:
            dimensions = self.parts[measure] = {}
        values = dimensions.get(dimension)
        if values is None:
            if len(dimensions) >= MOST_VALUES:
                dimension = REST
            values = dimensions.setdefault(dimension, {})
        slots = values.get(value)
        if slots is None:
            if len(values) >= MOST_VALUES:
                value = REST
            slots = values.setdefault(value, {})
        slots[slot] = slots.get(slot, 0.0) + amount

    def total(self, measure: str) -> list[float]:
        return self.totals.get(measure) or [0.0] * SLOTS

    def part(self, measure: str, dimension: str) -> dict[str, Slots]:
        return self.parts.get(measure, {}).get(dimension, {})

    def totals_document(self) -> dict[str, Any]:
        return {measure: [_short(amount) for amount in slots] for measure, slots in self.totals.items()}

    def parts_document(self) -> dict[str, Any]:
        """Amounts as flat lists [slot, amount, slot, amount ...]: JSON's keys would cost twice as much."""
        return {
            measure: {
                dimension: {
                    value: [number for slot, amount in slots.items() if amount for number in (slot, _short(amount))]
                    for value, slots in values.items()
                }
                for dimension, values in dimensions.items()
            }
            for measure, dimensions in self.parts.items()
        }

    @classmethod
    def from_documents(cls, totals: Mapping[str, Any] | None, parts: Mapping[str, Any] | None = None) -> DayCells:
        return cls(
            {measure: [float(amount) for amount in slots] for measure, slots in (totals or {}).items()},
            {
                measure: {
                    dimension: {value: dict(zip(flat[::2], flat[1::2], strict=True)) for value, flat in values.items()}
                    for dimension, values in dimensions.items()
                }
                for measure, dimensions in (parts or {}).items()
            },
        )


def bucket(milliseconds: float) -> str:
    """The name of the bucket that a duration is counted in."""
    return str(math.ceil(_SUBDIVISION * math.log10(max(milliseconds, 1.0))))


def quantile(buckets: Mapping[str, float], share: float) -> float:
    """Milliseconds under which `share` of the durations lie, to a tenth or so; NaN without any."""
    total = sum(amount for amount in buckets.values() if amount > 0)
    if total <= 0:
        return math.nan
    wanted, seen = share * total, 0.0
    for place in sorted(int(name) for name, amount in buckets.items() if amount > 0):
        amount = buckets[str(place)]
        if seen + amount >= wanted:
            return float(10 ** ((place - 1 + (wanted - seen) / amount) / _SUBDIVISION))
        seen += amount
    return math.nan  # not reached: the last bucket ends at the total


def share_above(buckets: Mapping[str, float], milliseconds: float) -> tuple[float, float]:
    """(durations in buckets above, all durations)."""
    limit = int(bucket(milliseconds))
    return sum(a for name, a in buckets.items() if int(name) > limit), sum(buckets.values())


def _short(amount: float) -> float | int:
    rounded = round(amount, 4)
    return int(rounded) if rounded == int(rounded) else rounded
