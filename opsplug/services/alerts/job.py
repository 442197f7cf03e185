"""The job `alerts`: rules against what is new, what may not be said now waits, the rest goes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from opsplug.features.measures import BY_NAME
from opsplug.services.alerts.messages import alert_text, subject
from opsplug.services.alerts.notify import addresses
from opsplug.services.alerts.outbox import OUTBOX, AlertOutbox, message
from opsplug.services.alerts.quiet_hours import AlertTimes
from opsplug.services.alerts.rules import SEVERITIES, Firing, Rule, Rules, firings
from opsplug.services.measures.reader import SeriesReader, item_names
from opsplug.units import DAY, HOUR

if TYPE_CHECKING:
    from opsplug.training.run.job import Work

ALERT, TIMES = "alert", "alert_times"  # document kinds; an alert's key is TIME/RULE
FRESH: Final = 36 * HOUR  # what ended longer ago is history, not news
_DAYS: Final = 3  # of points that rules are held against


def run(work: Work) -> None:
    """Find, write down, send."""
    now = work.now if work.now is not None else work.clock()
    keeper = AlertKeeper(work, now)
    fired = keeper.find()
    queued = keeper.queue()
    outbox = AlertOutbox(work.store, addresses(str(work.options.get("alerts") or "")), lambda: now)
    sent, failed = outbox.deliver()
    work.say(f"{fired} alerts, {queued} messages, {sent} sent, {failed} to be tried again")


class AlertKeeper:
    """Alerts of one run, as documents."""

    def __init__(self, work: Work, now: float) -> None:
        self._store = work.store
        self._now = now
        self._options = work.options
        self._reader = SeriesReader(work.store, str(work.options.get("timezone") or "UTC"))
        self._times = AlertTimes.of(work.store.get_document(TIMES, "times"))

    def find(self) -> int:
        """Write down the alerts that are not there yet; -> how many."""
        rows: list[tuple[str, str, Any]] = []
        alarms = self._reader.alarms(self._now - _DAYS * DAY)
        for rule in Rules(self._store).all():
            if not rule.enabled:
                continue
            points = (
                [] if rule.condition == "anomaly" else self._reader.points(rule.measure, rule.every, _DAYS, self._now)
            )
            for firing in firings(rule, points, alarms):
                series = firing.alarm["series"] if firing.alarm else rule.measure
                key = f"{int(firing.at):012d}/{rule.id}/{series}"
                if (
                    self._now - firing.end <= FRESH
                    and firing.end > rule.created
                    and not self._store.get_document(ALERT, key)
                ):
                    rows.append((ALERT, key, self._document(rule, firing, series)))
        self._store.put_documents(rows, round(self._now * 1000))
        return len(rows)

    def _document(self, rule: Rule, firing: Firing, series: str) -> dict[str, Any]:
        state, due = "waiting", self._now
        if rule.snoozed_until > self._now:
            state = "snoozed"
        elif rule.digest:
            due = self._times.next_digest(self._now, self._reader.clock.zone)
        return {
            "rule": rule.id, "series": series, "every": rule.every, "condition": rule.condition,
            "threshold": rule.threshold, "severity": rule.severity, "at": firing.at, "end": firing.end,
            "value": firing.value, "unit": BY_NAME[rule.measure].unit, "alarm": dict(firing.alarm or {}),
            "state": state, "due": due, "made": self._now,
        }  # fmt: skip

    def queue(self) -> int:
        """Put what may be said now into one message for each address; -> messages."""
        channels = AlertOutbox(
            self._store, addresses(str(self._options.get("alerts") or "")), lambda: self._now
        ).channels
        quiet = self._times.quiet(datetime.fromtimestamp(self._now, self._reader.clock.zone))
        ready = [
            (key, alert)
            for key, alert in self._store.documents(ALERT)
            if alert["state"] == "waiting"
            and alert["due"] <= self._now
            and (not quiet or alert["severity"] == "critical")
        ]
        if not ready or not channels:
            return self._give_up(ready)
        rows: list[tuple[str, str, Any]] = []
        title, body, severity = self._text([alert for _, alert in ready])
        keys = [key for key, _ in ready]
        rows += [(OUTBOX, *message(channel, title, body, severity, keys, self._now)) for channel in channels]
        rows += [(ALERT, key, {**alert, "state": "told", "told": self._now}) for key, alert in ready]
        self._store.put_documents(rows, round(self._now * 1000))  # one transaction: never told without a message
        return len(channels)

    def _give_up(self, ready: Sequence[tuple[str, dict[str, Any]]]) -> int:
        """Without an address alerts are history after three days: nobody wants last month's at once."""
        old = [(key, alert) for key, alert in ready if self._now - alert["made"] > _DAYS * DAY]
        self._store.put_documents(
            [(ALERT, key, {**alert, "state": "untold"}) for key, alert in old], round(self._now * 1000)
        )
        return 0

    def _text(self, alerts: Sequence[Mapping[str, Any]]) -> tuple[str, str, str]:
        language = str(self._options.get("language") or "en")
        severity = max((alert["severity"] for alert in alerts), key=SEVERITIES.index)
        products = {
            cause["value"]
            for alert in alerts
            for group in alert["alarm"].get("causes", [])
            for cause in group
            if cause["dimension"] == "product"
        }
        records = self._store.get_items(sorted(products))
        texts = [
            alert_text(
                alert, language, self._reader.clock.zone, self._reader.currency(),
                lambda item_id: item_names(records, item_id),
            )
            for alert in sorted(alerts, key=lambda alert: (-SEVERITIES.index(alert["severity"]), alert["at"]))
        ]  # fmt: skip
        return subject(alerts, language), "\n\n".join(texts), severity
