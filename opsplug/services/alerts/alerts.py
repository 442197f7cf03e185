"""`engine.insight.alerts`: the rules, what each would have done, what was sent, and the days that are unlike others."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import msgspec

from opsplug.errors import SettingsError
from opsplug.services.alerts.job import ALERT, TIMES
from opsplug.services.alerts.notify import addresses, channel_of, send
from opsplug.services.alerts.outbox import OUTBOX
from opsplug.services.alerts.quiet_hours import AlertTimes
from opsplug.services.alerts.rules import Firing, Rule, Rules, firings
from opsplug.services.measures.reader import SeriesReader
from opsplug.training.series.job import CALENDAR
from opsplug.units import DAY, HOUR

if TYPE_CHECKING:
    from opsplug.settings import Settings
    from opsplug.store.protocol import Store

PREVIEW_DAYS: Final = 30


class Alerts:
    """Safe to share between threads; each call reads the store."""

    def __init__(self, store: Callable[[], Store], settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock

    # ------------------------------------------------------------------ rules

    def rules(self) -> list[Rule]:
        return Rules(self._store()).all()

    def put(self, **fields: Any) -> Rule:
        """Insert or replace a rule; `SettingsError` names the field that does not fit."""
        return Rules(self._store()).put(self._clock(), **fields)

    def remove(self, rule_id: str) -> None:
        Rules(self._store()).remove(rule_id, self._clock())

    def snooze(self, rule_id: str, hours: float) -> Rule:
        """Tell nothing for so many hours (0: tell again); what fires meanwhile is history only."""
        until = self._clock() + hours * HOUR if hours > 0 else 0.0
        return self.put(id=rule_id, snoozed_until=until)

    def preview(self, rule: Rule, days: int = PREVIEW_DAYS) -> list[Firing]:
        """When this rule would have fired in the last `days` days of data, oldest first."""
        reader = SeriesReader(self._store(), self._settings.timezone)
        until = min(self._clock(), reader.newest() + DAY) if reader.newest() else self._clock()
        if rule.condition == "anomaly":
            return firings(rule, (), reader.alarms(until - days * DAY))
        return firings(rule, reader.points(rule.measure, rule.every, days, until), ())

    # ------------------------------------------------------------------ what was sent

    def history(self, most: int = 100) -> list[dict[str, Any]]:
        """The newest alerts, each with its `key` and `state`: waiting, told, joined, snoozed or untold."""
        found = [{**alert, "key": key} for key, alert in self._store().documents(ALERT)]
        return sorted(found, key=lambda alert: (-alert["at"], alert["key"]))[:most]

    def messages(self, most: int = 20) -> list[dict[str, Any]]:
        """The newest messages with their channel, state, number of tries and last error."""
        found = [{**waiting, "key": key} for key, waiting in self._store().documents(OUTBOX)]
        return sorted(found, key=lambda one: -one["made"])[:most]

    def channels(self) -> list[str]:
        """The addresses of the setting `alerts`, by names that hold no secret."""
        return [channel_of(address) for address in addresses(self._settings.alerts)]

    def test(self, title: str, body: str) -> None:
        """Send a message to every address now; `NotifyError` for the first that does not take it."""
        for address in addresses(self._settings.alerts):
            send(address, title, body, key=f"test-{self._clock():.0f}", severity="info")

    # ------------------------------------------------------------------ times and days

    def times(self) -> AlertTimes:
        return AlertTimes.of(self._store().get_document(TIMES, "times"))

    def put_times(self, **fields: str) -> AlertTimes:
        times = AlertTimes.of({**msgspec.to_builtins(self.times()), **fields})
        self._store().put_document(TIMES, "times", msgspec.to_builtins(times), round(self._clock() * 1000))
        return times

    def calendar(self) -> list[dict[str, str]]:
        """The shop's own days, by date. Known sales and holidays (`features.calendar`) need no entry."""
        return [value for _, value in self._store().documents(CALENDAR)]

    def put_day(self, day: str, kind: str, name: str = "") -> None:
        """`kind`: sale, holiday, or normal for a day that is none for this shop."""
        try:
            date.fromisoformat(day)
        except ValueError:
            raise SettingsError(f"calendar: a date such as 2026-11-27 is expected, not {day!r}") from None
        if kind not in ("sale", "holiday", "normal"):
            raise SettingsError(f"calendar: {kind!r} is none of sale, holiday, normal")
        entry = {"date": day, "kind": kind, "name": name[:100]}
        self._store().put_document(CALENDAR, day, entry, round(self._clock() * 1000))

    def remove_day(self, day: str) -> None:
        self._store().delete_document(CALENDAR, day)
