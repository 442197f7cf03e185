"""Entity extraction: order number, price limits, colour and size."""

from __future__ import annotations

import re
from typing import NamedTuple

COLOURS: dict[str, tuple[str, ...]] = {
    "red": ("red", "crimson", "scarlet", "红"),
    "blue": ("blue", "navy", "蓝"),
    "green": ("green", "olive", "绿"),
    "yellow": ("yellow", "黄"),
    "black": ("black", "黑"),
    "white": ("white", "ivory", "cream", "白"),
    "pink": ("pink", "粉"),
    "purple": ("purple", "violet", "lilac", "紫"),
    "orange": ("orange", "橙"),
    "brown": ("brown", "棕", "褐"),
    "grey": ("grey", "gray", "灰"),
    "gold": ("gold", "golden", "金色"),
    "silver": ("silver", "银色"),
}
_COLOUR_OF = {word: colour for colour, words in COLOURS.items() for word in words}
_COLOUR = re.compile(
    r"(?<![a-z])(?:" + "|".join(word for word in _COLOUR_OF if word.isascii()) + r")(?![a-z])|"
    r"(?:" + "|".join(word for word in _COLOUR_OF if not word.isascii()) + r")(?:色|的)?"
)
_AMOUNT = r"(?:[£$€¥￥]|(?:usd|eur|gbp|rmb|cny) ?)?\s?(\d{1,6}(?:[.,]\d{1,2})?)"
_BELOW = re.compile(
    rf"(?:under|below|less than|cheaper than|up to|at most|no more than|not over|max(?:imum)?(?: of)?|within|"
    rf"<=?)\s*{_AMOUNT}"
    rf"|(?:(?<!不)低于|不超过|不高于|最多|(?<!不)少于|不到)\s*{_AMOUNT}"
    rf"|{_AMOUNT}\s*(?:元|块|镑|美元|欧元)?\s*(?:以内|以下|之内|之下)"
)
_ABOVE = re.compile(
    rf"(?:over|above|more than|at least|min(?:imum)?(?: of)?|from|>=?)\s*{_AMOUNT}"
    rf"|(?:(?<!不)高于|(?<!不)超过|不低于|不少于|至少)\s*{_AMOUNT}|{_AMOUNT}\s*(?:元|块|镑|美元|欧元)?\s*(?:以上|起)"
)
_BETWEEN = re.compile(rf"(?:between\s*)?{_AMOUNT}\s*(?:and|to|-|–|~|到|至)\s*{_AMOUNT}")
_SIZE = re.compile(
    r"(?:size|in an?|in)\s+(xxs|xs|s|m|l|xl|xxl|xxxl|[3-5]\d)(?![a-z0-9])|(?:尺码|码数|大小)\s*(?:是|"
    r"为)?\s*([a-z]{1,4}|\d{2})"
    r"|(\d{2}|[smlx]{1,3})\s*码|(?<![a-z0-9])(xxs|xs|xl|xxl|xxxl)(?![a-z0-9])"
)
_ORDER = re.compile(
    r"(?:order|purchase|invoice)s?\s*(?:number|no\.?|nr\.?|id|code)?\s*(?:is|"
    r"was)?\s*[:#]?\s*([a-z]{0,5}-?\d[\da-z-]{2,23})"
    r"|#\s?([a-z]{0,5}-?\d[\da-z-]{2,23})|(?:订单号?|单号)\s*(?:是|为)?\s*[:：#]?\s*([a-z]{0,5}-?\d[\da-z-]{2,23})"
)
_BARE = re.compile(r"\W*(?:no\.?|nr\.?)?\s*([a-z]{0,5}-?\d[\da-z-]{2,23})\W*")  # the whole message
_NUMBER = re.compile(r"(?<![\da-z])([a-z]{0,5}-?\d[\da-z-]{2,23})(?![\da-z])")


class Entities(NamedTuple):
    """What was named; None or empty where nothing was. Prices are in the shop's currency."""

    order: str | None = None
    below: float | None = None
    above: float | None = None
    colour: str | None = None
    size: str | None = None


def entities(text: str, awaits_order: bool = False) -> Entities:
    """Reads `text`, whatever its case; with `awaits_order` a bare number is the order that was asked for."""
    lower = text.lower()
    bare = _BARE.fullmatch(lower.strip())
    order = _first(_ORDER, lower) or (bare[1] if bare else _first(_NUMBER, lower) if awaits_order else None)
    below, above = _limits(lower)
    colour = _COLOUR.search(lower)
    named = colour.group().rstrip("色的") if colour else ""
    size = _first(_SIZE, lower)
    return Entities(
        order.upper() if order else None,
        below,
        above,
        _COLOUR_OF.get(named) or _COLOUR_OF.get(f"{named}色") if named else None,
        size.upper() if size else None,
    )


def without_entities(text: str) -> str:
    """The text less what `entities` reads: what remains describes the product."""
    lower = text.lower()
    for pattern in (_BETWEEN, _BELOW, _ABOVE, _SIZE, _ORDER, _COLOUR):
        lower = pattern.sub(" ", lower)
    return lower


def _limits(lower: str) -> tuple[float | None, float | None]:
    both = _BETWEEN.search(lower)
    if both:
        one, other = sorted((_amount(both.group(1)), _amount(both.group(2))))
        return other, one
    below, above = _first(_BELOW, lower), _first(_ABOVE, lower)
    return (_amount(below) if below else None), (_amount(above) if above else None)


def _amount(written: str) -> float:
    return float(written.replace(",", "."))


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return next((group for group in found.groups() if group), None) if found else None
