"""Streaming anomaly detection on one series, in constant memory: what is rare for this series, hour and level.

Three questions are asked of each point, each answered in decades of rarity by a tail learned from the series itself:
is the point far from what every competent predictor expects; are the last points together; was the series never here
before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import exp, isfinite, log, log10, sqrt
from typing import Any

from opsplug.models.series.peaks_over_threshold import Tail
from opsplug.models.series.scale import Scale
from opsplug.models.series.season import Bins, Expectation
from opsplug.units import DAY

WARM = 30  # points learned before the first alarm
DECADES = 3.35  # an alarm needs a surprise of this many decades
HOLD = 48.0  # points in which an alarm's claim on attention falls to a third
LARGEST = 1e150  # beyond this a number is a fault of the sender, and its square no number
WINDOWS = (0.2, 0.05)  # rates of the moving means that see sustained shifts


@dataclass(frozen=True, slots=True)
class AnomalyScore:
    """The verdict on one point of a series.

    Attributes
    ----------
    score : float
        0 to 1.
    expected, lower, upper : float
        What was expected, in the series' unit.
    is_anomaly : bool
        Whether `score` is at least 0.5.
    reason : str
        Why a point was refused, or what is unusual about it.
    """

    score: float
    expected: float
    lower: float
    upper: float
    is_anomaly: bool
    reason: str = ""


class StreamingDetector:
    """Detect anomalies in one series, point by point, in constant memory.

    It learns season, level and the size of the series' own surprises, and is silent for the first 30 points. `to_dict`
    and
    `from_dict` carry it over a restart.

    Notes
    -----
    Three questions are asked of each point, each answered in decades of rarity by a tail learned from the series: is it
    far
    from what every competent predictor expects; are the last points together; was the series never here before.

    References
    ----------
    .. [1] Siffer et al., "Anomaly detection in streams with extreme value theory", KDD 2017.
    """

    threshold = 0.5

    def __init__(self) -> None:
        self.seen = 0
        self.last: float | None = None
        self.strange: float | None = None  # a timestamp far from the rest, believed only when others follow it
        self.followers = 0
        self.expectation, self.scale = Expectation(), Scale()
        self.tails = [Tail() for _ in range(5)]  # point, two windows, high and low values
        self.window, self.power = [0.0, 0.0], [0.0, 0.0]
        self.low = self.high = self.middle = self.spread = 0.0
        self.held = 0.0
        self.lasting = 0

    def update(self, timestamp: datetime | float, value: float, special: bool = False) -> AnomalyScore:
        """Score one point and learn from it. Bad input scores 0 and says why; nothing raises.

        Parameters
        ----------
        timestamp : datetime or float
            An aware datetime, whose own clock the season follows (so a change to summer time is no surprise), or epoch
            seconds.
        value : float
            In the series' unit.
        special : bool
            A holiday or sale that is known: no alarm, nothing learned.

        Returns
        -------
        AnomalyScore
        """
        try:
            number = float(value)
            if isinstance(timestamp, datetime):
                shift = timestamp.utcoffset()
                moment = timestamp.timestamp()
                clock = moment + (shift.total_seconds() if shift is not None else 0.0)
            else:
                moment = clock = float(timestamp)
        except (TypeError, ValueError, OverflowError, OSError):
            return self._refuse("not a number or not a time")
        if not isfinite(number) or not isfinite(moment) or abs(number) > LARGEST:
            return self._refuse("not a finite number")
        reason = self._clock(moment)
        if reason:
            return self._refuse(reason)
        return self._score(moment, clock, number, special)

    def _refuse(self, reason: str) -> AnomalyScore:
        expected = self.expectation.value(self.expectation.best)
        return AnomalyScore(0.0, expected, expected, expected, False, reason)

    def _clock(self, moment: float) -> str:
        """Why this timestamp is not believed, or an empty string. A dozen in a row that agree are believed."""
        if self.last is None:
            return ""
        step = self.expectation.step or DAY
        ahead = moment - self.last
        if 0 < ahead <= max(400 * DAY, 1000 * step):
            self.followers = 0
            return ""
        if self.strange is not None and 0 < moment - self.strange <= 3 * step:
            self.followers += 1
        elif ahead != 0:
            self.followers = 0
        self.strange = moment
        if self.followers >= 12:
            self.followers, self.last = 0, moment - step
            return ""
        if ahead == 0:
            return "duplicate time"
        return "time before the last point" if ahead < 0 else "time far in the future"

    def _score(self, moment: float, clock: float, value: float, special: bool) -> AnomalyScore:
        model, scale, seen = self.expectation, self.scale, self.seen
        gap = 1.0
        if self.last is not None:
            model.gap(moment - self.last)
            gap = (moment - self.last) / model.step if model.step else 1.0
        self.last = moment
        if seen == 0 and not special:
            return self._first(value)
        model.predict(clock)
        expected = model.value(model.best)
        sigma = scale.sigma(expected)
        near = model.nearest(value)
        deviation = scale.deviation(value, near, expected, sigma) if value >= 0 else abs(near) / sigma
        band = 3 * sigma
        lower = max(expected - band, 0.0) if scale.positive else expected - band
        if special:
            return AnomalyScore(0.0, expected, lower, expected + band, False, "special day")
        self.seen += 1
        scale.note(value)
        residual = value - expected
        surprise = self._surprise(value, deviation, (value - model.slowest()) / sigma, seen)
        fresh = max(surprise - self.held, 0.0)
        self.held *= exp(-min(gap, 1000.0) / HOLD)
        if surprise > DECADES:
            self.held = max(self.held, surprise)
        self.lasting = self.lasting + 1 if abs(residual) > 3 * sigma else 0
        scale.learn(value, residual, expected, seen)
        model.learn(value, seen, sigma, self.lasting >= 6 or seen < 20)
        self.low, self.high = min(self.low, value), max(self.high, value)
        score = fresh / (fresh + DECADES)
        alarm = score >= self.threshold
        return AnomalyScore(score, expected, lower, expected + band, alarm, "" if seen >= WARM else "still learning")

    def _first(self, value: float) -> AnomalyScore:
        self.seen = 1
        self.expectation.start(value)
        self.scale.note(value)
        self.scale.level = abs(value)
        self.low = self.high = self.middle = value
        return AnomalyScore(0.0, value, value, value, False, "first point")

    def _surprise(self, value: float, deviation: float, shift: float, seen: int) -> float:
        """The largest of the three answers in decades, less while the series is young."""
        if seen < WARM:
            self.middle += (value - self.middle) / (seen + 1)
            self.spread += (abs(value - self.middle) - self.spread) / (seen + 1)
            return 0.0
        surprise = self.tails[0].learn(deviation)
        shift = max(-8.0, min(8.0, shift))
        rate = max(1 / (seen - WARM + 1), 0.003)
        for i, speed in enumerate(WINDOWS):
            mean = self.window[i] = self.window[i] + speed * (shift - self.window[i])
            if seen >= WARM + 20:
                joint = self.tails[1 + i].learn(abs(mean) / (sqrt(self.power[i]) + 0.1 / (i + 1)))
                if shift * mean >= 0 and deviation >= 0.3:
                    surprise = max(surprise, joint)
            square = mean * mean if seen <= WARM + 50 else min(mean * mean, 9 * self.power[i])
            self.power[i] += rate * (square - self.power[i])
        record = self._record(value, seen)
        if deviation >= 0.3:
            surprise = max(surprise, record)
        return surprise * seen / (seen + WARM)

    def _record(self, value: float, seen: int) -> float:
        """Surprise of a value outside all earlier ones: a record among n has 1/n, one far beyond the last is rarer."""
        distance = value - self.middle
        spread = self.spread + 1e-3 * self.scale.level + 1e-9
        surprise = 0.0
        if seen > WARM + 30:
            tail = self.tails[3 if distance > 0 else 4]
            tail.learn(abs(distance) / spread)
            edge = self.high - self.middle if distance > 0 else self.middle - self.low
            if abs(distance) > edge > 0:
                ratio = log((abs(distance) + spread) / (edge + spread))
                surprise = log10(seen + 50) + min(0.4343 * ratio / tail.excess(), 12.0)
        rate = max(1 / (seen + 1), 0.002)
        self.middle += rate * max(-3 * spread, min(3 * spread, distance))
        self.spread += rate * (min(abs(distance), 5 * spread) - self.spread)
        return surprise

    def to_dict(self) -> dict[str, Any]:
        """The whole state in plain numbers, lists and dicts (JSON, msgpack)."""
        state = dict(vars(self))
        state["expectation"] = {
            **vars(self.expectation),
            "bins": [None if b is None else dict(vars(b)) for b in self.expectation.bins],
        }
        state["scale"] = dict(vars(self.scale))
        state["tails"] = [dict(vars(tail)) for tail in self.tails]
        copied: dict[str, Any] = _copy(state)
        return copied

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> StreamingDetector:
        """The detector as it was when `to_dict` was called."""
        state = _copy(state)
        detector = cls()
        expectation, scale, tails = state.pop("expectation"), state.pop("scale"), state.pop("tails")
        bins = expectation.pop("bins")
        vars(detector).update(state)
        vars(detector.expectation).update(expectation)
        vars(detector.scale).update(scale)
        for i, kept in enumerate(bins):
            if kept is not None:
                detector.expectation.bins[i] = Bins(1.0, 0)
                vars(detector.expectation.bins[i]).update(kept)
        for tail, kept in zip(detector.tails, tails, strict=True):
            vars(tail).update(kept)
        return detector


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
