"""What is kept of texts that a browser sends: known names only, cut, without what names a person or opens a door."""

import math
import re
from collections.abc import Mapping
from typing import Any

from opsplug.capture.records import clean_id, clean_path
from opsplug.events import Item
from opsplug.privacy.free_text import clean_text
from opsplug.reasons import Note

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


def clean_properties(properties: Mapping[str, Any], note: Note) -> dict[str, Any]:
    """The known properties, at most 40, each a number, a truth value, a masked text or a short list of numbers."""
    kept: dict[str, Any] = {}
    for name, value in properties.items():
        if name not in PROPERTIES:
            if name != "items":
                note("properties_unknown.*", name)
        elif len(kept) == MOST_PROPERTIES:
            note("properties_too_many", f"{len(properties)}")
            break
        elif (found := _value(name, value, note)) is not None:
            kept[name] = found
        elif value is not None:
            note("properties_unfit.*", name)
    return kept


def _value(name: str, value: Any, note: Note) -> Any:
    if isinstance(value, str):
        return _text(name, value, note)
    if name == "value" or isinstance(value, bool):
        return value  # money that does not fit is refused by name, not left out
    if isinstance(value, list):
        few = value[:_MOST_NUMBERS]
        return few if few and all(_is_number(entry) for entry in few) else None
    return value if _is_number(value) else None


def _text(name: str, value: str, note: Note) -> str | None:
    if name in _IDS:
        return value if _ID.fullmatch(value) else None
    if len(value) > LONGEST:
        note("texts_cut", name)
    text = value[:LONGEST].replace("\x00", "")
    if name in _PATHS:
        text = text.split("?")[0].split("#")[0]
    kept = clean_path(text) if name in _PATHS else clean_text(text)
    if kept != text:
        note("texts_masked", name)
    return kept


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < _LARGEST and math.isfinite(value)


def clean_item(record: Any, note: Note) -> Any:
    """One element of `items` as a browser sent it; an id stays what it is unless it holds a mail address."""
    if not isinstance(record, Mapping):
        return record
    kept: dict[str, Any] = {}
    for name, value in record.items():
        if name not in Item.__struct_fields__:
            note("properties_unknown.*", f"items.{name}")
        elif name == "index" and not _is_number(value):
            note("properties_unfit.*", "items.index")
        else:
            kept[name] = _item_text(name, value, note) if isinstance(value, str) else value
    return kept


def _item_text(name: str, value: str, note: Note) -> str | None:
    if name not in ("item_id", "item_group_id"):
        return _text(name, value, note)
    kept = clean_id(value)
    if kept != value:
        note("texts_masked", name)
    return kept
