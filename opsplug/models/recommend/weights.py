"""The weights of the channels, by context bucket: learnt from what visitors took next, stored and loaded by name.

Weights maximise the likelihood of what was taken (a conditional logit over candidates), on several rolling splits at
once, with a penalty on the distance from equal weights: one seasonal split cannot pull them far.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.arrays import Arrays
from opsplug.models.recommend.candidates import generate_candidates, popular_candidates
from opsplug.models.recommend.channels import score_channels
from opsplug.models.recommend.constants import BUCKET_RIDGE, CANDIDATES_LEARNT, CONTEXT_STEPS, RIDGE
from opsplug.models.recommend.evaluation import DISCOUNT, K, Question
from opsplug.models.recommend.registry import VISITOR_CHANNELS
from opsplug.models.recommend.scorer import Channel, Scorer
from opsplug.models.recommend.topk import top_k

log = logging.getLogger("opsplug")

BUCKETS = len(CONTEXT_STEPS) + 1  # of each mode: discovery first, then repeats


@dataclass(frozen=True, slots=True)
class WeightTable:
    """`table` has shape (context buckets of both modes, channels); `names` are those of the channels."""

    names: tuple[str, ...]
    table: NDArray[np.float32]

    def aligned(self, names: Sequence[str]) -> NDArray[np.float32]:
        """The columns of these channels; 0 for one that this table does not know."""
        found = np.zeros((len(self.table), len(names)), np.float32)
        for column, name in enumerate(names):
            if name in self.names:
                found[:, column] = self.table[:, self.names.index(name)]
        unknown = [name for name in self.names if name not in names and self.table[:, self.names.index(name)].any()]
        if unknown:
            log.warning("opsplug: the model weighs channels that this version does not have: %s", ", ".join(unknown))
        return found

    def with_channel(self, name: str, column: NDArray[Any]) -> WeightTable:
        """The same with one channel added or replaced."""
        rest = self.without(name)
        return WeightTable((*rest.names, name), np.column_stack([rest.table, column]).astype(np.float32))

    def without(self, name: str) -> WeightTable:
        kept = [column for column, other in enumerate(self.names) if other != name]
        return WeightTable(tuple(self.names[column] for column in kept), self.table[:, kept])

    def export(self) -> Arrays:
        return {"channels": np.array(self.names, dtype=np.str_), "channel_weights": self.table}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> WeightTable:
        return cls(tuple(arrays["channels"].tolist()), np.asarray(arrays["channel_weights"]))


def context_bucket(events: int, repeats: bool) -> int:
    """Row of the weight table: whether repeats are wanted, and how much is known of the visitor."""
    return repeats * BUCKETS + bisect_left(CONTEXT_STEPS, events)


def start_weights(channels: Sequence[Channel] = VISITOR_CHANNELS) -> WeightTable:
    """The table before anything is learnt, as the records say."""
    rows = [[channel.start[mode] for channel in channels] for mode in (0, 1) for _ in range(BUCKETS)]
    return WeightTable(tuple(channel.name for channel in channels), np.array(rows, np.float32))


@dataclass(frozen=True, slots=True)
class Samples:
    """Candidates of many questions, stacked: features (rows, channels), share of the target, question, item."""

    features: NDArray[np.float32]
    shares: NDArray[np.float64]
    owners: NDArray[np.int64]
    codes: NDArray[np.int32]
    sizes: NDArray[np.int64]  # known events of each question
    times: NDArray[np.float64]  # its moment


def samples(
    scorers: Mapping[str, Scorer],
    asked: Sequence[Question],
    size: int,
    *,
    repeats: bool,
    truncated: bool = True,
    channels: Sequence[Channel] = VISITOR_CHANNELS,
) -> Samples:
    """Candidates are the best of every channel; a question whose targets are not among them teaches nothing.

    `truncated`: every question is asked a second time as by somebody of whom only the last event is known.
    """
    features, shares, codes, sizes, times = [], [], [], [], []
    popular = popular_candidates(scorers, size)
    speaking = [n for n, channel in enumerate(channels) if (channel.repeats if repeats else channel.discovery)]
    newer = [question.truncated() for question in asked if truncated and len(question.query.items) > 1]
    for question in [*asked, *newer]:
        candidates = generate_candidates(scorers, size, question.query, None, popular)
        masked = np.zeros(0, np.int64) if repeats else candidates.positions(question.seen)
        table = np.zeros((len(channels), len(candidates)), np.float32)
        table[speaking] = score_channels(
            scorers, question.query, candidates, [channels[number] for number in speaking], masked,
            transformed=not repeats,
        )  # fmt: skip
        table[:, masked] = 0
        allowed = np.ones(table.shape[1], bool)
        allowed[masked] = False
        found = np.unique(np.concatenate([top_k(row, CANDIDATES_LEARNT) for row in table if row.any()] or [masked]))
        found = found[allowed[found]]
        items = candidates.items(found)
        taken = np.isin(items, question.again if repeats else question.targets)
        if taken.any():
            features.append(table[:, found].T)
            shares.append(taken / taken.sum())
            codes.append(items.astype(np.int32))
            sizes.append(len(question.query.items))
            times.append(question.query.now)
    owners = np.repeat(np.arange(len(sizes)), [len(share) for share in shares])
    empty = np.zeros((0, len(channels)), np.float32)
    return Samples(
        np.concatenate(features) if features else empty, np.concatenate(shares) if shares else np.zeros(0), owners,
        np.concatenate(codes) if codes else np.zeros(0, np.int32), np.array(sizes, np.int64),
        np.array(times, np.float64),
    )  # fmt: skip


def join(several: Sequence[Samples]) -> Samples:
    """Samples of several splits as one."""
    shift = np.cumsum([0, *(len(part.sizes) for part in several)])
    return Samples(
        np.concatenate([part.features for part in several]), np.concatenate([part.shares for part in several]),
        np.concatenate([part.owners + shift[at] for at, part in enumerate(several)]),
        np.concatenate([part.codes for part in several]), np.concatenate([part.sizes for part in several]),
        np.concatenate([part.times for part in several]),
    )  # fmt: skip


def learn(
    data: Samples, start: NDArray[np.float32], *, begin: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """The rows of the weight table for one mode: all questions first, then each bucket shrunk toward that.

    `start` has shape (BUCKETS, channels): the rows before anything is learnt. `begin`: rows near the answer, if known.
    """
    if not len(data.sizes):
        return start
    known = data.sizes > CONTEXT_STEPS[0]  # truncated histories have their own row, and must not speak for the others
    near = [None] * BUCKETS if begin is None else list(begin)
    some = subset(data, known) if known.any() else data
    common = conditional_logit(some, start[-1].astype(np.float64), RIDGE, near[-1])
    table = np.tile(common, (BUCKETS, 1))
    bucket = np.searchsorted(CONTEXT_STEPS, data.sizes)
    for number in range(BUCKETS):
        mine = bucket == number
        if mine.any():
            table[number] = conditional_logit(subset(data, mine), common, BUCKET_RIDGE * RIDGE, near[number])
    return table.astype(np.float32)


def subset(data: Samples, kept: NDArray[np.bool_]) -> Samples:
    """The questions named by a mask."""
    rows = kept[data.owners]
    number = np.cumsum(kept) - 1
    return Samples(
        data.features[rows], data.shares[rows], number[data.owners[rows]], data.codes[rows], data.sizes[kept],
        data.times[kept],
    )  # fmt: skip


def predicted_scores(data: Samples, table: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mix's score of every candidate."""
    rows = np.searchsorted(CONTEXT_STEPS, data.sizes)[data.owners]
    found: NDArray[np.float32] = (data.features * table[rows]).sum(1)
    return found


def ndcg_among(scores: NDArray[np.floating], data: Samples) -> NDArray[np.float64]:
    """NDCG@10 of each question, where the candidates have these scores."""
    gains = []
    starts = np.searchsorted(data.owners, np.arange(len(data.sizes) + 1))
    for begin, end in pairwise(starts):
        hits = data.shares[begin:end] > 0
        shown = hits[np.argsort(-scores[begin:end], kind="stable")[:K]]
        gains.append((shown @ DISCOUNT[: len(shown)]) / DISCOUNT[: min(int(hits.sum()), K)].sum())
    return np.array(gains)


def conditional_logit(
    data: Samples, prior: NDArray[np.float64], ridge: float, begin: NDArray[Any] | None = None
) -> NDArray[np.float64]:
    """Non-negative weights of least negative log-likelihood plus ridge * |w - prior|^2 (McFadden 1974)."""
    from scipy.optimize import minimize

    X, y, owners = data.features, data.shares, data.owners
    count = len(data.sizes)
    starts = np.searchsorted(owners, np.arange(count))
    ridge /= count

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        score = (X @ w.astype(np.float32)).astype(np.float64)
        score -= np.maximum.reduceat(score, starts)[owners]
        power = np.exp(score)
        total = np.add.reduceat(power, starts)
        slope = X.T @ (power / total[owners] - y).astype(np.float32) / count + 2 * ridge * (w - prior)
        value = -(y @ (score - np.log(total)[owners])) / count + ridge * float((w - prior) @ (w - prior))
        return float(value), slope

    x0, bounds = prior if begin is None else begin.astype(np.float64), [(0, None)] * len(prior)
    found: NDArray[np.float64] = minimize(loss, x0, jac=True, method="L-BFGS-B", bounds=bounds).x
    return found
