"""How much a text praises or complains, from word lists alone: the part of sentiment that needs no labels.

A word's valence is turned by a negation before it, scaled by a degree word, and weighs more after a contrast ("but").
Rules after Hutto and Gilbert, "VADER", ICWSM 2014; words and weights are our own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache

from opsplug.models.text import lexicon_en as valence_en
from opsplug.models.text import lexicon_zh as valence_zh

_TOKEN = re.compile(r"[a-z]+(?:['’][a-z]+)?|['’][a-z]+|[!?]|[:;=][-']?[()/d]|<3|[\U0001F300-\U0001FAFF❤☹✨]")
_REACH = 3  # words a negation reaches over
_TURN = -0.7  # "not great" complains less than "great" praises
_AFTER_CONTRAST, _BEFORE_CONTRAST = 1.3, 0.7
_SOFTNESS = 8.0  # a sum of this square root's size is half way to certainty

Lexicon = Mapping[str, float]


def tokens(text: str) -> list[str]:
    """Lower-case words, exclamation marks, emoticons. Accepts the spaced contractions of corpora ("do n't")."""
    return _TOKEN.findall(text.lower().replace("-", " ").replace("n 't", "n't"))


def _inflections(word: str) -> list[str]:
    if len(word) < 4 or not word.isalpha():
        return []
    stem = word[:-1] if word[-1] in "ey" else word
    middle = "i" if word[-1] == "y" else ""
    endings = [middle + "es", middle + "ed", middle + "er", middle + "est", middle + "ly", "ing"]
    forms = [stem + ending for ending in endings] + [word + "s", word + "ly", word + "ing"]
    if word[-1] not in "aeiouywx" and word[-2] in "aeiou" and word[-3] not in "aeiou":
        forms += [word + word[-1] + ending for ending in ("ed", "ing", "er", "y")]
    return forms


@cache
def english() -> tuple[dict[str, float], dict[str, float], frozenset[str]]:
    """(words with their inflections, phrases, first words of phrases)."""
    base = {word: weight for weight, words in valence_en.WORDS.items() for word in words.replace("-", " ").split()}
    lexicon = {form: weight for word, weight in base.items() for form in _inflections(word)}
    lexicon.update(base)
    lexicon.update(valence_en.EMOTICONS)
    phrases = {
        phrase.strip(): weight
        for weight, lines in valence_en.PHRASES.items()
        for line in lines.strip().splitlines()
        for phrase in line.split("|")
    }
    return lexicon, phrases, frozenset(phrase.split()[0] for phrase in phrases)


def english_hits(words: Sequence[str], lexicon: Lexicon | None = None) -> list[tuple[int, float]]:
    """(position, signed strength) of each word of feeling, negation, degree and contrast applied."""
    own, phrases, heads = english()
    lexicon = own if lexicon is None else lexicon
    negations, degrees, contrasts = valence_en.NEGATIONS, valence_en.DEGREES, valence_en.CONTRASTS
    hits: list[tuple[int, float]] = []
    negated_until, degree, contrast = -1, 1.0, -1
    skip = 0
    for position, word in enumerate(words):
        if position < skip:
            continue
        weight = None
        if word in heads:
            for size in (4, 3, 2):
                weight = phrases.get(" ".join(words[position : position + size]))
                if weight is not None:
                    skip = position + size
                    break
        if weight is not None:
            hits.append((position, weight))
            continue
        weight = lexicon.get(word)
        if word in negations or word.endswith("n't"):
            negated_until = position + _REACH
            if weight is None:
                continue
        if weight is not None:
            hits.append(
                (position, weight * degree * (_TURN if position <= negated_until and word not in negations else 1.0))
            )
        degree = degrees.get(word, 1.0)
        if word in contrasts:
            contrast, negated_until = position, -1
    if contrast > 0:
        hits = [(at, value * (_AFTER_CONTRAST if at > contrast else _BEFORE_CONTRAST)) for at, value in hits]
    return hits


def polarity_of(hits: Sequence[tuple[int, float]], emphasis: int = 0) -> float:
    """Strength in (-1, 1) of the summed hits; exclamation marks strengthen what is there."""
    total = sum(value for _, value in hits)
    total *= 1 + 0.1 * min(emphasis, 3)
    return total / math.sqrt(total * total + _SOFTNESS)


@cache
def chinese() -> tuple[dict[str, float], dict[str, int]]:
    """(words, first character -> length of its longest word). The longest word at a place counts."""
    lexicon = {word: weight for weight, words in valence_zh.WORDS.items() for word in words.split()}
    longest: dict[str, int] = {}
    for word in lexicon:
        longest[word[0]] = max(longest.get(word[0], 0), len(word))
    return lexicon, longest


def chinese_hits(text: str) -> list[tuple[int, float]]:
    """(position, signed strength) of each word of feeling in Chinese text, by the negation and degree before it."""
    lexicon, longest = chinese()
    hits: list[tuple[int, float]] = []
    position, size, contrast = 0, len(text), -1
    while position < size:
        for width in range(longest.get(text[position], 0), 0, -1):
            weight = lexicon.get(text[position : position + width])
            if weight is not None:
                hits.append((position, weight * _before_chinese(text, position)))
                position += width
                break
        else:
            position += 1
    for word in valence_zh.CONTRASTS:
        contrast = max(contrast, text.rfind(word))
    if contrast > 0:
        hits = [(at, value * (_AFTER_CONTRAST if at > contrast else _BEFORE_CONTRAST)) for at, value in hits]
    return hits


def _before_chinese(text: str, position: int) -> float:
    before = text[max(position - 3, 0) : position]
    scale = next((weight for word, weight in valence_zh.DEGREES.items() if before.endswith(word)), 1.0)
    return scale * (_TURN if before.endswith(valence_zh.NEGATIONS) else 1.0)


def polarity(text: str, language: str) -> float:
    """Strength in (-1, 1): English and Chinese by their words, any other language by its emoticons alone."""
    if language == "zh":
        return polarity_of(chinese_hits(text), text.count("!") + text.count("！"))
    words = tokens(text)
    if language == "en":
        return polarity_of(english_hits(words), words.count("!"))
    hits = [(at, valence_en.EMOTICONS[word]) for at, word in enumerate(words) if word in valence_en.EMOTICONS]
    return polarity_of(hits)
