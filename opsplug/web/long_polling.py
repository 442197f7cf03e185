"""Limit of concurrent long polls: each reads the store every half second."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class PollLimiter:
    """At most `most` in this process and `each` of one client. For one event loop: nothing here is locked."""

    def __init__(self, most: int, each: int) -> None:
        self._most = most
        self._each = each
        self._held: Counter[str] = Counter()

    @contextmanager
    def taken(self, client: str) -> Iterator[bool]:
        """Whether this client may wait; the place is given back at the end."""
        if self._held.total() >= self._most or self._held[client] >= self._each:
            yield False
            return
        self._held[client] += 1
        try:
            yield True
        finally:
            self._held[client] -= 1
            if not self._held[client]:
                del self._held[client]
