"""Alert rules: stored as documents, and evaluated on series of points."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from opsplug.errors import SettingsError
from opsplug.features.measures import BY_NAME
from opsplug.services.measures.reader import Point
from opsplug.units import DAY

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

RULE: Final = "alert_rule"  # document kind
SEVERITIES: Final = ("info", "warning", "critical")
CONDITIONS: Final = ("anomaly", "above", "below")
# Of a limit, by which a value must be back before the crossing is over: what swings around it is one crossing.
MARGIN: Final = 0.1
BACK: Final = 3  # hours in a row that it must be back
AGAIN: Final = DAY  # a threshold that stays crossed is reported again after a day


class Rule(msgspec.Struct, omit_defaults=True, kw_only=True):
    """`measure` as in `features.measures`, `every` hour or day. `threshold` is in the measure's own unit (a share from
    0 to 1, milliseconds, money). Times are epoch seconds."""

    id: str
    measure: str
    every: Literal["hour", "day"] = "hour"
    condition: Literal["anomaly", "above", "below"] = "anomaly"
    threshold: float = 0.0
    severity: Literal["info", "warning", "critical"] = "warning"
    digest: bool = False  # kept for the day's one message
    enabled: bool = True
    snoozed_until: float = 0.0
    created: float = 0.0


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule at one hour or day."""

    at: float
    end: float
    value: float
    alarm: Mapping[str, Any] | None = None
    begins: bool = True  # False where it is not known whether it began here or went on


_DEFAULT: Final = (
    Rule(id="orders", measure="orders", severity="critical"),
    Rule(id="revenue", measure="revenue", every="day"),
    Rule(id="conversion", measure="conversion"),
    Rule(id="errors", measure="errors", severity="critical"),
    Rule(id="payments", measure="payment_errors", severity="critical"),
    Rule(id="scripts", measure="js_errors"),
    Rule(id="slow", measure="latency_p95"),
    Rule(id="visits", measure="sessions"),
)


class Rules:
    """The shop's rules; until it has changed one, the default ones."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[Rule]:
        kept = self._store.documents(RULE)
        return [msgspec.convert(value, Rule) for _, value in kept if value] if kept else list(_DEFAULT)

    def get(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self.all() if rule.id == rule_id), None)

    def put(self, now: float, **fields: Any) -> Rule:
        """Insert (without an id) or replace a rule; `SettingsError` names the field that does not fit."""
        rule_id = str(fields.pop("id", "") or secrets.token_hex(4))
        known = self.get(rule_id)
        fields = {**(msgspec.to_builtins(known) if known else {"created": now}), **fields, "id": rule_id}
        try:
            rule = msgspec.convert(fields, Rule, strict=False)
        except msgspec.ValidationError as error:
            raise SettingsError(f"alert rule: {error}") from None
        if rule.measure not in BY_NAME:
            raise SettingsError(f"alert rule: there is no measure {rule.measure!r}; there are {', '.join(BY_NAME)}")
        if not math.isfinite(rule.threshold):
            raise SettingsError("alert rule: the threshold must be a finite number")
        self._write([*(old for old in self.all() if old.id != rule_id), rule], now)
        return rule

    def remove(self, rule_id: str, now: float) -> None:
        self._write([rule for rule in self.all() if rule.id != rule_id], now, gone=rule_id)

    def _write(self, rules: Sequence[Rule], now: float, gone: str = "") -> None:
        """All of them: from the first change on, the default ones are the shop's own."""
        rows = [(RULE, rule.id, msgspec.to_builtins(rule)) for rule in rules]
        if gone:
            rows.append((RULE, gone, None))  # an empty place says that the shop wants no rule, not the default ones
        self._store.put_documents(rows, round(now * 1000))


def firings(rule: Rule, points: Iterable[Point], alarms: Iterable[Mapping[str, Any]]) -> list[Firing]:
    """When the rule fires, oldest first. Alarms that are good news, and a day's alarm about hours that were told, are
    none of a rule's business."""
    if rule.condition == "anomaly":
        found = [
            Firing(alarm["at"], alarm["end"], alarm["value"], alarm)
            for alarm in alarms
            if alarm["measure"] == rule.measure
            and alarm["every"] == rule.every
            and alarm["tone"] != "better"
            and not alarm.get("told")
        ]
        return sorted(found, key=lambda firing: firing.at)
    crossing = Crossing(rule)
    return [
        Firing(point.at, point.end, point.value, begins=crossing.begins)
        for point in points
        if math.isfinite(point.value) and crossing.fires(point)
    ]


class Crossing:
    """A limit with hysteresis: crossed at the limit, left only a margin behind it, for some points in a row."""

    def __init__(self, rule: Rule) -> None:
        self._limit, self._side = rule.threshold, 1 if rule.condition == "above" else -1
        self._edge = rule.threshold - self._side * MARGIN * abs(rule.threshold)
        self._needed = BACK if rule.every == "hour" else 1
        self._told_at: float | None = None
        self._back = self._needed  # points back behind the margin; at first it is not known what was before
        self.crossed = self.begins = False
        self._seen = False

    def fires(self, point: Point) -> bool:
        """Whether this point is told: a crossing begins, or has lasted for a day since it was told."""
        seen, self._seen = self._seen, True
        if self._side * (point.value - self._limit) <= 0:
            self._back = self._back + 1 if self._side * (point.value - self._edge) <= 0 else 0
            if self._back >= self._needed:
                self.crossed, self._told_at = False, None
            return False
        self.begins, self.crossed, self._back = seen and not self.crossed, True, 0
        if self._told_at is not None and point.at - self._told_at < AGAIN:
            return False
        self._told_at = point.at
        return True
