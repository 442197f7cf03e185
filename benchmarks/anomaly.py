"""Detection on business series with planted faults at the shipped threshold, beside a windowed Gaussian."""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from anomaly_faults import Labelled, corpus, judge

from opsplug.models.anomaly import StreamingDetector


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


if __name__ == "__main__":
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
