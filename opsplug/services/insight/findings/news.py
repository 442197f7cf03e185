"""Alarms and strange visits of the last days, as findings beside the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from opsplug.services.insight.findings.evidence import Finding

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
            kind=kind, subject="week", facts={"count": len(visits), "why": max(visits, key=_score)["why"]},
            impact=10.0 * len(visits), tone="worse" if kind == "card_testing" else "watch",
        )
        for kind, visits in by_kind.items()
    ]  # fmt: skip


def unfair(report: Mapping[str, Any] | None) -> list[Finding]:
    """Groups that the daily look at fairness found past a threshold, the worst ones."""
    found = []
    for one in (report or {}).get("alerts", [])[:MOST]:
        why = {
            language: _UNFAIR[language][one["what"]].format(
                by=_UNFAIR[language].get(one["by"], one["by"]), group=one["group"] or "–", value=f"{one['value']:.2f}"
            )
            for language in _UNFAIR
        }
        found.append(Finding(kind="unfair", subject=f"{one['by']}/{one['group']}", facts={"why": why}, impact=_WEIGHT))
    return found


_UNFAIR: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "little": "{by} {group} is shown only {value} times as much as it is wanted",
        "much": "{by} {group} is shown {value} times as much as it is wanted",
        "poor": "Recommendations for {by} {group} are {value} times as good as for all",
        "seller": "Seller", "brand": "Brand", "category": "Category", "price": "Price band", "age": "Age in the shop",
        "history": "visitors", "language": "language", "device": "device",
    },
    "zh": {
        "little": "{by}“{group}”的展示仅为需求的 {value} 倍",
        "much": "{by}“{group}”的展示达到需求的 {value} 倍",
        "poor": "{by}“{group}”的推荐质量为整体的 {value} 倍",
        "seller": "商家", "brand": "品牌", "category": "类目", "price": "价格段", "age": "上架时间",
        "history": "顾客", "language": "语言", "device": "设备",
    },
}  # fmt: skip


def _score(visit: Mapping[str, Any]) -> float:
    return float(visit["score"])
