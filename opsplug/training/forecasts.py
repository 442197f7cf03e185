"""The daily forecasts: revenue, orders, traffic, categories, best sellers; what runs out; what rises and falls."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opsplug.features.calendar import Calendar
from opsplug.features.local_time import SlotClock, believable, shifted
from opsplug.features.shoplog import BUY, VIEW, ShopLog
from opsplug.features.visits import Visits
from opsplug.models.forecast import Forecast, forecast, runs_out
from opsplug.models.parallel import side_by_side
from opsplug.models.series.hierarchy import reconcile
from opsplug.models.series.trends import trends
from opsplug.store import queries
from opsplug.training.demand_hierarchy import LEFT_OVER, Series, demand_hierarchy
from opsplug.training.run.job import TrainingReport, Work
from opsplug.training.series.job import CALENDAR
from opsplug.training.shoplog import newest_event, read_shop_log, read_visits
from opsplug.units import DAY

Array = NDArray[np.float64]
KIND, FORECASTS, MARKET = "insight", "forecasts", "market"
HORIZON, PERIOD = 28, 7
SHOWN_DAYS: Final = 120
BEST_SELLERS, CATEGORIES, MOST_STOCKED = 20, 8, 1000
MIN_DAYS: Final = 21
TREND_DAYS: Final = 28


def run(work: Work) -> TrainingReport:
    """Write the documents `insight/forecasts` and `insight/market`."""
    began = time.perf_counter()
    log = read_shop_log(work.store, until=work.now)
    now = newest_event(work.store, work.now)
    zone = str(work.options.get("timezone") or "UTC")
    records = {record["item_id"]: record for record in work.store.items()}
    seen, pages = page_views(work)
    days = Days(zone, min([now, *log.times[:1], *seen[:1]]), now)
    entries = (value for _, value in work.store.documents(CALENDAR))
    calendar = Calendar(entries, str(work.options.get("country") or ""))
    found = forecasts(log, records, days, days.series(days.of(seen), pages), calendar)
    at_ms = round(work.clock() * 1000)
    work.store.put_document(KIND, FORECASTS, {"at": work.clock(), **found}, at_ms)
    market_ = market(log, read_visits(work.store, now=now, days=2 * TREND_DAYS), records, now)
    work.store.put_document(KIND, MARKET, {"at": work.clock(), **market_}, at_ms)
    better = [one["error"] for one in found["series"] if one["error"] is not None]
    metrics = {
        "series": float(len(found["series"])),
        "error_to_seasonal_naive": float(np.mean(better)) if better else 0.0,
    }
    reason = (
        f"{len(found['series'])} series, {len(found['stock'])} items run out" if found["series"] else found["reason"]
    )
    seconds = time.perf_counter() - began
    return TrainingReport(FORECASTS, metrics, {"seasonal_naive": 1.0}, bool(found["series"]), seconds, reason=reason)


class Days:
    """The whole days of a shop's log on its own clock; today, which is not over, is left out."""

    def __init__(self, timezone: str, first: float, now: float) -> None:
        self._clock = SlotClock(timezone)
        start = self._day(first)
        today = self._day(now)
        self.names = self._clock.days(start, shifted(today, -1)) if start < today else []
        self.place = {name: n for n, name in enumerate(self.names)}

    def _day(self, at: float) -> str:
        at_ms = round(at * 1000)
        return self._clock.slot(at_ms if believable(at_ms) else 946_684_800_000)[0]

    def coming(self, count: int) -> list[str]:
        """The names of the days after the last whole one."""
        return [shifted(self.names[-1], n) for n in range(1, count + 1)] if self.names else []

    def of(self, times: Array) -> NDArray[np.intp]:
        """The number of the day of each moment, -1 outside."""
        quarters, inverse = np.unique(np.floor(times / 900).astype(np.int64), return_inverse=True)
        table = np.array([self.place.get(self._day(quarter * 900.0), -1) for quarter in quarters.tolist()], np.intp)
        return table[inverse] if len(table) else np.empty(0, np.intp)

    def series(self, day: NDArray[np.intp], weights: Array | None = None) -> Array:
        inside = day >= 0
        return np.bincount(day[inside], None if weights is None else weights[inside], len(self.names)).astype(float)


def page_views(work: Work) -> tuple[Array, Array]:
    """(epoch seconds, count) of quarters of an hour, the smallest step in which time zones differ."""
    rows = work.store.rows(queries.QUARTER_PAGES, {}, timeout=60.0)
    quarter, count = np.array(rows, float).T if rows else np.empty((2, 0))
    good = np.array([believable(int(one) * 900_000) for one in quarter], bool)
    return quarter[good] * 900, count[good]


def forecasts(
    log: ShopLog, records: Mapping[str, Mapping[str, Any]], days: Days, pages: Array, calendar: Calendar | None = None
) -> dict[str, Any]:
    """All series with their forecasts, and what runs out."""
    report: dict[str, Any] = {"days": days.names[-SHOWN_DAYS:], "series": [], "stock": [], "reason": ""}
    if len(days.names) < MIN_DAYS:
        report["reason"] = "too few days"
        report["have_days"], report["need_days"] = len(days.names), MIN_DAYS
        return report
    bought = log.of_kind(BUY)
    day = days.of(bought.times)
    known = np.array((calendar or Calendar()).known([*days.names, *days.coming(HORIZON)]))
    first = np.unique(bought.orders, return_index=True)[1]
    wanted: list[Series] = [
        ("revenue", log.currency, "", days.series(day, bought.values)),
        ("orders", "", "", days.series(day[first])),
        ("traffic", "", "", pages),
    ]
    by_item = _by_item(bought, day, days, [record for record in records if "stock" in records[record]])
    category = np.array([_category(records.get(item, {})) for item in log.item_ids] or [""], object)[bought.items]
    units = days.series(day, bought.quantities)
    shown = [name for name, _ in Counter(name for name in category.tolist() if name).most_common(CATEGORIES)]
    by_category = {name: days.series(day[category == name], bought.quantities[category == name]) for name in shown}
    best = {item: by_item[item] for item in list(by_item)[:BEST_SELLERS]}
    tree, parents = demand_hierarchy(
        units, by_category, best, {item: _category(records.get(item, {})) for item in best}
    )
    wanted = [one for one in [*wanted, *tree] if one[3].any()]
    predicted = dict(
        zip(
            [one[:2] for one in wanted],
            side_by_side(partial(_predicted, one[3], known) for one in wanted),
            strict=True,
        )
    )
    of_units = {key: one for key, one in predicted.items() if key in parents or key in parents.values()}
    predicted |= reconcile(of_units, {key: parent for key, parent in parents.items() if key in of_units})
    names = {item: str(records.get(item, {}).get("item_name") or item) for item in best}
    report["series"] = [
        _series_report(kind, key, names.get(key, name) if kind == "item" else name, values, predicted[kind, key])
        for kind, key, name, values in wanted
        if kind not in LEFT_OVER
    ]
    report["stock"] = _stock(by_item, records, days, known)
    return report


def _predicted(values: Array, known: Array) -> Forecast:
    values = values[np.argmax(values > 0) :]  # before its first day a thing was not there
    return forecast(values, PERIOD, HORIZON, known=known[-len(values) - HORIZON :])


def _category(record: Mapping[str, Any]) -> str:
    return str(record.get("item_category") or "")


def _by_item(bought: ShopLog, day: NDArray[np.intp], days: Days, stocked: list[str]) -> dict[str, Array]:
    """Units by day of the best sellers and of what has a stock, the best selling first."""
    total = np.bincount(bought.items, bought.quantities, len(bought.item_ids))
    order = np.argsort(-total, kind="stable")
    known = {item: code for code, item in enumerate(bought.item_ids)}
    asked = [
        *order[:BEST_SELLERS].tolist(),
        *sorted((known[item] for item in stocked if item in known), key=lambda code: -total[code]),
    ]
    rows = np.argsort(bought.items, kind="stable")
    limits = np.searchsorted(bought.items[rows], np.arange(len(total) + 1))
    found: dict[str, Array] = {}
    for code in dict.fromkeys(asked[: BEST_SELLERS + MOST_STOCKED]):
        own = rows[limits[code] : limits[code + 1]]
        found[bought.item_ids[code]] = days.series(day[own], bought.quantities[own])
    return found


def _series_report(kind: str, key: str, name: str, values: Array, result: Forecast) -> dict[str, Any]:
    values = values[np.argmax(values > 0) :]
    return {
        "kind": kind, "key": key, "name": name, "past": _short(values[-SHOWN_DAYS:]), "mean": _short(result.mean),
        **{f"{side}{level}": _short(bounds) for side, all_ in (("lower", result.lower), ("upper", result.upper))
           for level, bounds in all_.items()},
        "model": result.model, "reason": result.reason,
        "error": None if result.error is None else round(result.error, 3),
    }  # fmt: skip


def _short(values: Array) -> list[float]:
    return [float(f"{value:.4g}") for value in values]


def _stock(
    by_item: Mapping[str, Array], records: Mapping[str, Mapping[str, Any]], days: Days, known: Array
) -> list[dict[str, Any]]:
    """Items whose stock may run out within the horizon, the soonest first; dates with an 80 % interval."""
    found = []
    for item, values in by_item.items():
        stock = records.get(item, {}).get("stock")
        if stock is None or not values[-60:].sum() >= 8:
            continue
        sold = values[np.argmax(values > 0) :]
        coming = known[-len(sold) - HORIZON :]
        early, middle, late = runs_out(sold, PERIOD, HORIZON, float(stock), known=coming)
        if early is None:
            continue
        last = days.names[-1]
        found.append({
            "item_id": item, "name": str(records[item].get("item_name") or item), "stock": float(stock),
            "a_day": float(f"{values[-28:].mean():.3g}"), "early": shifted(last, early),
            "date": middle and shifted(last, middle), "late": late and shifted(last, late),
        })  # fmt: skip
    return sorted(found, key=lambda row: (row["date"] or "9", row["early"]))


def market(log: ShopLog, visits: Visits, records: Mapping[str, Mapping[str, Any]], now: float) -> dict[str, Any]:
    """Rising and falling items, categories and search terms of the last four weeks against the four before."""
    middle, start = now - TREND_DAYS * DAY, now - 2 * TREND_DAYS * DAY
    names = {item: str(records.get(item, {}).get("item_name") or item) for item in log.item_ids}
    report: dict[str, Any] = {"days": TREND_DAYS, "until": now}
    for what, kind in (("bought", BUY), ("viewed", VIEW)):
        before, after = (_buyers(log.between(*span).of_kind(kind)) for span in ((start, middle), (middle, now + 1)))
        report[f"items_{what}"] = [{**asdict(trend), "name": names[trend.key]} for trend in trends(before, after)]
        grouped = [_grouped(counts, records) for counts in (before, after)]
        report[f"categories_{what}"] = [{**asdict(trend), "name": trend.key} for trend in trends(*grouped)]
        report[f"counts_{what}"] = [sum(before.values()), sum(after.values())]
    terms = [
        Counter(term for at, term, _ in visits.searches if low <= at < high)
        for low, high in ((start, middle), (middle, now + 1))
    ]
    report["searches"] = [{**asdict(trend), "name": trend.key} for trend in trends(*terms)]
    report["counts_searches"] = [sum(counts.values()) for counts in terms]
    return report


def _buyers(log: ShopLog) -> dict[str, float]:
    """By item, in how many orders (else by how many visitors) it was: a bulk buyer counts once."""
    group = np.where(log.orders >= 0, log.orders.astype(np.int64), -2 - log.visitors.astype(np.int64))
    pairs = np.unique(np.column_stack([group, log.items]), axis=0) if len(log) else np.empty((0, 2), np.int64)
    counts = np.bincount(pairs[:, 1], minlength=len(log.item_ids))
    return {log.item_ids[code]: float(counts[code]) for code in np.flatnonzero(counts)}


def _grouped(counts: Mapping[str, float], records: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    found: Counter[str] = Counter()
    for item, count in counts.items():
        if category := _category(records.get(item, {})):
            found[category] += int(count)
    return dict(found)
