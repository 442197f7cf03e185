"""Why an item is shown, as a sentence for the shopper: a fact about things, never about the person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from opsplug.locales import ENGLISH, Texts

TEXTS: Final = Texts("recommendations")
MAX_NAME = 40

_OF_CATEGORY = ("popular", "trending", "new", "catalogue")  # these speak of the item's own category


def reason_code(name: str) -> str:
    """The code itself where there is a sentence for it, else the one that claims least."""
    return name if name in TEXTS[ENGLISH]["reasons"] else "catalogue"


def sentence(
    code: str, language: str, *, item: Mapping[str, Any] | None = None, anchor: Mapping[str, Any] | None = None
) -> str:
    """The reason in `language` about an item's and its anchor's catalogue records."""
    words = TEXTS[language]["reasons"][reason_code(code)]
    record, key = (item, "item_category") if code in _OF_CATEGORY else (anchor, "item_name")
    name = shorten(str((record or {}).get(key) or ""))
    return str(words["named"].format(name=name) if name else words["plain"])


def shorten(name: str) -> str:
    """A name that fits into one line of small type."""
    name = " ".join(name.split())
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1].rstrip() + "…"
