"""The untrained shop: likeness of texts, recent counts and the catalogue itself, in numpy, from the first item on."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opsplug.services.catalog import Catalog
from opsplug.services.recommend.ranking import Candidate, Question, Ranking
from opsplug.services.recommend.recent_counts import RecentCounts
from opsplug.services.recommend.text_index import TextIndex, text_index
from opsplug.services.snapshot import Snapshot
from opsplug.units import DAY

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

AT_ONCE = 2000  # items whose texts are indexed within the first request; a larger catalogue is indexed beside it
DECAY = 0.8
NEW = 30 * DAY
COUNTS = 0.05  # beside likeness, which ends at 1: decide between things that are alike
CATALOGUE_ORDER = 1e-6  # decides where nothing else does


@dataclass(frozen=True, slots=True)
class Similar:
    """Likeness of every item to the anchors, and the place in `anchors` of the one it is most like."""

    scores: NDArray[np.float64]
    giver: NDArray[np.int64]
    anchors: list[str]


class UntrainedRecommender:
    """Answers before any training: similar texts, recent counts, newest items of each category."""

    def __init__(
        self,
        store: Store,
        catalog: Catalog,
        *,
        at_once: int = AT_ONCE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._catalog = catalog
        self._counts = RecentCounts(store, clock)
        self._at_once = at_once
        self._shop: _Shop | None = None

    def rank(self, question: Question, limit: int) -> Ranking:
        snapshot = self._catalog.snapshot()
        shop = self._shop_of(snapshot)
        counts = self._counts.get()
        if not snapshot.records:
            return _by_counts(counts, question, limit)
        anchors = [item_id for item_id, _, _ in question.acts if item_id in snapshot.records][-20:]
        page = question.item_id if question.item_id in snapshot.records else None
        similar = shop.similar(anchors, page)
        popular = np.array([counts.get(item_id, 0.0) for item_id in snapshot.records]) if counts else None
        rung = "session" if anchors else "item" if page else "popular"
        if similar is None and popular is None:
            rung = "catalogue"
        elif similar is None:
            rung = "popular"
        value = shop.value(similar, popular, question)
        order = (place for place in np.argsort(-value, kind="stable").tolist())
        allowed = (place for place in order if _allowed(snapshot.ids[place], question, snapshot.sellable))
        return Ranking(
            [
                shop.candidate(place, float(value[place]), similar, popular, question.now)
                for place in islice(allowed, limit)
            ],
            rung,
        )

    def _shop_of(self, snapshot: Snapshot) -> _Shop:
        held = self._shop
        if held is not None and held.snapshot is snapshot:
            return held
        if len(snapshot.records) <= self._at_once:
            shop = _Shop(snapshot, text_index(snapshot.columns))
        else:  # until its texts are indexed, a large catalogue answers by counts
            shop = _Shop(snapshot, None)
            threading.Thread(target=shop.index_texts, name="opsplug-texts", daemon=True).start()
        self._shop = shop
        return shop


class _Shop:
    """One snapshot with its index and its own order."""

    def __init__(self, snapshot: Snapshot, index: TextIndex | None) -> None:
        self.snapshot = snapshot
        self._index = index
        self._place = {item_id: place for place, item_id in enumerate(snapshot.ids)}
        self._day = -1
        self._order = np.zeros(0, np.int64)

    def index_texts(self) -> None:
        self._index = text_index(self.snapshot.columns)

    def similar(self, anchors: Sequence[str], page: str | None) -> Similar | None:
        """Likeness to what was looked at, newest first, the page's item most; None where no text is alike."""
        ids = list(dict.fromkeys(([page] if page else []) + list(reversed(anchors))))
        if self._index is None or not ids:
            return None
        places, weights = [self._place[item] for item in ids], [DECAY**n for n in range(len(ids))]
        scores, giver = self._index.likeness(places, weights)
        return Similar(scores, giver, ids) if scores.any() else None

    def value(
        self, similar: Similar | None, popular: NDArray[np.float64] | None, question: Question
    ) -> NDArray[np.float64]:
        """What each item is worth: likeness, then counts, then the catalogue order of the day.

        Never nothing, so that the owner's boosts have something to multiply.
        """
        order = self.catalogue_order(int(question.now // DAY))
        value = np.empty(len(order))
        value[order] = CATALOGUE_ORDER * (1 - np.arange(len(order)) / max(len(order), 1))
        if popular is not None:
            value += COUNTS * popular / max(float(popular.max()), 1e-12)
        if similar is not None:
            value += similar.scores
        return value

    def catalogue_order(self, day: int) -> NDArray[np.int64]:
        """The newest items of each category in turn; items without a date are rotated from day to day."""
        if self._day != day:
            records = list(self.snapshot.records.values())
            by_age = sorted(
                range(len(records)),
                key=lambda place: (-(records[place].get("created_at") or 0.0), shuffle(self.snapshot.ids[place], day)),
            )
            turn: Counter[str] = Counter()
            keyed = []
            for rank, place in enumerate(by_age):
                category = str(records[place].get("item_category", ""))
                keyed.append((turn[category], rank, place))
                turn[category] += 1
            self._order = np.array([place for _, _, place in sorted(keyed)], np.int64)
            self._day = day
        return self._order

    def candidate(
        self,
        place: int,
        value: float,
        similar: Similar | None,
        popular: NDArray[np.float64] | None,
        now: float,
    ) -> Candidate:
        item_id = self.snapshot.ids[place]
        if similar is not None and similar.scores[place] > 0:
            anchor = similar.anchors[similar.giver[place]]
            return Candidate(item_id, value, "similar", anchor)
        if popular is not None and popular[place] > 0:
            return Candidate(item_id, value, "popular")
        created = self.snapshot.records[item_id].get("created_at")
        return Candidate(item_id, value, "new" if created and now - created < NEW else "catalogue")


def shuffle(text: str, day: int) -> int:
    """An order that changes from day to day and is the same in every process."""
    return int.from_bytes(hashlib.blake2b(f"{day}:{text}".encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _allowed(item_id: str, question: Question, sellable: Iterable[str]) -> bool:
    if item_id in question.excluded or item_id not in sellable:
        return False
    return question.candidates is None or item_id in question.candidates


def _by_counts(counts: dict[str, float], question: Question, limit: int) -> Ranking:
    """Without a catalogue, the items of the events are the catalogue."""
    ranked = sorted(counts, key=lambda item_id: (-counts[item_id], item_id))
    allowed = (item_id for item_id in ranked if _allowed(item_id, question, counts))
    return Ranking([Candidate(item_id, counts[item_id], "popular") for item_id in islice(allowed, limit)], "popular")
