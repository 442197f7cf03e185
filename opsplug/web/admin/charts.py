"""Numbers -> the points of a line; the markup is in templates/stats/charts.html."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from opsplug.locales.formats import Formats

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 880, 220, 56, 24, 8
SPARK_WIDTH, SPARK_HEIGHT = 160, 32


def spark(values: Sequence[float]) -> dict[str, Any]:
    """A small line without axes."""
    most = max(values, default=0) or 1
    step = SPARK_WIDTH / max(len(values) - 1, 1)
    points = [(i * step, SPARK_HEIGHT - 1 - (SPARK_HEIGHT - 2) * value / most) for i, value in enumerate(values)]
    return {"path": _path(points), "width": SPARK_WIDTH, "height": SPARK_HEIGHT}


def lines(
    title: str, days: Sequence[date], series: Mapping[str, Sequence[float]], download: str, formats: Formats
) -> dict[str, Any]:
    """Lines over days with one axis from 0; `series` by the name that the legend shows, all as long as `days`."""
    top, ticks = scale(max((max(values, default=0) for values in series.values()), default=0))
    plot_height = HEIGHT - BOTTOM - TOP
    step = (WIDTH - LEFT) / max(len(days) - 1, 1)

    def x(index: int) -> float:
        return round(LEFT + index * step, 1)

    def y(value: float) -> float:
        return round(TOP + plot_height * (1 - value / top), 1)

    first = next(iter(series.values()), [])
    return {
        "title": title,
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "download": download,
        "ticks": [{"y": y(tick), "text": formats.number(tick)} for tick in ticks],
        "labels": _labels(days, x, formats),
        "series": [
            {"name": name, "path": _path([(x(i), y(value)) for i, value in enumerate(values)])}
            for name, values in series.items()
        ],
        "days": [
            {
                "x": round(x(i) - step / 2, 1),
                "width": round(step, 1),
                "middle": x(i),
                "y": y(first[i]),
                "text": f"{formats.day(day)}: "
                + ", ".join(f"{formats.number(values[i])} {name}" for name, values in series.items()),
            }
            for i, day in enumerate(days)
        ],
        "rows": [
            [formats.day(day), *(formats.number(values[i]) for values in series.values())] for i, day in enumerate(days)
        ][::-1],
    }


def _labels(days: Sequence[date], x: Any, formats: Formats) -> list[dict[str, Any]]:
    every = max(1, math.ceil(len(days) / 6))
    places = range(0, len(days), every)
    return [
        {
            "x": x(i),
            "text": formats.short_day(days[i]),
            "anchor": "start" if i == 0 else "middle" if i < len(days) - 1 else "end",
        }
        for i in places
    ]


def scale(most: float, *, whole: bool = True) -> tuple[float, list[float]]:
    """A round top of the axis and five ticks from 0 to it; `whole`: ticks of counts are never fractions."""
    if (whole and most <= 4) or most <= 0:
        return 4.0, [0.0, 1.0, 2.0, 3.0, 4.0]
    magnitude = 10 ** math.floor(math.log10(most / 4))
    step = next((m * magnitude for m in (1, 2, 5) if most <= 4 * m * magnitude), 10 * magnitude)
    return 4 * step, [i * step for i in range(5)]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) if points else ""
