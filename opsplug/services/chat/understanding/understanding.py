"""Message understanding: language, intent and entities, given the context of earlier turns."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from opsplug.models.text.language import detect_language
from opsplug.services.chat.understanding.entities import Entities, entities, without_entities
from opsplug.services.chat.understanding.patterns import CHEAPER, FILLER, FOLLOW_UP, KINDS, MANIPULATION, OTHERS
from opsplug.services.chat.understanding.person import PERSON
from opsplug.services.chat.understanding.phrases import kind_of
from opsplug.services.chat.understanding.remarks import remark

SMALL_TALK = ("greeting", "thanks", "goodbye", "who_are_you", "ok", "yes", "no", "no_person")
_INVISIBLE = dict.fromkeys((*range(8203, 8208), *range(8234, 8239), *range(8288, 8298), 65279, 173))
_MAX_FOLLOW_UP_WORDS = 7
_MAX_ORDER_WORDS = 3  # of a message that is an order's number and little else


@dataclass(frozen=True)
class Context:
    """Dialogue state carried between turns. `search` is the description and limits last searched for."""

    language: str | None = None
    search: tuple[str, Entities] | None = None
    cheapest_shown: float | None = None
    awaits_order: bool = False
    misses: int = 0  # turns in a row without an answer
    last_reply: str = ""
    repeats: int = 0  # times in a row that the same was said
    question: str = ""  # what was asked last
    source: str = ""  # the entry that answered it
    offered: tuple[str, ...] = ()  # questions that it was asked back with


@dataclass(frozen=True)
class Understanding:
    """`intent` is one of the kinds above, "product" for a description without a question, or "question"."""

    text: str
    language: str
    intent: str
    entities: Entities
    description: str = ""  # of a product, for `search`
    suspicious: bool = False  # tries to steer the assistant or to reach others' data
    emphatic: bool = False


def clean(text: str) -> str:
    """Compatibility forms unified, invisible and direction-changing characters removed, white space made single."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_INVISIBLE).split())


def understand(text: str, context: Context | None = None, language: str | None = None) -> Understanding:
    """Detect language, intent and entities of a message. `language` overrides detection where it is known."""
    context = context or Context()
    cleaned = clean(text)
    detected = language or detect_language(cleaned, default=context.language or "en")
    lower = cleaned.lower().replace("’", "'")
    named = entities(cleaned, context.awaits_order)
    intent = _intent(lower, named, context)
    description = _description(lower)
    if intent == "search" and context.search is not None and _is_follow_up(lower, named):
        description, named = _continued(description, named, context, lower)
    suspicious = bool(MANIPULATION.search(lower) or OTHERS.search(lower))
    shouting = len(cleaned) > 8 and cleaned.isupper() and cleaned.isascii()
    return Understanding(
        cleaned, detected, intent, named, description, suspicious, shouting or "!!" in cleaned or "！！" in cleaned
    )


def _intent(lower: str, named: Entities, context: Context) -> str:
    if not any(character.isalnum() for character in lower):
        return "empty"
    small_talk = None if PERSON.search(lower) else remark(lower)
    if small_talk is not None:
        return small_talk
    for kind, pattern in KINDS:
        if pattern.search(lower):
            return "order_status" if kind == "search" and named.order else kind
    kind_of_phrase = kind_of(lower)
    if kind_of_phrase is not None:
        return "order_status" if kind_of_phrase == "search" and named.order else kind_of_phrase
    if named.order and (context.awaits_order or len(lower.split()) <= _MAX_ORDER_WORDS):
        return "order_status"
    limits = named.below is not None or named.above is not None
    if context.search is not None and _is_follow_up(lower, named):
        return "search"
    return "search" if limits else "question"


def _is_follow_up(lower: str, named: Entities) -> bool:
    """A few words that change what was searched for, or nothing but a limit, colour or size."""
    constrained = any(value is not None for value in named[1:]) or bool(CHEAPER.search(lower))
    begins = FOLLOW_UP.match(lower) or CHEAPER.search(lower) or not _description(lower)
    return constrained and len(lower.split()) <= _MAX_FOLLOW_UP_WORDS and bool(begins)


def _continued(description: str, named: Entities, context: Context, lower: str) -> tuple[str, Entities]:
    """Merge the limits of a follow-up message into the last search."""
    before, limits = context.search or ("", Entities())
    if CHEAPER.search(lower) and named.below is None and context.cheapest_shown is not None:
        named = named._replace(below=round(context.cheapest_shown - 0.01, 2))
    changed = {name: value for name, value in named._asdict().items() if value is not None}
    merged = limits._replace(**changed)
    return before, merged


def _description(lower: str) -> str:
    return " ".join(FILLER.sub(" ", without_entities(lower)).split())
