"""The mix said slowly: dictionaries and loops, double precision, every item scored. Serving must give the same lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from opsplug.features.interactions import CART, PURCHASE
from opsplug.models.recommend import ranker as serving
from opsplug.models.recommend.base import Query
from opsplug.models.recommend.fusion import BENT, BESIDE, CHANNELS, situation
from opsplug.models.recommend.ranker import Ranker
from opsplug.models.recommend.scorers import session_knn as sessions

Said = dict[int, float]  # of items


@dataclass
class Plain:
    """What one question comes to: every item's score, and what each voice gave it."""

    scores: dict[int, float]
    given: Mapping[int, Mapping[tuple[str, bool], float]]  # item -> (channel, beside) -> share


def rank(ranker: Ranker, query: Query, exclude: Sequence[int], repeats: bool) -> Plain:
    """Scores of the items that may be shown; what was seen comes with a thousand less."""
    known = query.items.tolist()
    around = _around(query)
    hidden = {*exclude, query.page} - {-1}
    masked = hidden | (set() if repeats else set(known))
    weights = dict(zip(CHANNELS, ranker.weights[situation(len(known), repeats)].tolist(), strict=True))
    if around:
        own = serving.TASTE * sum(serving.NEAR.values()) / sum(weights.values()) if known else 0.0
        weights = {name: weight * own for name, weight in weights.items()} | {"popular": 0.02}
    voices = {(name, False): weight for name, weight in weights.items()}
    voices |= {(name, True): weight for name, weight in serving.NEAR.items()} if around else {}
    bent = not around and not repeats
    there = query.among(np.array(around, np.int64))
    given: defaultdict[int, dict[tuple[str, bool], float]] = defaultdict(dict)
    for (name, beside), weight in voices.items():
        said = _channel(ranker, name, there if beside else query, repeats) if weight else {}
        largest = max((score for item, score in said.items() if item not in masked), default=0.0)
        for item, score in said.items():
            if score > 0:
                share = score / (largest if largest > 0 else 1.0)
                given[item][name, beside] = weight * (share**0.5 if name in BENT and bent else share)
    total = np.array([sum(given[item].values()) for item in range(len(ranker.item_ids))])
    habit = np.array([
        sum(share for (name, beside), share in given[item].items() if name in ("buy_again", "rebuy", "due"))
        for item in range(len(total))
    ])  # fmt: skip
    new: Any = ranker.parts["new"]
    taken: Any = ranker.parts["taken"]
    total = new.lifted(total - habit) + habit + 1e-6 * ranker.popular
    if known and not around:
        total = total + taken.offsets[int(repeats)]
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


def _ago(query: Query) -> Said:
    """How many events ago each item was met last, newest first."""
    found: Said = {}
    for ago, item in enumerate(reversed(query.items.tolist())):
        found.setdefault(item, ago)
    return found


def _channel(ranker: Ranker, name: str, query: Query, repeats: bool) -> Said:
    parts: Any = ranker.parts
    ago = _ago(query)
    if name in ("popular", "recent", "trend"):
        values = {"popular": parts["popular"].logged, "recent": parts["trend"].fresh, "trend": parts["trend"].rise}
        return dict(enumerate(values[name].tolist()))
    if not ago:
        return {}
    tables = {
        "taste": ("neighbours", 1.0), "lately": ("neighbours", 0.85), "next": ("also_viewed", 0.7),
        "also_viewed": ("also_viewed", 0.85), "similar": ("similar", 1.0), BESIDE: (BESIDE, 0.7),
    }  # fmt: skip
    if name in tables:
        part, decay = tables[name]
        said: defaultdict[int, float] = defaultdict(float)
        for item, events in ago.items():
            if name != BESIDE or events < 10:
                for other, weight in zip(*(table[item].tolist() for table in _arrays(parts[part].rows)), strict=True):
                    said[other] += weight * decay**events
        return said
    if name in ("factors", "factors_lately"):
        decay = 1.0 if name == "factors" else 0.85
        taste = sum(decay**events * parts["factors"].inner[int(item)].astype(float) for item, events in ago.items())
        return dict(enumerate((parts["factors"].outer.astype(float) @ taste).tolist()))
    if name == "session":
        return _sessions(parts["session"], ago)
    if repeats and name in ("buy_again", "rebuy", "due"):
        taken = parts["buy_again"].score(query).tolist()
        if name == "rebuy":
            return {item: habit for item, habit in enumerate(parts["buy_again"].habit.tolist()) if taken[item] > 0}
        return dict(enumerate(taken if name == "buy_again" else parts["buy_again"].due(query).tolist()))
    return {}


def _arrays(rows: Any) -> tuple[Any, Any]:
    return rows.codes, rows.weights


def _sessions(part: Any, ago: Said) -> Said:
    worth: defaultdict[int, float] = defaultdict(float)
    for item, events in ago.items():
        if events < sessions.HISTORY:
            for session in part.sessions[part.lists[item] : part.lists[item + 1]].tolist():
                worth[session] += sessions.DECAY**events * float(part.rarity[item])
    value = {session: worth[session] * float(part.factor[session]) for session in sorted(worth)}
    nearest = sorted(value, key=lambda session: -value[session])[: sessions.NEIGHBOURS]
    said: defaultdict[int, float] = defaultdict(float)
    for session in nearest:
        for item in part.members[part.starts[session] : part.starts[session + 1]].tolist():
            said[item] += value[session]
    return {item: score * float(part.damping[item]) for item, score in said.items()}
