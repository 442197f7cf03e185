"""What is to be delivered outside of the shop: kept in the store until it has arrived, tried again and again."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from opsplug.services.chat.conversation_log import OUTBOX, ChatStorage

log = logging.getLogger("opsplug")
_PAUSES = (10, 60, 300, 1800, 7200, 21_600, 43_200)  # seconds between two tries; after the last it is given up
_LEASE, _LEASE_MS = "chat_outbox", 60_000

Deliver = Callable[[Mapping[str, Any]], bool]


class OutboxStorage(ChatStorage, Protocol):
    def acquire_lease(self, name: str, holder: str, *, ttl_ms: int, now_ms: int) -> bool: ...

    def release_lease(self, name: str, holder: str) -> None: ...


class Outbox:
    """`ways`: how each kind of thing is delivered. Whoever holds the lease delivers, in order of conversation."""

    def __init__(
        self, storage: OutboxStorage, ways: Mapping[str, Deliver], clock: Callable[[], float] = time.time
    ) -> None:
        self._storage = storage
        self._ways = ways
        self._clock = clock
        self._name = secrets.token_hex(8)

    def put(self, conversation_id: str, way: str, what: Mapping[str, Any]) -> str:
        """Keeps something to deliver, by the time `at` it speaks of; -> its id, the same in every try."""
        now = self._now
        name = f"{int(what.get('at', now)):013d}-{secrets.token_hex(8)}"
        entry = {"id": name, "way": way, "what": dict(what), "tries": 0, "due": now}
        self._storage.put_document(OUTBOX, f"{conversation_id}/{name}", entry, now)
        return name

    def deliver(self) -> bool:
        """Delivers what is due; -> whether anything is left."""
        waiting = self._storage.documents(OUTBOX)
        if not any(entry["due"] <= self._now for _, entry in waiting):
            return bool(waiting)
        if not self._lease():
            return True
        try:
            late: set[tuple[str, str]] = set()  # what follows one that has not arrived waits, too
            for key, entry in waiting:
                place = (key.partition("/")[0], entry["way"])
                if place not in late and (entry["due"] > self._now or not self._one(key, entry)):
                    late.add(place)
                self._lease()
        finally:
            self._storage.release_lease(_LEASE, self._name)
        return bool(self._storage.documents(OUTBOX))

    @property
    def _now(self) -> int:
        return round(self._clock() * 1000)

    def _lease(self) -> bool:
        return self._storage.acquire_lease(_LEASE, self._name, ttl_ms=_LEASE_MS, now_ms=self._now)

    def _one(self, key: str, entry: dict[str, Any]) -> bool:
        if self._storage.get_document(OUTBOX, key) is None:
            return True  # delivered by another process, or forgotten with its conversation
        way = self._ways.get(entry["way"])
        if way is not None and self._arrives(way, entry):
            self._storage.delete_document(OUTBOX, key)
            return True
        tries, now = entry["tries"] + 1, self._now
        if way is None or tries > len(_PAUSES):
            log.error(
                "opsplug: a %s of the chat could not be delivered in %s tries; it is given up", entry["way"], tries
            )
            self._storage.delete_document(OUTBOX, key)
            return True
        late = {**entry, "tries": tries, "due": now + 1000 * _PAUSES[tries - 1]}
        self._storage.put_document(OUTBOX, key, late, now)
        return False

    @staticmethod
    def _arrives(way: Deliver, entry: Mapping[str, Any]) -> bool:
        try:
            return way({**entry["what"], "id": entry["id"]})
        except Exception as error:  # one that cannot be sent must not hold up all that follow
            log.warning(
                "opsplug: a %s of the chat failed (%s); it will be tried again", entry["way"], type(error).__name__
            )
            return False
