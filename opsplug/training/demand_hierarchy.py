"""Units of the shop, its categories and best sellers as parts of each other, with what they leave over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Key = tuple[str, str]  # kind, key
Series = tuple[str, str, str, Array]  # kind, key, name, units by day

LEFT_OVER: Final = ("other", "rest")  # kinds that are forecast so that all adds up, and not shown


def demand_hierarchy(
    units: Array, by_category: Mapping[str, Array], by_item: Mapping[str, Array], category_of: Mapping[str, str]
) -> tuple[list[Series], dict[Key, Key]]:
    """-> (the series, the parent of each). Each parent is the sum of its children on every day."""
    shop: Key = ("units", "")
    groups: dict[Key, Array] = {("category", name): values for name, values in by_category.items()}
    groups["other", ""] = units - sum(by_category.values(), np.zeros_like(units))
    series: list[Series] = [(*shop, "", units)]
    parents: dict[Key, Key] = {}
    for group, values in groups.items():
        if not values.any():
            continue
        series.append((*group, group[1], values))
        parents[group] = shop
        inside = {item for item in by_item if _group(category_of.get(item, ""), by_category) == group}
        left = values - sum((by_item[item] for item in inside), np.zeros_like(units))
        for item in (item for item in by_item if item in inside):
            series.append(("item", item, item, by_item[item]))
            parents["item", item] = group
        if inside and left.any():
            series.append(("rest", group[1], "", left))
            parents["rest", group[1]] = group
    order = {kind: n for n, kind in enumerate(("units", "category", "item", *LEFT_OVER))}
    return sorted(series, key=lambda one: order[one[0]]), parents


def _group(category: str, by_category: Mapping[str, Array]) -> Key:
    return ("category", category) if category in by_category else ("other", "")
