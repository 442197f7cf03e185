"""Streaming anomaly detection on one series, in constant memory: what is rare for this series, hour and level.

Four questions are asked of each point, each answered as -log10 of a p-value by what the series itself has been:
is the point far from what every competent predictor expects; are the last points together; was the series never here
before; has it been constant for longer than ever. An alarm must be as rare as its budget in time says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import exp, isfinite, log, log10, sqrt
from typing import Any

from opsplug.models.series.alarm_budget import neg_log10_p
from opsplug.models.series.counters import Counter
from opsplug.models.series.peaks_over_threshold import Tail
from opsplug.models.series.scale import Scale
from opsplug.models.series.season import Bins, Expectation
from opsplug.units import DAY

WARM = 30  # points learned before the first alarm
LATE = 7 * DAY  # points older than the last by less are late, not of a clock set back, however many they are
HOLD = 8.0  # points in which an alarm's claim on attention falls to a third (4 to 16 gave the same F1 within 0.02)
LARGEST = 1e150  # beyond this a number is a fault of the sender, and its square no number
WINDOW = 0.2  # rate of the moving mean that sees sustained shifts; a slower one beside it found nothing more
FEW = 2  # things of a count that are no news by themselves, however rare: the chance of two is in every small shop
MIN_REPEATS = 0.02  # least share of repeated values: a series that never repeats has been seen for so long only

STORED_NAMES = {"outlier_time": "strange", "constant": "still"}  # attribute -> its key in stored states


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
        Whether `score` is at least 0.5: as rare as the alarm budget of the sampling step asks.
    reason : str
        Why a point was refused, or what kind of series this is.
    """

    score: float
    expected: float
    lower: float
    upper: float
    is_anomaly: bool
    reason: str = ""


class StreamingDetector:
    """Detect anomalies in one series, point by point, in constant memory.

    It learns sampling step, season, level and the size of the series' own surprises, and is silent for the first 30
    points. `to_dict` and `from_dict` carry it over a restart.

    Notes
    -----
    Four questions are asked of each point, each answered as -log10 of a p-value by what the series has been: is it far
    from what every competent predictor expects; are the last points together; was the series never here before; has it
    been constant for longer than ever. An alarm must be as rare as `alarm_budget.neg_log10_p` of the sampling step. The
    increments of counters are judged; a series that changes its step is learned anew; late points are left out.

    References
    ----------
    .. [1] Siffer et al., "Anomaly detection in streams with extreme value theory", KDD 2017.
    """

    threshold = 0.5

    def __init__(self) -> None:
        self.seen = 0
        self.last: float | None = None
        self.outlier_time: float | None = None  # a timestamp far from the rest, accepted only when others follow it
        self.followers = 0
        self.expectation, self.scale = Expectation(), Scale()
        self.tails = [Tail() for _ in range(4)]  # point, window, high and low values
        self.window = self.power = 0.0
        self.run = self.longest = 0  # points for which the present value has been held, and the longest such run before
        self.repeats = 0.0  # share of points equal to the one before
        self.changes = 0  # points that were not
        self.constant = False  # the value has been held for so long that it was reported
        self.newest: float | None = None  # the last value
        self.odd = 0.0  # a spacing unlike the step, and how often it came in a row
        self.odds = 0
        self.counter = Counter()
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
        if self._step_changed(moment):
            self._begin_again(moment)
        increment, news = self.counter.increment(number, self.expectation.step)
        if news in ("began", "ended"):
            self._begin_again(moment)
        base = number - increment
        scored = self._score(moment, clock, increment, special)
        if not self.counter.on:
            return scored
        reason = "counter restarted" if news == "restarted" else scored.reason or "a counter: its increments are judged"
        return AnomalyScore(
            0.0 if news == "restarted" else scored.score,
            base + scored.expected, base + scored.lower, base + scored.upper,
            scored.is_anomaly and news != "restarted", reason,
        )  # fmt: skip

    def _step_changed(self, moment: float) -> bool:
        """A dozen equal spacings in a row that are not the step: what was learned is of another series."""
        step = self.expectation.step
        if not step or self.last is None:
            return False
        gap = moment - self.last
        if 0.7 * step < gap < 1.4 * step:
            self.odds = 0
            return False
        self.odds = self.odds + 1 if 0.9 * self.odd < gap < 1.1 * self.odd else 1
        self.odd = gap
        return self.odds >= 12

    def _begin_again(self, moment: float) -> None:
        """Forget all but the clock and what kind of series it is; silent until it is learned again."""
        counter = self.counter
        vars(self).update(vars(type(self)()))
        self.counter, self.last = counter, moment

    def _refuse(self, reason: str) -> AnomalyScore:
        expected = self.expectation.value(self.expectation.best)
        return AnomalyScore(0.0, expected, expected, expected, False, reason)

    def _clock(self, moment: float) -> str:
        """Why this timestamp is refused, or an empty string. A dozen in a row that agree and are not just late
        are accepted."""
        if self.last is None:
            return ""
        step = self.expectation.step or DAY
        ahead = moment - self.last
        if 0 < ahead <= max(400 * DAY, 1000 * step):
            self.followers = 0
            return ""
        if -LATE <= ahead <= 0:
            self.followers = 0
            return "duplicate time" if ahead == 0 else "time before the last point"
        if self.outlier_time is not None and 0 < moment - self.outlier_time <= 3 * step:
            self.followers += 1
        else:
            self.followers = 0
        self.outlier_time = moment
        if self.followers >= 12:
            self.followers, self.last = 0, moment - step
            return ""
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
        needed = neg_log10_p(model.step)
        surprise = self._surprise(value, deviation, (value - model.slowest()) / sigma, seen)
        if self._held(value, seen) > needed and not self.constant:
            self.constant, surprise = True, max(surprise, needed + self.held)
        fresh = max(surprise - self.held, 0.0)
        self.held *= exp(-min(gap, 1000.0) / HOLD)
        if surprise > needed:
            self.held = max(self.held, surprise)
        self.lasting = self.lasting + 1 if abs(residual) > 3 * sigma else 0
        if not self.constant:  # a constant value is no noise to learn from
            scale.learn(value, residual, expected, seen)
            model.learn(value, seen, sigma, self.lasting >= 6 or seen < 20)
        self.low, self.high = min(self.low, value), max(self.high, value)
        score = fresh / (fresh + needed)
        alarm = score >= self.threshold
        reason = "still learning" if seen < WARM else "holds one value" if self.constant and not alarm else ""
        return AnomalyScore(score, expected, lower, expected + band, alarm, reason)

    def _first(self, value: float) -> AnomalyScore:
        self.seen = 1
        self.expectation.start(value)
        self.scale.note(value)
        self.scale.level = abs(value)
        self.low = self.high = self.middle = value
        return AnomalyScore(0.0, value, value, value, False, "first point")

    def _surprise(self, value: float, deviation: float, shift: float, seen: int) -> float:
        """The largest of the first three answers as -log10 of a p-value, less while the series is young."""
        if seen < WARM:
            self.middle += (value - self.middle) / (seen + 1)
            self.spread += (abs(value - self.middle) - self.spread) / (seen + 1)
            return 0.0
        few = self.scale.whole and 0 < value <= FEW and shift > 0
        surprise = self.tails[0].learn(deviation) * (not few)
        shift = max(-8.0, min(8.0, shift))
        mean = self.window = self.window + WINDOW * (shift - self.window)
        if seen >= WARM + 20:
            joint = self.tails[1].learn(abs(mean) / (sqrt(self.power) + 0.1))
            if shift * mean >= 0 and deviation >= 0.3:
                surprise = max(surprise, joint)
        square = mean * mean if seen <= WARM + 50 else min(mean * mean, 9 * self.power)
        self.power += max(1 / (seen - WARM + 1), 0.003) * (square - self.power)
        record = self._record(value, seen)
        if deviation >= 0.3 and not few:
            surprise = max(surprise, record)
        return surprise * seen / (seen + WARM)

    def _held(self, value: float, seen: int) -> float:
        """Surprise of a value held longer than any before it, by the series' own rate of repeated values."""
        if value == self.newest:
            self.run += 1
        else:
            self.changes += 1
            self.repeats += max(1 / self.changes, 0.01) * (min(self.run, 50) / (self.run + 1) - self.repeats)
            self.longest, self.run, self.constant = max(self.longest, self.run), 0, False
        self.newest = value
        if self.run <= max(self.longest, 2) or seen < WARM or self.changes < WARM:
            return 0.0
        usual = min(max(self.repeats, MIN_REPEATS) * 2, 0.98)
        return min(-(self.run - self.longest) * log10(usual), 12.0) * seen / (seen + WARM)

    def _record(self, value: float, seen: int) -> float:
        """Surprise of a value outside all earlier ones: a record among n has 1/n, one far beyond the last is rarer."""
        distance = value - self.middle
        spread = self.spread + 1e-3 * self.scale.level + 1e-9
        surprise = 0.0
        if seen > WARM + 30:
            tail = self.tails[2 if distance > 0 else 3]
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
        state = {STORED_NAMES.get(name, name): value for name, value in vars(self).items()}
        state["expectation"] = {
            **vars(self.expectation),
            "bins": [None if b is None else dict(vars(b)) for b in self.expectation.bins],
        }
        state["scale"] = dict(vars(self.scale))
        state["counter"] = dict(vars(self.counter))
        state["tails"] = [dict(vars(tail)) for tail in self.tails]
        copied: dict[str, Any] = _copy(state)
        return copied

    @classmethod
    def from_dict(cls, state: dict[str, Any]) -> StreamingDetector:
        """The detector as it was when `to_dict` was called."""
        state = _copy(state)
        detector = cls()
        if "counter" not in state:
            return detector  # written by an older release: its season and tail are learned again
        expectation, scale, tails = state.pop("expectation"), state.pop("scale"), state.pop("tails")
        vars(detector.counter).update(state.pop("counter"))
        bins = expectation.pop("bins")
        vars(detector).update({name: state.pop(old) for name, old in STORED_NAMES.items() if old in state} | state)
        vars(detector.expectation).update(expectation)
        vars(detector.scale).update(scale)
        for i, stored in enumerate(bins):
            if stored is not None:
                detector.expectation.bins[i] = Bins(1.0, 0)
                vars(detector.expectation.bins[i]).update(stored)
        for tail, stored in zip(detector.tails, tails, strict=True):
            vars(tail).update(stored)
        return detector


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
