"""What becomes of values that do not fit: the field is left out, counted, and named in the log once a minute."""

import logging
import time

from opsplug.capture.counters import Counters

log = logging.getLogger("opsplug")
_EVERY = 60.0  # seconds between two log lines about one field


class OddValues:
    """`odd(field, why)` for `make_event`: nothing is raised, nothing but the field is lost."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._logged: dict[str, float] = {}

    def __call__(self, field: str, why: str) -> None:
        self._counters.note("odd_values.*", field)
        now = time.monotonic()
        if now - self._logged.get(field, -_EVERY) >= _EVERY:
            self._logged[field] = now
            log.warning("opsplug: %s is left out of an event: %s", field, why)
