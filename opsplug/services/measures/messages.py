"""Measures, parts and amounts in words; and an alarm as a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from opsplug.locales import Texts, formats
from opsplug.units import HOUR

TEXTS: Final = Texts("measures")

Name = Callable[[str], str]


def series_name(series: str, language: str) -> str:
    """`latency_p95 /checkout` -> `Slow answers (95th percentile) of /checkout`."""
    measure, _, route = series.partition(" ")
    words = TEXTS[language]
    name = words["names"].get(measure, measure)
    return words["of_route"].format(name=name, route=route) if route else str(name)


def amount(value: float, unit: str, language: str, currency: str = "") -> str:
    """Rounded to what is known."""
    if unit == "share":
        return formats.percent(value, language, 1)
    if unit == "ms":
        seconds = value >= 1000
        return f"{formats.number(value / 1000, language, 1)} s" if seconds else f"{formats.number(value, language)} ms"
    if unit == "score":
        return formats.signed(value, language, 2)
    return formats.about(value, currency, language) if unit == "money" else formats.rounded(value, language)


def span(alarm: Mapping[str, Any], zone: ZoneInfo, language: str) -> str:
    """When it was, on the shop's clock."""
    begin, end = (datetime.fromtimestamp(alarm[key], zone) for key in ("at", "end"))
    if alarm["every"] == "day":
        return formats.day(begin.date(), language)
    short = begin.date() == end.date() or alarm["end"] - alarm["at"] <= HOUR
    last = formats.clock(end) if short else formats.moment(end, language)
    return str(TEXTS[language]["span"].format(begin=formats.moment(begin, language), end=last))


def alarm_sentence(
    alarm: Mapping[str, Any], language: str, zone: ZoneInfo, currency: str = "", item_name: Name = str
) -> str:
    """What happened, with the interval, and what explains most of it."""
    words = TEXTS[language]
    unit = alarm["unit"]
    numbers = {key: amount(alarm[key], unit, language, currency) for key in ("value", "expected", "lower", "upper")}
    within = "_long" if alarm["lower"] <= alarm["value"] <= alarm["upper"] else ""  # strange together with those before
    sentence = words["alarm"][("up" if alarm["up"] else "down") + within].format(
        name=series_name(alarm["series"], language), when=span(alarm, zone, language), **numbers
    )
    parts = cause_texts(alarm, language, item_name)
    if not parts:
        return str(sentence)
    return str(words["with_parts"].format(sentence=sentence, parts=words["between_parts"].join(parts)))


def cause_texts(alarm: Mapping[str, Any], language: str, item_name: Name = str) -> list[str]:
    """One text for each dimension that explains most of an alarm: `page /checkout (92 %)`."""
    texts, words = [], TEXTS[language]
    for group in alarm["causes"]:
        values = [
            words["value"].format(
                value=item_name(cause["value"]) if cause["dimension"] == "product" else cause["value"],
                share=formats.percent(cause["power"], language),
            )
            for cause in group
        ]
        name = words["dimensions"].get(group[0]["dimension"], group[0]["dimension"])
        texts.append(words["part"].format(name=name, values=words["between_values"].join(values)))
    return texts


def note_text(note: Mapping[str, Any], language: str, zone: ZoneInfo) -> str:
    """A deploy or another change in words."""
    kind, patterns = "prices" if note.get("many") else note["kind"], TEXTS[language]["notes"]
    pattern = patterns.get(kind, patterns["other"])
    time = formats.moment(datetime.fromtimestamp(note["at"], zone), language)
    return str(pattern.format(time=time, **{"old": "", "new": "", **note}))
