"""Every kind of neighbour index finds what exact search finds, and the choice among them is the measured one."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from opsplug.models.recommend import index as indexes
from opsplug.models.recommend.index import AnnoyIndex, Exact, Index, Vectors, VoyagerIndex
from opsplug.models.recommend.topk import top_k

SIZE, WIDTH = 9000, 24


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    """Tastes with items around them, as long as popular items are: some twice as long as others."""
    rng = np.random.default_rng(5)
    tastes = rng.standard_normal((60, WIDTH))
    found = tastes[rng.integers(0, len(tastes), SIZE)] + 0.5 * rng.standard_normal((SIZE, WIDTH))
    found *= rng.uniform(1, 2, (SIZE, 1)) / np.linalg.norm(found, axis=1, keepdims=True)
    return found.astype(np.float32)


@pytest.fixture(scope="module")
def queries(vectors: Vectors) -> Vectors:
    return vectors[np.random.default_rng(6).permutation(SIZE)[:40]]


def built(kind: type[Index], vectors: Vectors) -> Index:
    """Both libraries are installed with the extra `test`: without them the tests fail, and are not skipped."""
    return kind.build(vectors, seed=1)


@pytest.mark.parametrize("kind", [Exact, VoyagerIndex, AnnoyIndex])
class TestEveryKind:
    def test_it_finds_what_is_nearest(self, kind: type[Index], vectors: Vectors, queries: Vectors) -> None:
        index = built(kind, vectors)
        truth = [top_k(vectors @ query, 20) for query in queries]
        found = indexes.recall(index, queries, truth)
        assert found == 1 if kind is Exact else found >= indexes.RECALL

    def test_what_is_loaded_answers_like_what_was_exported(
        self, kind: type[Index], vectors: Vectors, queries: Vectors
    ) -> None:
        index = built(kind, vectors)
        again = indexes.load(indexes.export(index), vectors)
        assert again.kind == kind.kind
        for query in queries[:5]:
            np.testing.assert_array_equal(again.nearest(query, 20), index.nearest(query, 20))

    def test_the_same_seed_builds_the_same_index(self, kind: type[Index], vectors: Vectors, queries: Vectors) -> None:
        one, two = built(kind, vectors[:2000]), built(kind, vectors[:2000])
        np.testing.assert_array_equal(one.nearest(queries[0], 20), two.nearest(queries[0], 20))

    def test_few_vectors_and_large_k(self, kind: type[Index], vectors: Vectors) -> None:
        index = built(kind, vectors[:3])
        assert sorted(index.nearest(vectors[0], 20).tolist()) == [0, 1, 2]
        assert len(index.nearest(vectors[0], 0)) == 0

    def test_without_its_library_the_vectors_answer_exactly(
        self, kind: type[Index], vectors: Vectors, queries: Vectors, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        arrays = indexes.export(built(kind, vectors[:2000]))
        for name in ("voyager", "annoy"):
            monkeypatch.setitem(sys.modules, name, None)
        index = indexes.load(arrays, vectors[:2000])
        assert isinstance(index, Exact)
        assert index.nearest(queries[0], 1)[0] == top_k(vectors[:2000] @ queries[0], 1)[0]


class _Scripted:
    """An index whose recall is decided by the test."""

    kind = "scripted"
    share = 1.0

    def __init__(self, vectors: Vectors) -> None:
        self.vectors = vectors

    @classmethod
    def build(cls, vectors: Vectors, *, seed: int = 0) -> _Scripted:
        return cls(vectors)

    def nearest(self, vector: Vectors, k: int) -> np.ndarray:
        found = top_k(self.vectors @ vector, k)
        return found[: round(len(found) * self.share)]

    def export(self) -> dict[str, np.ndarray]:
        return {}

    @classmethod
    def load(cls, arrays: object, vectors: Vectors) -> _Scripted:
        return cls(vectors)


class _Forgetful(_Scripted):
    share = 0.8


class _Missing(_Scripted):
    @classmethod
    def build(cls, vectors: Vectors, *, seed: int = 0) -> _Scripted:
        raise ImportError("not installed")


class _Clock:
    """The first index asked is slow, each later one quicker."""

    def __init__(self) -> None:
        self.at, self.calls = 0.0, 0

    def __call__(self) -> float:
        self.calls += 1
        self.at += 1 / self.calls
        return self.at


@pytest.mark.parametrize(
    ("kinds", "chosen"), [((_Forgetful,), Exact), ((_Missing,), Exact), ((_Forgetful, _Missing, _Scripted), _Scripted)]
)
def test_the_quickest_that_finds_enough_is_chosen(
    kinds: tuple[type[Index], ...], chosen: type[Index], vectors: Vectors, queries: Vectors
) -> None:
    found = indexes.choose(vectors, queries, exact_up_to=100, kinds=kinds, clock=_Clock())
    assert isinstance(found, chosen)


def test_a_small_shop_is_searched_exactly(vectors: Vectors, queries: Vectors) -> None:
    assert isinstance(indexes.choose(vectors, queries, kinds=(_Scripted,), clock=_Clock()), Exact)


def test_exact_is_exact_where_lengths_differ_by_orders(queries: Vectors) -> None:
    rng = np.random.default_rng(7)
    vectors = (rng.standard_normal((20_000, WIDTH)) * rng.lognormal(0, 2, (20_000, 1))).astype(np.float32)
    index = Exact(vectors)
    for query in queries[:10]:
        np.testing.assert_array_equal(index.nearest(query, 50), top_k(vectors @ query, 50))
