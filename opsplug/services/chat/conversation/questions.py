"""What the shop's knowledge has for a message: by itself, with what was asked before, or question by question."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from opsplug.models.text.passages import sentences
from opsplug.models.text.retrieval import CONFIDENT
from opsplug.services.chat.knowledge.knowledge import Found
from opsplug.services.chat.understanding.turns import FOLLOWS, HELLO, ORDINALS, QUESTION_MARKS
from opsplug.services.chat.understanding.understanding import Context

Search = Callable[[str, str], Sequence[Found]]
_MOST_PARTS = 8  # sentences of a message that are looked at one by one
_MOST_ANSWERS = 2
_LONG = 40  # words, or half of it in characters, from which a message is read sentence by sentence
_FOLLOW_UP_WORDS = 8


def known(text: str, language: str, context: Context, search: Search) -> list[Found]:
    """Best first. More than one of them is sure only where the message asks more than one thing."""
    plain = HELLO.sub("", text) or text
    several = _by_parts(plain, language, search)
    if len(several) > 1:
        return several
    found = list(search(plain, language))
    if found and found[0].confidence >= CONFIDENT:
        return [found[0], *_unsure(found[1:])]
    return _continued(plain, language, context, search) or several or found


def ordinal(lower: str, count: int) -> int | None:
    """The position that "the second" names among `count`, or None."""
    at = next((position for pattern, position in ORDINALS if pattern.match(lower)), None)
    return None if at is None or at >= count else at


def _continued(text: str, language: str, context: Context, search: Search) -> list[Found]:
    """A few words that go on from the last question are read together with it; the same entry does not answer twice."""
    if not context.question or len(text.split()) > _FOLLOW_UP_WORDS or not FOLLOWS.search(text.lower()):
        return []
    found = [one for one in search(f"{context.question} {text}", language) if one.entry.id != context.source]
    return [found[0], *_unsure(found[1:])] if found and found[0].confidence >= CONFIDENT else []


def _by_parts(text: str, language: str, search: Search) -> list[Found]:
    """The answers to the questions of a message that asks two, or that is as long as a letter."""
    parts = [text[start:end] for start, end in sentences(text)]
    asking = [part for part in parts if part.rstrip().endswith(QUESTION_MARKS)]
    long = len(text.split()) > _LONG or (not text.isascii() and len(text) > 2 * _LONG)
    if len(asking) < 2 and not (long and len(parts) > 1):
        return []
    sure: dict[str, Found] = {}
    for part in (asking or parts)[:_MOST_PARTS]:
        best = next(iter(search(part, language)), None)
        if best is not None and best.confidence >= CONFIDENT:
            sure.setdefault(best.entry.id, best)
    return list(sure.values())[:_MOST_ANSWERS]


def _unsure(found: Sequence[Found]) -> list[Found]:
    return [one for one in found if one.confidence < CONFIDENT]
