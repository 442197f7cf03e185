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
    return f"opsplug: {_names([alert['series'] for alert in alerts], language)}"


def recovery_text(incident: Mapping[str, Any], language: str, zone: ZoneInfo) -> tuple[str, str]:
    """(title, body) of the news that an incident is over."""
    names = _names([member["series"] for member in incident["members"].values()], language)
    when = span({"at": incident["began"], "end": incident["ended"], "every": "hour"}, zone, language)
    words = TEXTS[language]
    return f"opsplug: {words['recovered'].format(names=names)}", words["lasted"].format(names=names, when=when)


def _names(series: Sequence[str], language: str) -> str:
    names = list(dict.fromkeys(series_name(one, language) for one in series))
    return str(names[0] if len(names) == 1 else TEXTS[language]["more"].format(first=names[0], n=len(names) - 1))
