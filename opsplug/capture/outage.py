"""The store's refusals in a row. That another process' transaction takes a moment is nothing to be told of."""

import logging
from collections.abc import Callable
from typing import Final

from opsplug.capture.counters import Counters

log = logging.getLogger("opsplug")

A_MOMENT: Final = 2.0  # seconds


class Outage:
    """Counted and logged once it has lasted, and logged when it is over; `tries` have failed since it is one."""

    def __init__(self, counters: Counters, clock: Callable[[], float]) -> None:
        self._counters = counters
        self._clock = clock
        self.tries = 0
        self._since: float | None = None

    def goes_on(self, error: Exception) -> None:
        """One try more has failed."""
        if self._since is None:
            self._since = self._clock()
        if self._clock() - self._since >= A_MOMENT:
            if not self.tries:
                log.error("opsplug: the store cannot be written, trying again: %s", error)
            self.tries += 1
            self._counters.add("errors.store")

    def is_over(self) -> None:
        if self.tries:
            log.warning("opsplug: the store can be written again")
        self.tries, self._since = 0, None
