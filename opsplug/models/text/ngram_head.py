"""One language's learned part of sentiment: n-grams scaled by how unevenly the classes use them, beside the lexicon.

Wang and Manning, "Baselines and Bigrams", ACL 2012 (a linear model on naive-Bayes log-count ratios); the lexicon's
features carry the verdict while labels are few.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsplug.models.text.tokens import Arrays, pack_terms, unpack_terms

_SMOOTHING = 0.5  # of the log-count ratio
_STRENGTH = 3.0  # inverse regularisation of the linear model
_LEXICON_SCALE = 0.5  # how dearly lexicon features are paid for, against n-grams

Terms = Callable[[str], set[str]]
Hits = Sequence[tuple[int, float]]


def lexicon_features(hits: Hits, polarity: float, length: int) -> list[float]:
    """What word lists say of one text of `length` words; every value is of the order of one."""
    values = [value for _, value in hits] or [0.0]
    praise = sum(value for value in values if value > 0)
    complaint = sum(value for value in values if value < 0)
    rises = float(np.log1p(sum(value > 0 for value in values)))
    falls = float(np.log1p(sum(value < 0 for value in values)))
    spread = (praise + complaint) / (2 * max(length, 1) ** 0.5)
    extremes = [values[-1] / 3, values[0] / 3, min(values) / 3, max(values) / 3]
    return [polarity, spread, praise / 4, complaint / 4, falls, rises, *extremes]


@dataclass(frozen=True)
class LexicalHead:
    """score = intercept + lexicon . features + sum of the known terms' weights / sqrt(their number)."""

    weights: dict[str, float]
    lexicon: list[float]
    intercept: float

    def score(self, terms: set[str], features: Sequence[float]) -> float:
        """Log-odds of praise."""
        found = [self.weights[term] for term in terms if term in self.weights]
        score = self.intercept + sum(map(float.__mul__, self.lexicon, features))
        return score + sum(found) / len(found) ** 0.5 if found else score

    def to_arrays(self, prefix: str) -> Arrays:
        return {
            f"{prefix}.terms": pack_terms(self.weights),
            f"{prefix}.weights": np.array(list(self.weights.values()), dtype=np.float32),
            f"{prefix}.lexicon": np.array([*self.lexicon, self.intercept], dtype=np.float64),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays, prefix: str) -> LexicalHead:
        weights = dict(zip(unpack_terms(arrays[f"{prefix}.terms"]), arrays[f"{prefix}.weights"].tolist(), strict=True))
        *lexicon, intercept = np.asarray(arrays[f"{prefix}.lexicon"], dtype=np.float64).tolist()
        return cls(weights, lexicon, intercept)


def fit_head(terms: Sequence[set[str]], features: Sequence[Sequence[float]], praise: NDArray[np.bool_]) -> LexicalHead:
    """Learns from parallel sequences; both classes must occur."""
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression

    vocabulary: dict[str, int] = {}
    for found in terms:
        for term in sorted(found):
            vocabulary.setdefault(term, len(vocabulary))
    rows = np.repeat(np.arange(len(terms)), [len(found) for found in terms])
    columns = np.fromiter(
        (vocabulary[term] for found in terms for term in sorted(found)), dtype=np.int64, count=len(rows)
    )
    present = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(terms), len(vocabulary)))
    ratio = _log_count_ratio(present, praise)
    lengths = np.sqrt(np.maximum(np.asarray(present.sum(axis=1)).ravel(), 1))
    scaled = sparse.diags_array(1 / lengths) @ present @ sparse.diags_array(ratio)
    table = sparse.hstack([scaled, sparse.csr_matrix(np.asarray(features) * _LEXICON_SCALE)]).tocsr()
    fitted = LogisticRegression(C=_STRENGTH, max_iter=1000).fit(table, praise)
    weights = fitted.coef_[0, : len(vocabulary)] * ratio
    lexicon = fitted.coef_[0, len(vocabulary) :] * _LEXICON_SCALE
    return LexicalHead(
        dict(zip(vocabulary, weights.tolist(), strict=True)), lexicon.tolist(), float(fitted.intercept_[0])
    )


def _log_count_ratio(present: Any, praise: NDArray[np.bool_]) -> NDArray[np.float64]:
    def rate(rows: NDArray[np.bool_]) -> NDArray[np.float64]:
        counts: NDArray[np.float64] = np.asarray(present[rows].sum(axis=0)).ravel()
        return np.asarray((counts + _SMOOTHING) / (rows.sum() + 1), dtype=np.float64)

    return np.asarray(np.log(rate(praise) / rate(~praise)))
