"""What happened in this process, counted without a lock and handed to the store now and then."""

from collections import defaultdict


class Counters:
    """`add` is a dictionary access; two threads that meet in one may lose a count, never an event."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, int] = defaultdict(int)

    def add(self, name: str, count: int = 1) -> None:
        self._counts[name] += count

    def get(self, name: str) -> int:
        """What was counted since the last `take`."""
        return self._counts.get(name, 0)

    def take(self) -> dict[str, int]:
        """What was counted since the last call; the counters start again from nothing."""
        taken, self._counts = self._counts, defaultdict(int)
        return {name: count for name, count in taken.items() if count}

    def give_back(self, counts: dict[str, int]) -> None:
        """The store would not have them: keep them for the next time."""
        for name, count in counts.items():
            self.add(name, count)
