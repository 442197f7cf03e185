"""Which of a shop's known questions a customer is asking, or that it is none of them.

Four scores for each entry are added with weights that were learnt: BM25 and the spelling (character n-grams) of its
title and passages, and the likeness of sentence vectors to its questions and to its passages. Without an encoder the
first two stand alone. Scores and not ranks are added (Bruch et al., "An Analysis of Fusion Functions for Hybrid
Retrieval", TOIS 2023). Confidence is a logistic function of how far the best score stands above the mean of all entries
and above the next one.

Weights and calibration are fitted by benchmarks/chat_fit.py, which judges them on knowledge that took no part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from opsplug.errors import ModelError
from opsplug.models.text.bm25 import Bm25
from opsplug.models.text.intents import Intent
from opsplug.models.text.passages import passages
from opsplug.models.text.sentence import Encoder, Floats
from opsplug.models.text.tfidf import Postings, TermSpace
from opsplug.models.text.tokens import words


class Weights(NamedTuple):
    """`fusion` of the scores; `calibration`: intercept, and slopes for the excess over the mean and the lead over the
    next; `usual`: the mean score of an entry that is not meant."""

    fusion: tuple[float, ...]
    calibration: tuple[float, float, float]
    usual: float


WITH_ENCODER = Weights((3.82, 4.62, 5.21, 12.22), (-1.924, 0.168, 0.576), 3.51)
LEXICAL = Weights((7.43, 11.17), (-2.587, 0.368, 0.453), 0.86)
_PRIOR = 5.0  # entries of usual knowledge that a small knowledge is mixed with
_PROBES = 300  # entries whose likeness to each other is looked at
_LIKENESS = 0.286  # usual cosine of two questions of one shop, by the encoder that the weights were fitted with
_MOST_VECTORS = 12_000  # beyond that, vectors would fill the web process: words alone decide
_TIE = 0.02  # share of the score below which another answer fits as well
_DISPUTED = 0.7  # confidence where retrieval and a learnt intent contradict each other
_DISPUTABLE = 0.5  # confidence where another answer fits as well
VERBATIM = 0.97  # confidence that a question in its very own words is meant
FITTED_WITH = "universal-sentence-encoder-multilingual-3"
CONFIDENT = 0.75  # from here an answer is given without asking back


class Match(NamedTuple):
    """`position` of the entry, its `score`, the `confidence` that its answer is right, both in [0, 1], and the
    position of the `passage` that fits best."""

    position: int
    score: float
    confidence: float
    passage: int = 0


class KnowledgeIndex:
    """Answers `search` for entries given in parallel: ways to ask each, and its answer.

    Building costs about a millisecond an entry for words and three more for vectors. `ModelError` from the encoder
    passes through, from here and from `search`.
    """

    def __init__(
        self, questions: Sequence[str | Sequence[str]], answers: Sequence[str], encoder: Encoder | None = None
    ) -> None:
        if len(questions) != len(answers):
            raise ModelError(f"knowledge: {len(questions)} questions but {len(answers)} answers; give them in pairs.")
        self._answers = list(answers)
        self._phrases = [[one] if isinstance(one, str) else list(one) for one in questions]
        cut = [passages(answer) for answer in answers]
        self._first_phrase = _firsts(self._phrases)
        self._first_passage = _firsts(cut)
        texts = [f"{asked[0]} {part}" for asked, parts in zip(self._phrases, cut, strict=True) for part in parts]
        asked = [phrase for ways in self._phrases for phrase in ways]
        ways = [" ".join(ways[1:]) for ways in self._phrases]
        widened = [text + (f" {ways[at]}" if ways[at] else "") for at, text in _with_entry(texts, cut)]
        self._bm25 = Bm25(widened)
        self._within = Bm25([part for parts in cut for part in parts])  # an entry's passages share its title
        self._space = TermSpace.learn(widened)
        self._spelling = Postings.of([self._space.vector(words(text)) for text in widened], self._space.size)
        self._verbatim: dict[tuple[str, ...], list[int]] = {}
        for position, ways_to_ask in enumerate(self._phrases):
            for phrase in ways_to_ask:
                self._verbatim.setdefault(tuple(words(phrase)), []).append(position)
        self._encoder = encoder if encoder is not None and len(texts) + len(asked) <= _MOST_VECTORS else None
        self._weights = LEXICAL if self._encoder is None else WITH_ENCODER
        self._asked_vectors = self._encoder.encode(asked) if self._encoder and asked else None
        self._passage_vectors = self._encoder.encode(texts) if self._encoder and texts else None
        self._likeness = self._usual_likeness()

    def search(self, text: str, k: int = 3) -> list[Match]:
        """The `k` likeliest entries, best first; empty without knowledge or words."""
        tokens = words(text)
        if not self._answers or not tokens:
            return []
        signals, passage = self.signals(text)
        scores = signals @ np.array(self._weights.fusion)
        verbatim = self._verbatim.get(tuple(tokens), [])
        order = [*verbatim[:1], *(at for at in np.argsort(-scores, kind="stable").tolist() if at not in verbatim[:1])]
        whole = sum(self._weights.fusion)
        found = []
        for rank, position in enumerate(order[:k]):
            confidence = self._confidence(scores, order, rank)
            share = min(max(float(scores[position]) / whole, 0.0), 1.0)
            found.append(Match(position, share, confidence, int(passage[position])))
        if self._contradicts(verbatim) or (not verbatim and self._is_tie(order, scores)):
            return [found[0]._replace(confidence=min(found[0].confidence, _DISPUTABLE)), *found[1:]]
        if verbatim:
            return [found[0]._replace(confidence=max(found[0].confidence, VERBATIM)), *found[1:]]
        return found

    def signals(self, text: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Shape (entries, 2 or 4): the scores that are added. And the passage of each entry that fits best."""
        lexical = self._bm25.shares(text)
        spelling = self._spelling.similarities(self._space.vector(words(text)))
        columns = [_best(lexical, self._first_passage), _best(spelling, self._first_passage)]
        fit = self._within.shares(text)
        if self._encoder is not None and self._asked_vectors is not None and self._passage_vectors is not None:
            vector = self._encoder.encode([text])[0]
            to_asked, to_told = (
                self._comparable(known @ vector) for known in (self._asked_vectors, self._passage_vectors)
            )
            columns += [_best(to_asked, self._first_phrase), _best(to_told, self._first_passage)]
            fit = fit + to_told
        return np.stack(columns, axis=1), _best_at(fit, self._first_passage)

    def calibration_signals(
        self, scores: NDArray[np.float64], order: Sequence[int], rank: int = 0
    ) -> tuple[float, float]:
        """What confidence is made of: excess of the score over the mean, lead over the best other entry."""
        score = float(scores[order[rank]])
        mean = float(scores.sum() + _PRIOR * self._weights.usual) / (len(scores) + _PRIOR)
        others = order[0] if rank else order[1] if len(order) > 1 else None
        return score - mean, score - (float(scores[others]) if others is not None else mean)

    def _confidence(self, scores: NDArray[np.float64], order: Sequence[int], rank: int) -> float:
        intercept, of_excess, of_lead = self._weights.calibration
        excess, lead = self.calibration_signals(scores, order, rank)
        odds = intercept + of_excess * excess + of_lead * lead
        return 1 / (1 + math.exp(-max(min(odds, 30.0), -30.0)))

    def _usual_likeness(self) -> float:
        """The mean cosine of two questions of this knowledge."""
        if self._asked_vectors is None or len(self._phrases) < 3:
            return _LIKENESS
        own = self._asked_vectors[self._first_phrase][:: max(len(self._phrases) // _PROBES, 1)]
        cosines = own @ own.T
        count = len(own)
        return min(float((cosines.sum() - np.trace(cosines)) / (count * (count - 1))), 0.95)

    def _comparable(self, cosines: Floats) -> NDArray[np.float64]:
        """Cosines of another encoder, moved to where those of the fitted one lie."""
        if self._encoder is None or self._encoder.name == FITTED_WITH:
            return cosines.astype(np.float64)
        return _LIKENESS + (1 - _LIKENESS) * (cosines.astype(np.float64) - self._likeness) / (1 - self._likeness)

    def _contradicts(self, verbatim: Sequence[int]) -> bool:
        return len({self._answers[position] for position in verbatim}) > 1

    def _is_tie(self, order: Sequence[int], scores: NDArray[np.float64]) -> bool:
        best = order[0]
        other = next((position for position in order[1:5] if self._answers[position] != self._answers[best]), None)
        return other is not None and bool(scores[best] - scores[other] < _TIE)


def _firsts(groups: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    return np.cumsum([0, *(len(group) for group in groups)])[:-1].astype(np.int64)


def _with_entry(texts: Sequence[str], cut: Sequence[Sequence[str]]) -> list[tuple[int, str]]:
    rows = [at for at, parts in enumerate(cut) for _ in parts]
    return list(zip(rows, texts, strict=True))


def _best(values: NDArray[np.float64], firsts: NDArray[np.int64]) -> NDArray[np.float64]:
    best: NDArray[np.float64] = np.maximum.reduceat(values, firsts)
    return best


def _best_at(values: NDArray[np.float64], firsts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The position, within its own group, of each group's largest value."""
    rows = np.repeat(np.arange(len(firsts)), np.diff([*firsts, len(values)]))
    order = np.lexsort((-values, rows))
    return order[firsts] - firsts


def preferred(found: Sequence[tuple[str, float]], intent: Intent | None) -> list[tuple[str, float]]:
    """Names and confidences, best first, when a learnt intent joins what was found.

    What both name is as sure as the surer of them; what the intent alone is sure of comes first; where the two are
    sure of different things, neither is.
    """
    if intent is None or intent.name is None:
        return list(found)
    first, confidence = found[0] if found else ("", 0.0)
    if first == intent.name:
        return [(first, max(confidence, intent.confidence)), *found[1:]]
    rest = [(name, share) for name, share in found if name != intent.name]
    if confidence >= CONFIDENT:
        return [(first, min(confidence, _DISPUTED)), (intent.name, min(intent.confidence, _DISPUTED)), *rest[1:]]
    return [(intent.name, intent.confidence), *rest]
