"""Persistent outbox of the chat: webhooks and e-mails, kept in the store and retried until they are delivered."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from opsplug.services.chat.conversation_log import OUTBOX, ChatStorage

log = logging.getLogger("opsplug")
_RETRY_DELAYS = (10, 60, 300, 1800, 7200, 21_600, 43_200)  # seconds between two tries; after the last it is given up
STORED_NAMES = {"mail": "letter"}  # what a channel is called in entries, since the first version
_CHANNELS = {stored: channel for channel, stored in STORED_NAMES.items()}
_LEASE, _LEASE_MS = "chat_outbox", 60_000

Deliver = Callable[[Mapping[str, Any]], bool]


class OutboxStorage(ChatStorage, Protocol):
    def acquire_lease(self, name: str, holder: str, *, ttl_ms: int, now_ms: int) -> bool: ...

    def release_lease(self, name: str, holder: str) -> None: ...


class Outbox:
    """At-least-once delivery by `channels`. Whoever holds the lease delivers, in order within each conversation."""

    def __init__(
        self, storage: OutboxStorage, channels: Mapping[str, Deliver], clock: Callable[[], float] = time.time
    ) -> None:
        self._storage = storage
        self._channels = channels
        self._clock = clock
        self._name = secrets.token_hex(8)

    def put(self, conversation_id: str, channel: str, payload: Mapping[str, Any]) -> str:
        """Queue a payload, by the time in its `at`; -> its id, the same in every try."""
        now = self._now
        name = f"{int(payload.get('at', now)):013d}-{secrets.token_hex(8)}"
        entry = {"id": name, "way": STORED_NAMES.get(channel, channel), "what": dict(payload), "tries": 0, "due": now}
        self._storage.put_document(OUTBOX, f"{conversation_id}/{name}", entry, now)
        return name

    def deliver(self) -> bool:
        """Deliver what is due; -> whether anything is left."""
        queued = self._storage.documents(OUTBOX)
        if not any(entry["due"] <= self._now for _, entry in queued):
            return bool(queued)
        if not self._lease():
            return True
        try:
            blocked: set[tuple[str, str]] = set()  # what follows one that has not been delivered waits, too
            for key, entry in queued:
                sequence = (key.partition("/")[0], _channel_of(entry))
                if sequence not in blocked and (entry["due"] > self._now or not self._deliver_one(key, entry)):
                    blocked.add(sequence)
                self._lease()
        finally:
            self._storage.release_lease(_LEASE, self._name)
        return bool(self._storage.documents(OUTBOX))

    @property
    def _now(self) -> int:
        return round(self._clock() * 1000)

    def _lease(self) -> bool:
        return self._storage.acquire_lease(_LEASE, self._name, ttl_ms=_LEASE_MS, now_ms=self._now)

    def _deliver_one(self, key: str, entry: dict[str, Any]) -> bool:
        if self._storage.get_document(OUTBOX, key) is None:
            return True  # delivered by another process, or forgotten with its conversation
        channel = self._channels.get(_channel_of(entry))
        if channel is not None and self._try(channel, entry):
            self._storage.delete_document(OUTBOX, key)
            return True
        tries, now = entry["tries"] + 1, self._now
        if channel is None or tries > len(_RETRY_DELAYS):
            log.error(
                "opsplug: a %s of the chat could not be delivered in %s tries; it is given up", entry["way"], tries
            )
            self._storage.delete_document(OUTBOX, key)
            return True
        late = {**entry, "tries": tries, "due": now + 1000 * _RETRY_DELAYS[tries - 1]}
        self._storage.put_document(OUTBOX, key, late, now)
        return False

    @staticmethod
    def _try(channel: Deliver, entry: Mapping[str, Any]) -> bool:
        try:
            return channel({**entry["what"], "id": entry["id"]})
        except Exception as error:  # one that cannot be sent must not hold up all that follow
            log.warning(
                "opsplug: a %s of the chat failed (%s); it will be tried again", entry["way"], type(error).__name__
            )
            return False


def _channel_of(entry: Mapping[str, Any]) -> str:
    return _CHANNELS.get(entry["way"], str(entry["way"]))
