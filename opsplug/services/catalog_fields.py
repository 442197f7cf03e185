"""Names that shops give to the fields of a product, and ours: guessed, and what is unknown is reported."""

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from opsplug.capture.discovery.prices import read_price
from opsplug.values import identifier, number, text

FIELDS: Final = (
    "item_id", "item_name", "item_group_id", "item_brand", "item_category", "item_category2", "item_category3",
    "item_category4", "item_category5", "item_variant", "description", "url", "image_url", "price", "list_price",
    "currency", "availability", "stock", "published", "tags", "attributes", "created_at", "language", "cost",
    "consumable_days", "seller_id", "affiliation",
)  # fmt: skip
_SYNONYMS: Final = {
    "item_id": "id pk sku product_id productid pno uid code product_code article_number handle",
    "item_name": "name title product_name product_title productname label display_name",
    "item_brand": "brand brand_name manufacturer vendor maker author",
    "item_category": "category category_name product_type google_product_category department genre collection type",
    "item_group_id": "group_id parent_id parent_sku product_group style_id",
    "item_variant": "variant color colour size",
    "description": "desc body details detail summary long_description short_description text content",
    "url": "link permalink product_url href get_absolute_url path",
    "image_url": "image image_link img img_url picture photo thumbnail thumb thumbnail_url image_path image_file "
                 "first_img cover tumbimg filename picture_url photo_url main_image",
    "price": "sale_price unit_price current_price selling_price price_eur price_usd basic_price retail_price amount",
    "list_price": "regular_price compare_at_price old_price original_price msrp rrp retail",
    "currency": "currency_code price_currency",
    "availability": "in_stock is_available available status_stock is_in_stock",
    "stock": "inventory inventory_level stock_quantity quantity qty count_in_stock units_in_stock stock_count",
    "published": "active is_active visible is_published enabled on_sale is_visible",
    "tags": "keywords labels",
    "created_at": "created date_added added_at created_on regdate date_created publish_date",
}  # fmt: skip
_OURS: Final = {name: name for name in FIELDS} | {
    word: name for name, words in _SYNONYMS.items() for word in words.split()
}
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def guess(names: Iterable[str], given: Mapping[str, str] | None = None) -> tuple[dict[str, str], dict[str, str]]:
    """(their name -> ours, unknown name -> the nearest of ours or ""). Of several for one field the nearest in spelling
    to ours, then the first of its synonyms; `given` (ours -> theirs) wins."""
    names = list(names)
    chosen = {theirs: ours for ours, theirs in (given or {}).items() if theirs in names}
    rank = {word: place for words in _SYNONYMS.values() for place, word in enumerate(words.split(), 1)}
    candidates = sorted(
        (rank.get(_plain(name), 0), place, name) for place, name in enumerate(names) if _plain(name) in _OURS
    )
    for _, _, name in candidates:
        ours = _OURS[_plain(name)]
        if name not in chosen and ours not in chosen.values():
            chosen[name] = ours
    unknown = {}
    for name in names:
        if name not in chosen and _plain(name) not in _OURS:
            near = difflib.get_close_matches(_plain(name), FIELDS, 1, 0.6)
            unknown[name] = near[0] if near else ""
    return chosen, unknown


@lru_cache(maxsize=512)
def guess_once(names: frozenset[str]) -> tuple[dict[str, str], dict[str, str]]:
    """As `guess`, for records of one shape."""
    return guess(sorted(names))


def _plain(name: str) -> str:
    name = name.rsplit(":", 1)[-1]  # g:image_link of a Google feed
    return _CAMEL.sub("_", name).strip().lower().replace(" ", "_").replace("-", "_").removeprefix("product_") or name


def translated(record: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """A record under our names, its values as the catalogue takes them. Values that do not fit are left out."""
    found: dict[str, Any] = {}
    for theirs, ours in names.items():
        value = record.get(theirs)
        if value is None or value == "":
            continue
        found.update(_value(ours, value))
    if found.get("stock") == 0 and "availability" not in found:
        found["availability"] = "out_of_stock"
    return found


def _value(name: str, value: Any) -> dict[str, Any]:
    """The fields that one value gives: `12.90 EUR` is a price and a currency, `A > B` are two categories."""
    if name == "item_id":
        item_id = identifier(value)
        return {name: item_id} if item_id else {}
    if name in ("price", "list_price", "cost"):
        price = read_price(value) if isinstance(value, str) else None
        amount = price.amount if price is not None else number(value)
        fields: dict[str, Any] = {name: float(amount)} if amount is not None and amount >= 0 else {}
        return fields | ({"currency": price.currency} if price is not None and price.currency and fields else {})
    if name in ("stock", "consumable_days"):
        count = number(value)
        return {name: float(count)} if count is not None and count >= 0 else {}
    if name == "availability":
        is_yes = value if isinstance(value, bool) else {"1": True, "0": False}.get(str(value))
        return {name: value if is_yes is None else "in_stock" if is_yes else "out_of_stock"}
    if name == "item_category":
        words = _named(value)
        levels = [part.strip() for part in re.split(r"\s*[>›»]\s*", words or "") if part.strip()][:5]
        return {f"item_category{level if level > 1 else ''}": part for level, part in enumerate(levels, 1)}
    if name in ("published", "tags", "attributes", "created_at"):
        return {name: value}
    words = _named(value)
    return {name: words} if words else {}


def _named(value: Any) -> str | None:
    """Words of a value; of an object of the shop's (a category, a brand) its name."""
    if isinstance(value, list | tuple) and value:
        value = value[0]
    if isinstance(value, Mapping):
        value = next((value[key] for key in ("name", "title", "url", "src") if value.get(key)), None)
    elif value is not None and not isinstance(value, str | int | float) and hasattr(value, "__dict__"):
        own = next((getattr(value, key, None) for key in ("name", "title", "label") if getattr(value, key, None)), None)
        value = value if own is None else own
    return text(value)
