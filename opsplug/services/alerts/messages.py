"""An alert as a message: a subject and a paragraph each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from opsplug.services.measures.messages import Name, alarm_sentence, amount, note_text, series_name, span

SEVERITY: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {"info": "Note", "warning": "Warning", "critical": "Critical"},
    "zh": {"info": "提示", "warning": "警告", "critical": "严重"},
}
_TEXT: Final = {
    "en": {
        "above": "{name} was {value} ({when}), above {threshold}.",
        "below": "{name} was {value} ({when}), below {threshold}.",
        "more": "{first} and {n} more",
    },
    "zh": {
        "above": "{name}为 {value}（{when}），高于 {threshold}。",
        "below": "{name}为 {value}（{when}），低于 {threshold}。",
        "more": "{first}等 {n} 项",
    },
}


def alert_text(
    alert: Mapping[str, Any], language: str, zone: ZoneInfo, currency: str = "", item_name: Name = str
) -> str:
    """What happened, and what happened shortly before."""
    head = SEVERITY[language][alert["severity"]] + (": " if language == "en" else "：")
    if alert["alarm"]:
        text = alarm_sentence(alert["alarm"], language, zone, currency, item_name)
        return "\n".join([head + text, *(note_text(note, language, zone) for note in alert["alarm"]["notes"])])
    return head + _TEXT[language][alert["condition"]].format(
        name=series_name(alert["series"], language),
        value=amount(alert["value"], alert["unit"], currency),
        threshold=amount(alert["threshold"], alert["unit"], currency),
        when=span(alert, zone, language),
    )


def subject(alerts: Sequence[Mapping[str, Any]], language: str) -> str:
    names = list(dict.fromkeys(series_name(alert["series"], language) for alert in alerts))
    more = _TEXT[language]["more"]
    count = len(names) - 1 if language == "en" else len(names)
    return f"opsplug: {names[0] if len(names) == 1 else more.format(first=names[0], n=count)}"
