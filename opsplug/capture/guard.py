"""The one place where a fault of ours is swallowed: logged, counted, and never the visitor's problem."""

import logging
import time
from types import TracebackType

from opsplug.capture.counters import Counters

log = logging.getLogger("opsplug")
_EVERY = 60.0  # seconds between two log lines of the same hook


class Guard:
    """`with guard("inject"): ...` keeps an exception from the shop: every one is counted, one a minute is logged."""

    def __init__(self, counters: Counters) -> None:
        self.counters = counters
        self._logged: dict[str, float] = {}
        self._hooks: dict[str, _Guarded] = {}

    def __call__(self, hook: str) -> "_Guarded":
        guarded = self._hooks.get(hook)
        if guarded is None:
            guarded = self._hooks[hook] = _Guarded(self, hook)
        return guarded

    def swallowed(self, hook: str, error: BaseException) -> None:
        self.counters.add(f"errors.{hook}")
        now = time.monotonic()
        if now - self._logged.get(hook, -_EVERY) >= _EVERY:
            self._logged[hook] = now
            log.error("opsplug: %s failed, the shop goes on without it", hook, exc_info=error)


class _Guarded:
    __slots__ = ("guard", "hook")

    def __init__(self, guard: Guard, hook: str) -> None:
        self.guard = guard
        self.hook = hook

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if error is None or not isinstance(error, Exception):
            return False
        self.guard.swallowed(self.hook, error)
        return True
