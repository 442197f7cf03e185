"""What a card of a recommendation shows: the catalogue's record, with today's price, in the visitor's language."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from opsplug.capture.callables import Callables
from opsplug.locales import words
from opsplug.locales.formats import money

PLACEMENTS = ("home", "item", "cart", "order", "search", "article")


def title(placement: str, rung: str, language: str) -> str:
    """A heading that promises no more than the rung holds: nothing is "for you" when it is for everybody."""
    titles = words("recommendations", language)["titles"]
    if placement == "home" and rung in ("popular", "catalogue"):
        return str(titles["popular"])
    return str(titles.get(placement, titles["item"]))


@dataclass(frozen=True, slots=True)
class _Named:
    item_id: str
    score: float = 0.0
    reason_code: str = ""
    reason: str = ""


class Cards:
    """Dresses recommended items for a page."""

    def __init__(
        self,
        records: Callable[[], Mapping[str, Mapping[str, Any]]],
        callables: Callables,
        *,
        item_url: str,
        currency: str,
    ) -> None:
        self._records = records
        self._callables = callables
        self._item_url = item_url
        self._currency = currency

    def dress(self, items: Sequence[Any], root: str, language: str) -> list[dict[str, Any]]:
        """Cards for items with item_id, score, reason_code and reason; `root` is where the shop is mounted."""
        ids = [item.item_id for item in items]
        records = self._records()
        prices = self._callables.prices(ids)
        return [
            self._card(item, records.get(item.item_id, {}), prices.get(item.item_id), root, language) for item in items
        ]

    def plain(self, item_ids: Sequence[str], root: str, language: str) -> list[dict[str, Any]]:
        """Cards of items that were named, not recommended: without score and reason."""
        named = [_Named(item_id) for item_id in item_ids]
        keys = ("item_id", "item_name", "url", "image_url", "price", "currency", "price_text")
        return [{key: card[key] for key in keys} for card in self.dress(named, root, language)]

    def _card(self, item: Any, record: Mapping[str, Any], price: Any, root: str, language: str) -> dict[str, Any]:
        price = record.get("price") if price is None else price
        currency = record.get("currency") or self._currency
        return {
            "item_id": item.item_id,
            "score": round(float(item.score), 6),
            "reason_code": item.reason_code,
            "reason": item.reason,
            "item_name": record.get("item_name") or item.item_id,
            "item_category": record.get("item_category"),
            "url": self._url(item.item_id, record, root),
            "image_url": _safe(record.get("image_url")),
            "price": None if price is None else float(price),
            "currency": currency or None,
            "price_text": "" if price is None else money(float(price), str(currency or ""), language),
        }

    def _url(self, item_id: str, record: Mapping[str, Any], root: str) -> str | None:
        url = record.get("url")
        if url:
            return _safe(url)
        if not self._item_url:
            return None
        return root + self._item_url.replace("{item_id}", quote(item_id, safe=""))


def _safe(url: Any) -> str | None:
    """Only what a browser may follow: http(s) and addresses within the shop."""
    if isinstance(url, str) and (
        url.startswith(("http://", "https://")) or (url.startswith("/") and url[1:2] not in ("/", "\\"))
    ):
        return url
    return None
