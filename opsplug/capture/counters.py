"""What happened in this process, counted at the price of a dictionary access and added up in the store now and then."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from opsplug import reasons
from opsplug.privacy.free_text import clean_text

MAX_DETAILS: Final = 50  # names of one family in one process; the names are chosen by those who send
OTHER: Final = "other"
_DETAIL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,39}")
_NUMBER: Final = re.compile(r"\d{5}")


class Counters:
    """Counts since the process began. Exact among threads without a lock of its own: `+=` on an int in a plain
    dictionary calls no Python code, so the interpreter changes threads before or after it, not within."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._saved: defaultdict[str, int] = defaultdict(int)
        self._details: dict[str, set[str]] = {}

    def add(self, name: str, n: int = 1) -> None:
        try:
            self._counts[name] += n
        except KeyError:  # the first of this name
            reasons.require(name)
            self._counts.setdefault(name, 0)
            self._counts[name] += n

    def note(self, name: str, detail: str = "") -> None:
        """One more of this reason. A family (`properties_unknown.*`) is counted by its detail, masked, and past 50 of
        them as `other`; of a reason without details the detail is for those who trace an event."""
        self.add(f"{name[:-1]}{self._shown(name, detail)}" if name.endswith("*") else name)

    def _shown(self, family: str, detail: str) -> str:
        known = self._details.setdefault(family, set())
        if detail in known:
            return detail
        if len(known) >= MAX_DETAILS or _DETAIL.fullmatch(detail) is None or _NUMBER.search(detail):
            return OTHER
        if clean_text(detail) != detail:
            return OTHER
        known.add(detail)
        return detail

    def know(self, names: Iterable[str]) -> None:
        """What other processes have counted takes the place of details, too: the store's names stay few."""
        for name in names:
            row = reasons.find(name)
            if row is not None and row.is_family and name != f"{row.name[:-1]}{OTHER}":
                self._details.setdefault(row.name, set()).add(reasons.detail(name))

    def get(self, name: str) -> int:
        return self._counts.get(name, 0)

    def unsaved(self) -> dict[str, int]:
        """What was counted since it was last `saved`."""
        changes = {name: count - self._saved[name] for name, count in self._counts.copy().items()}
        return {name: change for name, change in changes.items() if change}

    def saved(self, changes: Mapping[str, int]) -> None:
        """The store has these."""
        for name, change in changes.items():
            self._saved[name] += change

    def reset(self) -> None:
        """A forked child starts from nothing: what its parent counted is its parent's to save."""
        self._counts.clear()
        self._saved.clear()
        self._details.clear()
