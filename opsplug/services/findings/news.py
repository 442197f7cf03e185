"""Alarms and strange visits of the last days, as findings beside the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from opsplug.services.findings.evidence import Finding

MOST: Final = 5
_WEIGHT: Final = 25.0  # visits that an anomaly stands for, at the least


def anomalies(alarms: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """The strongest alarm of each day and measure; no good news, and none that was told by the hour already."""
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
            kind="anomaly", subject=alarm["key"], facts={"alarm": dict(alarm)}, hurt=_WEIGHT * alarm["score"] * 2,
            tone=alarm["tone"],
        )
        for alarm in strongest
    ]  # fmt: skip


def strange_visits(found: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Scrapers, card testing and odd orders, one finding a kind with the reasons of the strangest."""
    by_kind: dict[str, list[Mapping[str, Any]]] = {}
    for visit in found:
        by_kind.setdefault(visit["kind"], []).append(visit)
    return [
        Finding(
            kind=kind, subject="week", facts={"count": len(visits), "why": max(visits, key=_score)["why"]},
            hurt=10.0 * len(visits), tone="worse" if kind == "card_testing" else "watch",
        )
        for kind, visits in by_kind.items()
    ]  # fmt: skip


def _score(visit: Mapping[str, Any]) -> float:
    return float(visit["score"])
