"""The last weeks and the forecast of the next ones, with the bands that hold 80 and 95 of 100 days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from opsplug.locales.formats import Formats
from opsplug.web.admin.charts import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, scale

PAST = 56  # days that are shown before the forecast


def chart(title: str, last: date, told: Mapping[str, Any], formats: Formats) -> dict[str, Any]:
    """`told` is one series of the document `insight/forecasts`, `last` its last day."""
    text = formats.rounded
    past = list(told["past"])[-PAST:]
    mean = list(told["mean"])
    days = [last - timedelta(days=back) for back in range(len(past) - 1, -1, -1)]
    days += [last + timedelta(days=n + 1) for n in range(len(mean))]
    usual = sorted([*past, *told["upper80"]])
    top, ticks = scale(max(max([*past, *mean, *told["upper80"]], default=0), usual[-1] if usual else 0))
    step, height = (WIDTH - LEFT) / max(len(days) - 1, 1), HEIGHT - BOTTOM - TOP
    floor = min([0.0, *past, *told["lower80"]])

    def x(place: int) -> float:
        return round(LEFT + place * step, 1)

    def y(value: float) -> float:
        inside = min(max(value, floor), top)
        return float(round(TOP + height * (1 - (inside - floor) / max(top - floor, 1e-9)), 1))

    start = len(past)

    def path(values: Sequence[float], first: int) -> str:
        return "M" + "L".join(f"{x(first + i)} {y(value)}" for i, value in enumerate(values)) if values else ""

    def band(level: int) -> str:
        upper = [f"{x(start + i)} {y(value)}" for i, value in enumerate(told[f"upper{level}"])]
        lower = [f"{x(start + i)} {y(value)}" for i, value in enumerate(told[f"lower{level}"])]
        return "M" + "L".join([*upper, *lower[::-1]]) + "Z" if upper else ""

    values = [*past, *mean]
    labels = range(0, len(days), 7)
    return {
        "title": title,
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "ticks": [{"y": y(tick), "text": text(tick)} for tick in ticks],
        "labels": [{"x": x(i), "text": formats.short_day(days[i])} for i in labels if x(i) < WIDTH - 20],
        "past": path(past, 0),
        "mean": path([*past[-1:], *mean], start - 1 if past else 0),
        "band80": band(80),
        "band95": band(95),
        "points": [
            {"x": round(x(i) - step / 2, 1), "width": round(step, 1), "text": f"{formats.day(day)}: {text(values[i])}"}
            for i, day in enumerate(days)
        ],
        "rows": _rows(days[start:], told, formats),
    }


def _rows(days: Sequence[date], told: Mapping[str, Any], formats: Formats) -> list[list[str]]:
    """The table behind the chart: day, expected, the bands."""
    text = formats.rounded
    bands = [list(zip(told[f"lower{level}"], told[f"upper{level}"], strict=True)) for level in (80, 95)]
    return [
        [formats.day(day), text(told["mean"][i]), *(f"{text(band[i][0])} – {text(band[i][1])}" for band in bands)]
        for i, day in enumerate(days)
    ]
