"""One visitor in plain words' reach: interests, price band, recency, frequency, value, device, language.

A profile is made of the visitor's own events whenever it is asked for, so it is never stale, and is gone when the
events are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

from opsplug.events import TASTE, Event
from opsplug.features.shoplog import BUY, VIEW, ShopLog, shop_log
from opsplug.units import DAY

HALF_LIFE_DAYS: Final = 60.0  # of an interest
MOST_INTERESTS: Final = 8
BANDS: Final = ("low", "lower_middle", "middle", "upper_middle", "high")


@dataclass(frozen=True, slots=True)
class Profile:
    """What the events of one visitor say.

    Attributes
    ----------
    visitor : str
        Pseudonym or anonymous id, never the shop's own user id.
    known : bool
        Whether there are any events.
    first_seen, last_seen : float or None
        Epoch seconds.
    recency_days : float or None
        Days since the last order.
    orders, returns, views : int
    value : float
        Money of all orders, in `currency`.
    categories, tags : list of (str, float)
        Name and share of the interest, 0 to 1.
    currency, price_band, device, language : str
    searches : list of str
    bought : list of (str, str, float)
        Item id, name and epoch seconds, newest first.
    """

    visitor: str  # pseudonym or anonymous id, never the shop's own user id
    known: bool = False
    first_seen: float | None = None
    last_seen: float | None = None
    recency_days: float | None = None  # since the last order
    orders: int = 0
    value: float = 0.0
    currency: str = ""
    returns: int = 0
    views: int = 0
    categories: list[tuple[str, float]] = field(default_factory=list)
    tags: list[tuple[str, float]] = field(default_factory=list)
    price_band: str = ""
    device: str = ""
    language: str = ""
    searches: list[str] = field(default_factory=list)
    bought: list[tuple[str, str, float]] = field(default_factory=list)  # item id, name, time; the newest first

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def price_edges(records: Mapping[str, Mapping[str, Any]]) -> list[float]:
    """The four prices that part the catalogue into five bands of equally many items."""
    prices = [float(record["price"]) for record in records.values() if record.get("price")]
    return np.quantile(prices, [0.2, 0.4, 0.6, 0.8]).tolist() if len(prices) >= 20 else []


def profile(
    visitor: str,
    events: Sequence[Event],
    records: Mapping[str, Mapping[str, Any]],
    tags: Mapping[str, Sequence[str]],
    edges: Sequence[float],
    now: float,
) -> Profile:
    """What these events of one person say at `now` (epoch seconds)."""
    if not events:
        return Profile(visitor)
    log = shop_log(events, until=now)
    bought = log.of_kind(BUY)
    categories, words = _interests(events, records, tags, now)
    moments = [event.timestamp / 1000 for event in events]
    pages = [event.properties for event in events if event.event == "page_view"]
    names = {item: str(records.get(item, {}).get("item_name") or item) for item in log.item_ids}
    newest = [(log.item_ids[item], float(at)) for item, at in zip(bought.items[::-1], bought.times[::-1], strict=True)]
    return Profile(
        visitor,
        True,
        min(moments),
        max(moments),
        (now - bought.newest) / DAY if len(bought) else None,
        len(np.unique(bought.orders)),
        round(float(log.values.sum()), 2),
        log.currency,
        sum(event.event == "refund" for event in events),
        len(log.of_kind(VIEW)),
        categories,
        words,
        _band(bought if len(bought) else log, records, edges),
        _usual(pages, "device"),
        _usual(pages, "locale"),
        _searches(events),
        [(item, names[item], at) for item, at in newest[:10]],
    )


def _interests(
    events: Sequence[Event], records: Mapping[str, Mapping[str, Any]], tags: Mapping[str, Sequence[str]], now: float
) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
    by_category: dict[str, float] = defaultdict(float)
    by_tag: dict[str, float] = defaultdict(float)
    for event in events:
        weight = TASTE.get(event.event, 0.0) * 0.5 ** (max(now - event.timestamp / 1000, 0.0) / DAY / HALF_LIFE_DAYS)
        for item in event.items if weight else ():
            category = records.get(item.item_id, {}).get("item_category") or item.item_category
            if category:
                by_category[str(category)] += weight
            for tag in tags.get(item.item_id, ()):
                by_tag[tag] += weight
    return _shares(by_category), _shares(by_tag)


def _shares(weights: Mapping[str, float]) -> list[tuple[str, float]]:
    best = sorted(weights.items(), key=lambda entry: (-entry[1], entry[0]))[:MOST_INTERESTS]
    whole = sum(weight for weight in weights.values() if weight > 0)
    return [(name, round(weight / whole, 3)) for name, weight in best if weight > 0]


def _band(log: ShopLog, records: Mapping[str, Mapping[str, Any]], edges: Sequence[float]) -> str:
    prices = [records.get(log.item_ids[item], {}).get("price") for item in log.items.tolist()]
    known = [float(price) for price in prices if price]
    return BANDS[int(np.searchsorted(edges, float(np.median(known)), "right"))] if known and len(edges) == 4 else ""


def _usual(pages: Sequence[Mapping[str, Any]], name: str) -> str:
    found = Counter(str(page[name]) for page in pages if page.get(name))
    return found.most_common(1)[0][0] if found else ""


def _searches(events: Sequence[Event]) -> list[str]:
    terms = [str(event.properties.get("search_term") or "") for event in events[::-1]]
    return list(dict.fromkeys(term[:60] for term in terms if term))[:5]
