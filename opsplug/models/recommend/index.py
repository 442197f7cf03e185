"""The nearest vectors by inner product: exact numpy for most shops, an approximate index for very large ones.

Which one is measured, not believed: at build time each installed kind answers for the shop's own vectors, and the
quickest that finds at least 95 % of the true first twenty is taken. An index is arrays like everything else, and where
its library is missing (extras `ann` and `annoy`) the vectors answer exactly.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from opsplug.models.matrix_product import ALONE_WITH_VECTOR, product
from opsplug.models.recommend.arrays import Arrays, Codes
from opsplug.models.recommend.topk import top_k, top_k_unordered

EXACT_UP_TO = 50_000  # vectors
RECALL, AT = 0.95, 20
ASKED = 100  # vectors that the kinds are compared with
Vectors = NDArray[np.float32]


class Index(Protocol):
    """Finds the vectors (rows of shape (n, d)) whose inner product with a vector of shape (d,) is largest."""

    kind: ClassVar[str]

    @classmethod
    def build(cls, vectors: Vectors, *, seed: int = 0) -> Self:
        """`ImportError` when its library is not installed."""
        ...

    def nearest(self, vector: Vectors, k: int) -> Codes:
        """Rows of the k largest inner products, best first; fewer where there are fewer."""
        ...

    def export(self) -> Arrays:
        """What it needs beside the vectors."""
        ...

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], vectors: Vectors) -> Self: ...


class Exact:
    """All inner products that can matter: the longest vectors first, until none that is left could be long enough.

    Exact whatever the data (Cauchy and Schwarz); item factors differ in length so much that a part of them settles it.
    """

    kind: ClassVar[str] = "exact"

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors
        self._order: Codes | None = None
        self._block = max(ALONE_WITH_VECTOR // max(vectors.shape[1], 1), 1)  # vectors that are compared at once
        if len(vectors) > 2 * self._block:
            lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
            self._order = np.argsort(-lengths, kind="stable")
            self._vectors = vectors[self._order]
            self._longest = lengths[self._order[:: self._block]]  # of each block

    @classmethod
    def build(cls, vectors: Vectors, *, seed: int = 0) -> Exact:
        return cls(vectors)

    def nearest(self, vector: Vectors, k: int) -> Codes:
        if self._order is None:
            return top_k(product(self._vectors, vector), k)
        k = min(k, len(self._vectors))
        length, found = float(np.sqrt(vector @ vector)), np.zeros(0, np.float32)
        kept = np.zeros(0, np.int64)
        for number, longest in enumerate(self._longest.tolist()):
            if len(found) >= k > 0 and found.min() >= longest * length:
                break
            start = number * self._block
            scores = np.concatenate([found, self._vectors[start : start + self._block] @ vector])
            places = np.concatenate([kept, np.arange(start, start + len(scores) - len(found))])
            first = top_k_unordered(scores, min(k, len(scores)))
            found, kept = scores[first], places[first]
        return self._order[kept[top_k(found, k)]]

    def export(self) -> Arrays:
        return {}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], vectors: Vectors) -> Exact:
        return cls(vectors)


class VoyagerIndex:
    """Spotify's HNSW (extra `ann`): wheels for every platform, one copy in the memory of each process."""

    kind: ClassVar[str] = "voyager"

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def build(cls, vectors: Vectors, *, seed: int = 0) -> VoyagerIndex:
        import voyager

        width = vectors.shape[1] + 1
        index = voyager.Index(voyager.Space.Euclidean, width, M=24, ef_construction=200, random_seed=seed)
        index.add_items(_padded(vectors), num_threads=1)
        return cls(index)

    def nearest(self, vector: Vectors, k: int) -> Codes:
        k = min(k, len(self._index))
        if not k:
            return np.zeros(0, np.int64)
        found: Codes = self._index.query(np.append(vector, 0), k, query_ef=max(k, 300))[0].astype(np.int64)
        return found

    def export(self) -> Arrays:
        return {"bytes": np.frombuffer(self._index.as_bytes(), np.uint8)}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], vectors: Vectors) -> VoyagerIndex:
        import voyager

        return cls(voyager.Index.load(BytesIO(arrays["bytes"].tobytes())))


class AnnoyIndex:
    """Spotify's random-projection trees (extra `annoy`, needs a compiler), mapped from a file."""

    kind: ClassVar[str] = "annoy"

    def __init__(self, content: NDArray[np.uint8], size: int, dimensions: int) -> None:
        import annoy

        self._content, self._size = content, size
        self._index = annoy.AnnoyIndex(dimensions, "angular")
        with tempfile.NamedTemporaryFile(prefix="opsplug-annoy-") as file:  # mapped, so that it may go at once
            file.write(content.tobytes())
            file.flush()
            self._index.load(file.name)

    @classmethod
    def build(cls, vectors: Vectors, *, seed: int = 0, trees: int = 60) -> AnnoyIndex:
        import annoy

        index = annoy.AnnoyIndex(vectors.shape[1] + 1, "angular")
        index.set_seed(seed)
        for row, vector in enumerate(_padded(vectors)):
            index.add_item(row, vector)
        index.build(trees, n_jobs=1)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "trees"
            index.save(str(path))
            return cls(np.fromfile(path, np.uint8), len(vectors), index.f)

    def nearest(self, vector: Vectors, k: int) -> Codes:
        k = min(k, self._size)
        found = self._index.get_nns_by_vector(np.append(vector, 0), k, search_k=max(6000, 60 * k)) if k else []
        return np.array(found, np.int64)

    def export(self) -> Arrays:
        return {"bytes": self._content, "shape": np.array([self._size, self._index.f])}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], vectors: Vectors) -> AnnoyIndex:
        return cls(arrays["bytes"], *arrays["shape"].tolist())


def _padded(vectors: Vectors) -> Vectors:
    """One more coordinate gives all one length: distance and angle then order as the inner product does.

    Bachrach et al. 2014, "Speeding up the Xbox recommender system using a Euclidean transformation".
    """
    length = np.einsum("ij,ij->i", vectors, vectors)
    padding = np.sqrt(np.maximum(length.max(initial=0) - length, 0))
    return np.column_stack([vectors, padding]).astype(np.float32)


KINDS: Mapping[str, type[Index]] = {index.kind: index for index in (Exact, VoyagerIndex, AnnoyIndex)}


def choose(
    vectors: Vectors,
    queries: Vectors,
    *,
    seed: int = 0,
    exact_up_to: int = EXACT_UP_TO,
    kinds: Sequence[type[Index]] = (VoyagerIndex, AnnoyIndex),
    clock: Callable[[], float] = time.thread_time,
) -> Index:
    """The quickest kind that finds enough for `queries` like those it will be asked; exact where none does."""
    quickest: Index = Exact(vectors)
    if len(vectors) <= exact_up_to or not len(queries):
        return quickest
    queries = queries[:ASKED]
    truth = [top_k(product(vectors, query), AT) for query in queries]
    least = _seconds(quickest, queries, clock)
    for kind in kinds:
        try:
            index = kind.build(vectors, seed=seed)
        except ImportError:
            continue
        if recall(index, queries, truth) >= RECALL:
            taken = _seconds(index, queries, clock)
            if taken < least:
                quickest, least = index, taken
    return quickest


def recall(index: Index, queries: Vectors, truth: Sequence[Codes]) -> float:
    """The share of the true nearest that `index` finds among as many."""
    found = [np.isin(true, index.nearest(query, len(true))).mean() for query, true in zip(queries, truth, strict=True)]
    return float(np.mean(found))


def load(arrays: Mapping[str, NDArray[Any]], vectors: Vectors) -> Index:
    """The exported index of these vectors; exact where its library is not installed in this process."""
    kind = str(arrays["kind"][0]) if "kind" in arrays else "exact"
    try:
        return KINDS[kind].load(arrays, vectors)
    except ImportError:
        return Exact(vectors)


def export(index: Index) -> Arrays:
    return {"kind": np.array([index.kind], dtype=np.str_), **index.export()}


def _seconds(index: Index, queries: Vectors, clock: Callable[[], float]) -> float:
    spent = []
    for query in queries:
        began = clock()
        index.nearest(query, AT)
        spent.append(clock() - began)
    return float(np.median(spent))
