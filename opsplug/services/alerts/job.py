"""The job `alerts`: evaluates the rules, queues messages outside quiet hours, and delivers the outbox."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from opsplug.features.measures import BY_NAME
from opsplug.services.alerts.incidents import Incidents
from opsplug.services.alerts.messages import alert_text, recovery_text, subject
from opsplug.services.alerts.notify import addresses
from opsplug.services.alerts.outbox import OUTBOX, AlertOutbox, message
from opsplug.services.alerts.quiet_hours import AlertTimes
from opsplug.services.alerts.rules import AGAIN, SEVERITIES, Crossing, Firing, Rule, Rules, firings
from opsplug.services.measures.reader import SeriesReader, item_names
from opsplug.training.series.detection import DETECTOR
from opsplug.units import DAY, HOUR

if TYPE_CHECKING:
    from opsplug.training.run.job import Work

ALERT, TIMES = "alert", "alert_times"  # document kinds; an alert's key is TIME/RULE
FRESH: Final = 36 * HOUR  # what ended longer ago is history, not news
_POINT_DAYS: Final = 3  # of points that rules are held against


def run(work: Work) -> None:
    """Evaluate the rules, queue messages, deliver them."""
    now = work.now if work.now is not None else work.clock()
    alert_run = AlertRun(work, now)
    fired = alert_run.find()
    queued = alert_run.queue() + alert_run.queue_recoveries()
    outbox = AlertOutbox(work.store, addresses(str(work.options.get("alerts") or "")), lambda: now)
    sent, failed = outbox.deliver()
    work.say(f"{fired} alerts, {queued} messages, {sent} sent, {failed} to be tried again")


class AlertRun:
    """One run of the alert job: alerts are documents."""

    def __init__(self, work: Work, now: float) -> None:
        self._store = work.store
        self._now = now
        self._options = work.options
        self._reader = SeriesReader(work.store, str(work.options.get("timezone") or "UTC"))
        self._times = AlertTimes.of(work.store.get_document(TIMES, "times"))

    def find(self) -> int:
        """Store new alerts; -> how many."""
        rows: list[tuple[str, str, Any]] = []
        alarms = self._reader.alarms(self._now - _POINT_DAYS * DAY)
        for rule in Rules(self._store).all():
            if not rule.enabled:
                continue
            points = (
                []
                if rule.condition == "anomaly"
                else self._reader.points(rule.measure, rule.every, _POINT_DAYS, self._now)
            )
            for firing in firings(rule, points, alarms):
                series = firing.alarm["series"] if firing.alarm else rule.measure
                key = f"{int(firing.at):012d}/{rule.id}/{series}"
                if (
                    self._now - firing.end <= FRESH
                    and firing.end > rule.created
                    and not self._store.get_document(ALERT, key)
                    and (firing.begins or not self._reported_before(rule, firing))
                ):
                    rows.append((ALERT, key, self._document(rule, firing, series)))
        self._store.put_documents(rows, round(self._now * 1000))
        return len(rows)

    def _reported_before(self, rule: Rule, firing: Firing) -> bool:
        """Whether a limit that stays crossed was told within a day: the window of points moves, the news does not."""
        return any(
            alert["rule"] == rule.id and abs(firing.at - alert["at"]) < AGAIN
            for _, alert in self._store.documents(ALERT)
        )

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
        """Queue one message for each address with all alerts that are due; -> messages."""
        channels = self._channels()
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
        incidents = Incidents(self._store, self._now)
        to_send, joined = incidents.sort(ready)
        rows: list[tuple[str, str, Any]] = incidents.rows()
        rows += [(ALERT, key, {**alert, "state": "joined"}) for key, alert in joined]
        if to_send:
            title, body, severity = self._text([alert for _, alert in to_send])
            keys = [key for key, _ in to_send]
            rows += [(OUTBOX, *message(channel, title, body, severity, keys, self._now)) for channel in channels]
            rows += [(ALERT, key, {**alert, "state": "told", "told": self._now}) for key, alert in to_send]
        self._store.put_documents(rows, round(self._now * 1000))  # one transaction: never told without a message
        return len(channels) if to_send else 0

    def queue_recoveries(self) -> int:
        """One quiet message for each incident that is over, not in the quiet hours; -> messages."""
        quiet = self._times.quiet(datetime.fromtimestamp(self._now, self._reader.clock.zone))
        channels = self._channels()
        if quiet or not channels:
            return 0
        incidents = Incidents(self._store, self._now)
        over = incidents.over(self._recovered)
        rows = incidents.rows()
        language = str(self._options.get("language") or "en")
        for key, one in over:
            title, body = recovery_text(one, language, self._reader.clock.zone)
            about = [f"{key}/over"]
            rows += [(OUTBOX, *message(channel, title, body, "info", about, self._now)) for channel in channels]
        self._store.put_documents(rows, round(self._now * 1000))
        return len(over) * len(channels)

    def _recovered(self, member: Mapping[str, Any]) -> bool:
        """A limit: by the rule's own hysteresis. An anomaly: when the detector's episode has ended."""
        rule = Rules(self._store).get(member["rule"])
        if rule is None:
            return True
        if rule.condition == "anomaly":
            detector = self._store.get_document(DETECTOR, f"{member['every']}/{member['series']}")
            return detector is not None and not detector.get("episode", {}).get("side")
        crossing = Crossing(rule)
        points = self._reader.points(rule.measure, rule.every, _POINT_DAYS, self._now)
        for point in points:
            if math.isfinite(point.value):
                crossing.fires(point)
        return bool(points) and not crossing.crossed

    def _channels(self) -> list[str]:
        addressed = addresses(str(self._options.get("alerts") or ""))
        return AlertOutbox(self._store, addressed, lambda: self._now).channels

    def _give_up(self, ready: Sequence[tuple[str, dict[str, Any]]]) -> int:
        """Without an address alerts are history after three days: nobody wants last month's at once."""
        old = [(key, alert) for key, alert in ready if self._now - alert["made"] > _POINT_DAYS * DAY]
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
