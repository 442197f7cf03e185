"""What the stats page shows: numbers out of the store, kept for some seconds."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from opsplug.events import BOT, VISITOR
from opsplug.services.outcomes.stale_cache import Kept
from opsplug.store import Store, queries
from opsplug.training.run.artefacts import Artefacts, Version
from opsplug.units import DAY_MS

KEEP_SECONDS = 10.0
_EPOCH = date(1970, 1, 1)
ITEM_NAMES = ("view_item", "add_to_cart", "purchase")


if TYPE_CHECKING:
    from opsplug.services.outcomes.attribution import PlacementReport


@dataclass(frozen=True, slots=True)
class Figure:
    """A number now and in the period before, and its days."""

    now: float
    before: float
    days: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Overview:
    days: list[date]
    visitors: Figure
    orders: Figure
    revenue: Mapping[str, Figure]  # by currency: sums of different currencies would say nothing
    buyers: Figure  # visitors who bought, as a count
    page_views: list[float]
    events: list[float]
    bots: list[float]
    total_events: int


@dataclass(frozen=True, slots=True)
class ItemFigures:
    item_id: str
    name: str
    views: int
    carts: int
    purchases: int


class Statistics:
    """Safe to share between threads. `StoreError` when the store cannot be read."""

    def __init__(
        self,
        store: Callable[[], Store],
        artefacts: Callable[[], Artefacts],
        records: Callable[[], Mapping[str, Mapping[str, Any]]],
        timezone: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._artefacts = artefacts
        self._records = records
        self._zone = ZoneInfo(timezone)
        self._clock = clock
        self._kept = Kept(KEEP_SECONDS)

    def overview(self, days: int = 30) -> Overview:
        """Of the last `days` days, today among them, beside the same number of days before."""
        return self._kept.get(("overview", days), lambda: self._overview(days))

    def recommendations(self, days: int = 30) -> list[PlacementReport]:
        """Impressions, clicks, carts and purchases by placement and model."""

        from opsplug.services.outcomes.attribution import attribute

        def read() -> list[PlacementReport]:
            now_ms = int(self._clock() * 1000)
            return attribute(self._store(), since_ms=now_ms - days * DAY_MS, until_ms=now_ms + 1)

        return self._kept.get(("recommendations", days), read)

    def top_items(self, days: int = 30, most: int = 20) -> list[ItemFigures]:
        """The most looked at items; where none was looked at, the most bought."""
        return self._kept.get(("items", days), lambda: self._top_items(days, most))

    def models(self) -> list[Version]:
        """All versions of all models, newest first."""
        artefacts = self._artefacts()
        found = [version for name in artefacts.names() for version in artefacts.versions(name)]
        return sorted(found, key=lambda version: version.version, reverse=True)

    def counts(self) -> dict[str, int]:
        return self._store().counts()

    def size_bytes(self) -> int:
        return self._store().size_bytes()

    def _window(self, days: int) -> tuple[int, int, int, list[date]]:
        """(start of the period before, end, offset from UTC, the days of the period)."""
        local = datetime.fromtimestamp(self._clock(), self._zone)
        offset = local.utcoffset() or timedelta()
        today = local.date()
        shown = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
        start = datetime.combine(shown[0] - timedelta(days=days), datetime.min.time(), UTC) - offset
        end = datetime.combine(today + timedelta(days=1), datetime.min.time(), UTC) - offset
        milliseconds = 1000
        return (
            int(start.timestamp() * milliseconds),
            int(end.timestamp() * milliseconds),
            int(offset.total_seconds() * milliseconds),
            shown,
        )

    def _overview(self, days: int) -> Overview:
        store = self._store()
        start, end, offset, shown = self._window(days)
        middle = start + days * DAY_MS
        window = {"since_ms": start, "until_ms": end, "offset_ms": offset}
        by_day: dict[str, defaultdict[date, float]] = defaultdict(lambda: defaultdict(float))
        for number, name, audience, count in store.rows(queries.DAY_COUNTS, window):
            day = _EPOCH + timedelta(days=number)
            if audience == VISITOR:
                by_day["events"][day] += count
                by_day[name][day] += count
            elif audience == BOT:
                by_day["bots"][day] += count
        visitors = {_EPOCH + timedelta(days=day): count for day, count in store.rows(queries.DAY_VISITORS, window)}

        def people(sql: str, since_ms: int, until_ms: int) -> int:
            return int(store.rows(sql, {"since_ms": since_ms, "until_ms": until_ms})[0][0])

        return Overview(
            days=shown,
            visitors=Figure(
                people(queries.VISITORS, middle, end),
                people(queries.VISITORS, start, middle),
                [visitors.get(day, 0) for day in shown],
            ),
            orders=_figure(by_day["purchase"], shown, days),
            revenue=self._revenue(start, end, offset, shown, days),
            buyers=Figure(people(queries.BUYERS, middle, end), people(queries.BUYERS, start, middle)),
            page_views=[by_day["page_view"][d] for d in shown],
            events=[by_day["events"][d] for d in shown],
            bots=[by_day["bots"][d] for d in shown],
            total_events=store.last_id(),
        )

    def _revenue(self, start: int, end: int, offset: int, shown: list[date], days: int) -> dict[str, Figure]:
        """Purchases less refunds, by currency."""
        by_currency: dict[str, defaultdict[date, float]] = defaultdict(lambda: defaultdict(float))
        for batch in self._store().read_events(since_ms=start, until_ms=end, names=("purchase", "refund")):
            for _, event in batch:
                sign = 1 if event.event == "purchase" else -1
                value = event.properties.get("value")
                if value is None:
                    value = sum((item.price or 0) * item.quantity for item in event.items)
                day = _EPOCH + timedelta(days=(event.timestamp + offset) // DAY_MS)
                by_currency[str(event.properties.get("currency") or "")][day] += sign * abs(float(value))
        return {currency: _figure(values, shown, days) for currency, values in by_currency.items()}

    def _top_items(self, days: int, most: int) -> list[ItemFigures]:
        since = int(self._clock() * 1000) - days * DAY_MS
        counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        for batch in self._store().read_events(since_ms=since, names=ITEM_NAMES):
            for _, event in batch:
                column = ITEM_NAMES.index(event.event)
                for item in event.items:
                    counts[item.item_id][column] += 1
        records = self._records()
        ranked = sorted(counts.items(), key=lambda entry: (-entry[1][0], -entry[1][2], -entry[1][1], entry[0]))[:most]
        return [
            ItemFigures(item_id, str(records.get(item_id, {}).get("item_name") or item_id), *figures)
            for item_id, figures in ranked
        ]


def _figure(values: Mapping[date, float], shown: list[date], days: int) -> Figure:
    before = [day - timedelta(days=days) for day in shown]
    return Figure(
        sum(values.get(day, 0) for day in shown),
        sum(values.get(day, 0) for day in before),
        [values.get(day, 0) for day in shown],
    )
