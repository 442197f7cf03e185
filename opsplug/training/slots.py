"""The training of the slot rankers: lists that were seen and what was clicked in them, by recommendation id."""

from __future__ import annotations

import time
from array import array
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from opsplug.events import Event
from opsplug.features.recommendation_id import HEAD, Made, read_id
from opsplug.models.rerank.list_ranker import CATEGORIES, SlotList, artefact_name
from opsplug.models.rerank.slot_learning import Learned, SlotLog, learn, most_viewed, verdict
from opsplug.training.run.job import TrainingReport, Work
from opsplug.units import DAY_MS

if TYPE_CHECKING:
    from opsplug.store.protocol import Store

NAME: Final = "slots"
DAYS = 60  # of lists that are learnt from
MOST_LISTS = 20_000  # of each placement, the newest
MOST_OF_ONE = 50  # of them of one visitor: a program that clicks all day is one voice among many
ITEM_EVENTS: Final = ("view_item", "add_to_cart", "purchase")
NAMES: Final = ("view_item_list", "select_item", *ITEM_EVENTS)
MIN_CLICKS = 200  # clicks of both groups below which they are not compared
KIND: Final = "slots"  # document kind; keys are placements


def train(work: Work) -> TrainingReport | None:
    """Learn each placement anew and publish what would have been clicked at least as often as the mix's own order."""
    began = time.perf_counter()
    until = work.now if work.now is not None else work.clock()
    seen = read_lists(work.store, since_ms=round(until * 1000) - DAYS * DAY_MS, until_ms=round(until * 1000) + 1)
    if not seen.lists:
        return None
    metrics: dict[str, float] = {}
    baseline: dict[str, float] = {}
    reasons, versions = [], []
    for placement in seen.placements():
        learned = learn(seen.log(placement), seed=work.seed)
        groups = seen.groups(placement)
        version, reason = _decide(work, placement, learned, groups)
        versions += [version] if version else []
        reasons.append(f"{placement}: {reason}")
        metrics |= {f"{placement} {name}": value for name, value in _metrics(learned).items()}
        baseline[f"{placement} clicks per item"] = learned.mix
        serving = work.artefacts.current(artefact_name(placement)) or ""
        state = {"at": work.clock(), "version": serving, "reason": reason, **_state(learned, groups)}
        work.store.put_document(KIND, placement, state, round(work.clock() * 1000))
        work.say(reasons[-1])
    seconds = time.perf_counter() - began
    return TrainingReport(NAME, metrics, baseline, bool(versions), seconds, " ".join(versions), "; ".join(reasons))


def _decide(work: Work, placement: str, learned: Learned, groups: Mapping[str, Group]) -> tuple[str, str]:
    """Publish, keep what serves, or switch off. -> the version published, and why."""
    name = artefact_name(placement)
    ours, plain = groups["re-ordered"], groups["plain"]
    if min(ours.clicks, plain.clicks) >= MIN_CLICKS and ours.high < plain.low and work.artefacts.current(name):
        reason = f"switched off: re-ordered lists were clicked {ours.rate:.2%}, the mix's own {plain.rate:.2%}"
        return _publish(work, name, SlotList.off(), {}, reason), reason
    good, reason = verdict(learned)
    return (_publish(work, name, learned.model, _metrics(learned), reason) if good else ""), reason


def _publish(work: Work, name: str, model: SlotList, metrics: Mapping[str, float], reason: str) -> str:
    at = work.clock()
    about = {"at": at, "seed": work.seed, "metrics": dict(metrics), "reason": reason}
    return work.artefacts.publish(name, model.export(), about=about, at=at)


def _metrics(learned: Learned) -> dict[str, float]:
    found = {"lists": float(learned.lists), "clicks": float(learned.clicks), "clicks judged": float(learned.judged)}
    if learned.enough:
        ratio, low, high = learned.ratio
        found |= {"to mix": ratio, "to mix low": low, "to mix high": high, "clicks per item": learned.by["dr"].value}
    return found


def _state(learned: Learned, groups: Mapping[str, Group]) -> dict[str, Any]:
    """What the stats page and `opsplug evaluate` say of a placement."""
    return {
        "lists": learned.lists, "clicks": learned.clicks, "judged": learned.judged, "enough": learned.enough,
        "mix": learned.mix,
        "ratio": [number if np.isfinite(number) else None for number in learned.ratio],
        "estimates": {name: asdict(found) for name, found in learned.by.items()},
        "groups": {name: group.to_dict() for name, group in groups.items()},
    }  # fmt: skip


@dataclass(slots=True)
class Group:
    """Lists whose order was, or was not, changed: what share of the seen lists was clicked, with a 95 % interval."""

    lists: int = 0
    clicks: int = 0  # lists with a click

    @property
    def rate(self) -> float:
        return self.clicks / max(self.lists, 1)

    @property
    def low(self) -> float:
        return self._wilson(-1)

    @property
    def high(self) -> float:
        return self._wilson(1)

    def _wilson(self, side: int) -> float:
        """Wilson's score interval (1927)."""
        n, z = max(self.lists, 1), 1.96
        middle = self.rate + z * z / (2 * n)
        half = z * ((self.rate * (1 - self.rate) + z * z / (4 * n)) / n) ** 0.5
        return float((middle + side * half) / (1 + z * z / n))

    def to_dict(self) -> dict[str, float]:
        return {"lists": self.lists, "clicks": self.clicks, "rate": self.rate, "low": self.low, "high": self.high}


@dataclass(slots=True)
class _Seen:
    """One list as one visitor saw it."""

    made: Made
    last_category: str
    items: dict[str, int] = field(default_factory=dict)  # item -> place
    clicked: set[str] = field(default_factory=set)


class Lists:
    """The lists of a store's events, by visitor and recommendation id; feed events in the order of their storing.

    The newest MOST_LISTS of each placement are held, MOST_OF_ONE of them at most of one visitor; older ones are only
    counted, so that memory does not grow with the shop, and no single visitor decides what is relevant.
    """

    def __init__(self, categories: Mapping[str, str], *, most: int = MOST_LISTS) -> None:
        self._categories = categories
        self._most = most
        self._last_category: dict[str, str] = {}  # visitor -> category of the last item viewed
        self._held: Counter[tuple[str, str]] = Counter()  # lists of a visitor and placement
        self._order: defaultdict[str, deque[tuple[str, str]]] = defaultdict(deque)  # placement -> keys, oldest first
        self._since: dict[str, int] = {}  # placement -> when its first re-ordered list was made
        self._past: defaultdict[str, dict[str, Group]] = defaultdict(_groups)  # those no longer held
        self.lists: dict[tuple[str, str], _Seen] = {}

    def add(self, event: Event) -> None:
        visitor = event.visitor or ""
        if event.event in ITEM_EVENTS:
            if event.items:
                self._last_category[visitor] = self._categories.get(event.items[-1].item_id, "")
            return
        common = event.properties.get("recommendation_id")
        for place, item in enumerate(event.items):
            named = str(item.recommendation_id or common)
            seen = self.lists.get((visitor, named))
            if event.event == "select_item":
                if seen is not None and item.item_id in seen.items:
                    seen.clicked.add(item.item_id)
                continue
            if seen is None:
                seen = self._begin(visitor, named)
                if seen is None:
                    continue
            seen.items.setdefault(item.item_id, place if item.index is None else item.index)

    def placements(self) -> list[str]:
        return sorted(self._order)

    def log(self, placement: str) -> SlotLog:
        """The newest lists of a placement as arrays, oldest first."""
        chosen = sorted((self.lists[key] for key in self._order[placement]), key=lambda seen: seen.made.at)
        lists, codes, places, ranks, clicks = array("q"), array("q"), array("q"), array("q"), array("d")
        known: dict[str, int] = {}
        for number, seen in enumerate(chosen):
            for item, place in sorted(seen.items.items(), key=lambda entry: entry[1]):
                if 0 <= place < HEAD:
                    lists.append(number)
                    codes.append(known.setdefault(item, len(known)))
                    places.append(place)
                    ranks.append(seen.made.ranks[place])
                    clicks.append(item in seen.clicked)
        last_categories = [seen.last_category for seen in chosen]
        return SlotLog(
            list(known), most_viewed(last_categories, CATEGORIES), [seen.made.rung for seen in chosen],
            last_categories,
            np.array(lists, np.int64), np.array(codes, np.int64), np.array(places, np.int64), np.array(ranks, np.int64),
            np.array(clicks, np.float64),
        )  # fmt: skip

    def groups(self, placement: str) -> dict[str, Group]:
        """Re-ordered and plain lists made while a slot ranker served: the two sides of an experiment."""
        groups = {name: replace(group) for name, group in self._past[placement].items()}
        for key in self._order[placement]:
            self._count(self.lists[key], groups)
        return groups

    def _begin(self, visitor: str, named: str) -> _Seen | None:
        """A list that was not seen before; None where it is not one to learn from."""
        made = read_id(named)
        if made is None or made.holdout or self._held[visitor, made.placement] >= MOST_OF_ONE:
            return None
        if made.slots:
            self._since[made.placement] = min(made.at, self._since.get(made.placement, made.at))
        seen = self.lists[visitor, named] = _Seen(made, self._last_category.get(visitor, ""))
        self._held[visitor, made.placement] += 1
        order = self._order[made.placement]
        order.append((visitor, named))
        if len(order) > self._most:
            oldest = order.popleft()
            self._count(self.lists.pop(oldest), self._past[made.placement])
            self._held[oldest[0], made.placement] -= 1
            if not self._held[oldest[0], made.placement]:
                del self._held[oldest[0], made.placement]
        return seen

    def _count(self, seen: _Seen, groups: Mapping[str, Group]) -> None:
        since = self._since.get(seen.made.placement)
        if since is not None and seen.made.at >= since and seen.made.known:
            group = groups["re-ordered" if seen.made.slots else "plain"]
            group.lists += 1
            group.clicks += bool(seen.clicked)


def _groups() -> dict[str, Group]:
    return {"re-ordered": Group(), "plain": Group()}


def read_lists(store: Store, *, since_ms: int, until_ms: int) -> Lists:
    """The lists of real visitors between two moments."""
    lists = Lists({record["item_id"]: str(record.get("item_category") or "") for record in store.items()})
    for batch in store.read_events(since_ms=since_ms, until_ms=until_ms, names=NAMES):
        for _, event in batch:
            lists.add(event)
    return lists
