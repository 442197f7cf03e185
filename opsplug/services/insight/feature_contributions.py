"""The reasons of a probability in words. They are for the shop's own people; a shopper never sees them."""

from __future__ import annotations

import math
from typing import Final

from opsplug.locales import Texts, formats, plural

TEXTS: Final = Texts("visitors")
_ZERO_IS_KNOWN: Final = ("recency_days", "viewed_days", "tenure_days")


def feature_name(feature: str, language: str) -> str:
    """What a column is called."""
    words = TEXTS[language]["reasons"].get(feature)
    return str(words["name"]) if words else feature


def reason_text(feature: str, value: float, language: str) -> str:
    """One fact about the visitor."""
    words = TEXTS[language]["reasons"].get(feature)
    if words is None:
        return feature
    if not math.isfinite(value) or (value == 0 and feature not in _ZERO_IS_KNOWN):
        return str(words["unknown"])
    return plural(words["known"], value, language).format(n=formats.rounded(value, language))
