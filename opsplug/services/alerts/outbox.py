"""Outbox of alert messages: stored before sending, retried until accepted, with one idempotency key for all tries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from opsplug.services.alerts.notify import NotifyError, channel_of, send
from opsplug.units import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

OUTBOX: Final = "alert_outbox"  # document kind; the key is the message's idempotency key
FIRST_WAIT, LONGEST_WAIT = MINUTE, 6 * HOUR  # seconds between two tries
GIVE_UP: Final = 3 * DAY
KEPT: Final = 30 * DAY  # after which a sent message is forgotten


def message(
    channel: str, title: str, body: str, severity: str, alerts: list[str], now: float
) -> tuple[str, dict[str, Any]]:
    """(key, document) of a message about these alerts to one channel."""
    key = sha256("\n".join([channel, *sorted(alerts)]).encode()).hexdigest()[:24]
    return key, {
        "channel": channel, "title": title, "body": body, "severity": severity, "alerts": alerts, "state": "waiting",
        "tries": 0, "next": now, "made": now, "error": "",
    }  # fmt: skip


class AlertOutbox:
    """At least once: a message that was taken just before a crash is sent again under the same key."""

    def __init__(self, store: Store, addresses: Iterable[str], clock: Callable[[], float]) -> None:
        self._store = store
        self._addresses: Mapping[str, str] = {channel_of(address): address for address in addresses}
        self._clock = clock

    @property
    def channels(self) -> list[str]:
        return list(self._addresses)

    def deliver(self) -> tuple[int, int]:
        """Send what is due; -> (sent, failed this time)."""
        sent = failed = 0
        for key, waiting in self._store.documents(OUTBOX):
            now = self._clock()
            if waiting["state"] != "waiting":
                if now - waiting["made"] > KEPT:
                    self._store.delete_document(OUTBOX, key)
                continue
            if waiting["next"] > now:
                continue
            done = self._try(key, waiting, now)
            sent, failed = sent + done, failed + (not done)
        return sent, failed

    def _try(self, key: str, waiting: dict[str, Any], now: float) -> bool:
        address = self._addresses.get(waiting["channel"])
        try:
            if address is None:
                raise NotifyError(f"alerts: the address {waiting['channel']} is no longer in the setting")
            send(address, waiting["title"], waiting["body"], key=key, severity=waiting["severity"])
        except NotifyError as error:
            waiting["tries"] += 1
            waiting["error"] = str(error)
            waiting["next"] = now + min(FIRST_WAIT * 4 ** (waiting["tries"] - 1), LONGEST_WAIT)
            if now - waiting["made"] > GIVE_UP:
                waiting["state"] = "given up"
                self._store.add_counts({"alerts_undelivered": 1})
        else:
            waiting.update(state="sent", sent=now, tries=waiting["tries"] + 1, error="")
        self._store.put_document(OUTBOX, key, waiting, round(now * 1000))
        return bool(waiting["state"] == "sent")
