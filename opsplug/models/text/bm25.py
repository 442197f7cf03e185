"""BM25: how much of what a question says stands in each text, by words in English and pairs of characters in Chinese.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; character bigrams for Chinese as
in Nie et al., "On the use of words and n-grams for Chinese information retrieval", 2000.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from opsplug.models.text.tfidf import Postings, Vector
from opsplug.models.text.tokens import HAN, stem, words

_SATURATION, _LENGTH = 1.2, 0.5  # k1 and b
_FUNCTION_WORD = 0.3  # weight of words that carry grammar, in texts too few to know how common they are
_HAN = re.compile(f"[{HAN}]")
_FUNCTION_WORDS = frozenset(
    stem(word)
    for word in """a an the and or but if of to in on at for from with by as is are was were be been am do does did
    have has had i you he she it we they me my your our their this that these those there here what which who how when
    where why can could should would will may might must not no so than then too very just also any some about into
    out up down over under again more most other only own same please get got want need like i'm i've it's there's
    what's i'd""".split()
)  # fmt: skip


def terms(text: str) -> list[str]:
    """Stems of words; of a run of Chinese characters, its pairs."""
    found: list[str] = []
    run = ""
    for word in (*words(text), ""):
        if _HAN.fullmatch(word):
            run += word
            continue
        found += [run[at : at + 2] for at in range(len(run) - 1)] or [run] * bool(run)
        run = ""
        if word:
            found.append(stem(word))
    return found


class Bm25:
    """`shares` of a question for texts given once; each is near 1 where a text of usual length says it all."""

    def __init__(self, texts: Sequence[str]) -> None:
        counted = [Counter(terms(text)) for text in texts]
        frequency = Counter(term for one in counted for term in one)
        self._columns = {term: at for at, term in enumerate(frequency)}
        self._rarity = {term: self._idf(len(texts), count) for term, count in frequency.items()}
        self._unseen = self._idf(len(texts), 0)
        usual = max(sum(one.total() for one in counted) / max(len(texts), 1), 1.0)
        self._postings = Postings.of([self._document(one, usual) for one in counted], len(self._columns))

    def shares(self, question: str) -> NDArray[np.float64]:
        """One number of 0 or more for each text."""
        weights = {term: count * self._weight(term) for term, count in Counter(terms(question)).items()}
        whole = sum(weights.values()) / (1 + _SATURATION * (1 - _LENGTH / 2)) or 1.0
        known = [(self._columns[term], weight / whole) for term, weight in weights.items() if term in self._columns]
        columns = np.array([column for column, _ in known], dtype=np.int64)
        return self._postings.similarities(Vector(columns, np.array([weight for _, weight in known])))

    def _document(self, counts: Counter[str], usual: float) -> Vector:
        norm = _SATURATION * (1 - _LENGTH + _LENGTH * counts.total() / usual)
        columns = np.array([self._columns[term] for term in counts], dtype=np.int64)
        return Vector(columns, np.array([count / (count + norm) for count in counts.values()]))

    def _weight(self, term: str) -> float:
        return self._rarity.get(term, self._unseen) * (_FUNCTION_WORD if term in _FUNCTION_WORDS else 1.0)

    @staticmethod
    def _idf(texts: int, having: int) -> float:
        return math.log(1 + (texts - having + 0.5) / (having + 0.5))
