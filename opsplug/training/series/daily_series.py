"""The numbers of all days, kept in the store as two documents a day and in memory as far as they are worked on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from opsplug.features.daycells import DayCells
from opsplug.features.local_time import SlotClock
from opsplug.features.opensessions import OpenSessions
from opsplug.features.series import RollupState

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

TOTALS, PARTS, STATE = "series", "series_parts", "series_state"  # document kinds; keys are ISO dates
MOST_DAYS: Final = 45  # held in memory
PARTS_DAYS: Final = 120  # for so long the parts are kept, the totals as long as events are


class SeriesBook:
    """A write-back cache: `day` is for changing, `look` for reading, `save` writes all or nothing."""

    def __init__(self, store: Store, clock: SlotClock) -> None:
        self._store = store
        self.clock = clock
        self._days: dict[str, DayCells] = {}
        self._dirty: set[str] = set()

    def day(self, name: str) -> DayCells:
        self._dirty.add(name)
        return self._days.get(name) or self.cells(name)

    def cells(self, name: str) -> DayCells:
        found = self._days.get(name)
        if found is None:
            totals = self._store.get_document(TOTALS, name)
            found = DayCells.from_documents(totals, self._store.get_document(PARTS, name) if totals else None)
            self._days[name] = found
        return found

    @property
    def changed(self) -> int:
        return len(self._dirty)

    def save(self, now_ms: int, state: RollupState, sessions: OpenSessions) -> None:
        """One transaction with the place up to which events were read, so that none is counted twice or never."""
        rows: list[tuple[str, str, Any]] = []
        for name in sorted(self._dirty):
            rows.append((TOTALS, name, self._days[name].totals_document()))
            rows.append((PARTS, name, self._days[name].parts_document()))
        rows.append((STATE, "rollup", {**msgspec.to_builtins(state), "open": sessions.to_document()}))
        self._store.put_documents(rows, now_ms)
        self._dirty.clear()
        self.shrink()

    def shrink(self) -> None:
        """Let go of all but the newest days that hold no unsaved change."""
        for name in sorted(self._days)[:-MOST_DAYS]:
            if name not in self._dirty:
                del self._days[name]

    def read_state(self) -> tuple[RollupState, OpenSessions]:
        """Where the last run ended; a new beginning when there was none, the store was replaced or the zone changed."""
        stored = self._store.get_document(STATE, "rollup")
        if (
            stored is not None
            and stored["timezone"] == self.clock.timezone
            and stored["last_id"] <= self._store.last_id()
        ):
            sessions = OpenSessions.from_document(stored.pop("open", {}))
            return msgspec.convert(stored, RollupState), sessions
        self._forget_all()
        return RollupState(timezone=self.clock.timezone), OpenSessions()

    def prune(self, before_totals: str, before_parts: str) -> int:
        """Remove the days before these dates; -> documents removed."""
        gone = 0
        for kind, before in ((TOTALS, before_totals), (PARTS, before_parts)):
            for key in self._store.document_keys(kind):
                gone += key < before and self._store.delete_document(kind, key)
        return gone

    def _forget_all(self) -> None:
        for kind in (TOTALS, PARTS, STATE, "detector"):
            for key in self._store.document_keys(kind):
                self._store.delete_document(kind, key)
