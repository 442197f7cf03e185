"""Content: items alike in name, category, brand, attributes and price, from the first catalogue record on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from opsplug.features.items import Catalogue, documents
from opsplug.models.recommend.arrays import Codes
from opsplug.models.recommend.constants import CONTENT_COMMON, CONTENT_LARGE, CONTENT_RARE, CONTENT_WIDTH
from opsplug.models.recommend.evidence import Evidence
from opsplug.models.recommend.neighbours import Neighbours, NeighbourScorer, stacked

BLOCK = 1000  # items whose likes are searched at a time


@dataclass(frozen=True, slots=True)
class Content(NeighbourScorer):
    name: ClassVar[str] = "similar"

    @classmethod
    def fit(cls, evidence: Evidence, *, seed: int = 0) -> Content:
        return cls.of(item_features(evidence.items))

    @classmethod
    def of(cls, features: Any) -> Content:
        """From the rows of `item_features`."""
        return cls(similarities(features, CONTENT_WIDTH))


def item_features(items: Catalogue) -> Any:
    """TF-IDF rows of unit length (sublinear counts, smoothed idf) as a sparse matrix, items x tokens."""
    from scipy.sparse import csr_matrix

    listed = documents(items)
    spread = Counter(token for document in listed for token in set(document))
    columns = {token: column for column, token in enumerate(t for t, count in spread.items() if count >= CONTENT_RARE)}
    rows, places, values = [], [], []
    for row, document in enumerate(listed):
        for token, count in Counter(document).items():
            if token in columns:
                rows.append(row)
                places.append(columns[token])
                values.append((1 + np.log(count)) * (np.log((1 + len(listed)) / (1 + spread[token])) + 1))
    F = csr_matrix((values, (rows, places)), shape=(len(listed), max(len(columns), 1)), dtype=np.float32)
    length = np.sqrt(np.asarray(F.multiply(F).sum(1)).ravel()) + 1e-9
    F.data /= np.repeat(length, np.diff(F.indptr))
    return F.astype(np.float32)


def similarities(F: Any, width: int) -> Neighbours:
    """The `width` most alike other items of each row, by cosine."""
    F = distinguishing(F)
    transposed = F.T.tocsr()
    found = []
    for start in range(0, F.shape[0], BLOCK):
        block = (F[start : start + BLOCK] @ transposed).tocsr()
        here = np.repeat(np.arange(block.shape[0]), np.diff(block.indptr)) + start
        block.data[block.indices == here] = 0
        block.eliminate_zeros()
        found.append(Neighbours.widest(block, width))
    return stacked(found)


def nearest(F: Any, rows: Codes, others: Codes, width: int) -> Neighbours:
    """Of each of `rows`, the places in `others` of the `width` most alike, by cosine."""
    F = distinguishing(F)
    transposed = F[others].T.tocsr()
    blocks = (F[rows[start : start + BLOCK]] @ transposed for start in range(0, len(rows), BLOCK))
    return stacked([Neighbours.widest(block, width) for block in blocks])


def distinguishing(F: Any) -> Any:
    """The features that find likes: of a large catalogue without those of very many items."""
    return F[:, np.bincount(F.indices, minlength=F.shape[1]) <= CONTENT_COMMON] if F.shape[0] > CONTENT_LARGE else F
