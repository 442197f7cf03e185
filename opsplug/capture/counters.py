"""What happened in this process, counted at the price of a dictionary access and added up in the store now and then."""

from collections import defaultdict
from collections.abc import Mapping


class Counters:
    """Counts since the process began. Exact among threads without a lock of its own: `+=` on an int in a plain
    dictionary calls no Python code, so the interpreter changes threads before or after it, not within."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._saved: defaultdict[str, int] = defaultdict(int)

    def add(self, name: str, n: int = 1) -> None:
        self._counts[name] += n

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
