"""An alert as a message: a subject and a paragraph each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from opsplug.locales import Texts
from opsplug.services.measures.messages import Name, alarm_sentence, amount, note_text, series_name, span

TEXTS: Final = Texts("alerts")


def alert_text(
    alert: Mapping[str, Any], language: str, zone: ZoneInfo, currency: str = "", item_name: Name = str
) -> str:
    """What happened, and what happened shortly before."""
    words = TEXTS[language]
    severity = words["severity"][alert["severity"]]
    if alert["alarm"]:
        text = alarm_sentence(alert["alarm"], language, zone, currency, item_name)
        head = words["alert"].format(severity=severity, text=text)
        return "\n".join([head, *(note_text(note, language, zone) for note in alert["alarm"]["notes"])])
    text = words[alert["condition"]].format(
        name=series_name(alert["series"], language),
        value=amount(alert["value"], alert["unit"], language, currency),
        threshold=amount(alert["threshold"], alert["unit"], language, currency),
        when=span(alert, zone, language),
    )
    return str(words["alert"].format(severity=severity, text=text))


def subject(alerts: Sequence[Mapping[str, Any]], language: str) -> str:
    names = list(dict.fromkeys(series_name(alert["series"], language) for alert in alerts))
    more = TEXTS[language]["more"]
    return f"opsplug: {names[0] if len(names) == 1 else more.format(first=names[0], n=len(names) - 1)}"
