"""Behaviour as arrays: one row per visitor, item and event, sorted by time."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.units import DAY

VIEW, CART, PURCHASE, OTHER = 0, 1, 2, 3

# Event name -> (kind, weight). Starting values of the event language, not findings.
EVENTS: Mapping[str, tuple[int, float]] = {
    "view_item": (VIEW, 1.0),
    "select_item": (VIEW, 1.0),
    "add_to_wishlist": (OTHER, 2.0),
    "remove_from_wishlist": (OTHER, -2.0),
    "add_to_cart": (CART, 4.0),
    "remove_from_cart": (CART, -1.0),
    "purchase": (PURCHASE, 10.0),
    "refund": (PURCHASE, -10.0),
    "rate_item": (OTHER, 2.0),
}

Row = tuple[str, str, float, str, str | None]


@dataclass(frozen=True, slots=True)
class Interactions:
    """Struct of arrays sorted by time; `users`, `items` and `baskets` are codes, `times` are epoch seconds."""

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    times: NDArray[np.float64]
    weights: NDArray[np.float32]
    kinds: NDArray[np.int8]
    user_ids: list[str]
    item_ids: list[str]
    baskets: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def newest(self) -> float:
        """The time of the newest event, 0 for an empty log."""
        return float(self.times[-1]) if len(self.times) else 0.0

    def take(self, rows: NDArray[Any] | slice) -> Interactions:
        """The rows named by a mask, slice or index array, with the same codes."""
        return Interactions(
            self.users[rows], self.items[rows], self.times[rows], self.weights[rows], self.kinds[rows],
            self.user_ids, self.item_ids, self.baskets[rows],
        )  # fmt: skip

    def before(self, time: float) -> Interactions:
        """What was known at `time`: events strictly older than it."""
        return self.take(slice(int(np.searchsorted(self.times, time, "left"))))

    def recoded(self, item_ids: Sequence[str]) -> Interactions:
        """The same events in another item vocabulary, which must contain every item that occurs."""
        place = {item: code for code, item in enumerate(item_ids)}
        table = np.array([place[item] for item in self.item_ids] or [0], np.int32)
        items = table[self.items] if len(self.items) else self.items
        return Interactions(
            self.users, items, self.times, self.weights, self.kinds, self.user_ids, list(item_ids), self.baskets
        )


class _Codes:
    """Text -> code, numbered by first appearance; None and empty text are -1."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self.place: dict[str, int] = {}
        for text in known:
            self.of(text)

    def of(self, text: str | None) -> int:
        if not text:
            return -1
        return self.place.setdefault(text, len(self.place))


def interactions(
    rows: Iterable[Row],
    *,
    item_ids: Sequence[str] = (),
    events: Mapping[str, tuple[int, float]] = EVENTS,
    newest: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> Interactions:
    """Arrays from `(user, item, epoch_seconds, event, basket)` rows in any order.

    Rows of events that say nothing about taste, without a user or an item, or later than `newest` are left out.
    `item_ids` fixes the first item codes (the catalogue's order, say).
    """
    people, things, groups = _Codes(), _Codes(item_ids), _Codes()
    users, items, times = array("i"), array("i"), array("d")
    weights, kinds, baskets = array("f"), array("b"), array("i")
    for count, (user, item, time, event, basket) in enumerate(rows, 1):
        meaning = events.get(event)
        if meaning is None or not user or not item or (newest is not None and time > newest):
            continue
        users.append(people.of(user))
        items.append(things.of(item))
        times.append(time)
        kinds.append(meaning[0])
        weights.append(meaning[1])
        baskets.append(groups.of(basket))
        if progress is not None and count % 100_000 == 0:
            progress(count)
    return _sorted(
        np.array(users, np.int32), np.array(items, np.int32), np.array(times, np.float64),
        np.array(weights, np.float32), np.array(kinds, np.int8), list(people.place), list(things.place),
        np.array(baskets, np.int32),
    )  # fmt: skip


def from_columns(
    users: Sequence[str] | NDArray[Any],
    items: Sequence[str] | NDArray[Any],
    times: NDArray[np.float64],
    *,
    kind: int = VIEW,
    weight: float = 1.0,
) -> Interactions:
    """Arrays from whole columns of one kind of event: the short way for benchmarks and tests."""
    user_ids, user_codes = np.unique(np.asarray(users, dtype=str), return_inverse=True)
    item_ids, item_codes = np.unique(np.asarray(items, dtype=str), return_inverse=True)
    n = len(item_codes)
    return _sorted(
        user_codes.astype(np.int32), item_codes.astype(np.int32), np.asarray(times, np.float64),
        np.full(n, weight, np.float32), np.full(n, kind, np.int8), user_ids.tolist(), item_ids.tolist(),
        np.full(n, -1, np.int32),
    )  # fmt: skip


def _sorted(
    users: NDArray[np.int32],
    items: NDArray[np.int32],
    times: NDArray[np.float64],
    weights: NDArray[np.float32],
    kinds: NDArray[np.int8],
    user_ids: list[str],
    item_ids: list[str],
    baskets: NDArray[np.int32],
) -> Interactions:
    order = np.lexsort((users, times))  # stable: what happened at one moment keeps the order in which it was told
    return Interactions(
        users[order], items[order], times[order], weights[order], kinds[order], user_ids, item_ids, baskets[order]
    )


def active_days(times: NDArray[np.float64], now: float) -> NDArray[np.float64]:
    """The age of each event in days that had events, so that a gap in a log (a closed shop, an old export) is no age.

    Shape (n,), not negative; events later than `now` count as age zero. `times` must be sorted.
    """
    if not len(times):
        return np.zeros(0)
    day = np.floor(times / DAY)
    rank = np.cumsum(np.diff(day, prepend=day[0]) > 0)
    clock = rank + (times / DAY - day)
    at = min(now, float(times[-1]))
    before = max(int(np.searchsorted(times, at, "right")) - 1, 0)
    newest = clock[before] + min(max(at / DAY - times[before] / DAY, 0.0), 1.0)
    age: NDArray[np.float64] = np.maximum(newest - clock, 0.0)
    return age
