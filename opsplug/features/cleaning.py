"""Events as they came -> events that features may be made of. Nothing in the store is changed.

`Cleaner.clean` takes batches in the order of storing and remembers only what it needs: order ids, the last moments of
recent visitors, the catalogue's prices. See `opsplug.reasons` for each rule in words.
"""

import math
import unicodedata
from collections import OrderedDict
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from opsplug.events import Event, Item
from opsplug.features.cleaning_report import CleaningReport
from opsplug.units import DAY, MS

BURST_MOMENTS: Final = 60  # of one visitor in one minute
SILENT_PAGES: Final = 100  # so many pages, at a pace of more than one in two minutes, without a report of the snippet
SILENT_PACE_MS: Final = 120_000
REPORTING: Final = 50  # visitors who must have reported before the silence of others says anything
STALE_MS: Final = 30 * DAY * MS
SAME_MOMENT_MS: Final = 2_000
PRICE_RATIO: Final = 20.0
_REMEMBERED: Final = 50_000  # visitors whose last moments are known
_ORDERS: Final = frozenset(("purchase", "refund", "order_cancelled"))
_CURRENCIES: Final = {
    "€": "EUR",
    "£": "GBP",
    "CN¥": "CNY",
    "RMB": "CNY",
    "UKP": "GBP",
    "STG": "GBP",
}
_FILLED: Final = ("item_name", "item_category", "item_brand", "price")

_content = msgspec.msgpack.Encoder().encode


class Cleaner:
    """One pass over a log. `catalogue` maps item ids to records; `currency` is the shop's, "" for unknown; `programs`
    are visitors that are none (see `training.reader`)."""

    def __init__(
        self,
        catalogue: Mapping[str, Mapping[str, Any]] | None = None,
        currency: str = "",
        programs: Container[str] = (),
    ) -> None:
        self._programs = programs
        self.report = CleaningReport()
        self._catalogue = catalogue or {}
        self._spelling = _spellings(self._catalogue)
        self._currency = normal_currency(currency)
        self._orders: set[str] = set()
        self._visitors: OrderedDict[str, _Moments] = OrderedDict()

    def clean(self, events: Iterable[Event]) -> list[Event]:
        """The events to learn from, corrected; the report grows with each call."""
        return [kept for event in events if (kept := self._event(event)) is not None]

    def _event(self, event: Event) -> Event | None:
        lines = max(len(event.items), 1)
        self.report.events += 1
        self.report.lines += lines
        reason = self._whole(event)
        if reason is not None:
            self._remove(reason, lines)
            return None
        timestamp = min(event.timestamp, event.received_at)
        if timestamp != event.timestamp:
            self._change("clock skew", lines)
        items = self._lines(event)
        if event.items and not items:
            return None
        self.report.kept += max(len(items), 1)
        properties = self._money(event, lines)
        return msgspec.structs.replace(event, timestamp=timestamp, items=items, properties=properties)

    def _whole(self, event: Event) -> str | None:
        """Why an event is kept out altogether."""
        if event.source == "browser" and event.received_at - event.timestamp > STALE_MS:
            return "stale"
        if event.event in _ORDERS:
            order = event.properties.get("transaction_id")
            if event.event == "purchase" and order is not None:
                if order in self._orders:
                    return "double order"
                self._orders.add(order)
            return None
        who = event.visitor or event.session_id
        if who is None:
            return None
        if who in self._programs:
            return "program"
        moments = self._visitors.setdefault(who, _Moments())
        self._visitors.move_to_end(who)
        if len(self._visitors) > _REMEMBERED:
            self._visitors.popitem(last=False)
        return moments.judge(event)

    def _lines(self, event: Event) -> list[Item]:
        """Items without repeated and unpaid order lines, ids and prices made good."""
        is_order = event.event in ("purchase", "refund")
        seconds = event.properties.get("line_seconds")
        seen: set[bytes] = set()
        kept = []
        for place, item in enumerate(event.items):
            unpaid = is_order and item.price is not None and not item.price > 0
            repeated = False
            if is_order:
                at = seconds[place] if isinstance(seconds, list) and place < len(seconds) else 0
                content = _content((item, at))
                repeated = content in seen
                seen.add(content)
                self.report.found["repeated line"] += repeated
                self.report.found["no positive price"] += unpaid
                self.report.found["refund"] += event.event == "refund" and not unpaid
            if unpaid:
                self.report.removed["no positive price"] += 1
            elif repeated and event.event == "purchase":
                self.report.removed["repeated line"] += 1
            else:
                kept.append(self._item(item, event.properties))
        return kept

    def _item(self, item: Item, properties: Mapping[str, Any]) -> Item:
        changes: dict[str, Any] = {}
        item_id = self._item_id(item.item_id)
        if item_id != item.item_id:
            changes["item_id"] = item_id
            self._change("normalised")
        record = self._catalogue.get(item_id, {})
        price = item.price
        if price is not None and self._foreign(properties):
            price = None  # counted once for the event
        elif price is not None and _impossible(price, record.get("price")):
            self._change("impossible price")
            price = None
        if price != item.price:
            changes["price"] = price
        known = {**msgspec.structs.asdict(item), **changes}
        filled = {name: record[name] for name in _FILLED if known[name] is None and record.get(name) is not None}
        if filled:
            self._change("filled")
        return msgspec.structs.replace(item, **{**changes, **filled}) if changes or filled else item

    def _item_id(self, item_id: str) -> str:
        """As the catalogue spells it; where it does not know the item, in the composed Unicode form without blanks."""
        if item_id in self._catalogue:
            return item_id
        plain = unicodedata.normalize("NFC", item_id).strip()
        return plain if plain in self._catalogue else self._spelling.get(plain.casefold(), plain)

    def _money(self, event: Event, lines: int) -> dict[str, Any]:
        """Properties with a written-out currency; a value in another currency than the shop's is left out."""
        given = event.properties.get("currency")
        if not isinstance(given, str):
            return event.properties
        if self._foreign(event.properties):
            self._change("other currency", lines)
            return {key: value for key, value in event.properties.items() if key != "value"}
        currency = normal_currency(given)
        if currency == given:
            return event.properties
        self._change("normalised", lines)
        return {**event.properties, "currency": currency}

    def _foreign(self, properties: Mapping[str, Any]) -> bool:
        given = properties.get("currency")
        return bool(self._currency and isinstance(given, str) and normal_currency(given) != self._currency)

    def _remove(self, rule: str, lines: int) -> None:
        self.report.found[rule] += lines
        self.report.removed[rule] += lines

    def _change(self, rule: str, lines: int = 1) -> None:
        self.report.found[rule] += lines
        self.report.changed[rule] += lines


class _Moments:
    """What one visitor did last: enough to see doubles and bursts."""

    __slots__ = ("count", "last", "minute", "recent")

    def __init__(self) -> None:
        self.minute = -1
        self.count = 0
        self.last = -1
        self.recent: OrderedDict[tuple[str, tuple[str, ...], Any], tuple[int, str]] = OrderedDict()

    def judge(self, event: Event) -> str | None:
        what = (event.event, tuple(item.item_id for item in event.items), event.properties.get("search_term"))
        before = self.recent.get(what)
        self.recent[what] = (event.timestamp, event.source)
        if len(self.recent) > 20:
            self.recent.popitem(last=False)
        if before is not None and event.items:
            apart = abs(event.timestamp - before[0])
            if apart == 0 or (apart <= SAME_MOMENT_MS and before[1] != event.source):
                return "double event"
        return "burst" if self._moment(event.timestamp) > BURST_MOMENTS else None

    def _moment(self, at: int) -> int:
        """How many different moments of this minute had an event. Many events of one moment are a basket, or a log
        that knows only the minute or the day: they say nothing about speed."""
        minute = at // 60_000
        if minute != self.minute:
            self.minute, self.count = minute, 1
        elif at != self.last:
            self.count += 1
        self.last = at
        return self.count


def clean(
    events: Sequence[Event], catalogue: Mapping[str, Mapping[str, Any]] | None = None, currency: str = ""
) -> tuple[list[Event], CleaningReport]:
    """The whole of a short log at once."""
    cleaner = Cleaner(catalogue, currency)
    return cleaner.clean(events), cleaner.report


def normal_currency(text: str) -> str:
    """An ISO 4217 code of a code in any case, or of the signs and nicknames that name one currency only."""
    plain = text.strip().upper()
    return _CURRENCIES.get(plain, plain)


def _impossible(price: float, usual: Any) -> bool:
    if not math.isfinite(price):
        return True
    if not isinstance(usual, int | float) or not usual > 0 or not price > 0:
        return False
    return not 1 / PRICE_RATIO <= price / usual <= PRICE_RATIO


def _spellings(catalogue: Iterable[str]) -> dict[str, str]:
    """Case-folded id -> the catalogue's id, where only one fits."""
    found: dict[str, str | None] = {}
    for item_id in catalogue:
        folded = item_id.casefold()
        found[folded] = item_id if folded not in found else None
    return {folded: item_id for folded, item_id in found.items() if item_id is not None}
