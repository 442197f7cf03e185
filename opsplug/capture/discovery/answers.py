"""Products in the shop's own JSON answers: objects with an id, a name and a price, however they are wrapped."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from opsplug.capture.discovery.dom import image_address, own_path
from opsplug.capture.discovery.fields import text_of
from opsplug.capture.discovery.prices import read_price
from opsplug.values import currency, identifier, number

MAX_ANSWER: Final = 1_000_000
_MOST: Final = 500
_DEEPEST: Final = 5
_IDS: Final = ("item_id", "product_id", "productId", "sku", "id", "_id", "pk", "pno", "slug", "handle", "code")
_NAMES: Final = ("item_name", "name", "title", "product_name", "productName", "product_title")
_PRICES: Final = (
    "sale_price",
    "salePrice",
    "current_price",
    "final_price",
    "price",
    "unit_price",
    "unitPrice",
    "amount",
)
_MINOR: Final = ("price_cents", "priceCents", "price_in_cents", "priceInCents", "unit_amount", "price_minor")
_IMAGES: Final = ("image_url", "imageUrl", "image", "thumbnail", "thumb", "img", "picture", "photo", "images", "cover")
_CATEGORIES: Final = ("category", "category_name", "categoryName", "categories", "type", "department")
_STOCKS: Final = ("in_stock", "inStock", "available", "is_available", "isAvailable")
_COUNTS: Final = (
    "stock",
    "stock_quantity",
    "stockQuantity",
    "inventory",
    "count_in_stock",
    "countInStock",
    "units_in_stock",
)
_NO_CATALOGUE: Final = re.compile(
    r"cart|basket|order|checkout|account|user|profile|wishlist|session|admin|payment|invoice", re.IGNORECASE
)
_LINE: Final = frozenset(("quantity", "qty", "order_id", "cart_id", "user_id", "subtotal", "line_total"))
_decode = msgspec.json.Decoder().decode


def read_answer(body: bytes, path: str, host: str) -> list[dict[str, Any]]:
    """Catalogue records of one JSON answer at `path`; none where it is about a cart, an order or a person."""
    if len(body) > MAX_ANSWER or _NO_CATALOGUE.search(path):
        return []
    try:
        value = _decode(body)
    except (msgspec.DecodeError, RecursionError):
        return []
    records = []
    for thing, category in _products(value, 0, ""):
        record = _record(thing, category, path, host)
        if record is not None:
            records.append(record)
        if len(records) >= _MOST:
            break
    return records


def _products(value: Any, depth: int, key: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    if depth > _DEEPEST or _NO_CATALOGUE.search(key):
        return
    if isinstance(value, list):
        for element in value[:_MOST]:
            yield from _products(element, depth + 1, key)
    elif isinstance(value, dict):
        if _is_product(value):
            yield value, ""
            return
        for name, inner in list(value.items())[:50]:
            if isinstance(inner, dict | list):
                yield from _products(inner, depth + 1, name)


def _is_product(thing: Mapping[str, Any]) -> bool:
    return (
        _first(thing, _IDS) is not None
        and isinstance(_first(thing, _NAMES), str)
        and (_first(thing, _PRICES) is not None or _first(thing, _MINOR) is not None)
        and not (_LINE & thing.keys())
    )


def _record(thing: Mapping[str, Any], category: str, path: str, host: str) -> dict[str, Any] | None:
    item_id, name = identifier(_first(thing, _IDS)), text_of(_first(thing, _NAMES), 300)
    price = _price(thing)
    if item_id is None or name is None or price is None:
        return None
    record: dict[str, Any] = {"item_id": item_id, "item_name": name, "price": price}
    money = thing.get("price")
    code = currency(thing.get("currency") or (money.get("currency") if isinstance(money, dict) else None))
    if code:
        record["currency"] = code
    image = _words(_first(thing, _IMAGES), ("url", "src", "href", "image"))
    if image and (address := image_address("/", image, host)):
        record["image_url"] = address
    label = _words(_first(thing, _CATEGORIES), ("name", "title", "label"))
    if label and not label.isdigit():
        record["item_category"] = label[:200]
    description = text_of(thing.get("description"), 2000)
    if description:
        record["description"] = description
    link = _first(thing, ("url", "link", "href", "permalink"))
    if isinstance(link, str) and (target := own_path(path, link, host)) and not target.startswith("/api"):
        record["url"] = target
    record.update(_stock(thing))
    return record


def _price(thing: Mapping[str, Any]) -> float | None:
    minor = number(_first(thing, _MINOR))
    if minor is not None and minor >= 0:
        return round(minor / 100, 2)
    value = _first(thing, _PRICES)
    if isinstance(value, dict):
        value = _first(value, ("amount", "value", "current", "price"))
    if isinstance(value, str):
        read = read_price(value)
        return read.amount if read else None
    found = number(value)
    return float(found) if found is not None and 0 <= found < 1e9 else None


def _stock(thing: Mapping[str, Any]) -> dict[str, Any]:
    said = _first(thing, _STOCKS)
    if isinstance(said, bool):
        return {"availability": "in_stock" if said else "out_of_stock"}
    left = number(_first(thing, _COUNTS))
    if left is not None and left >= 0:
        return {"availability": "in_stock" if left > 0 else "out_of_stock", "stock": left}
    return {}


def _words(value: Any, keys: tuple[str, ...]) -> str | None:
    value = value[0] if isinstance(value, list) and value else value
    if isinstance(value, dict):
        value = _first(value, keys)
    return text_of(value, 1000) if isinstance(value, str) else None


def _first(thing: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((thing[name] for name in names if thing.get(name) is not None and thing[name] != ""), None)
