"""What the stats page shows: numbers out of the store, kept for some seconds."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from opsplug.events import BOT, VISITOR
from opsplug.features.local_time import SlotClock, shifted
from opsplug.services.outcomes.orders import read_orders
from opsplug.services.outcomes.stale_cache import StaleWhileRevalidate
from opsplug.store import Store, queries
from opsplug.training.run.artefacts import Artefacts, Version
from opsplug.units import DAY_MS

KEEP_SECONDS = 10.0
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
    buyers: Figure  # visitors who bought, as a count; imported orders are orders and no visits
    agreed: float | None  # share of page views whose visitor may be recognised; None without any
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
        self._days = SlotClock(timezone)
        self._clock = clock
        self._kept = StaleWhileRevalidate(KEEP_SECONDS)

    def overview(self, days: int = 30) -> Overview:
        """The last `days` days up to now, and as long a time before: today is never compared with a whole day.

        Orders are what stands: without cancelled ones; revenue is what was paid less what was given back, on the day of
        its order. Visitors and buyers are those who agreed to be recognised, `agreed` says how many views that is.
        """
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

    def _overview(self, days: int) -> Overview:
        store, now_ms = self._store(), int(self._clock() * 1000)
        today, _ = self._days.slot(now_ms)
        shown, first = self._days.days(shifted(today, 1 - days), today), shifted(today, 1 - 2 * days)
        start, middle = (self._days.bounds(day)[0] * 1000 for day in (first, shown[0]))
        end, same_time = now_ms + 1, now_ms + 1 - days * DAY_MS  # today is not over, so the period before ends as early
        counts, visitors = self._counts(first, today)
        orders = [order for order in read_orders(store, start, end) if not order.void]

        def figure(values: Iterable[tuple[int, float]]) -> Figure:
            return self._figure(values, shown, middle, same_time)

        def count(sql: str, since_ms: int, until_ms: int) -> tuple[int, ...]:
            row: tuple[int, ...] = store.rows(sql, {"since_ms": since_ms, "until_ms": until_ms})[0]
            return row

        views, agreed = count(queries.AGREED, middle, end)
        currencies = {order.currency for order in orders}
        return Overview(
            days=[date.fromisoformat(day) for day in shown],
            visitors=Figure(
                count(queries.VISITORS, middle, end)[0],
                count(queries.VISITORS, start, same_time)[0],
                [visitors.get(day, 0) for day in shown],
            ),
            orders=figure((order.at_ms, 1.0) for order in orders),
            revenue={name: figure((o.at_ms, o.value) for o in orders if o.currency == name) for name in currencies},
            buyers=Figure(count(queries.BUYERS, middle, end)[0], count(queries.BUYERS, start, same_time)[0]),
            agreed=agreed / views if views else None,
            page_views=[counts["page_view"][day] for day in shown],
            events=[counts["events"][day] for day in shown],
            bots=[counts["bots"][day] for day in shown],
            total_events=store.last_id(),
        )

    def _counts(self, first: str, last: str) -> tuple[dict[str, defaultdict[str, float]], dict[str, float]]:
        """Events by name and day (all of them as "events", robots' as "bots"), and visitors by day."""
        store = self._store()
        counts: dict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        visitors: dict[str, float] = {}
        for days, since, until, offset in self._days.stretches(first, last):
            window = {"since_ms": since, "until_ms": until, "offset_ms": offset}
            number = (since + offset) // DAY_MS
            for day_number, name, audience, count in store.rows(queries.DAY_COUNTS, window):
                day = days[min(day_number - number, len(days) - 1)]
                if audience == VISITOR:
                    counts["events"][day] += count
                    counts[name][day] += count
                elif audience == BOT:
                    counts["bots"][day] += count
            for day_number, count in store.rows(queries.DAY_VISITORS, window):
                day = days[min(day_number - number, len(days) - 1)]
                visitors[day] = visitors.get(day, 0.0) + count
        return counts, visitors

    def _figure(self, values: Iterable[tuple[int, float]], shown: list[str], middle: int, same_time: int) -> Figure:
        """Amounts at moments as a number now, a number in as long a time before, and the days shown."""
        by_day: defaultdict[str, float] = defaultdict(float)
        now = before = 0.0
        for at_ms, amount in values:
            if at_ms >= middle:
                now += amount
                by_day[self._days.slot(at_ms)[0]] += amount
            elif at_ms < same_time:
                before += amount
        return Figure(now, before, [by_day[day] for day in shown])

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
