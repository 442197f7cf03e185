"""Session nearest neighbours: who else did these things lately (VS-kNN, Ludewig and Jannach 2018; STAN, Garg 2019).

Sessions are cut at idle gaps. A neighbour counts by shared items (rarer and newer ones more), by length and by age.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.arrays import Arrays, Codes, Scores
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.constants import (
    SESSION_DAMPING,
    SESSION_DECAY,
    SESSION_GAP,
    SESSION_HALF_LIFE,
    SESSION_MAX_HISTORY,
    SESSION_NEIGHBOURS,
    SESSION_PER_ITEM,
)
from opsplug.models.recommend.evidence import Evidence, by_visitor
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.scorer import Channel
from opsplug.models.recommend.topk import top_k_unordered


@dataclass(frozen=True, slots=True)
class SessionKnn:
    name: ClassVar[str] = "session"
    starts: NDArray[np.int64]  # of each session in `members`, plus the end
    members: NDArray[np.int32]
    factor: NDArray[np.float32]  # of each session: age and length
    lists: NDArray[np.int64]  # start of each item's sessions in `sessions`, plus the end
    sessions: NDArray[np.int32]
    rarity: NDArray[np.float32]
    damping: NDArray[np.float32] = field(init=False)  # of each item: what everybody takes counts less

    def __post_init__(self) -> None:
        object.__setattr__(self, "damping", np.maximum(self.rarity, 0.0) ** np.float32(SESSION_DAMPING))

    @classmethod
    def fit(
        cls, evidence: Evidence, *, seed: int = 0, gap: float = SESSION_GAP, half: float = SESSION_HALF_LIFE
    ) -> SessionKnn:
        from scipy.sparse import csr_matrix

        log, size = evidence.log, evidence.size
        order, begins = by_visitor(log)
        times = log.times[order]
        begins[1:] |= np.diff(times) > gap
        session = np.cumsum(begins) - 1
        count = int(session[-1]) + 1 if len(session) else 0
        age = np.full(count, np.inf)
        np.minimum.at(age, session, evidence.ages[order])
        rank = np.argsort(np.argsort(age, kind="stable"), kind="stable")  # 0 is the newest session
        X = csr_matrix((np.ones(len(order), np.float32), (rank[session], log.items[order])), shape=(count, size))
        X.sum_duplicates()
        age = np.sort(age)
        lengths = np.diff(X.indptr)
        factor = 0.5 ** (age / (half * evidence.span)) / np.sqrt(lengths + 5.0)
        by_item = X.tocsc()
        by_item.sort_indices()
        used = np.diff(by_item.indptr)
        rarity = np.log((count + 1) / (used + 1.0)).astype(np.float32)
        lists, sessions = _newest(by_item.indptr, by_item.indices, SESSION_PER_ITEM)
        starts, members = X.indptr.astype(np.int64), X.indices.astype(np.int32)
        return cls(starts, members, factor.astype(np.float32), lists, sessions, rarity)

    def export(self) -> Arrays:
        return {name: getattr(self, name) for name in ("starts", "members", "factor", "lists", "sessions", "rarity")}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> SessionKnn:
        return cls(*(arrays[name] for name in ("starts", "members", "factor", "lists", "sessions", "rarity")))

    def score(self, query: Query, candidates: CandidateSet, channels: Sequence[Channel]) -> list[Scores]:
        items, values = self.votes(query)
        if not len(items):
            scores: Scores = np.zeros(len(candidates), np.float32)
        else:
            scores = (candidates.sums(items, values) * candidates.take(self.damping)).astype(np.float32)
        return [scores for _ in channels]

    def retrieve(self, query: Query) -> Codes:
        return self.votes(query)[0].astype(np.int64)

    def votes(self, query: Query) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Items of the neighbours' sessions, each as often as it occurs, with the weight of the session."""
        if "votes" not in query.memo:
            query.memo["votes"] = self._votes(*query.recency(SESSION_DECAY, SESSION_MAX_HISTORY))
        found: tuple[NDArray[np.int32], NDArray[np.float64]] = query.memo["votes"]
        return found

    def _votes(self, items: Codes, weights: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        lists = [
            self.sessions[begin:end]
            for begin, end in zip(self.lists[items].tolist(), self.lists[items + 1].tolist(), strict=True)
        ]
        found = np.concatenate(lists) if lists else np.zeros(0, np.int32)
        if not len(found):
            return found, np.zeros(0)
        order = np.argsort(found, kind="stable")  # quick, because each list is in order
        found = found.take(order)
        first = np.flatnonzero(np.append(True, found[1:] != found[:-1]))  # each session once
        shared = np.repeat(weights * self.rarity[items], [len(part) for part in lists]).take(order)
        candidates = found.take(first)
        value = np.add.reduceat(shared, first) * self.factor.take(candidates)
        if len(candidates) > SESSION_NEIGHBOURS:
            kept = top_k_unordered(value, SESSION_NEIGHBOURS)
            candidates, value = candidates[kept], value[kept]
        begin, end = self.starts.take(candidates), self.starts.take(candidates + 1)
        return self.members.take(_ranges(begin, end)), np.repeat(value, end - begin)


def _ranges(begin: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int64]:
    """The concatenation of the ranges begin[i]:end[i]."""
    lengths = end - begin
    stops = np.cumsum(lengths)
    shift = np.repeat(begin - stops + lengths, lengths)
    found: NDArray[np.int64] = np.arange(len(shift)) + shift
    return found


def _newest(
    starts: NDArray[np.int32], sessions: NDArray[np.int32], most: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The first `most` sessions of each item; sessions are numbered from the newest."""
    begin = starts[:-1].astype(np.int64)
    end = np.minimum(starts[1:].astype(np.int64), begin + most)
    lists = np.concatenate([[0], np.cumsum(end - begin)]).astype(np.int64)
    return lists, sessions[_ranges(begin, end)].astype(np.int32)
