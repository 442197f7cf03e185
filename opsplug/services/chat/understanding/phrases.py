"""Turns of phrase of any language: `locales/<language>/phrases.json`, with | between those of one kind.

English and Chinese have patterns of their own (`patterns.py`), which are asked first, and English its remarks
(`remarks.py`), so that "hello how do I return it" and "no refund yet" stay questions; Chinese, which has no spaces
between words, leaves its file empty.
"""

from __future__ import annotations

import re
from functools import lru_cache

from opsplug import locales

# Said by a whole message and a few words besides, never within a question.
_WHOLE = frozenset(("greeting", "thanks", "goodbye", "yes", "no", "ok"))
_WORDS_BESIDES = 4


def kind_of(lower: str) -> str | None:
    """The intent that a phrase of the message names; `lower` is the message in lower case."""
    for kind, pattern in _patterns(locales.languages()):
        if pattern.search(lower):
            return kind
    return None


@lru_cache(maxsize=4)
def _patterns(languages: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """(kind, pattern) in the order of the English file: the more urgent kinds first."""
    found = []
    for kind in locales.words("phrases", locales.ENGLISH):
        spoken = [language for language in languages if kind not in _WHOLE or language != locales.ENGLISH]
        texts = (str(locales.words("phrases", language)[kind]) for language in spoken)
        phrases = {phrase.strip().lower() for text in texts for phrase in text.split("|")} - {""}
        if not phrases:
            continue
        either = "|".join(re.escape(phrase) for phrase in sorted(phrases, key=lambda phrase: (-len(phrase), phrase)))
        if kind in _WHOLE:
            pattern = rf"^(?:{either})(?:[^\w?]+\w+){{0,{_WORDS_BESIDES}}}[^\w?]*$"
        else:
            pattern = rf"(?<!\w)(?:{either})(?!\w)"
        found.append((kind, re.compile(pattern)))
    return tuple(found)
