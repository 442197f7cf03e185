"""Visits unlike all others, by scikit-learn's isolation forest (Liu, Ting and Zhou, ICDM 2008), with reasons.

A forest ranks; it always has a first. So a visit is only reported when the forest isolates it early and a reason that a
person would accept stands behind it: pages at a program's pace, payments refused in a row, an order many times as
large as any usual one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opsplug.features.session_table import NAMES, SessionTable

LEAST: Final = 100  # visits from which on "usual" means something
ISOLATED: Final = 0.6  # the paper's score: 0.5 is everybody's, 1 is isolated at once
TREES: Final = 100
SCRAPED, PACE, STEADY = 40, 6.0, 0.6  # pages, pages a minute, steadiness
CARDS: Final = 5  # refused payments
LARGE: Final = 8.0  # times the 99th percentile of orders


@dataclass(frozen=True, slots=True)
class AnomalousSession:
    """`kind`: scraper, card_testing or odd_order; `reason` and `facts` say why, for a sentence in any language."""

    session: str
    begin_ms: int
    kind: str
    score: float
    reason: str
    facts: dict[str, float]


def anomalous_sessions(table: SessionTable, seed: int = 0) -> list[AnomalousSession]:
    """The visits that are unlike the others and why, the strangest first; none of fewer than `LEAST`."""
    if len(table.sessions) < LEAST:
        return []
    scores = isolation(table.matrix, seed)
    orders = table.column("order_value")[table.column("orders") > 0]
    usual = float(np.quantile(orders, 0.99)) if len(orders) >= 30 else float("inf")
    found = []
    for place in np.flatnonzero(scores >= ISOLATED):
        reason = _reason(dict(zip(NAMES, table.matrix[place].tolist(), strict=True)), usual)
        if reason is not None:
            begin, score = int(table.begin[place]), float(scores[place])
            found.append(AnomalousSession(table.sessions[place], begin, reason[0], score, *reason[1:]))
    return sorted(found, key=lambda visit: (-visit.score, visit.session))


def isolation(matrix: NDArray[np.float64], seed: int = 0) -> NDArray[np.float64]:
    """The isolation score of each row, 0 to 1. Amounts go in as logarithms: a forest splits evenly over a range."""
    from sklearn.ensemble import IsolationForest

    scaled = np.log1p(np.maximum(np.nan_to_num(matrix, nan=0.0, posinf=1e9, neginf=0.0), 0.0))
    forest: Any = IsolationForest(n_estimators=TREES, random_state=seed, n_jobs=1)
    result: NDArray[np.float64] = -forest.fit(scaled).score_samples(scaled)
    return result


def _reason(row: dict[str, float], usual_order: float) -> tuple[str, str, dict[str, float]] | None:
    """(kind, reason, facts) where a person would accept the reason."""
    minutes = max(row["minutes"], 1.0)
    if row["payment_errors"] >= CARDS:
        return "card_testing", "card_testing", {"n": row["payment_errors"], "minutes": minutes}
    if row["pages"] >= SCRAPED and row["pages_per_minute"] >= PACE and row["orders"] == 0:
        steady = row["steadiness"] >= STEADY
        if steady or row["told_by_browser"] < 0.1:
            facts = {"n": row["pages"], "minutes": minutes, "gap": 60 / row["pages_per_minute"]}
            return "scraper", "scraper_steady" if steady else "scraper_silent", facts
    if row["orders"] and row["order_value"] >= LARGE * usual_order:
        facts = {
            "value": row["order_value"], "times": row["order_value"] / usual_order,
            "minutes": max(row["minutes_to_order"], 0.0),
        }  # fmt: skip
        return "odd_order", "odd_order", facts
    return None
