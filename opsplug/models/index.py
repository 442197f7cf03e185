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

from opsplug.models.base import Arrays, Codes, best

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
    """All inner products: 0.1 ms for 10,000 vectors, 1.7 ms for 100,000."""

    kind: ClassVar[str] = "exact"

    def __init__(self, vectors: Vectors) -> None:
        self.vectors = vectors

    @classmethod
    def build(cls, vectors: Vectors, *, seed: int = 0) -> Exact:
        return cls(vectors)

    def nearest(self, vector: Vectors, k: int) -> Codes:
        return best(self.vectors @ vector, k)

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

        index = voyager.Index(voyager.Space.InnerProduct, vectors.shape[1], M=16, ef_construction=100, random_seed=seed)
        index.add_items(vectors, num_threads=1)
        index.ef = 200
        return cls(index)

    def nearest(self, vector: Vectors, k: int) -> Codes:
        k = min(k, len(self._index))
        return self._index.query(vector, k, query_ef=max(k, 200))[0].astype(np.int64) if k else np.zeros(0, np.int64)

    def export(self) -> Arrays:
        return {"bytes": np.frombuffer(self._index.as_bytes(), np.uint8)}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], vectors: Vectors) -> VoyagerIndex:
        import voyager

        return cls(voyager.Index.load(BytesIO(arrays["bytes"].tobytes())))


class AnnoyIndex:
    """Spotify's random-projection trees (extra `annoy`, needs a compiler): mapped from a file that workers share.

    Vectors are padded to one length, so that the angle orders them as the inner product does (Bachrach et al. 2014).
    """

    kind: ClassVar[str] = "annoy"

    def __init__(self, index: Any, size: int) -> None:
        self._index = index
        self._size = size

    @classmethod
    def build(cls, vectors: Vectors, *, seed: int = 0, trees: int = 40) -> AnnoyIndex:
        import annoy

        index = annoy.AnnoyIndex(vectors.shape[1] + 1, "angular")
        index.set_seed(seed)
        length = np.einsum("ij,ij->i", vectors, vectors)
        padded = np.column_stack([vectors, np.sqrt(np.maximum(length.max(initial=0) - length, 0))])
        for row, vector in enumerate(padded):
            index.add_item(row, vector)
        index.build(trees, n_jobs=1)
        return cls(index, len(vectors))

    def nearest(self, vector: Vectors, k: int) -> Codes:
        k = min(k, self._size)
        found = self._index.get_nns_by_vector(np.append(vector, 0), k, search_k=max(4000, 40 * k)) if k else []
        return np.array(found, np.int64)

    def export(self) -> Arrays:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "trees"
            self._index.save(str(path))
            content = np.fromfile(path, np.uint8)
            self._index.unload()
            path.write_bytes(content.tobytes())
            self._index.load(str(path))
        return {"bytes": content, "shape": np.array([self._size, self._index.f])}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], vectors: Vectors) -> AnnoyIndex:
        import annoy

        size, dimensions = arrays["shape"].tolist()
        index = annoy.AnnoyIndex(dimensions, "angular")
        with tempfile.NamedTemporaryFile(prefix="opsplug-annoy-") as file:  # mapped: it may be unlinked at once
            file.write(arrays["bytes"].tobytes())
            file.flush()
            index.load(file.name)
        return cls(index, size)


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
    truth = [best(vectors @ query, AT) for query in queries]
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
