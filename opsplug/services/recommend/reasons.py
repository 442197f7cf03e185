"""Why an item is shown, as a sentence for the shopper: a fact about things, never about the person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

LANGUAGES: Final = ("en", "zh")
MAX_NAME = 40

# code -> language -> (sentence with the anchor's name, sentence where there is none)
SENTENCES: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "bought_together": {
        "en": ("Often bought with {}", "Often bought together"),
        "zh": ("常与{}一起购买", "经常一起购买"),
    },
    "also_viewed": {
        "en": ("Often looked at with {}", "Often looked at together"),
        "zh": ("看过{}的人也看了", "看过此商品的人也看了"),
    },
    "goes_with": {"en": ("Goes well with {}", "Goes well together"), "zh": ("与{}很搭配", "搭配推荐")},
    "because_you_viewed": {
        "en": ("Because you looked at {}", "Because of what you looked at"),
        "zh": ("因为您看过{}", "根据您看过的商品"),
    },
    "similar": {
        "en": ("Similar to {}", "Similar to what you just looked at"),
        "zh": ("与{}相似", "与您刚看过的商品相似"),
    },
    "buy_again": {"en": ("Bought before", "Bought before"), "zh": ("曾经购买", "曾经购买")},
    "popular": {"en": ("Popular in {}", "Popular in this shop"), "zh": ("{}热销", "本店热销")},
    "trending": {"en": ("In demand in {} this week", "In demand this week"), "zh": ("本周{}热销", "本周热销")},
    "new": {"en": ("New in {}", "New in this shop"), "zh": ("{}新品", "新品上架")},
    "featured": {"en": ("Chosen by the shop", "Chosen by the shop"), "zh": ("本店精选", "本店精选")},
    "catalogue": {"en": ("From {}", "From our range"), "zh": ("来自{}", "本店商品")},
}  # fmt: skip

_OF_CATEGORY = ("popular", "trending", "new", "catalogue")  # these speak of the item's own category


def reason_code(name: str) -> str:
    """The code itself where there is a sentence for it, else the one that claims least."""
    return name if name in SENTENCES else "catalogue"


def sentence(
    code: str, language: str, *, item: Mapping[str, Any] | None = None, anchor: Mapping[str, Any] | None = None
) -> str:
    """The reason in `language` (en where it is not one of ours) about an item's and its anchor's catalogue records."""
    with_name, plain = SENTENCES[reason_code(code)]["zh" if language.lower().startswith("zh") else "en"]
    record, key = (item, "item_category") if code in _OF_CATEGORY else (anchor, "item_name")
    name = shorten(str((record or {}).get(key) or ""))
    return with_name.format(name) if name else plain


def shorten(name: str) -> str:
    """A name that fits into one line of small type."""
    name = " ".join(name.split())
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1].rstrip() + "…"
