"""Likeness of texts without scipy: TF-IDF rows and inverted lists in numpy, for a shop that was never trained."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from opsplug.features.items import Catalogue, documents


@dataclass(frozen=True, slots=True)
class TextIndex:
    """TF-IDF rows of unit length, by item (`rows`) and by token (`postings`)."""

    starts: NDArray[np.int64]
    tokens: NDArray[np.int64]
    weights: NDArray[np.float64]
    token_starts: NDArray[np.int64]
    places: NDArray[np.int64]
    values: NDArray[np.float64]

    def likeness(self, items: Sequence[int], weights: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Weighted sum of the cosines with `items`, and which of them gave most; both of shape (catalogue,)."""
        size = len(self.starts) - 1
        total, most, giver = np.zeros(size), np.zeros(size), np.zeros(size, np.int64)
        for number, (item, weight) in enumerate(zip(items, weights, strict=True)):
            one = np.zeros(size)
            row = slice(self.starts[item], self.starts[item + 1])
            for token, value in zip(self.tokens[row].tolist(), self.weights[row].tolist(), strict=True):
                inside = slice(self.token_starts[token], self.token_starts[token + 1])
                one[self.places[inside]] += weight * value * self.values[inside]
            giver[one > most] = number
            np.maximum(most, one, out=most)
            total += one
        return total, giver


def text_index(items: Catalogue) -> TextIndex:
    """Index names, categories, brands and other texts; tokens of a single item say nothing and are left out."""
    listed = [Counter(document) for document in documents(items)]
    spread = Counter(chain.from_iterable(listed))
    size = len(listed)
    column = {token: place for place, token in enumerate(t for t, count in spread.items() if count > 1)}
    rows = [
        [(column[t], n * math.log((1 + size) / spread[t])) for t, n in row.items() if t in column] for row in listed
    ]
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    flat = np.array([pair for row in rows for pair in row], np.float64).reshape(-1, 2)
    tokens, weights = flat[:, 0].astype(np.int64), flat[:, 1].copy()
    owners = np.repeat(np.arange(size), np.diff(starts))
    length = np.sqrt(np.bincount(owners, weights**2, minlength=size))
    weights /= np.maximum(length, 1e-12)[owners]
    order = np.argsort(tokens, kind="stable")
    token_starts = np.concatenate([[0], np.cumsum(np.bincount(tokens, minlength=len(column)))]).astype(np.int64)
    return TextIndex(starts, tokens, weights, token_starts, owners[order], weights[order])
