"""What is kept of texts that a browser sends: known names only, cut, without what names a person or opens a door."""

import math
import re
from collections.abc import Mapping
from typing import Any

from opsplug.capture.records import clean_id, clean_path
from opsplug.events import Item
from opsplug.privacy.free_text import clean_text

MOST_PROPERTIES = 40
LONGEST = 200  # characters of one text
_MOST_NUMBERS = 10  # of a list, such as the viewport's two
_LARGEST = 1e9  # nothing a browser measures is larger, but card and phone numbers are
# GA4's names (the e-commerce ones that its data layer has) and the snippet's own; what else a page sends stays there.
PROPERTIES = frozenset(
    """value currency coupon cart_id item_list_id item_list_name search_term results_count shipping_tier payment_type
    method promotion_id promotion_name creative_name creative_slot content_type recommendation_id action placement
    navigation page_title referrer_host viewport locale tz_offset_min device duration_ms max_scroll percent from_path
    selector_path tag text_hash x_rel y element_x element_y count radius_px window_ms wait_ms clicks form_id form_name
    form_destination
    fields first_field last_field fields_touched name rating message_hash error_type source line column source_route
    helpful score reason_code index transaction_id""".split()
)
_PATHS = frozenset(("from_path", "source", "source_route", "form_destination"))
_IDS = frozenset(("recommendation_id", "text_hash", "message_hash"))
_ID = re.compile(r"[A-Za-z0-9_\-]{1,64}")


def clean_properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The known properties, at most 40, each a number, a truth value, a masked text or a short list of numbers."""
    kept: dict[str, Any] = {}
    for name, value in properties.items():
        if name in PROPERTIES and (found := _value(name, value)) is not None:
            kept[name] = found
            if len(kept) == MOST_PROPERTIES:
                break
    return kept


def _value(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return _text(name, value)
    if name == "value" or isinstance(value, bool):
        return value  # money that does not fit is refused by name, not left out
    if isinstance(value, list):
        few = value[:_MOST_NUMBERS]
        return few if few and all(_is_number(entry) for entry in few) else None
    return value if _is_number(value) else None


def _text(name: str, value: str) -> str | None:
    if name in _IDS:
        return value if _ID.fullmatch(value) else None
    text = value[:LONGEST].replace("\x00", "")
    return clean_path(text.split("?")[0].split("#")[0]) if name in _PATHS else clean_text(text)


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < _LARGEST and math.isfinite(value)


def clean_item(record: Any) -> Any:
    """One element of `items` as a browser sent it; an id stays what it is unless it holds a mail address."""
    if not isinstance(record, Mapping):
        return record
    kept: dict[str, Any] = {}
    for name, value in record.items():
        if name not in Item.__struct_fields__:
            continue
        if isinstance(value, str):
            value = clean_id(value) if name in ("item_id", "item_group_id") else _text(name, value)
        elif name == "index" and not _is_number(value):
            continue
        kept[name] = value
    return kept
