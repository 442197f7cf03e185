"""Behavioural bot detection: programs told from people by what they do, where the agent's name says nothing.

Two signs. A visitor loads pages faster than anybody reads. Or a client (address and agent) loads page after page that
carries the snippet and the snippet never reports from there, while it does from elsewhere; people behind one address
clear each other by reporting. People without JavaScript read at a person's pace and are left alone.

Kept are a few numbers for each of the last ten thousand clients, in memory only; addresses are stored nowhere.
"""

from collections import OrderedDict
from typing import Final

from opsplug.capture.client import client_of, network_of
from opsplug.capture.visit import Visit
from opsplug.units import HOUR

MAX_PAGES_AT_ONCE: Final = 60.0  # pages at once of one visitor; beyond, one a second
MAX_PAGES_UNREPORTED: Final = 40.0  # pages at once of one client without a report; beyond, one a minute
MIN_REPORTING_CLIENTS: Final = 10  # clients that must have reported before the silence of another says anything
REMEMBERED_SECONDS: Final = HOUR  # how long one is known for a program, or for having reported
_CLIENTS: Final = 10_000


class _Recent(OrderedDict[str, float]):
    """The last clients, the least recent one going first. One step each, so threads may share it."""

    def put(self, key: str, value: float) -> None:
        self[key] = value
        self.move_to_end(key)
        if len(self) > _CLIENTS:
            self.popitem(last=False)


class BotBehaviour:
    """`judge` runs on the writer's thread, once for each page; the others cost requests a look-up."""

    def __init__(self, trusted_proxies: int = 0) -> None:
        self._trusted = trusted_proxies
        self._full_at = _Recent()  # until when the pages of the past count, as the limiter of requests does it
        self._reported = _Recent()
        self._programs = _Recent()

    def reported(self, visit: Visit) -> None:
        """A beacon came: the snippet runs there."""
        key = self._client(visit)
        self._reported.put(key, visit.started)
        self._programs.pop(key, None)
        self._full_at.pop(key, None)

    def is_program(self, visit: Visit) -> bool:
        """Whether this client was found to be a program within the last hour."""
        if not self._programs:
            return False
        return self._known(self._client(visit), visit.started) or self._known(visit.cookies.anonymous_id, visit.started)

    def judge(self, visit: Visit) -> bool:
        """Count a page that went out; -> whether this client is a program, by now."""
        now = visit.started
        visitor = visit.cookies.anonymous_id
        if visitor is not None and self._is_over(visitor, now, 1.0, MAX_PAGES_AT_ONCE):
            self._programs.put(visitor, now)
        client = self._client(visit)
        silent = visit.tagged and len(self._reported) >= MIN_REPORTING_CLIENTS and not self._has_reported(client, now)
        if silent and self._is_over(client, now, 60.0, MAX_PAGES_UNREPORTED):
            self._programs.put(client, now)
        return self.is_program(visit)

    def _is_over(self, key: str, now: float, seconds: float, most: float) -> bool:
        """One page more, each of which counts for so many seconds: whether more than `most` would count now."""
        until = max(self._full_at.get(key, now), now) + seconds
        if until - now > (most + 2) * seconds:  # so much is never put down: the clock was set back
            until = now + seconds
        is_over = until - now > most * seconds
        if not is_over:
            self._full_at.put(key, until)
        return is_over

    def _has_reported(self, key: str, now: float) -> bool:
        at = self._reported.get(key)
        return at is not None and now - at < REMEMBERED_SECONDS

    def _known(self, key: str | None, now: float) -> bool:
        at = self._programs.get(key) if key is not None else None
        return at is not None and now - at < REMEMBERED_SECONDS

    def _client(self, visit: Visit) -> str:
        return f"{network_of(client_of(visit.client, visit.forwarded, self._trusted))} {visit.agent[:200]}"
