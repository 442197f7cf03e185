"""The slot ranker over whole lists: what clicks said about items is weighed against the order of the mix.

An item's log-odds of a click are the worth of its rank in the mix plus what the slot ranker learnt about it; a draw
explores by its uncertainty (Thompson sampling), and one list in a few keeps a place for an item that was hardly shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.features.recommendation_id import ELSEWHERE, HEAD
from opsplug.models.recommend.arrays import Arrays
from opsplug.models.rerank.slot_ranker import CONTEXT_VARIANCE, EXPLORATION_SCALE, RELEVANCE_VARIANCE, SlotRanker

Floats = NDArray[np.float64]

POOL = ELSEWHERE  # ranks of the mix that may come up into the head
KNOWN = ("item", "session", "personal")  # rungs that are a context
CATEGORIES = 6  # the largest ones; what was looked at last is in one of them or in none
RENAMED = {"pull": "rank_prior", "looks": "examination", "doubt": "covariance"}  # arrays of the version before
MOST_ARMS = 2000
RESERVED = 0.25  # of the lists keep their last place of the head for an item that was hardly shown
PROVEN = 50  # impressions after which an item needs no reserved place
SHORTEST = 4  # a shorter list reserves nothing


def artefact_name(placement: str) -> str:
    return f"slots-{placement}"


def features(categories: Sequence[str], rung: str, category: str) -> Floats:
    """The context of a list as 0 or 1: how much is known, and the category of what was looked at last."""
    return np.array([rung == name for name in KNOWN] + [category == name for name in categories], np.float64)


def rng_of(*parts: object) -> np.random.Generator:
    """A generator that is the same wherever these parts are the same."""
    text = "/".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return np.random.Generator(np.random.PCG64(int.from_bytes(hashlib.blake2b(text, digest_size=16).digest())))


@dataclass(frozen=True, slots=True)
class SlotList:
    """One placement's ranker as it serves: read-only, safe to share between threads."""

    arms: Mapping[str, int]
    shown: NDArray[np.int64]  # impressions of each arm
    categories: list[str]
    rank_prior: Floats  # (POOL,): log-odds of a click at each rank of the mix, against the first
    examination: Floats  # (HEAD,): examination probability of each place, against the first
    mean: NDArray[np.float32]  # (arms + 1, features + 1); the last row is an item nobody was shown
    covariance: NDArray[np.float32]

    def impressions(self, item_id: str) -> int:
        """How often the item was shown here, as far as was learnt from."""
        arm = self.arms.get(item_id)
        return 0 if arm is None else int(self.shown[arm])

    def order(
        self,
        items: Sequence[str],
        rung: str,
        category: str,
        rng: np.random.Generator,
        k: int,
        *,
        new: Collection[str] = (),
        spare: str = "",
    ) -> list[int]:
        """Ranks of the mix (places in `items`) in the order to show; beyond the pool only a `new` item may move.

        `spare` is a new item that the mix did not name; its rank is len(items), and it stands last or in the reserved
        place.
        """
        pool = list(items[:POOL])
        if len(pool) < 2 or not self.arms:
            return list(range(len(items)))
        rows = np.array([self.arms.get(item, len(self.arms)) for item in pool])
        x = np.append(features(self.categories, rung, category), 1.0).astype(np.float32)
        spread = np.sqrt(np.maximum((self.covariance[rows] @ x) @ x, 0.0))
        value = (
            self.mean[rows] @ x
            + self.rank_prior[: len(pool)]
            + EXPLORATION_SCALE * spread * rng.standard_normal(len(pool))
        )
        items = [*items, spare] if spare else items
        found: list[int] = [*np.argsort(-value, kind="stable").tolist(), *range(len(pool), len(items))]
        head = min(k, HEAD)
        if rng.random() < RESERVED and SHORTEST <= head < len(items):
            return self._reserve(found, items, head, new)
        return found

    def _reserve(self, order: list[int], items: Sequence[str], head: int, new: Collection[str]) -> list[int]:
        """The last place of the head goes to the best ranked new item that was hardly shown, unless one stands above;
        where there is none, to the best ranked item of the pool that was hardly shown."""
        unproven = [rank for rank in range(len(items)) if self.impressions(items[rank]) < PROVEN]
        cold = {rank for rank in unproven if items[rank] in new}
        below = set(order[head - 1 :])
        if cold and not cold <= below:
            return order
        waiting = [rank for rank in unproven if rank in below and (rank in cold or (rank < POOL and not cold))]
        if not waiting:
            return order
        rest = [rank for rank in order if rank != waiting[0]]
        return [*rest[: head - 1], waiting[0], *rest[head - 1 :]]

    def export(self) -> Arrays:
        return {
            "arms": np.array(list(self.arms), object), "shown": self.shown,
            "categories": np.array(self.categories, object), "rank_prior": self.rank_prior,
            "examination": self.examination, "mean": self.mean, "covariance": self.covariance,
        }  # fmt: skip

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> SlotList:
        arrays = {RENAMED.get(key, key): value for key, value in arrays.items()}
        arms = {str(item): place for place, item in enumerate(arrays["arms"].tolist())}
        found = cls(
            arms, np.asarray(arrays["shown"]), [str(name) for name in arrays["categories"].tolist()],
            np.asarray(arrays["rank_prior"], np.float64), np.asarray(arrays["examination"], np.float64),
            np.asarray(arrays["mean"], np.float32), np.asarray(arrays["covariance"], np.float32),
        )  # fmt: skip
        width = len(KNOWN) + len(found.categories) + 1
        if found.mean.shape != (len(arms) + 1, width) or found.covariance.shape != (len(arms) + 1, width, width):
            raise ValueError("the arrays of a slot ranker do not fit together")
        return found

    @classmethod
    def of(
        cls, ranker: SlotRanker, arms: Sequence[str], shown: NDArray[np.int64], categories: Sequence[str],
        rank_prior: Floats, examination: Floats,
    ) -> SlotList:  # fmt: skip
        """What training learnt, with one more row for items that it never saw."""
        width = ranker.mean.shape[1]
        nobody = np.diag([*[CONTEXT_VARIANCE] * (width - 1), RELEVANCE_VARIANCE])[None]
        return cls(
            {item: place for place, item in enumerate(arms)}, shown, list(categories), rank_prior, examination,
            np.concatenate([ranker.mean, np.zeros((1, width))]).astype(np.float32),
            np.concatenate([ranker.covariance, nobody]).astype(np.float32),
        )  # fmt: skip

    @classmethod
    def off(cls) -> SlotList:
        """Changes nothing."""
        return cls.of(
            SlotRanker(0, len(KNOWN), rng_of(0)), [], np.zeros(0, np.int64), [], np.zeros(POOL), np.ones(HEAD)
        )
