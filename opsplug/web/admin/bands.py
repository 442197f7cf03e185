"""A line with the band that was to be expected, and its anomalies marked; markup in templates/stats/anomalies.html."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from opsplug.locales.formats import Formats
from opsplug.models.anomaly import StreamingDetector
from opsplug.services.measures.reader import Point
from opsplug.web.admin.charts import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, scale

Band = tuple[float, float, float]  # expected, lower, upper


def bands(points: Sequence[Point], zone: ZoneInfo, *, above_zero: bool = True) -> list[Band]:
    """What a detector that saw the points before each one expected of it."""
    detector = StreamingDetector()
    floor = 0.0 if above_zero else -math.inf
    found = []
    for point in points:
        result = detector.update(datetime.fromtimestamp(point.at, zone), point.value)
        found.append((max(result.expected, floor), max(result.lower, floor), max(result.upper, floor)))
    return found


def chart(
    title: str,
    points: Sequence[Point],
    expected: Sequence[Band],
    marks: dict[float, str],
    every: str,
    zone: ZoneInfo,
    text: Callable[[float], str],
    formats: Formats,
) -> dict[str, Any]:
    """`marks` are links by the beginning of the strange slots; `text` writes a value with its unit."""
    known = [point.value for point in points if math.isfinite(point.value)]
    top, ticks = scale(max([*known, *(_within(band[2], known) for band in expected), 0.0]), whole=False)
    low = min([0.0, *known])
    ticks = ticks if low == 0 else [low, *ticks]
    step = (WIDTH - LEFT) / max(len(points) - 1, 1)
    height = HEIGHT - BOTTOM - TOP

    def x(place: int) -> float:
        return round(LEFT + place * step, 1)

    def y(value: float) -> float:
        return round(TOP + height * (1 - (min(max(value, low), top) - low) / (top - low)), 1)

    upper = [f"{x(i)} {y(band[2])}" for i, band in enumerate(expected)]
    lower = [f"{x(i)} {y(band[1])}" for i, band in enumerate(expected)][::-1]
    moments = [datetime.fromtimestamp(point.at, zone) for point in points]
    days = [i for i, moment in enumerate(moments) if every == "day" or moment.hour == 0]
    labelled = days[:: max(1, math.ceil(len(days) / 6))] or list(range(len(points)))[::4]
    hourly = every == "hour"
    rows = [
        [formats.moment(moment) if hourly else formats.day(moment.date()), _known(point.value, text), text(band[0]),
         f"{text(band[1])} – {text(band[2])}"]
        for moment, point, band in zip(moments, points, expected, strict=True)
    ]  # fmt: skip
    return {
        "title": title, "width": WIDTH, "height": HEIGHT, "left": LEFT,
        "ticks": [{"y": y(tick), "text": text(tick)} for tick in ticks],
        "labels": [{"x": x(i), "text": formats.short_day(moments[i].date())} for i in labelled],
        "band": f"M{'L'.join([*upper, *lower])}Z" if upper else "",
        "line": _line([(x(i), y(p.value)) if math.isfinite(p.value) else None for i, p in enumerate(points)]),
        "marks": [
            {"x": x(i), "y": y(point.value), "link": marks[point.at], "text": f"{rows[i][0]}: {rows[i][1]}"}
            for i, point in enumerate(points)
            if point.at in marks and math.isfinite(point.value)
        ],
        "points": [
            {"x": round(x(i) - step / 2, 1), "width": round(step, 2), "text": f"{row[0]}: {row[1]} ({row[3]})"}
            for i, row in enumerate(rows)
        ],
        "rows": rows[::-1],
    }  # fmt: skip


def _within(upper: float, known: Sequence[float]) -> float:
    """A band that is far above everything measured does not decide the scale."""
    return min(upper, 1.5 * max(known, default=0.0))


def _known(value: float, text: Callable[[float], str]) -> str:
    return text(value) if math.isfinite(value) else "–"


def _line(places: Sequence[tuple[float, float] | None]) -> str:
    """A path with a gap where nothing is known."""
    path, down = "", False
    for place in places:
        if place is not None:
            path += f"{'L' if down else 'M'}{place[0]} {place[1]}"
        down = place is not None
    return path
