"""Incidents: group related alerts, reported once, again when the severity rises, and quietly on recovery."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from opsplug.services.alerts.rules import SEVERITIES
from opsplug.units import DAY, HOUR

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

INCIDENT: Final = "incident"  # document kind; the key is the time of its first alert
TOGETHER: Final = 2 * HOUR  # after an incident's newest alert, in which one of another series is taken for a part of it
FRESH: Final = 6 * HOUR  # after an incident was told, in which what joins it need not be told
AGAIN: Final = DAY  # after which a series that is still wrong may be told once more
FORGET: Final = 3 * DAY  # after which an incident of which nothing more is known is closed without a word

Alert = tuple[str, dict[str, Any]]  # document key, document


class Incidents:
    """The open incidents of a store."""

    def __init__(self, store: Store, now: float) -> None:
        self._now = now
        self._open = {key: one for key, one in store.documents(INCIDENT) if one["state"] == "open"}
        self._changed: set[str] = set()

    def sort(self, ready: Sequence[Alert]) -> tuple[list[Alert], list[Alert]]:
        """-> (alerts to be reported, alerts that only join a reported incident)."""
        to_send: list[Alert] = []
        joined: list[Alert] = []
        before = {key: dict(one, members=set(one["members"])) for key, one in self._open.items()}
        for key, alert in sorted(ready, key=lambda one: (-SEVERITIES.index(one[1]["severity"]), one[1]["at"])):
            incident_key = self._incident_key_of(alert)
            quiet = incident_key in before and self._is_repeat(before[incident_key], alert)
            (joined if quiet else to_send).append((key, {**alert, "incident": incident_key}))
            self._add(incident_key, alert)
        for _, alert in to_send:
            self._open[alert["incident"]]["told"] = self._now
        return to_send, joined

    def _is_repeat(self, incident: Mapping[str, Any], alert: Mapping[str, Any]) -> bool:
        """It is not worse than what was told, and that was a short while ago (a day, for the same series)."""
        worse = SEVERITIES.index(alert["severity"]) > SEVERITIES.index(incident["severity"])
        known = AGAIN if _member(alert) in incident["members"] else FRESH
        return not worse and self._now - incident["told"] < known

    def _incident_key_of(self, alert: Mapping[str, Any]) -> str:
        """The incident an alert belongs to: that of its own series, else the newest that is still young."""
        for key, one in self._open.items():
            if _member(alert) in one["members"]:
                return key
        recent = [key for key, one in self._open.items() if abs(alert["at"] - one["newest"]) <= TOGETHER]
        return max(recent, default=f"{int(alert['at']):012d}")

    def _add(self, key: str, alert: Mapping[str, Any]) -> None:
        one = self._open.setdefault(
            key,
            {"state": "open", "began": alert["at"], "newest": alert["at"], "told": self._now, "severity": "info",
             "members": {}},
        )  # fmt: skip
        one["began"], one["newest"] = min(one["began"], alert["at"]), max(one["newest"], alert["at"])
        one["severity"] = max(one["severity"], alert["severity"], key=SEVERITIES.index)
        one["members"][_member(alert)] = {name: alert[name] for name in ("rule", "series", "every", "at")}
        self._changed.add(key)

    def over(self, recovered: Callable[[Mapping[str, Any]], bool]) -> list[Alert]:
        """Close the incidents all of whose series have recovered; -> those, to be told quietly."""
        closed = []
        for key, one in self._open.items():
            if all(recovered(member) for member in one["members"].values()):
                closed.append((key, one))
            elif self._now - one["newest"] <= FORGET:
                continue
            one["state"], one["ended"] = "over", self._now
            self._changed.add(key)
        return closed

    def rows(self) -> list[tuple[str, str, Any]]:
        """What has changed, to be written in the transaction of the messages."""
        return [(INCIDENT, key, self._open[key]) for key in sorted(self._changed)]


def _member(alert: Mapping[str, Any]) -> str:
    return f"{alert['rule']}/{alert['series']}"
