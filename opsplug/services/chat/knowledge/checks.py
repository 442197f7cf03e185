"""Quality checks of the knowledge: contradictions, duplicate questions, expired and overlong entries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from opsplug.models.text.tfidf import Postings, TermSpace
from opsplug.models.text.tokens import words
from opsplug.services.chat.knowledge.entries import Entry

_SAME_QUESTION = 0.8  # likeness of questions from which they ask the same
_SAME_ANSWER = 0.95  # likeness of answers from which they say the same
_MAX_LENGTH = {"en": 600, "zh": 250}  # characters of an answer that are read in a chat


class Problem(NamedTuple):
    """`kind`: contradiction, duplicate, expired, missing, long; `what` says it in a sentence."""

    kind: str
    entry_id: str
    language: str
    what: str


def check(entries: Sequence[Entry], day: str) -> list[Problem]:
    """All problems, by entry. `day` is today, as an ISO day."""
    found = [*_pairs(entries), *_dates(entries, day), *_missing(entries), *_long(entries)]
    return sorted(found, key=lambda problem: (problem.language, problem.entry_id, problem.kind))


def _pairs(entries: Sequence[Entry]) -> Iterator[Problem]:
    for language in sorted({entry.language for entry in entries}):
        own = [entry for entry in entries if entry.language == language]
        asked = [(entry, words(phrase)) for entry in own for phrase in (entry.question, *entry.also)]
        space = TermSpace.learn([" ".join(tokens) for _, tokens in asked])
        vectors = [space.vector(tokens) for _, tokens in asked]
        postings = Postings.of(vectors, space.size)
        seen: set[tuple[str, str]] = set()
        for at, (entry, _) in enumerate(asked):
            likeness = postings.similarities(vectors[at])[:at]
            for other in (asked[row][0] for row in np.flatnonzero(likeness >= _SAME_QUESTION).tolist()):
                pair = (entry.id, other.id)
                if other.id == entry.id or pair in seen or not _overlap(entry, other):
                    continue
                seen |= {pair, pair[::-1]}
                if _same(entry.answer, other.answer):
                    yield Problem("duplicate", entry.id, language, f"asks and says what {other.id} does")
                else:
                    yield Problem("contradiction", entry.id, language, f"asks what {other.id} does and says otherwise")


def _overlap(one: Entry, other: Entry) -> bool:
    """Whether there is a day on which both are valid."""
    first = max(one.valid_from, other.valid_from)
    return all(not end or first <= end for end in (one.valid_until, other.valid_until))


def _same(one: str, other: str) -> bool:
    space = TermSpace.learn([one, other])
    first, second = (space.vector(words(text)) for text in (one, other))
    likeness = float(Postings.of([first], space.size).similarities(second)[0])
    numbers = [sorted(word for word in words(text) if word.isdigit()) for text in (one, other)]
    return likeness >= _SAME_ANSWER and numbers[0] == numbers[1]


def _dates(entries: Sequence[Entry], day: str) -> Iterator[Problem]:
    for entry in entries:
        if entry.valid_until and entry.valid_until < day:
            yield Problem("expired", entry.id, entry.language, f"was valid until {entry.valid_until}")


def _missing(entries: Sequence[Entry]) -> Iterator[Problem]:
    languages = {entry.language for entry in entries}
    of_entry: dict[str, set[str]] = {}
    for entry in entries:
        of_entry.setdefault(entry.id, set()).add(entry.language)
    for name, own in of_entry.items():
        for language in sorted(languages - own):
            yield Problem("missing", name, language, f"is there in {', '.join(sorted(own))} only")


def _long(entries: Sequence[Entry]) -> Iterator[Problem]:
    for entry in entries:
        most = _MAX_LENGTH.get(entry.language, _MAX_LENGTH["en"])
        if len(entry.answer) > most:
            yield Problem("long", entry.id, entry.language, f"has {len(entry.answer)} characters; {most} are read")
