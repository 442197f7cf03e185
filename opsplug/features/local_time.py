"""Days and hours on the shop's own clock: which slot of which day a moment falls into, also when the clocks change."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from opsplug.units import DAY, DAY_MS, HOUR

_EPOCH: Final = date(1970, 1, 1)
_QUARTER_MS: Final = 900_000  # no time zone changes its offset at another minute
EARLIEST_MS, LATEST_MS = 946_684_800_000, 4_102_444_800_000  # 2000 to 2100: a clock outside is wrong


class SlotClock:
    """Slots are the hours of a local day, counted from midnight: 23 or 25 of them on the days the clocks change."""

    def __init__(self, timezone: str = "UTC") -> None:
        self.timezone = timezone
        self.zone = ZoneInfo(timezone)
        self._quarters: dict[int, tuple[str, int]] = {}
        self._bounds: dict[str, tuple[int, int]] = {}

    def slot(self, at_ms: int) -> tuple[str, int]:
        """(ISO date, hour of that day) of a moment in epoch milliseconds."""
        quarter = at_ms // _QUARTER_MS
        known = self._quarters.get(quarter)
        if known is None:
            if len(self._quarters) > 20_000:
                self._quarters.clear()
            day = datetime.fromtimestamp(quarter * 900, self.zone).date().isoformat()
            start, slots = self.bounds(day)
            known = self._quarters[quarter] = (day, min((quarter * 900 - start) // HOUR, slots - 1))
        return known

    def bounds(self, day: str) -> tuple[int, int]:
        """(epoch seconds of midnight, number of slots) of a day."""
        known = self._bounds.get(day)
        if known is None:
            today = date.fromisoformat(day)
            start = self._midnight(today)
            slots = -(-(self._midnight(today + timedelta(days=1)) - start) // HOUR)
            known = self._bounds[day] = (start, slots)
        return known

    def start(self, day: str, slot: int) -> datetime:
        """The moment at which a slot begins, on the shop's clock."""
        return datetime.fromtimestamp(self.bounds(day)[0] + slot * HOUR, self.zone)

    def days(self, first: str, last: str) -> list[str]:
        """All days from `first` to `last`, both among them."""
        begin, count = date.fromisoformat(first), (date.fromisoformat(last) - date.fromisoformat(first)).days
        return [(begin + timedelta(days=n)).isoformat() for n in range(count + 1)]

    def stretches(self, first: str, last: str) -> list[tuple[list[str], int, int, int]]:
        """Runs of days with one offset from UTC: (days, since, until, offset), the three in milliseconds.

        A day on which the clocks change is a run of its own, so that all of it can be counted to that day.
        """
        runs: list[tuple[list[str], int, int, int]] = []
        for day in self.days(first, last):
            start, _ = self.bounds(day)
            end = self.bounds(shifted(day, 1))[0]
            offset = (date.fromisoformat(day) - _EPOCH).days * DAY - start
            days, since, until, same = runs[-1] if runs else ([], 0, 0, -1)
            whole = end - start == DAY and until - since == len(days) * DAY_MS
            if whole and same == offset * 1000:
                runs[-1] = ([*days, day], since, end * 1000, same)
            else:
                runs.append(([day], start * 1000, end * 1000, offset * 1000))
        return runs

    def _midnight(self, day: date) -> int:
        return int(datetime.combine(day, time(), self.zone).timestamp())


def shifted(day: str, days: int) -> str:
    """The date so many days later."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def believable(at_ms: int) -> bool:
    """Whether a moment may be right."""
    return EARLIEST_MS <= at_ms < LATEST_MS
