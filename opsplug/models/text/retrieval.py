"""Which of a shop's known questions a customer is asking, or that it is none of them.

A candidate scores by cosine in three views: the words and pieces of its question, its question and answer together,
and what both mean in a shop's vocabulary (`opsplug.models.text.synonyms`), which also joins the languages. Confidence
is a logistic function of the score, the share of familiar words, and how much of a shop's vocabulary the two share.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from opsplug.errors import ModelError
from opsplug.models.intents import Intent
from opsplug.models.text.synonyms import meanings
from opsplug.models.text.tfidf import Block, Postings, TermSpace, Vector
from opsplug.models.text.tokens import words

_QUESTION, _ANSWER, _MEANING = 1 / 3, 1 / 6, 1 / 2  # weights of the views; they sum to one
_MUCH = 2.13  # times the rarest meaning: shared meanings of that rarity together are as good as more
# Intercept and slopes for (score, familiarity, shared meaning), fitted on 79 questions to a shop's list written for
# that purpose and on 620 sentences of other fields; the questions that benchmarks/chat.py asks took no part.
_CALIBRATION = (-7.62, 9.9, 2.55, 3.31)
_TIE = 0.02  # lead below which another answer fits as well
_DISPUTED = 0.7  # confidence where retrieval and a learnt intent contradict each other
VERBATIM = 0.97  # confidence that a question in its very own words is meant
CONFIDENT = 0.75  # from here an answer is given without asking back


class Match(NamedTuple):
    """`position` of the known question, its `score`, and the `confidence` that its answer is right, both in [0, 1]."""

    position: int
    score: float
    confidence: float


class KnowledgeIndex:
    """Answers `search` for questions and answers given in parallel; building costs about a millisecond a pair."""

    def __init__(self, questions: Sequence[str], answers: Sequence[str]) -> None:
        if len(questions) != len(answers):
            raise ModelError(f"knowledge: {len(questions)} questions but {len(answers)} answers; give them in pairs.")
        self._answers = list(answers)
        asked = [words(question) for question in questions]
        told = [question + words(answer) for question, answer in zip(asked, answers, strict=True)]
        self._verbatim = {tuple(question): at for at, question in reversed(list(enumerate(asked)))}
        self._asked, self._by_question = _view(asked)
        self._told, self._by_answer = _view(told)
        self._meant = [Counter(meanings(question)) for question in asked]
        self._meanings = Block.learn(self._meant, 0, 1)
        vectors = [self._meaning_vector(found) for found in self._meant]
        self._by_meaning = Postings.of(vectors, len(self._meanings.columns))

    def search(self, text: str, k: int = 3) -> list[Match]:
        """The `k` likeliest questions, best first; empty without knowledge or words."""
        tokens = words(text)
        if not self._answers or not tokens:
            return []
        meant = Counter(meanings(tokens))
        scores = self._scores(tokens, meant)
        familiar = self._told.familiarity(tokens)
        same = self._verbatim.get(tuple(tokens))
        order = np.argsort(-scores, kind="stable").tolist()
        if same is not None:
            order = [same, *(position for position in order if position != same)]
        found = []
        for position in order[:k]:
            signals = self.signals(position, float(scores[position]), familiar, meant)
            found.append(Match(position, signals[0], _confidence(signals)))
        if self._is_tie(order, scores):
            found[0] = found[0]._replace(confidence=min(found[0].confidence, 0.5))
        elif same is not None:
            found[0] = found[0]._replace(confidence=max(found[0].confidence, VERBATIM))
        return found

    def _is_tie(self, order: Sequence[int], scores: NDArray[np.float64]) -> bool:
        best = order[0]
        other = next((position for position in order if self._answers[position] != self._answers[best]), best)
        return other != best and bool(scores[best] - scores[other] < _TIE)

    def signals(self, position: int, score: float, familiar: float, meant: Counter[str]) -> tuple[float, float, float]:
        """What confidence is made of: score, share of familiar words, rarity of the meanings shared; each in [0, 1]."""
        rarity = self._meanings
        shared = sum(rarity.rarity[rarity.columns[meaning]] for meaning in self._meant[position] if meaning in meant)
        return score, familiar, min(shared / (_MUCH * max(rarity.rarity, default=1.0)), 1.0)

    def _scores(self, tokens: Sequence[str], meant: Counter[str]) -> NDArray[np.float64]:
        by_question = self._by_question.similarities(self._asked.vector(tokens))
        by_answer = self._by_answer.similarities(self._told.vector(tokens))
        by_meaning = self._by_meaning.similarities(self._meaning_vector(meant))
        return _QUESTION * by_question + _ANSWER * by_answer + _MEANING * by_meaning

    def _meaning_vector(self, found: Counter[str]) -> Vector:
        """A meaning that no question has counts as the rarest: a text that asks for more is answered less surely."""
        rarity = self._meanings.rarity
        rarest = max(rarity, default=1.0)
        columns = [self._meanings.columns.get(meaning) for meaning in found]
        weights = [rarest if column is None else rarity[column] for column in columns]
        length = math.hypot(*weights) or 1.0
        known = [
            (column, weight / length) for column, weight in zip(columns, weights, strict=True) if column is not None
        ]
        return Vector(
            np.array([column for column, _ in known], dtype=np.int64),
            np.array([weight for _, weight in known], dtype=np.float64),
        )


def _confidence(signals: tuple[float, float, float]) -> float:
    intercept, *slopes = _CALIBRATION
    return 1 / (1 + math.exp(-intercept - sum(map(float.__mul__, slopes, signals))))


def _view(documents: Sequence[Sequence[str]]) -> tuple[TermSpace, Postings]:
    space = TermSpace.learn([" ".join(document) for document in documents])
    return space, Postings.of([space.vector(document) for document in documents], space.size)


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
