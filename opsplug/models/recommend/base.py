"""What every recommender shares: the evidence it learns from, the question it answers, and its protocol.

Codes are positions in one vocabulary of items. A recommender is fitted in training (scipy, scikit-learn),
exported as named numpy arrays, and loaded from them to serve with numpy alone; the arrays may be memory maps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from opsplug.features.interactions import Interactions, active_days
from opsplug.features.items import Catalogue

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from opsplug.models.recommend.candidates import View

Arrays = dict[str, NDArray[Any]]
Scores = NDArray[np.float32]
Codes = NDArray[np.int64]

BLOCK = 32  # scores of which only the largest is looked at first
LONGEST_HISTORY = 200  # events of one visitor that are looked at, newest first


@dataclass(frozen=True, slots=True)
class Evidence:
    """A log and a catalogue in one item vocabulary; `ages` are active days before `now`, one per row of the log."""

    log: Interactions
    items: Catalogue
    now: float
    ages: NDArray[np.float64]

    @classmethod
    def of(cls, log: Interactions, items: Catalogue, now: float | None = None) -> Evidence:
        known = set(log.item_ids)
        names = log.item_ids + [item for item in items.item_ids if item not in known]
        at = log.newest if now is None else now
        log = log.before(np.nextafter(at, np.inf))
        return cls(log.recoded(names), items.aligned(names), at, active_days(log.times, at))

    @property
    def size(self) -> int:
        return len(self.log.item_ids)

    @property
    def span(self) -> float:
        """Length of the log in active days, at least one."""
        return max(float(self.ages.max()), 1.0) if len(self.ages) else 1.0

    def matrix(self, half_life: float | None = None) -> csr_matrix:
        """Visitors x items in [0, 1]: 1, or with a half-life (active days) event-age weights, at most 1 in all."""
        from scipy.sparse import csr_matrix

        log = self.log
        fresh = np.ones(len(log)) if half_life is None else 0.5 ** (self.ages / half_life)
        shape = (len(log.user_ids), self.size)
        value = csr_matrix((np.where(log.weights > 0, fresh, 0), (log.users, log.items)), shape=shape)
        net = csr_matrix((log.weights, (log.users, log.items)), shape=shape)
        value.data = np.where(net.data > 0, np.minimum(value.data, 1.0), 0.0)
        value.eliminate_zeros()
        return value.astype(np.float32)


@dataclass(slots=True)
class Query:
    """One question: what a visitor did (known items, oldest first), when it is, and where the list will stand."""

    items: NDArray[np.int64]
    times: NDArray[np.float64]
    kinds: NDArray[np.int8]
    now: float
    placement: str = "home"
    page: int = -1
    memo: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        history: Sequence[tuple[int, float, int]],
        *,
        size: int,
        now: float,
        placement: str = "home",
        page: int = -1,
    ) -> Query:
        """A query from `(item code, epoch seconds, kind)` triples; unknown codes are dropped, the newest kept."""
        known = [event for event in history[-LONGEST_HISTORY:] if 0 <= event[0] < size]
        known.sort(key=lambda event: event[1])
        return cls(
            np.array([event[0] for event in known], np.int64),
            np.array([event[1] for event in known], np.float64),
            np.array([event[2] for event in known], np.int8),
            now, placement, page if 0 <= page < size else -1,
        )  # fmt: skip

    def among(self, items: Codes) -> Query:
        """The same moment for somebody of whom only these items are known, all of now."""
        count = len(items)
        times, kinds = np.full(count, self.now), np.zeros(count, np.int8)
        return Query(items, times, kinds, self.now, self.placement, self.page)

    def distinct(self, longest: int = LONGEST_HISTORY) -> tuple[Codes, NDArray[np.float64]]:
        """Distinct items of the newest events, newest first, and how many events ago the newest event of each was."""
        if "distinct" not in self.memo:
            first: dict[int, int] = {}
            for ago, item in enumerate(self.items[::-1].tolist()):
                first.setdefault(item, ago)
            count = len(first)
            self.memo["distinct"] = np.fromiter(first, np.int64, count), np.fromiter(first.values(), np.float64, count)
        items, ago = self.memo["distinct"]
        kept = int(np.searchsorted(ago, longest)) if longest < len(self.items) else len(items)
        return items[:kept], ago[:kept]

    def recency(self, decay: float, longest: int = LONGEST_HISTORY) -> tuple[Codes, NDArray[np.float64]]:
        """Distinct items, newest first, and the weight `decay ** events ago` of the newest event of each."""
        items, ago = self.distinct(longest)
        return items, decay**ago


class Part(Protocol):
    """One recommender of the mix."""

    name: ClassVar[str]

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0) -> Self:
        """Learn; may import scipy and scikit-learn."""
        ...

    def export(self) -> Arrays:
        """Everything that serving needs, as plain arrays."""
        ...

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The same recommender from exported arrays."""
        ...

    def score(self, query: Query) -> Scores:
        """One score per item, higher is better, 0 where nothing is known; all 0 when the part has nothing to say."""
        ...


@dataclass(frozen=True, slots=True)
class Neighbours:
    """A fixed number of neighbours per item: codes and weights of shape (items, width); unused places have weight 0."""

    codes: NDArray[np.int32]
    weights: NDArray[np.float32]

    def sums(self, items: Codes, weights: NDArray[np.float64], view: View | None = None) -> Scores:
        """Weighted sum of the rows of `items`, one score per item (of the view)."""
        return self.several(items, [weights], view)[0].astype(np.float32)

    def several(
        self, items: Codes, weightings: Sequence[NDArray[np.float64]], view: View | None = None
    ) -> list[NDArray[np.float64]]:
        """The sums for several weightings of `items`; the rows are read once. A weighting may stop early."""
        size = len(self.codes) if view is None else len(view)
        if not len(items):
            return [np.zeros(size) for _ in weightings]
        codes, rows = self.codes.take(items, axis=0), self.weights.take(items, axis=0)
        if view is not None and view.place is not None:
            codes = view.place.take(codes)
        found = []
        for weights in weightings:
            count = len(weights)
            shares = rows[:count] * weights.astype(np.float32)[:, None]
            total: NDArray[Any] = np.bincount(codes[:count].ravel(), shares.ravel(), minlength=size)
            found.append(total[:size])
        return found

    def export(self, name: str) -> Arrays:
        return {f"{name}.codes": self.codes, f"{name}.weights": self.weights}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], name: str) -> Neighbours:
        return cls(arrays[f"{name}.codes"], arrays[f"{name}.weights"])

    @classmethod
    def widest(cls, rows: Any, width: int) -> Neighbours:
        """The `width` largest entries (by size, sign kept) of each row of a sparse matrix."""
        rows = rows.tocsr()
        size, counts = rows.shape[0], np.diff(rows.indptr)
        width = max(1, min(width, int(counts.max(initial=1))))
        codes, weights = np.zeros((size, width), np.int32), np.zeros((size, width), np.float32)
        for row in np.flatnonzero(counts):
            inside = slice(rows.indptr[row], rows.indptr[row + 1])
            value, place = rows.data[inside], rows.indices[inside]
            if len(value) > width:
                kept = np.argpartition(-np.abs(value), width - 1)[:width]
                value, place = value[kept], place[kept]
            codes[row, : len(value)], weights[row, : len(value)] = place, value
        return cls(codes, weights)


def stacked(tables: Sequence[Neighbours]) -> Neighbours:
    """Tables of consecutive blocks of items, one below the other."""
    size = sum(len(table.codes) for table in tables)
    width = max((table.codes.shape[1] for table in tables), default=1)
    codes, weights = np.zeros((size, width), np.int32), np.zeros((size, width), np.float32)
    row = 0
    for table in tables:
        rows, wide = table.codes.shape
        codes[row : row + rows, :wide], weights[row : row + rows, :wide] = table.codes, table.weights
        row += rows
    return Neighbours(codes, weights)


def best(scores: NDArray[Any], k: int) -> Codes:
    """Codes of the k largest scores, best first; ties go to the lower code: the same scores give the same list."""
    k = min(k, len(scores))
    if k <= 0:
        return np.zeros(0, np.int64)
    low = _kth(scores[: len(scores) // BLOCK * BLOCK].reshape(-1, BLOCK).max(1), k)  # of k blocks none has less
    among = np.flatnonzero(scores >= low) if low > 0 else np.flatnonzero(scores > 0)
    if k <= len(among):  # selection among all, and among many equal zeros, takes ten times as long
        scores = scores[among]
    else:
        among = np.arange(len(scores))
    chosen = largest(scores, k)
    return among[chosen[np.lexsort((chosen, -scores[chosen]))]]


def largest(scores: NDArray[Any], k: int) -> Codes:
    """Places of the k largest scores in no certain order; ties go to the lower place."""
    edge = _kth(scores, k)
    above = np.flatnonzero(scores > edge)
    return np.concatenate([above, np.flatnonzero(scores == edge)[: k - len(above)]])


def _kth(scores: NDArray[Any], k: int) -> float:
    """The k-th largest; minus infinity where there are fewer."""
    return float(np.partition(scores, len(scores) - k)[len(scores) - k]) if k <= len(scores) else -np.inf


def by_visitor(log: Interactions) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Row order by visitor and time, and where in that order a new visitor begins."""
    order = np.lexsort((np.arange(len(log)), log.users))
    users = log.users[order]
    begins = np.ones(len(users), bool)
    begins[1:] = users[1:] != users[:-1]
    return order, begins
