"""The mix said slowly: dictionaries and loops, double precision, every item scored. Serving must give the same lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from opsplug.features.interactions import CART, PURCHASE
from opsplug.models.recommend import constants
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.ranker import OPTIONAL, Ranker
from opsplug.models.recommend.registry import CHANNELS
from opsplug.models.recommend.scorer import Channel, Transform
from opsplug.models.recommend.scorers import session_knn as sessions
from opsplug.models.recommend.weights import context_bucket

Scored = dict[int, float]  # of items
BY_NAME = {channel.name: channel for channel in (*CHANNELS, *OPTIONAL)}


@dataclass
class Plain:
    """What one question comes to: every item's score, and what each channel contributed to it."""

    scores: dict[int, float]
    given: Mapping[int, Mapping[tuple[str, bool], float]]  # item -> (channel, beside) -> share


def rank(ranker: Ranker, query: Query, exclude: Sequence[int], repeats: bool) -> Plain:
    """Scores of the items that may be shown; what was seen comes with a thousand less."""
    known = query.items.tolist()
    around = _around(query)
    hidden = {*exclude, query.page} - {-1}
    masked = hidden | (set() if repeats else set(known))
    names = [column.name for column in ranker.columns if not column.beside]
    weights = dict(zip(names, ranker.weights[context_bucket(len(known), repeats)].tolist(), strict=True))
    near = {channel.name: channel.item_weight for channel in CHANNELS if channel.item_weight}
    if around:
        own = constants.BESIDE_TASTE * sum(near.values()) / sum(weights.values()) if known else 0.0
        weights = {name: weight * own for name, weight in weights.items()} | {"popular": constants.BESIDE_POPULAR}
    columns = {(name, False): weight for name, weight in weights.items()}
    columns |= {(name, True): weight for name, weight in near.items()} if around else {}
    transformed = not around and not repeats
    there = query.about(np.array(around, np.int64))
    given: defaultdict[int, dict[tuple[str, bool], float]] = defaultdict(dict)
    for (name, beside), weight in columns.items():
        root = transformed and BY_NAME[name].transform is Transform.SQUARE_ROOT
        scored = _channel(ranker, BY_NAME[name], there if beside else query) if weight else {}
        largest = max((score for item, score in scored.items() if item not in masked), default=0.0)
        for item, score in scored.items():
            if score > 0:
                share = score / (largest if largest > 0 else 1.0)
                given[item][name, beside] = weight * (share**0.5 if root else share)
    total = np.array([sum(given[item].values()) for item in range(len(ranker.item_ids))])
    own_items = np.array([
        sum(share for (name, _), share in given[item].items() if BY_NAME[name].scorer == "buy_again")
        for item in range(len(total))
    ])  # fmt: skip
    cold_items: Any = ranker.cold_items
    everything = CandidateSet(len(total))
    total = cold_items.raised(total - own_items, everything) + own_items + 1e-6 * ranker.popularity
    if known and not around:
        total = total + ranker.bias.offsets[int(repeats)]
    gone = hidden | (set() if repeats else set(query.items[query.kinds == PURCHASE].tolist()))
    scores = {item: float(score) for item, score in enumerate(total) if item not in gone}
    if not repeats:
        scores = {item: score - 1e3 * (item in known) for item, score in scores.items()}
    return Plain(scores, given)


def _around(query: Query) -> list[int]:
    if query.placement == "item":
        return [query.page] if query.page >= 0 else []
    kind = {"cart": CART, "order": PURCHASE}.get(query.placement)
    mine = [item for item, done in zip(query.items.tolist(), query.kinds.tolist(), strict=True) if done == kind]
    return sorted(set(mine[-10:]))


def _ago(query: Query) -> Scored:
    """How many events ago each item was met last, newest first."""
    found: Scored = {}
    for ago, item in enumerate(reversed(query.items.tolist())):
        found.setdefault(item, ago)
    return found


def _channel(ranker: Ranker, channel: Channel, query: Query) -> Scored:
    scorer: Any = ranker.scorers[channel.scorer]
    ago = _ago(query)
    shared = {"popular": "logged", "recent": "recent", "trend": "rise"}
    if channel.name in shared:
        return dict(enumerate(getattr(scorer, shared[channel.name]).tolist()))
    if not ago:
        return {}
    if hasattr(scorer, "rows"):
        found: defaultdict[int, float] = defaultdict(float)
        for item, events in ago.items():
            if events < channel.max_history:
                for other, weight in zip(*(table[item].tolist() for table in _arrays(scorer.rows)), strict=True):
                    found[other] += weight * channel.decay**events
        return found
    if channel.scorer == "factors":
        taste = sum(channel.decay**events * scorer.inner[int(item)].astype(float) for item, events in ago.items())
        return dict(enumerate((scorer.outer.astype(float) @ taste).tolist()))
    if channel.name == "session":
        return _sessions(scorer, ago)
    own = scorer.frequency(query).tolist()
    if channel.name == "repurchase_rate":
        return {item: rate for item, rate in enumerate(scorer.repurchase_rate.tolist()) if own[item] > 0}
    return dict(enumerate(own if channel.name == "buy_again" else scorer.interval_fit(query).tolist()))


def _arrays(rows: Any) -> tuple[Any, Any]:
    return rows.codes, rows.weights


def _sessions(part: Any, ago: Scored) -> Scored:
    worth: defaultdict[int, float] = defaultdict(float)
    for item, events in ago.items():
        if events < sessions.SESSION_MAX_HISTORY:
            for session in part.sessions[part.lists[item] : part.lists[item + 1]].tolist():
                worth[session] += sessions.SESSION_DECAY**events * float(part.rarity[item])
    value = {session: worth[session] * float(part.factor[session]) for session in sorted(worth)}
    nearest = sorted(value, key=lambda session: -value[session])[: sessions.SESSION_NEIGHBOURS]
    found: defaultdict[int, float] = defaultdict(float)
    for session in nearest:
        for item in part.members[part.starts[session] : part.starts[session + 1]].tolist():
            found[item] += value[session]
    return {item: score * float(part.damping[item]) for item, score in found.items()}
