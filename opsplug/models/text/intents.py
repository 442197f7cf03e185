"""What a customer wants, among the intents a shop has examples of, or that it is none of them.

Two linear models, added, on TF-IDF of words and pieces of words, and on sentence vectors where an encoder is given: a
softmax is right more often with few examples, a support vector machine with many. Their margin, the likeness of the
nearest examples and the share of familiar words together give the confidence, calibrated on intents that were held out
while the rest was learned.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from opsplug.errors import ModelError
from opsplug.models.parallel import side_by_side
from opsplug.models.text.sentence import Encoder
from opsplug.models.text.tfidf import Postings, TermSpace, Vector
from opsplug.models.text.tokens import Arrays, pack_terms, unpack_terms, words

_STRENGTH, _COST = 30.0, 1.0  # inverse regularisation of the softmax and of the support vector machine
_SHARE = 5.0  # weight of the machine's margins, which are several times smaller
_SENTENCE = 1.5  # length of a sentence vector, where the TF-IDF vector's is one
_MANY = 2000  # texts from which a term must occur twice to be kept
_NEIGHBOURS = 3
_ROUNDS = 3  # of held-out intents
_UNKNOWN_SHARE = 0.2  # of questions, that belong to no intent: what calibration assumes
_DEFAULT = (-6.5, 0.25, 5.0, 5.0)  # intercept and slopes where too few intents are known to hold any out


class Intent(NamedTuple):
    """What a customer wants.

    Attributes
    ----------
    name : str or None
        None where no intent is likely enough.
    confidence : float
        0 to 1, that the best intent is right.
    """

    name: str | None
    confidence: float


class IntentModel:
    """Recognise what a customer wants among the intents that a shop has examples of, or that it is none of them.

    Parameters
    ----------
    threshold : float
        Confidence, 0 to 1, below which no intent is named.
    encoder : Encoder, optional
        Gives sentence vectors beside the words.

    References
    ----------
    .. [1] Larson et al., "An evaluation dataset for intent classification and out-of-scope prediction", EMNLP 2019.
    """

    def __init__(self, threshold: float = 0.5, encoder: Encoder | None = None) -> None:
        self.threshold = threshold
        self._encoder = encoder
        self._names: list[str] = []
        self._calibration: tuple[float, ...] = _DEFAULT

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> IntentModel:
        """Learn from examples. The words of an intent's own name count as one more example of it.

        Parameters
        ----------
        texts : sequence of str, of length n
        intents : sequence of str, of length n
            At least two different ones.

        Returns
        -------
        IntentModel
            Itself.

        Raises
        ------
        ModelError
            There is not one intent for each text, or only one intent in all.
        """
        if len(texts) != len(intents):
            raise ModelError(f"intents: {len(texts)} texts but {len(intents)} intents; give one for each text.")
        if len(set(intents)) < 2:
            raise ModelError("intents: examples of at least two intents are needed.")
        self._learn(texts, intents)
        self._calibration = _calibrated(texts, intents, self._encoder)
        return self

    def _learn(self, texts: Sequence[str], intents: Sequence[str]) -> None:
        from scipy import sparse
        from sklearn.linear_model import LogisticRegression
        from sklearn.svm import LinearSVC

        self._names = sorted(set(intents))
        spoken = [*texts, *(name.replace("_", " ").replace("-", " ") for name in self._names)]
        self._target = np.searchsorted(self._names, [*intents, *self._names])
        self._space = TermSpace.learn(spoken, fewest=2 if len(texts) > _MANY else 1)
        vectors = [self._space.vector(words(text)) for text in spoken]
        table = matrix(vectors, self._space.size)
        if self._encoder is not None:
            table = sparse.hstack([table, _SENTENCE * self._encoder.encode(spoken)]).tocsr()
        kinds = (LogisticRegression(C=_STRENGTH, max_iter=200, tol=1e-3), LinearSVC(C=_COST, random_state=0))
        softmax, machine = side_by_side(partial(kind.fit, table, self._target) for kind in kinds)
        slopes = softmax.coef_ + _SHARE * machine.coef_
        intercept = softmax.intercept_ + _SHARE * machine.intercept_
        if len(self._names) == 2:  # one margin for both
            slopes, intercept = np.vstack([-slopes, slopes]), np.array([-intercept[0], intercept[0]])
        weights = slopes.T.astype(np.float32)
        self._weights, self._sentence_weights = weights[: self._space.size], _SENTENCE * weights[self._space.size :]
        self._intercept = intercept
        self._examples = Postings.of(vectors, self._space.size)

    def predict(self, texts: Sequence[str]) -> list[Intent]:
        """Recognise the intents of texts.

        Parameters
        ----------
        texts : sequence of str, of length n

        Returns
        -------
        list of Intent, of length n
            In order.

        Raises
        ------
        ModelError
            The model is not fitted.
        """
        answers = []
        for text in texts:
            name, signals = self.signals(text)
            odds = self._calibration[0] + sum(
                slope * value for slope, value in zip(self._calibration[1:], signals, strict=True)
            )
            confidence = 1 / (1 + math.exp(-odds))
            answers.append(Intent(name if confidence >= self.threshold else None, confidence))
        return answers

    def signals(self, text: str) -> tuple[str, tuple[float, float, float]]:
        """The best intent, and (margin, likeness of its nearest examples, share of familiar words)."""
        if not self._names:
            raise ModelError("intents: predict was called before fit; give examples of each intent first.")
        tokens = words(text)
        vector = self._space.vector(tokens)
        margins = vector.weights @ self._weights[vector.columns] + self._intercept
        if self._encoder is not None:
            margins = margins + self._encoder.encode([text])[0] @ self._sentence_weights
        best = int(np.argmax(margins))
        alike = np.sort(self._examples.similarities(vector)[self._target == best])[-_NEIGHBOURS:]
        return self._names[best], (float(margins[best]), float(alike.mean()), self._space.familiarity(tokens))

    def to_arrays(self) -> Arrays:
        """Everything learned, as plain arrays."""
        return {
            "names": pack_terms(self._names),
            "encoder": pack_terms([self._encoder.name] if self._encoder else []),
            "weights": self._weights,
            "sentence_weights": self._sentence_weights,
            "intercept": self._intercept,
            "target": self._target,
            "calibration": np.array([self.threshold, *self._calibration]),
            **self._space.to_arrays("space"),
            **self._examples.to_arrays("examples"),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays, encoder: Encoder | None = None) -> IntentModel:
        """The model that `to_arrays` described; `ModelError` unless `encoder` is the one it was fitted with."""
        threshold, *calibration = np.asarray(arrays["calibration"], dtype=float).tolist()
        needed = "".join(unpack_terms(arrays["encoder"]))
        if needed and (encoder is None or encoder.name != needed):
            raise ModelError(f"intents: the model was fitted with the sentence vectors of {needed}; train it again.")
        model = cls(threshold, encoder if needed else None)
        model._names = unpack_terms(arrays["names"])
        model._weights = np.asarray(arrays["weights"], dtype=np.float32)
        model._sentence_weights = np.asarray(arrays["sentence_weights"], dtype=np.float32)
        model._intercept = np.asarray(arrays["intercept"], dtype=float)
        model._target = np.asarray(arrays["target"])
        model._calibration = tuple(calibration)
        model._space = TermSpace.from_arrays(arrays, "space")
        model._examples = Postings.from_arrays(arrays, "examples", len(model._target))
        return model


def matrix(vectors: Sequence[Vector], columns: int) -> Any:
    """Vectors as rows of a sparse matrix, for training."""
    from scipy import sparse

    ends = np.cumsum([0, *(len(vector.columns) for vector in vectors)])
    every_column = np.concatenate([vector.columns for vector in vectors])
    every_weight = np.concatenate([vector.weights for vector in vectors])
    return sparse.csr_matrix((every_weight, every_column, ends), shape=(len(vectors), columns))


def _calibrated(texts: Sequence[str], intents: Sequence[str], encoder: Encoder | None) -> tuple[float, ...]:
    """Intercept and slopes of the odds that the best intent is right, learned with some intents held out in turn."""
    from sklearn.linear_model import LogisticRegression

    names = sorted(set(intents))
    if len(names) < 2 * _ROUNDS:
        return _DEFAULT
    position = np.searchsorted(names, intents)
    signals: list[tuple[float, ...]] = []
    right: list[bool] = []
    known: list[bool] = []
    for turn in range(_ROUNDS):
        trained = position % _ROUNDS != turn
        sampled = np.random.default_rng(turn).random(len(intents)) < 0.8
        learned = [row for row in range(len(intents)) if trained[row] and sampled[row]]
        if len({intents[row] for row in learned}) < 2:
            return _DEFAULT
        model = IntentModel(encoder=encoder)
        model._learn([texts[row] for row in learned], [intents[row] for row in learned])
        for row in np.flatnonzero(~sampled).tolist():
            name, given = model.signals(texts[row])
            signals.append(given)
            right.append(name == intents[row])
            known.append(bool(trained[row]))
    if not 0 < sum(right) < len(right):
        return _DEFAULT
    share = 1 - float(np.mean(known))
    weight = np.where(known, (1 - _UNKNOWN_SHARE) / max(1 - share, 1e-9), _UNKNOWN_SHARE / max(share, 1e-9))
    fitted = LogisticRegression(C=10.0).fit(np.array(signals), right, sample_weight=weight)
    return (float(fitted.intercept_[0]), *fitted.coef_[0].tolist())
