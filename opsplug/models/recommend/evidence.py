"""What a recommender is fitted on: a log and a catalogue in one vocabulary of items."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opsplug.features.interactions import Interactions, active_days
from opsplug.features.items import Catalogue

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


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
        age_weights = np.ones(len(log)) if half_life is None else 0.5 ** (self.ages / half_life)
        shape = (len(log.user_ids), self.size)
        value = csr_matrix((np.where(log.weights > 0, age_weights, 0), (log.users, log.items)), shape=shape)
        net = csr_matrix((log.weights, (log.users, log.items)), shape=shape)
        value.data = np.where(net.data > 0, np.minimum(value.data, 1.0), 0.0)
        value.eliminate_zeros()
        return value.astype(np.float32)


def by_visitor(log: Interactions) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Row order by visitor and time, and where in that order a new visitor begins."""
    order = np.lexsort((np.arange(len(log)), log.users))
    users = log.users[order]
    begins = np.ones(len(users), bool)
    begins[1:] = users[1:] != users[:-1]
    return order, begins
