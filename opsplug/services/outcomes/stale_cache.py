"""Stale-while-revalidate cache: answers are kept for a while, expensive ones made anew beside the request that asks."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from opsplug.errors import OpsPlugError

log = logging.getLogger("opsplug")

T = TypeVar("T")
QUICK = 0.25  # seconds: an answer that takes longer is made beside the request, and the last one given meanwhile
PART = 20  # an answer that took a second is good for twenty: looking at pages never takes more of a core than that


@dataclass(slots=True)
class _Held:
    value: Any
    at: float
    cost: float


class StaleWhileRevalidate:
    """A cache whose answers are good for at least `seconds`; a stale one is given while an expensive one is made anew.

    Safe to share between threads.
    """

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._held: dict[Hashable, _Held] = {}
        self._locks: defaultdict[Hashable, threading.Lock] = defaultdict(threading.Lock)

    def get(self, key: Hashable, read: Callable[[], T]) -> T:
        """What `read` gave lately, or gives now. Only the first one to ask waits for an expensive answer."""
        held = self._held.get(key)
        if held is None:
            with self._locks[key]:  # a second one who asks at once gets what the first one waited for
                held = self._held.get(key) or self._read(key, read)
        elif self._is_old(held):
            if held.cost < QUICK:
                held = self._read(key, read)
            elif self._locks[key].acquire(blocking=False):
                threading.Thread(target=self._aside, args=(key, read), name="opsplug-figures", daemon=True).start()
        value: T = held.value
        return value

    def _is_old(self, held: _Held) -> bool:
        return self._clock() - held.at >= max(self._seconds, PART * held.cost)

    def _read(self, key: Hashable, read: Callable[[], Any]) -> _Held:
        began = self._clock()
        value = read()
        held = self._held[key] = _Held(value, self._clock(), self._clock() - began)
        return held

    def _aside(self, key: Hashable, read: Callable[[], Any]) -> None:
        try:
            self._read(key, read)
        except OpsPlugError as error:
            log.warning("opsplug: figures could not be made anew, the last ones stay: %s", error)
            self._held[key].at = self._clock()
        finally:
            self._locks[key].release()
