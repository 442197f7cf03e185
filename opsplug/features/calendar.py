"""Days on which a shop is unlike itself: sales, on which more is no news, and holidays, on which less is none."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final, Literal

Kind = Literal["sale", "holiday"]
_FIXED: Final[Mapping[tuple[int, int], Kind]] = {
    (11, 11): "sale",  # Singles' Day
    (12, 24): "holiday",
    (12, 25): "holiday",
    (12, 26): "holiday",
    (12, 31): "holiday",
    (1, 1): "holiday",
}


class Calendar:
    """`kind_of(day)`. The shop's own entries ({"date": "2026-02-17", "kind": "holiday"}) come before the known ones;
    one of kind "normal" makes a day an ordinary one. `country` (ISO code) adds its public holidays."""

    def __init__(self, entries: Iterable[Mapping[str, Any]] = (), country: str = "") -> None:
        self._public = public_holidays(country)
        kinds: dict[Any, Kind] = {"sale": "sale", "holiday": "holiday"}
        self._own = {str(entry.get("date")): kinds.get(entry.get("kind")) for entry in entries}

    def kind_of(self, day: str) -> Kind | None:
        if day in self._own:
            return self._own[day]
        when = date.fromisoformat(day)
        if black_friday(when.year) <= when <= black_friday(when.year) + timedelta(days=3):
            return "sale"  # up to Cyber Monday
        return _FIXED.get((when.month, when.day)) or ("holiday" if when in self._public else None)

    def known(self, days: Iterable[str]) -> list[list[float]]:
        """For each day whether it is a holiday and whether it is a sale, as forecasts take what is known beforehand."""
        kinds = [self.kind_of(day) for day in days]
        return [[float(kind == "holiday"), float(kind == "sale")] for kind in kinds]


def public_holidays(country: str) -> Container[date]:
    """The public holidays of a country by the package `holidays` (extra `holidays`); none without a country."""
    if not country:
        return frozenset()
    import holidays  # costs 30 ms: only jobs ask

    found: Container[date] = holidays.country_holidays(country)
    return found


def black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 22)
