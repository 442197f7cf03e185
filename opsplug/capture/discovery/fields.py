"""A schema.org `Product` as plain JSON -> a catalogue record in our words. Every field is checked and bounded.

Sources: schema.org Product, ProductGroup, Offer, AggregateOffer and ItemAvailability; the Open Graph product group.
"""

import html
import math
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

MAX_PRODUCTS: Final = 50
_AVAILABILITY: Final = {
    "instock": "in_stock", "instoreonly": "in_stock", "onlineonly": "in_stock", "limitedavailability": "in_stock",
    "outofstock": "out_of_stock", "soldout": "out_of_stock", "discontinued": "out_of_stock", "oos": "out_of_stock",
    "preorder": "preorder", "presale": "preorder", "backorder": "backorder", "madetoorder": "in_stock",
    "reserved": "out_of_stock", "available": "in_stock",
}  # fmt: skip
_IDS: Final = ("sku", "productID", "mpn", "gtin13", "gtin", "gtin14", "gtin12", "gtin8")


def types_of(thing: Mapping[str, Any]) -> set[str]:
    """The schema.org types of an object, without their namespace."""
    kinds = thing.get("@type")
    return {str(kind).rsplit("/", 1)[-1].rsplit(":", 1)[-1] for kind in (kinds if isinstance(kinds, list) else [kinds])}


def products_of(thing: Mapping[str, Any]) -> list[dict[str, Any]]:
    kinds = types_of(thing)
    if "ProductGroup" in kinds:
        group = text_of(thing.get("productGroupID")) or _item_id(thing)
        shared = {key: value for key, value in thing.items() if key in ("name", "brand", "category", "image")}
        variants = [one for one in _listed(thing.get("hasVariant")) if isinstance(one, dict)]
        records = [_product({**shared, **one}) for one in variants[:MAX_PRODUCTS]]
        return [{**record, "item_group_id": group} if group else record for record in records] or [_product(thing)]
    return [_product(thing)] if "Product" in kinds else []


def _product(thing: Mapping[str, Any]) -> dict[str, Any]:
    offer = _offer(thing.get("offers"))
    brand = _first(thing.get("brand")) or _first(thing.get("manufacturer"))
    rating = _first(thing.get("aggregateRating"))
    record: dict[str, Any] = {
        "item_id": _item_id(thing) or text_of(_first(offer.get("sku"))),
        "item_name": text_of(thing.get("name"), 300),
        "item_brand": text_of(brand.get("name") if isinstance(brand, dict) else brand),
        "item_group_id": text_of(thing.get("inProductGroupWithID")),
        "item_variant": text_of(thing.get("color"), 100),
        "description": text_of(thing.get("description"), 2000),
        "image_url": _address(_image(thing.get("image"))),
        "url": _address(text_of(thing.get("url"), 1000)),
        "price": _price(offer),
        "currency": _currency(offer.get("priceCurrency")),
        "availability": _availability(offer.get("availability")),
        **_categories(thing.get("category")),
    }
    if isinstance(rating, dict) and (value := _number(rating.get("ratingValue"))) is not None:
        record["attributes"] = {"rating": value}
    return {key: value for key, value in record.items() if value is not None}


def _item_id(thing: Mapping[str, Any]) -> str | None:
    return next((text for key in _IDS if (text := text_of(_first(thing.get(key))))), None)


def _offer(offers: Any) -> dict[str, Any]:
    """The one offer, or of several the first that can be bought, else the first."""
    listed = [offer for offer in _listed(offers) if isinstance(offer, dict)]
    nested = [inner for offer in listed for inner in _listed(offer.get("offers")) if isinstance(inner, dict)]
    if listed and "lowPrice" in listed[0]:
        return {**(nested[0] if nested else {}), **listed[0]}
    best = [offer for offer in listed if _availability(offer.get("availability")) in (None, "in_stock")]
    return next(iter(best or listed), {})


def _price(offer: Mapping[str, Any]) -> float | None:
    specification = _first(offer.get("priceSpecification"))
    inner = specification if isinstance(specification, dict) else {}
    for value in (offer.get("lowPrice"), offer.get("price"), inner.get("price")):
        number = _number(_first(value))
        if number is not None and 0 <= number < 1e9:
            return number
    return None


def _number(value: Any) -> float | None:
    """A number, also out of text such as 1,299.00 or 1.299,00 or EUR 12,90."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if math.isfinite(value) else None
    text = re.sub(r"[^\d.,]", "", value[:40]).strip(".,") if isinstance(value, str) else ""
    if not text:
        return None
    last = max(text.rfind("."), text.rfind(","))
    single = text.count(".") + text.count(",") == 1
    if last >= 0 and (len(text) - last - 1 != 3 or (single and text[last] == ".")):
        whole, fraction = text[:last], text[last + 1 :]
    else:
        whole, fraction = text, ""
    return float(f"{re.sub('[.,]', '', whole) or 0}.{fraction or 0}")


def _availability(value: Any) -> str | None:
    text = text_of(_first(value)) or ""
    return _AVAILABILITY.get(re.sub(r"[^a-z]", "", text.rsplit("/", 1)[-1].lower()))


def _currency(value: Any) -> str | None:
    text = (text_of(_first(value)) or "").upper()
    return text if re.fullmatch("[A-Z]{3}", text) else None


def _categories(value: Any) -> dict[str, str]:
    """`A > B > C` or a list is a path; at most five levels."""
    value = _first(value) if not isinstance(value, list) or len(value) == 1 else value
    value = value.get("name") if isinstance(value, dict) else value
    parts = re.split(r"[>›»]", value) if isinstance(value, str) else value if isinstance(value, list) else []
    names = [text for part in parts if (text := text_of(part))]
    return category_levels(names)


def category_levels(names: list[str]) -> dict[str, str]:
    return {f"item_category{level if level > 1 else ''}": name for level, name in enumerate(names[:5], 1)}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else None if isinstance(value, list) else value


def text_of(value: Any, longest: int = 200) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value:g}" if isinstance(value, float) else str(value)
    if not isinstance(value, str):
        return None
    value = html.unescape(value) if "&" in value else value
    return " ".join(value.replace("\x00", "").split())[:longest].strip() or None


def _image(value: Any) -> str | None:
    value = _first(value)
    return text_of(value.get("url") or value.get("contentUrl") if isinstance(value, dict) else value, 1000)


def _address(text: str | None) -> str | None:
    """Only what a link may safely be."""
    try:
        return text if text and (text.startswith("/") or urlsplit(text).scheme in ("http", "https")) else None
    except ValueError:
        return None
