"""How the parts are mixed: their scores as channels in [0, 1], and channel weights by situation, shrunk toward equal.

Weights maximise the likelihood of what visitors took next (a conditional logit over candidates), on several rolling
splits at once, with a penalty on the distance from equal weights: one seasonal split cannot pull them far.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.models.recommend.base import Codes, Part, Query, best
from opsplug.models.recommend.candidates import View, leaders, view_of
from opsplug.models.recommend.evaluation import DISCOUNT, Question

CHANNELS = (
    "taste", "lately", "session", "next", "also_viewed", "factors", "factors_lately", "similar", "popular", "recent",
    "trend", "buy_again", "rebuy", "deep", "due",
)  # fmt: skip
BESIDE = "bought_together"  # asked beside items only; its weight is not learnt
DEEP = CHANNELS.index("deep")  # says something only where a next-item network has been published
DISCOVER, AGAIN = 0, 1
HISTORY_STEPS = (1, 4, 16)  # a situation ends at so many known events
SITUATIONS = len(HISTORY_STEPS) + 1
BENT = {"taste", "lately", "session", "next", "also_viewed", "factors", "factors_lately", "similar", "deep"}
SCALE = 10.0
RIDGE = 1.0  # how many questions the weights before learning are worth, by squared distance
CANDIDATES = 40  # of each channel, while learning
K = 10


def situation(events: int, again: bool) -> int:
    """Row of the weight table: what is known of the visitor, and whether repeats are wanted."""
    return (AGAIN if again else DISCOVER) * SITUATIONS + bisect_left(HISTORY_STEPS, events)


def equal_weights() -> NDArray[np.float32]:
    """The table before anything is learnt: equal, with nothing from channels that have no business in a situation."""
    table = np.full((2 * SITUATIONS, len(CHANNELS)), SCALE / DEEP, np.float32)
    own = [CHANNELS.index("buy_again"), CHANNELS.index("rebuy")]
    table[:SITUATIONS, [*own, CHANNELS.index("due")]] = 0
    table[SITUATIONS:, own] = SCALE / len(own)
    table[:, [CHANNELS.index("trend"), DEEP]] = 0
    return table


def channels(
    parts: Mapping[str, Any],
    query: Query,
    masked: Codes,
    again: bool = False,
    *,
    bent: bool,
    view: View | None = None,
    wanted: Sequence[str] = CHANNELS,
) -> NDArray[np.float32]:
    """Shape (wanted channels, scored items): each scaled to a largest value of 1 among those that may be shown.

    `masked` are places in the view of those that may not; they keep their scores, for what is like them. What is bought
    together (`BESIDE`) can be wanted too. `bent`: the root of what speaks of the visitor's taste, so that an item that
    several channels know a little passes one that a single channel praises; right for things new to a visitor, wrong
    where repeats are wanted or the list stands beside an item.
    """
    view = view or View(len(parts["popular"].shares))
    table = np.zeros((len(wanted), len(view)), np.float32)
    rows = dict(zip(wanted, table, strict=True))
    if len(query.items):
        _from_history(rows, parts, query, view, again)
    trend: Any = parts["trend"]
    for name, values in (("popular", parts["popular"].logged), ("recent", trend.fresh), ("trend", trend.rise)):
        if name in rows:
            rows[name][:] = view.of(values)
    apart = table[:, masked]
    table[:, masked] = 0
    largest = table.max(1, initial=0)
    table[:, masked] = apart
    table *= (1 / np.where(largest > 0, largest, 1)).astype(np.float32)[:, None]
    np.maximum(table, np.zeros(len(view), np.float32), out=table)  # three times as quick as beside a number
    if bent:
        for name in BENT & rows.keys():
            np.sqrt(rows[name], out=rows[name])
    return table


def _from_history(
    rows: Mapping[str, NDArray[np.float32]], parts: Mapping[str, Any], query: Query, view: View, again: bool
) -> None:
    """Fill the channels that need a history: each item table is read once, for the whole of it and its newest end."""
    items, long = query.recency(1.0)
    short, last = query.recency(0.85)[1], query.recency(0.7)[1]
    for source, said in (
        (parts["neighbours"].rows, {"taste": long, "lately": short}), (parts["similar"].rows, {"similar": long}),
        (parts["also_viewed"].rows, {"next": last, "also_viewed": short}),
        (parts["factors"], {"factors": long, "factors_lately": short}),
        (parts[BESIDE].rows, {BESIDE: query.recency(0.7, 10)[1]}),
    ):  # fmt: skip
        asked = {name: weights for name, weights in said.items() if name in rows}
        if asked:
            for name, scores in zip(asked, source.several(items, [*asked.values()], view), strict=True):
                rows[name][:] = scores
    if "session" in rows:
        rows["session"][:] = parts["session"].over(query, view)
    if again:
        _habits(rows, parts["buy_again"], query, view)
    if "deep" in parts and "deep" in rows:
        rows["deep"][:] = parts["deep"].over(query, view)


def _habits(rows: Mapping[str, NDArray[np.float32]], own: Any, query: Query, view: View) -> None:
    """What the visitor takes again and again."""
    taken = view.of(own.score(query))
    if "buy_again" in rows:
        rows["buy_again"][:] = taken
    if "rebuy" in rows:
        rows["rebuy"][:] = np.where(taken > 0, view.of(own.habit), 0)
    if "due" in rows:
        rows["due"][:] = view.of(own.due(query))


@dataclass(frozen=True, slots=True)
class Samples:
    """Candidates of many questions, stacked: features (rows, channels), share of the target, question, item."""

    features: NDArray[np.float32]
    shares: NDArray[np.float64]
    owners: NDArray[np.int64]
    codes: NDArray[np.int32]
    sizes: NDArray[np.int64]  # known events of each question
    times: NDArray[np.float64]  # its moment


def almost_new(question: Question) -> Question:
    """The same question by somebody of whom only the last event is known (another device, say)."""
    whole = question.query
    known = Query(whole.items[-1:], whole.times[-1:], whole.kinds[-1:], whole.now, whole.placement)
    return Question(known, question.targets, question.again, question.seen, question.visitor)


def samples(parts: Mapping[str, Part], asked: Sequence[Question], *, again: bool, almost: bool = True) -> Samples:
    """Candidates are the best of every channel; a question whose targets are not among them teaches nothing.

    `almost`: every question is asked a second time as by somebody almost new.
    """
    features, shares, codes, sizes, times = [], [], [], [], []
    favourites = leaders(parts)
    newer = [almost_new(question) for question in asked if almost and len(question.query.items) > 1]
    for question in [*asked, *newer]:
        view = view_of(parts, question.query, None, favourites)
        masked = np.zeros(0, np.int64) if again else view.places(question.seen)
        table = channels(parts, question.query, masked, again, bent=not again, view=view)
        table[:, masked] = 0
        allowed = np.ones(table.shape[1], bool)
        allowed[masked] = False
        found = np.unique(np.concatenate([best(row, CANDIDATES) for row in table if row.any()] or [masked]))
        found = found[allowed[found]]
        items = view.items(found)
        taken = np.isin(items, question.again if again else question.targets)
        if taken.any():
            features.append(table[:, found].T)
            shares.append(taken / taken.sum())
            codes.append(items.astype(np.int32))
            sizes.append(len(question.query.items))
            times.append(question.query.now)
    owners = np.repeat(np.arange(len(sizes)), [len(share) for share in shares])
    empty = np.zeros((0, len(CHANNELS)), np.float32)
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


def learn(data: Samples, again: bool, ridge: float = RIDGE) -> NDArray[np.float32]:
    """The rows of the weight table for one mode: all questions first, then each situation shrunk toward that."""
    rows = slice(SITUATIONS, None) if again else slice(0, SITUATIONS)
    prior = equal_weights()[rows].astype(np.float64)
    if not len(data.sizes):
        return prior.astype(np.float32)
    known = data.sizes > HISTORY_STEPS[0]  # the almost new have their own row, and must not speak for the others
    common = conditional_logit(subset(data, known) if known.any() else data, prior[-1], ridge)
    table = np.tile(common, (SITUATIONS, 1))
    place = np.searchsorted(HISTORY_STEPS, data.sizes)
    for number in range(SITUATIONS):
        mine = place == number
        if mine.any():
            table[number] = conditional_logit(subset(data, mine), common, 10 * ridge)
    return table.astype(np.float32)


def subset(data: Samples, kept: NDArray[np.bool_]) -> Samples:
    """The questions named by a mask."""
    rows = kept[data.owners]
    number = np.cumsum(kept) - 1
    return Samples(
        data.features[rows], data.shares[rows], number[data.owners[rows]], data.codes[rows], data.sizes[kept],
        data.times[kept],
    )  # fmt: skip


def foretold(data: Samples, table: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mix's score of every candidate."""
    rows = np.searchsorted(HISTORY_STEPS, data.sizes)[data.owners]
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


def conditional_logit(data: Samples, prior: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
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

    found: NDArray[np.float64] = minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(prior)).x
    return found
