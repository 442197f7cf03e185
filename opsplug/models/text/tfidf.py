"""Texts as sparse vectors of words, pairs of words and pieces of words, weighted by how rare they are (TF-IDF).

Salton and Buckley, "Term-weighting approaches", 1988: logarithmic counts, smoothed inverse document frequency, unit
length. Words find the subject, pieces of words forgive spelling and inflection; Chinese needs no word segmenter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from opsplug.models.text.tokens import Arrays, grams_of_word, pack_terms, unpack_terms, words


class Vector(NamedTuple):
    """Column numbers and their weights; the length is one, or zero for a text without known terms."""

    columns: NDArray[np.int64]
    weights: NDArray[np.float64]


def word_terms(tokens: Sequence[str]) -> Counter[str]:
    """Words and neighbouring pairs."""
    return Counter([*tokens, *map(" ".join, pairwise(tokens))])


def piece_terms(tokens: Sequence[str]) -> Counter[str]:
    """Pieces of words."""
    return Counter(piece for token in tokens for piece in grams_of_word(token))


@dataclass(frozen=True)
class Block:
    """One kind of term: where each known term stands and how rare it is."""

    columns: dict[str, int]
    rarity: list[float]

    @classmethod
    def learn(cls, documents: Sequence[Counter[str]], first: int, fewest: int) -> Block:
        frequency = Counter(term for document in documents for term in document)
        known = [term for term, count in frequency.items() if count >= fewest]
        rarity = [float(np.log((1 + len(documents)) / (1 + frequency[term])) + 1) for term in known]
        return cls({term: first + at for at, term in enumerate(known)}, rarity)

    def weigh(self, terms: Counter[str], first: int) -> tuple[list[int], list[float]]:
        columns: list[int] = []
        weights: list[float] = []
        for term, count in terms.items():
            column = self.columns.get(term)
            if column is not None:
                columns.append(column)
                weights.append(_LOGARITHMIC[min(count, 9)] * self.rarity[column - first])
        length = sum(weight * weight for weight in weights) ** 0.5
        return columns, [weight / length for weight in weights]


_LOGARITHMIC = [0.0, *(1 + float(np.log(count)) for count in range(1, 10))]


@dataclass(frozen=True)
class TermSpace:
    """The terms of a collection of texts; `vector` places any text among them."""

    word_block: Block
    piece_block: Block

    @classmethod
    def learn(cls, texts: Iterable[str], fewest: int = 1) -> TermSpace:
        """`fewest`: in how many texts a term must occur to be kept."""
        tokens = [words(text) for text in texts]
        word_block = Block.learn([word_terms(found) for found in tokens], 0, fewest)
        first = len(word_block.columns)
        return cls(word_block, Block.learn([piece_terms(found) for found in tokens], first, fewest))

    @property
    def size(self) -> int:
        """Number of columns."""
        return len(self.word_block.columns) + len(self.piece_block.columns)

    def vector(self, tokens: Sequence[str]) -> Vector:
        """Words and pieces weigh the same together."""
        columns, weights = self.word_block.weigh(word_terms(tokens), 0)
        first = len(self.word_block.columns)
        more_columns, more_weights = self.piece_block.weigh(piece_terms(tokens), first)
        scale = (bool(columns) + bool(more_columns)) ** -0.5 if columns or more_columns else 1.0
        return Vector(
            np.array(columns + more_columns, dtype=np.int64), scale * np.array(weights + more_weights, dtype=np.float64)
        )

    def familiarity(self, tokens: Sequence[str]) -> float:
        """Share in [0, 1] of the words that are known, each by its rarity; an unknown one counts as the rarest."""
        rarity = self.word_block.rarity
        rarest = max(rarity, default=1.0) + 0.5
        known = total = 0.0
        for token in set(tokens):
            column = self.word_block.columns.get(token)
            known += rarity[column] if column is not None else 0.0
            total += rarity[column] if column is not None else rarest
        return known / total if total else 0.0

    def to_arrays(self, prefix: str) -> Arrays:
        arrays: Arrays = {}
        for name, block in (("words", self.word_block), ("pieces", self.piece_block)):
            arrays[f"{prefix}.{name}"] = pack_terms(block.columns)
            arrays[f"{prefix}.{name}.rarity"] = np.array(block.rarity, dtype=np.float32)
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Arrays, prefix: str) -> TermSpace:
        blocks = []
        first = 0
        for name in ("words", "pieces"):
            terms = unpack_terms(arrays[f"{prefix}.{name}"])
            columns = {term: first + at for at, term in enumerate(terms)}
            blocks.append(Block(columns, arrays[f"{prefix}.{name}.rarity"].astype(float).tolist()))
            first += len(terms)
        return cls(*blocks)


@dataclass(frozen=True)
class Postings:
    """For each column the texts that have it: cosine similarity of one text to all at the cost of the shared terms."""

    starts: NDArray[np.int64]
    rows: NDArray[np.int32]
    weights: NDArray[np.float32]
    count: int

    @classmethod
    def of(cls, vectors: Sequence[Vector], columns: int) -> Postings:
        every_column = np.concatenate([vector.columns for vector in vectors] or [np.empty(0, np.int64)])
        every_weight = np.concatenate([vector.weights for vector in vectors] or [np.empty(0)])
        rows = np.repeat(np.arange(len(vectors), dtype=np.int32), [len(vector.columns) for vector in vectors])
        order = np.argsort(every_column, kind="stable")
        starts = np.searchsorted(every_column[order], np.arange(columns + 1))
        return cls(starts, rows[order], every_weight[order].astype(np.float32), len(vectors))

    def similarities(self, vector: Vector) -> NDArray[np.float64]:
        """Cosine in [0, 1] to each text, in their order."""
        found = np.zeros(self.count)
        begins, ends = self.starts[vector.columns], self.starts[vector.columns + 1]
        for begin, end, weight in zip(begins.tolist(), ends.tolist(), vector.weights.tolist(), strict=True):
            found[self.rows[begin:end]] += weight * self.weights[begin:end]
        return found

    def to_arrays(self, prefix: str) -> Arrays:
        return {f"{prefix}.starts": self.starts, f"{prefix}.rows": self.rows, f"{prefix}.weights": self.weights}

    @classmethod
    def from_arrays(cls, arrays: Arrays, prefix: str, count: int) -> Postings:
        starts, rows, weights = (np.asarray(arrays[f"{prefix}.{name}"]) for name in ("starts", "rows", "weights"))
        return cls(starts.astype(np.int64), rows.astype(np.int32), weights.astype(np.float32), count)
