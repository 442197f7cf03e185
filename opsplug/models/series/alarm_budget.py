"""How rare a point must be for an alarm: a budget in alarms a month, not in points, so the sampling step decides."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from math import log10

from opsplug.units import DAY, HOUR, MINUTE

# (step in seconds, -log10 of the p-value that an alarm needs). In alarms that chance alone gives a series and month:
# 1.7 by the minute, 4.9 by five minutes, 0.8 by the hour, 0.1 by the day. Chosen for event F1 on generated and real
# series with planted faults (benchmarks/anomaly_kinds.py), each kind left out in turn; finer steps are rougher than
# their tails say.
NEG_LOG10_P = ((MINUTE, 4.4), (5 * MINUTE, 3.25), (HOUR, 2.95), (DAY, 2.5))


@lru_cache(maxsize=256)
def neg_log10_p(step: float) -> float:
    """-log10 of the probability, under the series' own tail, that a point must have; `step` in seconds."""
    first, last = NEG_LOG10_P[0], NEG_LOG10_P[-1]
    if step <= first[0]:
        return first[1] + log10(first[0] / max(step, 1e-3))  # the same number a month, of so many more points
    for (short, high), (long, low) in pairwise(NEG_LOG10_P):
        if step <= long:
            return high + (low - high) * log10(step / short) / log10(long / short)
    return last[1]
