"""Alarms and anomalous visits of the last days, as findings beside the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from opsplug.services.insight.findings.evidence import Finding

MOST: Final = 5
_WEIGHT: Final = 25.0  # visits that an anomaly stands for, at the least


def anomalies(alarms: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """The strongest alarm of each day and measure; no good news, and none that was reported by the hour already."""
    best: dict[tuple[str, str], Mapping[str, Any]] = {}
    for alarm in alarms:
        if alarm["tone"] == "better" or alarm.get("told"):
            continue
        place = (alarm["day"], alarm["measure"])
        if place not in best or alarm["score"] > best[place]["score"]:
            best[place] = alarm
    strongest = sorted(best.values(), key=lambda alarm: (-alarm["score"], -alarm["at"]))[:MOST]
    return [
        Finding(
            kind="anomaly", subject=alarm["key"], facts={"alarm": dict(alarm)}, impact=_WEIGHT * alarm["score"] * 2,
            tone=alarm["tone"],
        )
        for alarm in strongest
    ]  # fmt: skip


def anomalous_sessions(found: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Scrapers, card testing and odd orders, one finding a kind with the reasons of the strangest."""
    by_kind: dict[str, list[Mapping[str, Any]]] = {}
    for visit in found:
        by_kind.setdefault(visit["kind"], []).append(visit)
    return [
        Finding(
            kind=kind, subject="week", facts={"count": len(visits), "why": _why(max(visits, key=_score))},
            impact=10.0 * len(visits), tone="worse" if kind == "card_testing" else "watch",
        )
        for kind, visits in by_kind.items()
    ]  # fmt: skip


def unfair(report: Mapping[str, Any] | None) -> list[Finding]:
    """Groups that the daily look at fairness found past a threshold, the worst ones."""
    found = []
    for one in (report or {}).get("alerts", [])[:MOST]:
        why = {name: one[name] for name in ("what", "by", "group", "value")}
        found.append(Finding(kind="unfair", subject=f"{one['by']}/{one['group']}", facts={"why": why}, impact=_WEIGHT))
    return found


def _why(visit: Mapping[str, Any]) -> Mapping[str, Any]:
    """Facts, which are put into words when somebody reads them; a version before wrote the words of two languages."""
    return {"reason": visit["reason"], "facts": visit["facts"]} if "reason" in visit else visit["why"]


def _score(visit: Mapping[str, Any]) -> float:
    return float(visit["score"])
