"""What the next-item network is trained on: moments of visitors, with what was before and what came next.

Moments within one basket do not exist: an example begins between two different times. An example read backwards (what
came after it as the history) teaches what goes together just as well, and doubles what a small shop has to learn from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opsplug.features.interactions import DAY, Interactions
from opsplug.models.next_item import LONGEST, log_steps, minute_steps

TARGETS = 10  # next distinct items that an example is asked for
HALF = 0.25  # share of the log's active days after which an example counts half
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Batch:
    """Shape (examples, events) or (examples, targets); `known` and `asked` tell which places are used."""

    items: Rows
    known: NDArray[np.bool_]
    events: Rows
    moments: Rows
    minutes: Rows
    kinds: Rows
    targets: Rows
    asked: NDArray[np.bool_]


class Examples:
    """All examples of a log in one direction of time; `items` are codes of `Interactions`."""

    def __init__(self, log: Interactions, *, backwards: bool = False) -> None:
        sign = -1 if backwards else 1
        order = np.lexsort((sign * log.times, log.users))
        self._items = log.items[order].astype(np.int64)
        self._times, self._kinds = sign * log.times[order], log.kinds[order].astype(np.int64)
        users = log.users[order]
        number = np.arange(len(order))
        begins = np.ones(len(order), bool)
        begins[1:] = users[1:] != users[:-1]
        self._start = np.maximum.accumulate(np.where(begins, number, 0)) if len(order) else number
        moves = begins.copy()
        moves[1:] |= self._times[1:] != self._times[:-1]
        self._moment = np.cumsum(moves)
        ends = np.append(np.flatnonzero(begins)[1:], len(order))
        self._end = ends[np.cumsum(begins) - 1] if len(order) else number
        pairs = users.astype(np.int64) * max(len(log.item_ids), 1) + self._items
        self._first = np.sort(np.unique(pairs, return_index=True)[1])  # rows in which a visitor meets an item
        at = np.flatnonzero(moves & ~begins)
        place = np.searchsorted(self._first, at)
        follows = np.append(self._first, len(order))[place] < self._end[at]
        self._at = at[follows]  # rows before which an example stands
        days = np.unique(np.floor(log.times / DAY))
        age = len(days) - 1 - np.searchsorted(days, np.floor(sign * self._times[self._at] / DAY))
        share = 0.5 ** (age / (HALF * max(len(days) - 1, 1)))
        self._share = share / max(share.sum(), 1e-9)

    def __len__(self) -> int:
        return len(self._at)

    def drawn(self, count: int, rng: np.random.Generator) -> Rows:
        """Rows of `count` examples, newer ones more often."""
        return self._at[rng.choice(len(self._at), count, p=self._share)]

    def batch(self, at: Rows) -> Batch:
        """The examples that stand before these rows."""
        longest = min(LONGEST, int((at - self._start[at]).max()))
        rows = at[:, None] - 1 - np.arange(longest)
        known = rows >= self._start[at][:, None]
        rows = np.where(known, rows, 0)
        moment = self._moment[rows]
        begins = np.ones_like(known)
        begins[:, 1:] = moment[:, 1:] != moment[:, :-1]
        events = np.maximum.accumulate(np.where(begins, np.arange(longest), 0), 1)
        place = np.searchsorted(self._first, at)[:, None] + np.arange(TARGETS)
        inside = place < len(self._first)
        next_rows = self._first[np.where(inside, place, 0)]
        asked = inside & (next_rows < self._end[at][:, None])
        return Batch(
            self._items[np.where(known, rows, rows[:, :1])], known, log_steps(events),
            log_steps(np.where(known, self._moment[at - 1][:, None] - moment, 0)),
            minute_steps(self._times[at][:, None] - self._times[rows]), self._kinds[rows],
            np.where(asked, self._items[next_rows], 0), asked,
        )  # fmt: skip
