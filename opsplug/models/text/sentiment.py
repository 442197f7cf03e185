"""Whether a text praises or complains, in English and Chinese: from word lists, then from the shop's own reviews.

An unfitted model is the cold start. A fitted one has learned each language that had labels of both kinds, and stays
cold in the others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from opsplug.errors import ModelError
from opsplug.models.text import lexicon as valence
from opsplug.models.text.language import detect_language
from opsplug.models.text.ngram_head import Hits, LexicalHead, fit_head, lexicon_features
from opsplug.models.text.plain_question import is_plain_question
from opsplug.models.text.tokens import Arrays, character_ngrams, pack_terms, stem, unpack_terms, with_pairs

_NEUTRAL = 0.15  # a polarity nearer to zero than this is called neutral
_FEWEST_LABELS = 20  # of one language, before anything is learned in it
_CHINESE_NGRAMS = (1, 2)


class Sentiment(NamedTuple):
    """How a text sounds.

    Attributes
    ----------
    label : {"positive", "neutral", "negative"}
    polarity : float
        -1 to 1.
    confidence : float
        0 to 1, that the sign of `polarity` is right.
    language : str
        ISO 639-1 code.
    """

    label: str
    polarity: float
    confidence: float
    language: str


class SentimentModel:
    """Classify texts as praise or complaint, in English and Chinese.

    Unfitted it judges by word lists. `to_arrays` and `from_arrays` carry a fitted one to a process without scikit-
    learn.

    References
    ----------
    .. [1] Wang and Manning, "Baselines and bigrams", ACL 2012.
    """

    def __init__(self) -> None:
        self._heads: dict[str, LexicalHead] = {}
        self._second: dict[str, float] = {}  # TextBlob's English word list, read at training

    def fit(self, texts: Sequence[str], labels: Sequence[float] | NDArray[np.generic]) -> SentimentModel:
        """Learn from rated texts. Languages with too few labels, or labels of one kind, keep their word lists.

        Parameters
        ----------
        texts : sequence of str, of length n
        labels : sequence of float, of length n
            Greater than zero is praise, else complaint.

        Returns
        -------
        SentimentModel
            Itself.

        Raises
        ------
        ModelError
            There is not one label for each text.
        """
        praise = np.asarray(labels, dtype=float) > 0
        if len(texts) != len(praise):
            raise ModelError(f"sentiment: {len(texts)} texts but {len(praise)} labels; give one label for each text.")
        self._heads, self._second = {}, _textblob_words()
        languages = np.array([detect_language(text) for text in texts])
        for language in ("en", "zh"):
            rows = np.flatnonzero(languages == language).tolist()
            if len(rows) >= _FEWEST_LABELS and 0 < praise[rows].sum() < len(rows):
                read = [self._read(texts[row], language) for row in rows]
                self._heads[language] = fit_head(
                    [terms for terms, _ in read], [given for _, given in read], praise[rows]
                )
        return self

    def predict(self, texts: Sequence[str]) -> list[Sentiment]:
        """Judge texts.

        Parameters
        ----------
        texts : sequence of str, of length n

        Returns
        -------
        list of Sentiment, of length n
            In order.
        """
        return [self._score(text, detect_language(text)) for text in texts]

    def score(self, text: str, language: str | None = None) -> Sentiment:
        """Judge one text.

        Parameters
        ----------
        text : str
        language : str, optional
            ISO 639-1 code, where the caller knows it better. Default: detected.

        Returns
        -------
        Sentiment
        """
        return self._score(text, language or detect_language(text))

    def _score(self, text: str, language: str) -> Sentiment:
        if is_plain_question(text, language):
            return Sentiment("neutral", 0.0, 0.0, language)
        head = self._heads.get(language)
        if head is not None:
            odds = head.score(*self._read(text, language))
            polarity = math.tanh(odds / 2)
            return Sentiment(_label(polarity), polarity, 0.5 + abs(polarity) / 2, language)
        polarity = valence.polarity(text, language)
        return Sentiment(_label(polarity), polarity, 0.5 + 0.45 * abs(polarity) if polarity else 0.0, language)

    def _read(self, text: str, language: str) -> tuple[set[str], list[float]]:
        if language == "zh":
            hits = valence.chinese_hits(text)
            return character_ngrams(text, _CHINESE_NGRAMS), _features(hits, len(text) // 2)
        words = valence.tokens(text)
        given = _features(valence.english_hits(words), len(words))
        if self._second:
            given += _features(valence.english_hits(words, self._second), len(words))
        return with_pairs(words).union(map(stem, words)), given

    def to_arrays(self) -> Arrays:
        """Everything learned, as plain arrays; empty for a cold start."""
        arrays: Arrays = {}
        for language, head in self._heads.items():
            arrays.update(head.to_arrays(language))
        if self._heads:
            arrays["second.words"] = pack_terms(self._second)
            arrays["second.weights"] = np.array(list(self._second.values()), dtype=np.float32)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> SentimentModel:
        """The model that `to_arrays` described."""
        model = cls()
        for language in ("en", "zh"):
            if f"{language}.terms" in arrays:
                model._heads[language] = LexicalHead.from_arrays(arrays, language)
        if "second.words" in arrays:
            words = unpack_terms(arrays["second.words"])
            model._second = dict(zip(words, arrays["second.weights"].tolist(), strict=True))
        return model


def _label(polarity: float) -> str:
    if abs(polarity) < _NEUTRAL:
        return "neutral"
    return "positive" if polarity > 0 else "negative"


def _features(hits: Hits, length: int) -> list[float]:
    return lexicon_features(hits, valence.polarity_of(hits), length)


def _textblob_words() -> dict[str, float]:
    """Word -> valence of TextBlob's English list, on our scale of three."""
    from textblob.en import sentiment

    sentiment.load()
    return {word: 3.0 * float(scores[None][0]) for word, scores in sorted(sentiment.items()) if word.isalpha()}
