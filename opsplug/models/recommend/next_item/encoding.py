"""What the next-item network is trained on: moments of visitors, with what was before and what came next.

Moments within one basket do not exist: an example begins between two different times. The second kind of example hides
some items of a history and asks for them (a cloze, as in BERT4Rec, Sun and others 2019): it teaches what goes together,
and a small shop has many more of those than of moments with a future.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opsplug.features.interactions import Interactions
from opsplug.models.recommend.next_item.network import MAX_EVENTS, log_steps, minute_steps
from opsplug.units import DAY

TARGETS = 10  # distinct items that an example is asked for, at most
HIDDEN = 0.1, 0.6  # share of a history that is hidden: between these, and at most TARGETS
HALF = 0.25  # share of the log's active days after which an example counts half
Rows = NDArray[np.int64]
Places = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Batch:
    """Shape (examples, events) or (examples, targets); `known` and `asked` tell which places are used."""

    items: Rows
    known: Places
    events: Rows
    moments: Rows
    minutes: Rows
    kinds: Rows
    targets: Rows
    asked: Places
    hidden: bool = False  # whether the targets were hidden in the history, and do not follow it


class Examples:
    """All examples of a log; `items` are codes of `Interactions`."""

    def __init__(self, log: Interactions) -> None:
        order = np.lexsort((log.times, log.users))
        self._items = log.items[order].astype(np.int64)
        self._times, self._kinds = log.times[order], log.kinds[order].astype(np.int64)
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
        after = np.append(np.flatnonzero(moves)[1:], len(order)) if len(order) else number
        self._after = after[after - self._start[after - 1] > 1]  # rows before which something can be hidden
        days = np.unique(np.floor(log.times / DAY))
        self._share, self._share_after = self._shares(days, self._at), self._shares(days, self._after - 1)

    def _shares(self, days: NDArray[np.float64], rows: Rows) -> NDArray[np.float64]:
        """How often each of these rows is drawn, newer ones more often."""
        age = len(days) - 1 - np.searchsorted(days, np.floor(self._times[rows] / DAY))
        share = 0.5 ** (age / (HALF * max(len(days) - 1, 1)))
        found: NDArray[np.float64] = share / max(share.sum(), 1e-9)
        return found

    def __len__(self) -> int:
        return len(self._at)

    def drawn(self, count: int, rng: np.random.Generator) -> Batch:
        """Moments, and what came next."""
        return self.batch(self._at[rng.choice(len(self._at), count, p=self._share)])

    def hidden(self, count: int, rng: np.random.Generator) -> Batch:
        """Histories, and items that are missing in them; never the newest. Fewer than `count` where none can be."""
        at = self._after[rng.choice(len(self._after), count, p=self._share_after)]
        rows, known = self._before(at)
        items = self._items[rows]
        lot = np.where(known & (items != items[:, :1]), rng.random(items.shape), 1.0)
        place = np.argsort(lot, 1)[:, :TARGETS]
        most = np.maximum(rng.uniform(*HIDDEN, count) * known.sum(1), 1)[:, None]
        asked = (np.take_along_axis(lot, place, 1) < 1) & (np.arange(place.shape[1]) < most)
        targets = np.where(asked, np.take_along_axis(items, place, 1), -1)
        asked &= ~np.tril(targets[:, :, None] == targets[:, None, :], -1).any(2)
        known &= ~(items[:, :, None] == targets[:, None, :]).any(2)
        some = asked.any(1)
        parts = at[some], rows[some], known[some], self._times[at[some] - 1], targets[some], asked[some]
        return self._batch(*parts, hidden=True)

    def batch(self, at: Rows) -> Batch:
        """The examples that stand before these rows."""
        rows, known = self._before(at)
        place = np.searchsorted(self._first, at)[:, None] + np.arange(TARGETS)
        inside = place < len(self._first)
        next_rows = self._first[np.where(inside, place, 0)]
        asked = inside & (next_rows < self._end[at][:, None])
        return self._batch(at, rows, known, self._times[at], self._items[next_rows], asked)

    def _before(self, at: Rows) -> tuple[Rows, Places]:
        """The rows of the history before each of these, newest first, and which of them there are."""
        start = self._start[at - 1]
        rows = at[:, None] - 1 - np.arange(min(MAX_EVENTS, int((at - start).max())))
        known = rows >= start[:, None]
        return np.where(known, rows, rows[:, :1]), known

    def _batch(
        self, at: Rows, rows: Rows, known: Places, now: NDArray[np.float64], targets: Rows, asked: Places,
        *, hidden: bool = False,
    ) -> Batch:  # fmt: skip
        moment = self._moment[rows]
        begins = np.ones_like(known)
        begins[:, 1:] = moment[:, 1:] != moment[:, :-1]
        events = np.maximum.accumulate(np.where(begins, np.arange(rows.shape[1]), 0), 1)
        items = self._items[np.where(known, rows, rows[:, :1])]
        return Batch(
            items, known, log_steps(events), log_steps(self._moment[at - 1][:, None] - moment),
            minute_steps(now[:, None] - self._times[rows]), self._kinds[rows],
            np.where(asked, targets, 0), asked, hidden,
        )  # fmt: skip
