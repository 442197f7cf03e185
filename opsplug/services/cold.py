"""The untrained shop: likeness of texts, recent counts and the catalogue itself, in numpy, from the first item on."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opsplug.events import TASTE
from opsplug.features.items import Catalogue, documents
from opsplug.services.catalog import Catalog, Snapshot
from opsplug.services.ranking import DAY, Candidate, Question, Ranking

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

AT_ONCE = 2000  # items whose texts are indexed within the first request; a larger catalogue is indexed beside it
DECAY = 0.8
HALF_LIFE = 7 * DAY
FIRST_EVENTS, MORE_EVENTS = 5000, 500  # events counted by one call
NEW = 30 * DAY
RESCALE = 50  # half-lives


@dataclass(frozen=True, slots=True)
class TextIndex:
    """TF-IDF rows of unit length, by item (`rows`) and by token (`postings`)."""

    starts: NDArray[np.int64]
    tokens: NDArray[np.int64]
    weights: NDArray[np.float64]
    token_starts: NDArray[np.int64]
    places: NDArray[np.int64]
    values: NDArray[np.float64]

    def likeness(self, items: Sequence[int], weights: Sequence[float]) -> NDArray[np.float64]:
        """Weighted sum of the cosines with `items`, shape (catalogue,)."""
        size = len(self.starts) - 1
        total = np.zeros(size)
        for item, weight in zip(items, weights, strict=True):
            row = slice(self.starts[item], self.starts[item + 1])
            for token, value in zip(self.tokens[row].tolist(), self.weights[row].tolist(), strict=True):
                inside = slice(self.token_starts[token], self.token_starts[token + 1])
                total[self.places[inside]] += weight * value * self.values[inside]
        return total


def text_index(items: Catalogue) -> TextIndex:
    """Index names, categories, brands and other texts; tokens of a single item say nothing and are left out."""
    listed = [Counter(document) for document in documents(items)]
    spread = Counter(chain.from_iterable(listed))
    size = len(listed)
    column = {token: place for place, token in enumerate(t for t, count in spread.items() if count > 1)}
    rows = [
        [(column[t], n * math.log((1 + size) / spread[t])) for t, n in row.items() if t in column] for row in listed
    ]
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    flat = np.array([pair for row in rows for pair in row], np.float64).reshape(-1, 2)
    tokens, weights = flat[:, 0].astype(np.int64), flat[:, 1].copy()
    owners = np.repeat(np.arange(size), np.diff(starts))
    length = np.sqrt(np.bincount(owners, weights**2, minlength=size))
    weights /= np.maximum(length, 1e-12)[owners]
    order = np.argsort(tokens, kind="stable")
    token_starts = np.concatenate([[0], np.cumsum(np.bincount(tokens, minlength=len(column)))]).astype(np.int64)
    return TextIndex(starts, tokens, weights, token_starts, owners[order], weights[order])


class ColdShop:
    """Answers before any training: similar texts, recent counts, newest items of each category."""

    def __init__(self, store: Store, catalog: Catalog, *, at_once: int = AT_ONCE) -> None:
        self._catalog = catalog
        self._counts = RecentCounts(store)
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
        order = shop.order(similar, popular, question)
        allowed = (place for place in order if _allowed(snapshot.ids[place], question, snapshot.sellable))
        return Ranking(
            [shop.candidate(place, similar, popular, question.now) for place in islice(allowed, limit)], rung
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
        self._shelf = np.zeros(0, np.int64)

    def index_texts(self) -> None:
        self._index = text_index(self.snapshot.columns)

    def similar(self, anchors: Sequence[str], page: str | None) -> tuple[NDArray[np.float64], list[str]] | None:
        """Likeness to what was looked at, newest first, the page's item most; None where no text is alike."""
        ids = list(dict.fromkeys(([page] if page else []) + list(reversed(anchors))))
        if self._index is None or not ids:
            return None
        scores = self._index.likeness([self._place[item] for item in ids], [DECAY**n for n in range(len(ids))])
        return (scores, ids) if scores.any() else None

    def order(
        self,
        similar: tuple[NDArray[np.float64], list[str]] | None,
        popular: NDArray[np.float64] | None,
        question: Question,
    ) -> list[int]:
        """Places, best first: likeness, then counts, then the shelf order of the day."""
        shelf = self.shelf(int(question.now // DAY))
        value = np.zeros(len(shelf))
        if popular is not None:
            value += 0.05 * popular / max(float(popular.max()), 1e-12)
        if similar is not None:
            value += similar[0]
        order: list[int] = shelf[np.argsort(-value[shelf], kind="stable")].tolist()
        return order

    def shelf(self, day: int) -> NDArray[np.int64]:
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
            self._shelf = np.array([place for _, _, place in sorted(keyed)], np.int64)
            self._day = day
        return self._shelf

    def candidate(
        self,
        place: int,
        similar: tuple[NDArray[np.float64], list[str]] | None,
        popular: NDArray[np.float64] | None,
        now: float,
    ) -> Candidate:
        item_id = self.snapshot.ids[place]
        if similar is not None and similar[0][place] > 0:
            return Candidate(item_id, float(similar[0][place]), "similar", similar[1][0])
        if popular is not None and popular[place] > 0:
            return Candidate(item_id, float(popular[place]), "popular")
        created = self.snapshot.records[item_id].get("created_at")
        return Candidate(item_id, 0.0, "new" if created and now - created < NEW else "catalogue")


class RecentCounts:
    """Taste weights by item, halved every seven days; each call reads on from where the last one stopped, a little."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._counts: dict[str, float] = {}
        self._after = 0  # id of the newest event that was counted or passed over
        self._since = 0.0  # epoch seconds: where an event weighs what its name says
        self._next = -math.inf
        self._lock = threading.Lock()

    def get(self) -> dict[str, float]:
        """Item id -> weight, relative to the newest event."""
        if self._clock() >= self._next and self._lock.acquire(blocking=False):
            try:
                self._read(MORE_EVENTS if self._after else FIRST_EVENTS)
            finally:
                self._lock.release()
        return self._counts

    def _read(self, most: int) -> None:
        names = [name for name, weight in TASTE.items() if weight > 0]
        last = self._store.last_id()
        if last < self._after:  # another database stands there now
            self._counts, self._after = {}, 0
        rows = []
        if last > self._after:
            rows = next(iter(self._store.read_events(after_id=self._after, names=names, batch=most)), [])
        counts = dict(self._counts)
        for row, event in rows:
            self._after = row
            age = (event.timestamp / 1000 - self._since) / HALF_LIFE
            if age > RESCALE:
                counts = {item_id: count * 2.0 ** max(-age, -900) for item_id, count in counts.items()}
                self._since, age = event.timestamp / 1000, 0.0
            weight = TASTE[event.event] * 2.0 ** max(age, -900)
            for item in event.items:
                counts[item.item_id] = counts.get(item.item_id, 0.0) + weight
        self._counts = counts
        if len(rows) < most:
            self._after = max(last, self._after)
        self._next = self._clock() + (1.0 if len(rows) < most else 0.0)


def shuffle(text: str, day: int) -> int:
    """An order that changes from day to day and is the same in every process."""
    return int.from_bytes(hashlib.blake2b(f"{day}:{text}".encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _allowed(item_id: str, question: Question, sellable: Iterable[str]) -> bool:
    if item_id in question.banned or item_id not in sellable:
        return False
    return question.candidates is None or item_id in question.candidates


def _by_counts(counts: dict[str, float], question: Question, limit: int) -> Ranking:
    """Without a catalogue, the items of the events are the catalogue."""
    ranked = sorted(counts, key=lambda item_id: (-counts[item_id], item_id))
    allowed = (item_id for item_id in ranked if _allowed(item_id, question, counts))
    return Ranking([Candidate(item_id, counts[item_id], "popular") for item_id in islice(allowed, limit)], "popular")
