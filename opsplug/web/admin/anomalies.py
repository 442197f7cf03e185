"""Series with what was to be expected, and why a point was not."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from opsplug.features.measures import BY_NAME, Every, measure_of
from opsplug.locales import Texts, formats
from opsplug.services.insight.insight import Insight
from opsplug.services.measures.messages import (
    TEXTS,
    alarm_sentence,
    amount,
    cause_texts,
    note_text,
    series_name,
)
from opsplug.services.measures.reader import SeriesReader
from opsplug.training.series.detection import DETECTOR
from opsplug.units import DAY
from opsplug.web.admin import bands
from opsplug.web.admin.formatting import together
from opsplug.web.admin.page import Ask, ReadOnly
from opsplug.web.http import Response

DAYS = 90  # of the list
_SHOWN = {"hour": 14, "day": 90}  # days in the chart
_WARM = {"hour": 42, "day": 120}  # days before, from which the band is learned
_AFTER = {"hour": 2, "day": 14}  # days after an anomaly that its own chart shows


class AnomaliesPage(ReadOnly):
    name, group, role, words = "anomalies", "see", "viewer", Texts("stats_anomalies")

    def __init__(self, insight: Callable[[], Insight]) -> None:
        self._insight = insight

    def get(self, ask: Ask) -> Response:
        if ask.rest:
            return ask.missing()
        insight = self._insight()
        reader = insight.series_reader()
        key = ask.request.query.get("alarm", "")
        alarm = reader.alarm(key) if key else None
        if key and alarm is None:
            return ask.missing()
        series, every = self._wanted(ask, alarm)
        newest = min(insight.now, reader.newest() + DAY)
        until = min(alarm["at"] + _AFTER[every] * DAY, newest) if alarm else newest
        alarms = insight.anomalies(DAYS)
        chart = self._chart(ask, reader, series, every, until) if reader.newest() else None
        if ask.extension == "csv":
            head = [ask.words[name] for name in ("time", "value", "expected", "band")]
            return ask.csv([head, *(chart["rows"][::-1] if chart else [])])
        return ask.page(
            "anomalies.html",
            alarm=self._alarm(ask, insight, reader, alarm) if alarm else None,
            chart=chart,
            series=series,
            every=every,
            choices=self._choices(insight, ask.language),
            alarms=[self._line(ask, insight, reader, one) for one in alarms] if not alarm else [],
            days=DAYS,
            download=f"{ask.here}.csv?series={quote(series)}&every={every}",
        )

    @staticmethod
    def _wanted(ask: Ask, alarm: dict[str, Any] | None) -> tuple[str, Every]:
        series = alarm["series"] if alarm else ask.request.query.get("series", "orders")
        wanted = alarm["every"] if alarm else ask.request.query.get("every", "day")
        every: Literal["hour", "day"] = "hour" if wanted == "hour" else "day"
        try:
            measure_of(series)
        except KeyError:
            series = "orders"
        return series, every

    @staticmethod
    def _choices(insight: Insight, language: str) -> list[tuple[str, str]]:
        """The series that are watched, by name."""
        watched = {key.partition("/")[2] for key in insight.document_keys(DETECTOR)}
        order = list(BY_NAME)
        known = sorted(watched, key=lambda series: (" " in series, order.index(measure_of(series)[0].name), series))
        return [(series, series_name(series, language)) for series in known]

    def _chart(self, ask: Ask, reader: SeriesReader, series: str, every: Every, until: float) -> dict[str, Any]:
        measure, _ = measure_of(series)
        shown = _SHOWN[every]
        points = reader.points(series, every, shown + _WARM[every], until)
        zone = reader.clock.zone
        expected = bands.bands(points, zone, above_zero=measure.unit != "score")
        first = until - shown * DAY
        start = next((i for i, point in enumerate(points) if point.at >= first), len(points))
        marks = {
            alarm["at"]: f"{ask.here}?alarm={quote(alarm['key'], safe='')}"
            for alarm in reader.alarms(first, until)
            if alarm["series"] == series and alarm["every"] == every
        }
        title = ask.words[f"chart_{every}"].format(name=series_name(series, ask.language))
        currency = reader.currency()
        return bands.chart(
            title, points[start:], expected[start:], marks, every, zone,
            lambda value: amount(value, measure.unit, ask.language, currency),
            ask.formats,
        )  # fmt: skip

    @staticmethod
    def _line(ask: Ask, insight: Insight, reader: SeriesReader, alarm: dict[str, Any]) -> dict[str, Any]:
        return {
            "tone": alarm["tone"],
            "text": together(
                alarm_sentence(alarm, ask.language, reader.clock.zone, reader.currency(), insight.item_name)
            ),
            "link": f"{ask.here}?alarm={quote(alarm['key'], safe='')}",
        }

    def _alarm(self, ask: Ask, insight: Insight, reader: SeriesReader, alarm: dict[str, Any]) -> dict[str, Any]:
        """One anomaly with everything that is known of it."""
        unit = "count" if BY_NAME[alarm["measure"]].unit in ("ms", "share") else alarm["unit"]
        dimensions = TEXTS[ask.language]["dimensions"]
        rows = [
            [
                f"{dimensions.get(cause['dimension'], cause['dimension'])}: "
                + (insight.item_name(cause["value"]) if cause["dimension"] == "product" else cause["value"]),
                formats.percent(cause["power"], ask.language),
                amount(cause["actual"], unit, ask.language, reader.currency()),
                amount(cause["expected"], unit, ask.language, reader.currency()),
            ]
            for group in alarm["causes"]
            for cause in group
        ]
        return {
            **self._line(ask, insight, reader, alarm),
            "name": f"{series_name(alarm['series'], ask.language)}, "
            f"{formats.moment(datetime.fromtimestamp(alarm['at'], reader.clock.zone), ask.language)}",
            "rows": rows,
            "causes": cause_texts(alarm, ask.language, insight.item_name),
            "notes": [note_text(note, ask.language, reader.clock.zone) for note in alarm["notes"]],
        }
