"""The whole catalogue at one version, as a web process holds it, and what is asked of it again and again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from opsplug.features.items import Catalogue, catalogue
from opsplug.units import DAY

NEW_DAYS = 30.0


class ColdStartItems:
    """New items in a steady order: all, those of one category, and as a set."""

    def __init__(self, ids: Sequence[str], by_category: Mapping[str, Sequence[str]]) -> None:
        self.all = ids
        self.ids = frozenset(ids)
        self._by_category = by_category

    def near(self, category: str) -> Sequence[str]:
        """Those of a category; where it has none, all."""
        return self._by_category.get(category) or self.all


@dataclass(frozen=True)
class Snapshot:
    """The whole catalogue at one version; `place` is the position of an id in `ids` and `records`."""

    version: int
    records: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @cached_property
    def ids(self) -> list[str]:
        return list(self.records)

    @cached_property
    def sellable(self) -> frozenset[str]:
        """Ids that the catalogue itself calls published and available."""
        return frozenset(item_id for item_id, record in self.records.items() if is_sellable(record))

    @cached_property
    def rebuy_days(self) -> Mapping[str, float]:
        """Days after which a consumable may be shown to its buyer again."""
        return {
            item_id: record["consumable_days"]
            for item_id, record in self.records.items()
            if "consumable_days" in record
        }

    def cold_start_items(self, now: float) -> ColdStartItems:
        """Sellable items that came into the catalogue within 30 days, on the day of `now`."""
        day = int(now // DAY)
        held = self._new.get(day)
        if held is None:
            first, last = (day + 1 - NEW_DAYS) * DAY, (day + 1) * DAY
            found = [
                item_id
                for item_id, record in self.records.items()
                if first < (record.get("created_at") or 0.0) <= last and is_sellable(record)
            ]
            by_category: dict[str, list[str]] = {}
            for item_id in sorted(found):
                by_category.setdefault(str(self.records[item_id].get("item_category") or ""), []).append(item_id)
            held = ColdStartItems([item_id for ids in by_category.values() for item_id in ids], by_category)
            self._new.clear()
            self._new[day] = held
        return held

    @cached_property
    def _new(self) -> dict[int, ColdStartItems]:
        return {}

    def members(self, name: str, value: str) -> Sequence[str]:
        """Ids of the items whose field `name` has this value."""
        if name not in self._groups:
            found: dict[str, list[str]] = {}
            for item_id, record in self.records.items():
                if record.get(name):
                    found.setdefault(str(record[name]), []).append(item_id)
            self._groups[name] = found
        return self._groups[name].get(value, ())

    @cached_property
    def _groups(self) -> dict[str, dict[str, list[str]]]:
        return {}

    @cached_property
    def columns(self) -> Catalogue:
        return catalogue(self.records.values())


def is_sellable(record: Mapping[str, Any]) -> bool:
    """Published, and not said to be out of stock."""
    return record.get("availability") != "out_of_stock" and record.get("published", True) is not False
