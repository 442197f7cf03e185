"""Detection on business series with planted faults at the shipped threshold, beside a windowed Gaussian; with the word
`budget`, F1 against the budget of alarms at each sampling step (anomaly_kinds)."""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from anomaly_faults import Labelled, corpus, judge
from anomaly_kinds import corpus as kinds

from opsplug.models.anomaly import StreamingDetector
from opsplug.models.series.alarm_budget import neg_log10_p


def windowed_gaussian(series: Labelled, width: int = 200) -> np.ndarray:
    window: deque[float] = deque(maxlen=width)
    out = []
    for value in series.values.tolist():
        z = 0.0
        if len(window) >= 20:
            mean = sum(window) / len(window)
            z = abs(value - mean) / math.sqrt(max(sum((v - mean) ** 2 for v in window) / len(window), 1e-12))
        window.append(value)
        out.append(z)
    return np.array(out)


def ours(series: Labelled) -> np.ndarray:
    detector = StreamingDetector()
    points = zip(series.times.tolist(), series.values.tolist(), strict=True)
    return np.array([detector.update(t, v).score for t, v in points])


def report(name: str, many: list[Labelled], scores: list[np.ndarray], threshold: float) -> float:
    hits = false = events = points = 0
    for series, score in zip(many, scores, strict=True):
        found, wrong = judge(series, score >= threshold)
        hits, false, events, points = hits + len(found), false + wrong, events + len(series.events), points + len(score)
    f1 = 2 * hits / max(events + hits + false, 1)
    if name:
        print(f"{name:34} F1 {f1:.3f}  found {hits}/{events}  false alarms a thousand {1000 * false / points:.2f}")
    return f1


# ------------------------------------------------------------------ F1 against the budget of alarms, by step and kind

GRID = tuple(float(one) for one in np.arange(2.0, 6.01, 0.2))  # decades of rarity that an alarm needs


@dataclass
class Count:
    """What one threshold finds in one series."""

    hits: int = 0
    false: int = 0
    events: int = 0
    points: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def f1(self) -> float:
        return 2 * self.hits / max(self.events + self.hits + self.false, 1)

    def __str__(self) -> str:
        false = 1000 * self.false / self.points
        return f"F1 {self.f1:.3f}  found {self.hits / self.events:.2f}  false a thousand {false:.2f}"


def counted(series: Labelled, alerts: np.ndarray) -> Count:
    found, wrong = judge(series, alerts)
    return Count(len(found), wrong, len(series.events), len(alerts))


def by_budget() -> None:
    """Each step: as shipped, the best threshold, and thresholds chosen on the other kinds for the kind left out."""
    table: dict[int, dict[str, list[Count]]] = {}
    shipped: dict[int, Count] = {}
    began, points = time.process_time(), 0
    for kind, step, series in kinds():
        score = np.minimum(ours(series), 0.999999)
        points += len(score)
        rarity = neg_log10_p(step) * score / (1 - score)
        shipped[step] = shipped.get(step, Count()) + counted(series, score >= StreamingDetector.threshold)
        row = table.setdefault(step, {}).setdefault(kind, [Count()] * len(GRID))
        table[step][kind] = [a + counted(series, rarity >= t) for a, t in zip(row, GRID, strict=True)]
    print(f"{1e6 * (time.process_time() - began) / points:.0f} us a point, judging included")
    for step, row in table.items():
        print(f"step {step} s, as shipped ({neg_log10_p(step):.2f} decades): {shipped[step]}")
        whole = [sum((counts[i] for counts in row.values()), Count()) for i in range(len(GRID))]
        for t, count in zip(GRID, whole, strict=True):
            if round(5 * t) % 2 == 0:
                print(f"  {t:.1f} decades, {30 * 86400 / step * 10**-t:7.2f} chance alarms a month: {count}")
        left_out = Count()
        for kind, counts in row.items():
            others = [sum((c[i] for k, c in row.items() if k != kind), Count()).f1 for i in range(len(GRID))]
            left_out += counts[int(np.argmax(others))]
        print(f"  each kind by the threshold of the others: {left_out}")


if __name__ == "__main__":
    if "budget" in sys.argv:
        by_budget()
        raise SystemExit
    for half in ("tune", "aside"):
        many = corpus(half)
        began = time.process_time()
        scores = [ours(series) for series in many]
        spent = 1e6 * (time.process_time() - began) / sum(len(s.values) for s in many)
        report(f"{half}: opsplug, as shipped", many, scores, StreamingDetector.threshold)
        plain = [windowed_gaussian(series) for series in many]
        best = max(np.arange(3, 15, 0.5), key=lambda t: report("", many, plain, float(t)))
        report(f"{half}: Gaussian, threshold by labels", many, plain, float(best))
        print(f"{spent:.0f} us a point\n")
