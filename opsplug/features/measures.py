"""The measures that a shop is watched by: what each is made of, when it is complete, and which way is bad."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from opsplug.features.daycells import DayCells, quantile

Every = Literal["hour", "day"]


@dataclass(frozen=True, slots=True)
class Measure:
    """`part` over `whole` where there is a `whole` (unknown where it is below `least`), else the sum of `part`;
    `share` asks for a quantile of durations instead. Of `bad`, an alarm says which way is bad news."""

    name: str
    part: str
    whole: str = ""
    least: float = 0.0
    share: float = 0.0
    bad: Literal["up", "down", "both"] = "down"
    lag: int = 0  # hours until an hour's number is complete: a visit counts for the hour in which it began
    event: bool = False  # whether a sale or holiday explains it
    dimensions: tuple[str, ...] = ()
    daily: str = ""  # the part to use for whole days, where it is not the sum over the hours
    unit: Literal["count", "money", "share", "ms", "score"] = "count"


_WHO: Final = ("device", "language", "referrer")
MEASURES: Final = (
    Measure("orders", "orders", dimensions=("product", *_WHO), event=True),
    Measure("revenue", "revenue", dimensions=("product", "category", *_WHO), event=True, unit="money"),
    Measure("page_views", "page_views", dimensions=("route", *_WHO), event=True),
    Measure("sessions", "sessions", dimensions=("entry", *_WHO), event=True),
    Measure("visitors", "visitors", daily="visitors_day", event=True),
    Measure("conversion", "converted", "sessions", 30, lag=2, dimensions=("entry", *_WHO), unit="share"),
    Measure("abandonment", "abandoned", "carts_ended", 20, bad="up", lag=2, dimensions=_WHO, unit="share"),
    Measure("zero_searches", "zero_searches", bad="up", dimensions=("term",)),
    Measure("js_errors", "js_errors", bad="up", dimensions=("route", "error", *_WHO)),
    Measure("errors", "errors", bad="up", dimensions=("route", *_WHO)),
    Measure("payment_errors", "payment_errors", bad="up", dimensions=("error", *_WHO)),
    Measure("refunds", "refunds", bad="up", dimensions=("product",), event=True),
    Measure("latency_p50", "latency", least=30, share=0.5, bad="up", dimensions=("route",), unit="ms"),
    Measure("latency_p95", "latency", least=30, share=0.95, bad="up", dimensions=("route",), unit="ms"),
    Measure("sentiment", "chat_sentiment", "chat_messages", 5, bad="down", unit="score"),
    Measure("click_through", "rec_clicked", "rec_shown", 50, dimensions=("placement", *_WHO), unit="share"),
    Measure("bots", "bots", bad="up", dimensions=("route",)),
)
BY_NAME: Final = {measure.name: measure for measure in MEASURES}
ROUTE_MEASURE: Final = "latency_p95"  # also watched for each much used route: `latency_p95 /checkout`


def measure_of(series: str) -> tuple[Measure, str]:
    """`latency_p95 /checkout` -> (the measure, the route); KeyError for a name that there is none of."""
    name, _, route = series.partition(" ")
    return BY_NAME[name], route


def hourly(measure: Measure, cells: DayCells, slots: int, route: str = "") -> list[float]:
    """The value of each hour of a day; NaN where too little happened to say anything."""
    if measure.share:
        spread = _durations(cells, route)
        return [_quantile(spread.get(slot, {}), measure) for slot in range(slots)]
    part = cells.total(measure.part)
    if not measure.whole:
        return part[:slots]
    whole = cells.total(measure.whole)
    return [_ratio(part[slot], whole[slot], measure.least) for slot in range(slots)]


def daily(measure: Measure, cells: DayCells, route: str = "") -> float:
    """The value of a whole day; NaN where too little happened."""
    if measure.share:
        spread: dict[str, float] = {}
        for hour in _durations(cells, route).values():
            for name, amount in hour.items():
                spread[name] = spread.get(name, 0.0) + amount
        return _quantile(spread, measure)
    part = sum(cells.total(measure.daily or measure.part))
    return _ratio(part, sum(cells.total(measure.whole)), measure.least) if measure.whole else part


def weight(measure: Measure, cells: DayCells, slot: int | None = None) -> float:
    """How many things a ratio stands on in an hour, or in the day."""
    whole = cells.total(measure.whole)
    return sum(whole) if slot is None else whole[slot]


def busiest_routes(days: Mapping[str, DayCells], most: int = 12, least: float = 500.0) -> list[str]:
    """The routes that answer most, of those that answered often enough to have an hourly 95th percentile."""
    count: dict[str, float] = {}
    for cells in days.values():
        for route, slots in cells.part("requests", "route").items():
            count[route] = count.get(route, 0.0) + sum(slots.values())
    known = [route for route, amount in count.items() if amount >= least and len(route) > 0]
    return sorted(known, key=lambda route: (-count[route], route))[:most]


def _durations(cells: DayCells, route: str) -> dict[int, dict[str, float]]:
    """Durations by slot and bucket, of one route or all."""
    found: dict[int, dict[str, float]] = {}
    routes = cells.parts.get("latency", {})
    for values in [routes.get(route, {})] if route else routes.values():
        for name, slots in values.items():
            for slot, amount in slots.items():
                hour = found.setdefault(slot, {})
                hour[name] = hour.get(name, 0.0) + amount
    return found


def _quantile(spread: Mapping[str, float], measure: Measure) -> float:
    return quantile(spread, measure.share) if sum(spread.values()) >= measure.least else math.nan


def _ratio(part: float, whole: float, least: float) -> float:
    return part / whole if whole >= max(least, 1e-9) else math.nan
