"""Knowledge search for a message: as a whole, as a follow-up to the last question, or sentence by sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from opsplug.models.text.passages import sentences
from opsplug.models.text.retrieval import CONFIDENT
from opsplug.services.chat.knowledge.knowledge import Match
from opsplug.services.chat.understanding.turns import FOLLOWS, HELLO, ORDINALS, QUESTION_MARKS
from opsplug.services.chat.understanding.understanding import Context

Search = Callable[[str, str], Sequence[Match]]
_MAX_SENTENCES = 8  # sentences of a message that are looked at one by one
_MAX_ANSWERS = 2
_MIN_LONG_MESSAGE = 40  # words, or half of it in characters, from which a message is read sentence by sentence
_MAX_FOLLOW_UP_WORDS = 8


def search_knowledge(text: str, language: str, context: Context, search: Search) -> list[Match]:
    """Search the knowledge; best first, several above CONFIDENT only for a message with several questions."""
    without_greeting = HELLO.sub("", text) or text
    by_sentence = _search_by_sentence(without_greeting, language, search)
    if len(by_sentence) > 1:
        return by_sentence
    matches = list(search(without_greeting, language))
    if matches and matches[0].confidence >= CONFIDENT:
        return [matches[0], *_below_confident(matches[1:])]
    return _search_follow_up(without_greeting, language, context, search) or by_sentence or matches


def ordinal(lower: str, count: int) -> int | None:
    """The position that "the second" names among `count`, or None."""
    at = next((position for pattern, position in ORDINALS if pattern.match(lower)), None)
    return None if at is None or at >= count else at


def _search_follow_up(text: str, language: str, context: Context, search: Search) -> list[Match]:
    """Search with a short follow-up appended to the last question, without the entry that answered that one."""
    if not context.question or len(text.split()) > _MAX_FOLLOW_UP_WORDS or not FOLLOWS.search(text.lower()):
        return []
    matches = [match for match in search(f"{context.question} {text}", language) if match.entry.id != context.source]
    return [matches[0], *_below_confident(matches[1:])] if matches and matches[0].confidence >= CONFIDENT else []


def _search_by_sentence(text: str, language: str, search: Search) -> list[Match]:
    """Search each question of a message with several, or each sentence of a long message."""
    parts = [text[start:end] for start, end in sentences(text)]
    questions = [sentence for sentence in parts if sentence.rstrip().endswith(QUESTION_MARKS)]
    long = len(text.split()) > _MIN_LONG_MESSAGE or (not text.isascii() and len(text) > 2 * _MIN_LONG_MESSAGE)
    if len(questions) < 2 and not (long and len(parts) > 1):
        return []
    confident: dict[str, Match] = {}
    for sentence in (questions or parts)[:_MAX_SENTENCES]:
        best = next(iter(search(sentence, language)), None)
        if best is not None and best.confidence >= CONFIDENT:
            confident.setdefault(best.entry.id, best)
    return list(confident.values())[:_MAX_ANSWERS]


def _below_confident(matches: Sequence[Match]) -> list[Match]:
    return [match for match in matches if match.confidence < CONFIDENT]
