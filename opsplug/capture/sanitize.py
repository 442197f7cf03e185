"""What is kept of texts that a browser sends: known names only, cut, without what names a person or opens a door."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from opsplug.capture.records import clean_path, may_hide
from opsplug.events import BROWSER_PROPERTIES, Item
from opsplug.privacy.free_text import clean_text, has_mail_sign, is_suspect
from opsplug.reasons import Note

MOST_PROPERTIES = 40
LONGEST = 200  # characters of one text
SUSPECT_CHARACTERS = 1500  # of one body that are looked at closely
MAX_ITEMS = 200  # of one event
MOST_ITEMS = 400  # of one body
_LONGEST_PATH = 1000
_MOST_NUMBERS = 10  # of a list, such as the viewport's two
_LARGEST = 1e9  # nothing a browser measures is larger, but card and phone numbers are
_PATHS = frozenset(("from_path", "source", "source_route", "form_destination"))
_IDS = frozenset(("recommendation_id", "text_hash", "message_hash"))
_ID = re.compile(r"[A-Za-z0-9_\-]{1,64}")


class Sanitizer:
    """Reads the texts of one body. What may hold a number or an address of somebody is looked at closely, which costs
    some microseconds a character; a body has so many characters of that, and past them such a text is left out, so
    that no body is dear. A text that repeats is read once. `note` hears of what is changed or left out.
    """

    def __init__(self, note: Note) -> None:
        self._note = note
        self._characters = SUSPECT_CHARACTERS
        self._items = MOST_ITEMS
        self._texts: dict[str, str | None] = {}
        self._paths: dict[str, str | None] = {}

    def properties(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """The known properties, at most 40, each a number, a truth value, a masked text or a short list of numbers."""
        kept: dict[str, Any] = {}
        for name, value in properties.items():
            if name not in BROWSER_PROPERTIES:
                if name != "items":
                    self._note("properties_unknown.*", name)
            elif len(kept) == MOST_PROPERTIES:
                self._note("properties_too_many", f"{len(properties)}")
                break
            elif (found := self._value(name, value)) is not None:
                kept[name] = found
            elif value is not None:
                self._note("properties_unfit.*", name)
        return kept

    def items(self, records: Any) -> Any:
        """`items` as a browser sent them: of each the known fields; what is no list is for others to refuse."""
        if not isinstance(records, list):
            return records
        kept = records[: min(self._items, MAX_ITEMS)]
        self._items -= len(kept)
        if len(kept) < min(len(records), MAX_ITEMS):
            self._note("items_rationed", f"{len(records) - len(kept)}")
        return [self._item(record) for record in kept]

    def path(self, text: str) -> str | None:
        """A path without query and fragment, as `clean_path` leaves it."""
        path = text[:_LONGEST_PATH].split("?")[0].split("#")[0]
        return self._read(path, self._paths, clean_path, len(path) if may_hide(path) else 0)

    def _item(self, record: Any) -> Any:
        if not isinstance(record, Mapping):
            return record
        kept: dict[str, Any] = {}
        for name, value in record.items():
            if name not in Item.__struct_fields__:
                self._note("properties_unknown.*", f"items.{name}")
            elif name == "index" and not _is_number(value):
                self._note("properties_unfit.*", "items.index")
            else:
                kept[name] = self._item_text(name, value) if isinstance(value, str) else value
        return kept

    def _item_text(self, name: str, value: str) -> str | None:
        """An id stays what it is unless it holds a mail address."""
        if name not in ("item_id", "item_group_id"):
            return self._named(name, value)
        return self._text(name, value) if has_mail_sign(value) else value

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, str):
            return self._named(name, value)
        if name == "value" or isinstance(value, bool):
            return value  # money that does not fit is refused by name, not left out
        if isinstance(value, list):
            few = value[:_MOST_NUMBERS]
            return few if few and all(_is_number(entry) for entry in few) else None
        return value if _is_number(value) else None

    def _named(self, name: str, value: str) -> str | None:
        if name in _IDS:
            return value if _ID.fullmatch(value) else None
        if len(value) > LONGEST:
            self._note("texts_cut", name)
        text = value[:LONGEST].replace("\x00", "")
        if name not in _PATHS:
            return self._text(name, text)
        text = text.split("?")[0].split("#")[0]
        return self._noted(name, text, self.path(text))

    def _text(self, name: str, text: str) -> str | None:
        if not is_suspect(text):
            return text
        return self._noted(name, text, self._read(text, self._texts, clean_text, len(text)))

    def _noted(self, name: str, text: str, kept: str | None) -> str | None:
        if kept is not None and kept != text:
            self._note("texts_masked", name)
        return kept

    def _read(
        self, text: str, known: dict[str, str | None], clean: Callable[[str], str], characters: int
    ) -> str | None:
        if text not in known:
            if characters > self._characters:
                self._note("texts_rationed", f"{len(text)}")
                return None
            self._characters -= characters
            known[text] = clean(text)
        return known[text]


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < _LARGEST and math.isfinite(value)
