"""The visits that are still going on, or were a moment ago: what the hourly numbers must remember between two runs."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, Final

import msgspec

from opsplug.units import HOUR, MS

IDLE_MS: Final = 30 * 60_000  # a visit without an event for so long is over
KEPT_MS: Final = 6 * HOUR * MS  # and is remembered so long, for events that come late
_MARKS: Final = 60  # different things that a visit is counted once for


class OpenSession(msgspec.Struct, array_like=True):
    """One visit: where and when it began, what is known of the visitor's surroundings, what it has come to."""

    day: str
    slot: int
    last_ms: int
    device: str = ""
    language: str = ""
    referrer: str = ""
    entry: str = ""
    route: str = ""  # of the last page
    step: str = ""  # the last step towards an order
    missed: str = ""  # the search that found nothing and was the last thing done
    carted: bool = False
    bought: bool = False
    closed: bool = False
    slow: bool = False
    marks: list[str] = []
    missed_ms: int = 0  # when that search was: the page that shows its result began before

    def once(self, mark: str) -> bool:
        """True the first time that this visit does something."""
        if mark in self.marks or len(self.marks) >= _MARKS:
            return False
        self.marks.append(mark)
        return True


class OpenSessions:
    """By a short hash of the session's id; nothing here is kept for longer than two days."""

    def __init__(self) -> None:
        self.sessions: dict[str, OpenSession] = {}
        self.visitors: dict[str, tuple[str, int]] = {}  # the last day and slot of each visitor
        self._swept = 0

    def find(self, session_id: str) -> tuple[str, OpenSession | None]:
        key = short_hash(session_id)
        return key, self.sessions.get(key)

    def visitor_slots(self, visitor: str, day: str, slot: int) -> tuple[bool, bool]:
        """(new in this slot, new on this day) of a visitor, who counts as seen from now on."""
        key = short_hash(visitor)
        seen = self.visitors.get(key)
        if seen is None or seen[0] < day or (seen[0] == day and seen[1] < slot):
            self.visitors[key] = (day, slot)
        return seen != (day, slot), seen is None or seen[0] != day

    def over(self, now_ms: int, *, force: bool = False) -> Iterator[OpenSession]:
        """The visits that have ended by now, each once; forgets the old ones. Looks at most once in ten minutes."""
        if not force and now_ms - self._swept < 600_000:
            return
        self._swept = now_ms
        gone = []
        for key, session in self.sessions.items():
            if not session.closed and now_ms - session.last_ms > IDLE_MS:
                session.closed = True
                yield session
            if now_ms - session.last_ms > KEPT_MS:
                gone.append(key)
        for key in gone:
            del self.sessions[key]

    def forget_visitors(self, before_day: str) -> None:
        self.visitors = {key: seen for key, seen in self.visitors.items() if seen[0] >= before_day}

    def to_document(self) -> dict[str, Any]:
        return {"sessions": msgspec.to_builtins(self.sessions), "visitors": self.visitors, "swept": self._swept}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> OpenSessions:
        found = cls()
        found.sessions = msgspec.convert(document.get("sessions", {}), dict[str, OpenSession])
        found.visitors = {key: (seen[0], int(seen[1])) for key, seen in document.get("visitors", {}).items()}
        found._swept = int(document.get("swept", 0))
        return found


def short_hash(text: str) -> str:
    """Ten characters that stand for an id and cannot be turned back into it."""
    return blake2b(text.encode(), digest_size=5).hexdigest()


def who(session: OpenSession | None) -> dict[str, str]:
    """What a measure is broken down by: nothing where nobody may be recognised."""
    if session is None:
        return {}
    return {"device": session.device, "language": session.language, "referrer": session.referrer}
