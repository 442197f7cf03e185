"""The owner's rules, as pure functions on a ranked list: block, boost, bury, caps, diversity, rotation, pins."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np

from opsplug.errors import SettingsError
from opsplug.models.visitors.fairness import evened
from opsplug.services.recommend.diversity import Caps, Record, Records, Relevance
from opsplug.services.recommend.ranking import Candidate

Removed = Callable[[str, str], object]  # (rule, item id)


class Pin(msgspec.Struct, forbid_unknown_fields=True):
    """Put one item at a place (0 is the first), on one placement or on all."""

    item_id: str
    position: int = 0
    placement: str | None = None


class Weight(msgspec.Struct, forbid_unknown_fields=True):
    """Multiply the score of the items whose record has all of `match`; below 1 buries, above 1 boosts."""

    match: dict[str, str]
    factor: float
    placement: str | None = None


class Block(msgspec.Struct, forbid_unknown_fields=True):
    """Never show these."""

    items: list[str] = []
    brands: list[str] = []
    categories: list[str] = []


NOTHING = Block()


class Rules(msgspec.Struct, forbid_unknown_fields=True):
    """The document `rules/recommendations`. The default changes nothing but shows one variant of an item."""

    pins: list[Pin] = []
    weights: list[Weight] = []
    block: Block = msgspec.field(default_factory=Block)
    caps: dict[str, int] = msgspec.field(default_factory=lambda: {"item_group_id": 1})
    diversity: float = 0.0  # share of MMR's penalty for likeness, 0 to 1
    rotation: float = 0.0  # how far scores move from day to day, 0 to 1
    fairness: float = 0.0  # how much a group costs by its share of the list so far, 0 to 1
    fairness_by: str = "item_brand"  # the field that names the group


def parse_rules(document: Any) -> Rules:
    """Rules from a stored or posted document; `SettingsError` names what does not fit."""
    try:
        rules = msgspec.convert(document or {}, Rules)
    except msgspec.ValidationError as error:
        raise SettingsError(f"rules: {error}") from None
    if not all(0 <= share <= 1 for share in (rules.diversity, rules.rotation, rules.fairness)):
        raise SettingsError("rules: diversity, rotation and fairness are shares from 0 to 1")
    if any(not weight.factor >= 0 for weight in rules.weights) or any(cap < 1 for cap in rules.caps.values()):
        raise SettingsError("rules: a factor is at least 0 and a cap at least 1")
    return rules


def weigh(
    candidates: Sequence[Candidate],
    rules: Rules,
    records: Records,
    *,
    placement: str,
    day: int,
    removed: Removed = lambda rule, item_id: None,
) -> list[Candidate]:
    """Blocked items out, scores boosted, buried and rotated, best first again."""
    if rules.block == NOTHING and not rules.weights and not rules.rotation:
        return list(candidates)
    kept = []
    for candidate in candidates:
        record = records.get(candidate.item_id, {})
        if blocked(candidate.item_id, record, rules.block):
            removed("block", candidate.item_id)
            continue
        factor = 1.0
        for weight in rules.weights:
            if weight.placement in (None, placement) and matches(record, weight.match):
                factor *= weight.factor
        if rules.rotation:
            factor *= 1 - rules.rotation * _jitter(candidate.item_id, day)
        kept.append(replace(candidate, score=candidate.score * factor) if factor != 1 else candidate)
    if rules.weights or rules.rotation:
        kept.sort(key=lambda candidate: -candidate.score)
    return kept


def choose(
    candidates: Sequence[Candidate],
    rules: Rules,
    records: Records,
    k: int,
    *,
    chosen: Sequence[Candidate] = (),
    page: Record | None = None,
    removed: Removed = lambda rule, item_id: None,
) -> list[Candidate]:
    """`chosen` and the best of the candidates, k in all, within the caps and no more alike than `diversity` permits."""
    if rules.fairness:
        candidates = even(candidates, rules, records, k)
    caps, found = Caps(rules.caps, records, page), list(chosen)
    for candidate in found:
        caps.take(candidate.item_id)
    left: Iterator[Candidate]
    left = Relevance(candidates, found, records, rules.diversity) if rules.diversity else iter(candidates)
    for candidate in left if len(found) < k else ():
        full = caps.full(candidate.item_id)
        if full:
            removed(f"cap {full}", candidate.item_id)
            continue
        caps.take(candidate.item_id)
        found.append(candidate)
        if len(found) >= k:
            break
    return found


def even(candidates: Sequence[Candidate], rules: Rules, records: Records, k: int) -> list[Candidate]:
    """The same candidates with the first k evened out over groups, as `fairness` was measured; scores stay in place."""
    groups = [str(records.get(candidate.item_id, {}).get(rules.fairness_by) or "") for candidate in candidates]
    scores = np.array([candidate.score for candidate in candidates], np.float64)
    first = evened(scores, groups, rules.fairness, k).tolist()
    order = [*first, *sorted(set(range(len(candidates))) - set(first))]
    falling = np.sort(scores)[::-1].tolist()
    return [replace(candidates[rank], score=score) for rank, score in zip(order, falling, strict=True)]


def pin(
    chosen: Sequence[Candidate], rules: Rules, k: int, *, placement: str, allowed: Callable[[str], bool]
) -> list[Candidate]:
    """Pinned items at their places; what is pinned obeys availability and exclusions like everything else."""
    result = list(chosen)
    for rule in sorted(rules.pins, key=lambda rule: rule.position):
        if rule.placement in (None, placement) and rule.position < k and allowed(rule.item_id):
            result = [candidate for candidate in result if candidate.item_id != rule.item_id]
            result.insert(max(rule.position, 0), Candidate(rule.item_id, 1.0, "featured"))
    return result[:k]


def blocked(item_id: str, record: Record, block: Block) -> bool:
    """True where the item, its brand or one of its categories is on the block list."""
    return (
        item_id in block.items
        or record.get("item_brand") in block.brands
        or any(record.get(name) in block.categories for name in ("item_category", "item_category2", "item_category3"))
    )


def matches(record: Record, match: Mapping[str, str]) -> bool:
    """True where each named field has the given value."""
    return bool(match) and all(str(record.get(name, "")) == value for name, value in match.items())


def _jitter(item_id: str, day: int) -> float:
    digest = hashlib.blake2b(f"{day}/{item_id}".encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32
