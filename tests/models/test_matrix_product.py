"""What serves multiplies in pieces so small that no library spreads them over threads, and right all the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from opsplug.models.matrix_product import ALONE, ALONE_WITH_VECTOR, product
from opsplug.models.recommend.candidate_set import CandidateSet
from opsplug.models.recommend.index import Exact
from opsplug.models.recommend.item_bias import ItemBias
from opsplug.models.recommend.next_item.network import CHANNEL, HEADS, KINDS, MAX_EVENTS, STEPS, NextItem
from opsplug.models.recommend.queries import Query
from opsplug.models.recommend.ranker import Ranker, _Mixed
from opsplug.models.recommend.registry import CHANNELS
from opsplug.models.recommend.scorers.factors import Factors
from opsplug.models.text.sentence import MiniLm, packaged

Floats = np.ndarray[Any, np.dtype[np.float32]]
LARGE = 12_000  # items that are all scored


class Watched(np.ndarray[Any, np.dtype[np.float32]]):
    """An array that notes how large the products are in which it takes part, as a share of what one thread is given."""

    most = 0.0

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [_plain(value) for value in inputs]
        if "out" in options:
            options["out"] = tuple(map(_plain, options["out"]))
        if ufunc is np.matmul:
            left, right = (np.shape(value) for value in plain)
            count = (left[-2] if len(left) > 1 else 1) * int(np.prod(right[-2:]))
            with_vector = 1 in (len(left), len(right))
            Watched.most = max(Watched.most, count / (ALONE_WITH_VECTOR if with_vector else ALONE))
        found = getattr(ufunc, method)(*plain, **options)
        return found.view(Watched) if isinstance(found, np.ndarray) else found


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, Watched) else value


@pytest.fixture
def watched() -> type[Watched]:
    Watched.most = 0.0
    return Watched


def drawn(*shape: int) -> Any:
    """Numbers that note their products."""
    return np.random.default_rng(7).standard_normal(shape).astype(np.float32).view(Watched)


@pytest.mark.parametrize("rows", [0, 1, 4096, 4097, 7187, 7188, 14_374, 14_375, 20_000])
@pytest.mark.parametrize("right", [(64,), (64, 1), (64, 3)])
def test_it_is_the_plain_product(rows: int, right: tuple[int, ...]) -> None:
    left, other = drawn(rows, 64).view(np.ndarray), drawn(*right).view(np.ndarray)
    found = product(left, other)
    assert found.dtype == np.float32 and found.shape == (left @ other).shape
    np.testing.assert_allclose(found, left @ other, atol=1e-4)


def test_a_matrix_that_lies_across_is_multiplied_where_it_lies() -> None:
    table, weights = drawn(13, 50_000).view(np.ndarray), drawn(13).view(np.ndarray)
    np.testing.assert_allclose(product(table.T, weights), weights @ table, atol=1e-4)


def test_a_single_row_may_be_more_than_one_thread_should_have() -> None:
    left, other = drawn(3, 500_000).view(np.ndarray), drawn(500_000).view(np.ndarray)
    np.testing.assert_allclose(product(left, other), left @ other, rtol=1e-3)


class TestNothingLargeIsMultipliedAtOnce:
    def test_by_factors(self, watched: type[Watched]) -> None:
        factors = Factors(drawn(LARGE, 64), drawn(LARGE, 64))
        asked = [channel for channel in CHANNELS if channel.scorer == "factors"]
        assert asked
        query = Query.of([(item, 1.0, 0) for item in range(9)], size=LARGE, now=2.0)
        factors.score(query, CandidateSet(LARGE), asked)
        assert 0 < watched.most <= 1

    @pytest.mark.parametrize("size, width", [(8000, 64), (LARGE, 64), (5000, 384)])
    def test_by_the_exact_index(self, watched: type[Watched], size: int, width: int) -> None:
        Exact(drawn(size, width)).nearest(drawn(width), 20)
        assert 0 < watched.most <= 1

    def test_by_the_next_item_network(self, watched: type[Watched]) -> None:
        d, w = 64, 128
        shapes: dict[str, tuple[int, ...]] = {
            "vectors": (LARGE, d), "bias": (LARGE,), "nobody_key": (d,), "nobody_value": (d,), "scale": (d,),
            "by_kind": (KINDS, HEADS), "widen": (d, w), "widen_bias": (w,), "narrow": (w, d),
            **dict.fromkeys(("by_events", "by_moments", "by_minutes"), (STEPS, HEADS)),
            **dict.fromkeys(("ask", "key", "value", "out"), (d, d)),
        }  # fmt: skip
        network = NextItem(**{name: drawn(*shape) for name, shape in shapes.items()})
        history = [(item, float(item), 0) for item in range(MAX_EVENTS)]
        network.score(Query.of(history, size=LARGE, now=1e6), CandidateSet(LARGE), [CHANNEL])
        assert 0 < watched.most <= 1

    def test_by_the_mix_over_a_whole_large_shop(self, watched: type[Watched]) -> None:
        size = 60_000
        mix = _Mixed([*range(len(CHANNELS))], drawn(len(CHANNELS)), drawn(len(CHANNELS), size))
        Ranker._total(_without_scorers(), mix, CandidateSet(size))
        assert 0 < watched.most <= 1

    @pytest.mark.skipif(packaged() is None, reason="the extra embeddings is not installed")
    @pytest.mark.parametrize("words", [3, 40, 300])
    def test_by_the_sentence_encoder(self, watched: type[Watched], words: int) -> None:
        folder = packaged()
        assert folder is not None
        encoder = MiniLm(folder)
        encoder._weights = {name: np.asarray(value).view(Watched) for name, value in encoder._weights.items()}
        encoder.encode(["shoe " * words])
        encoder.encode(["shoe " * words] * 3)
        assert 0 < watched.most <= 1


def _without_scorers() -> Ranker:
    nothing = np.zeros(0, np.float32)
    return Ranker([], {}, None, ItemBias.none(0), (), nothing, nothing.astype(np.int64), [], [],
                  nothing.astype(np.float64), {}, nothing.astype(np.int64), nothing)  # fmt: skip
