"""Fitted classifiers as plain arrays: gradient boosted trees, and a small neural network behind a table of ranks.

scikit-learn fits them; what serves is numpy, so a web process opens no scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]
RANKS = 101
CHUNK = 128  # rows that walk down all trees at once: as many as fit into a processor's cache


@dataclass(frozen=True, slots=True)
class Trees:
    """Boosted trees of equal size, padded: arrays of shape (trees, nodes). A leaf's children are itself."""

    feature: NDArray[np.int32]
    threshold: Array
    gap_left: NDArray[np.bool_]  # where a row without this value goes
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: Array
    base: float
    depth: int

    @classmethod
    def fit(cls, matrix: Array, labels: Array, seed: int) -> Trees:
        from sklearn.ensemble import HistGradientBoostingClassifier

        matrix = np.where(np.isfinite(matrix).any(axis=0), matrix, 0.0)  # scikit-learn stumbles over a column of gaps
        model = HistGradientBoostingClassifier(
            learning_rate=0.05, max_iter=120, max_leaf_nodes=8, min_samples_leaf=max(5, min(40, len(labels) // 40)),
            l2_regularization=5.0, max_features=0.5, early_stopping=False, random_state=seed,
        ).fit(matrix, labels)  # fmt: skip
        grown = [stage[0].nodes for stage in model._predictors]
        shape = (len(grown), max(len(nodes) for nodes in grown))
        parts: dict[str, NDArray[Any]] = {
            "feature": np.zeros(shape, np.int32), "threshold": np.zeros(shape), "gap_left": np.zeros(shape, bool),
            "left": np.zeros(shape, np.int32), "right": np.zeros(shape, np.int32), "value": np.zeros(shape),
        }  # fmt: skip
        depth = 0
        for row, nodes in enumerate(grown):
            n, leaf = len(nodes), nodes["is_leaf"].astype(bool)
            parts["feature"][row, :n] = np.where(leaf, 0, nodes["feature_idx"])
            parts["threshold"][row, :n] = np.where(leaf, 0.0, nodes["num_threshold"])
            parts["gap_left"][row, :n] = nodes["missing_go_to_left"].astype(bool)
            parts["left"][row, :n] = np.where(leaf, np.arange(n), nodes["left"])
            parts["right"][row, :n] = np.where(leaf, np.arange(n), nodes["right"])
            parts["value"][row, :n] = nodes["value"]
            depth = max(depth, int(nodes["depth"].max()))
        return cls(**parts, base=float(np.ravel(model._baseline_prediction)[0]), depth=depth)

    def log_odds(self, matrix: Array) -> Array:
        total = np.full(len(matrix), self.base)
        trees, nodes = self.feature.shape
        first = np.arange(trees, dtype=np.int64) * nodes  # each tree's root, in arrays laid flat
        feature, threshold, gap_left = self.feature.ravel(), self.threshold.ravel(), self.gap_left.ravel()
        left, right = (self.left + first[:, None]).ravel(), (self.right + first[:, None]).ravel()
        wide = matrix.shape[1] if matrix.ndim == 2 else 1
        for start in range(0, len(matrix), CHUNK):
            rows = np.ascontiguousarray(matrix[start : start + CHUNK])
            begin = (np.arange(len(rows)) * wide)[:, None]
            at = np.broadcast_to(first, (len(rows), trees))
            for _ in range(self.depth):
                value = rows.ravel().take(begin + feature.take(at))
                goes = (value <= threshold.take(at)) | (np.isnan(value) & gap_left.take(at))
                at = np.where(goes, left.take(at), right.take(at))
            total[start : start + CHUNK] += self.value.ravel().take(at).sum(axis=1)
        return total

    def export(self) -> Arrays:
        return {
            "feature": self.feature, "threshold": self.threshold, "gap_left": self.gap_left, "left": self.left,
            "right": self.right, "value": self.value, "about": np.array([self.base, self.depth]),
        }  # fmt: skip

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> Trees:
        names = ("feature", "threshold", "gap_left", "left", "right", "value")
        base, depth = arrays["about"]
        return cls(**{name: arrays[name] for name in names}, base=float(base), depth=int(depth))


@dataclass(frozen=True, slots=True)
class Net:
    """One hidden layer on normal scores: `marks` are each column's quantiles (columns, RANKS), gaps become medians."""

    marks: Array
    hidden: Array
    hidden_bias: Array
    out: Array
    out_bias: Array

    @classmethod
    def fit(cls, matrix: Array, labels: Array, seed: int) -> Net:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier

        known = np.where(np.isfinite(matrix).any(axis=0), matrix, 0.0)
        marks = np.nanquantile(known, np.linspace(0, 1, RANKS), axis=0).T
        net = MLPClassifier(
            (24,), alpha=1.0, learning_rate_init=0.01, early_stopping=True, n_iter_no_change=3, max_iter=20,
            batch_size=min(500, max(len(labels) // 10, 20)), random_state=seed,
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it need not come to its end, it is judged anyway
            net.fit(_scores(matrix, marks), labels)
        (hidden, out), (hidden_bias, out_bias) = net.coefs_, net.intercepts_
        return cls(marks, hidden, hidden_bias, out, out_bias)

    def log_odds(self, matrix: Array) -> Array:
        layer = np.maximum(_scores(matrix, self.marks) @ self.hidden + self.hidden_bias, 0.0)
        return np.asarray((layer @ self.out + self.out_bias)[:, 0])

    def export(self) -> Arrays:
        return {
            "marks": self.marks, "hidden": self.hidden, "hidden_bias": self.hidden_bias, "out": self.out,
            "out_bias": self.out_bias,
        }  # fmt: skip

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> Net:
        return cls(*(arrays[name] for name in ("marks", "hidden", "hidden_bias", "out", "out_bias")))


_NORMAL = np.array([NormalDist().inv_cdf(min(max(rank, 0.005), 0.995)) for rank in np.linspace(0, 1, RANKS)])


def _scores(matrix: Array, marks: Array) -> Array:
    """Each value's rank among those seen in training as a normal score; ties share the middle of their ranks."""
    result = np.zeros(matrix.shape)
    grid = np.arange(RANKS, dtype=float)
    for j, mark in enumerate(marks):
        value = np.where(np.isfinite(matrix[:, j]), matrix[:, j], mark[RANKS // 2])
        levels, first, count = np.unique(mark, return_index=True, return_counts=True)
        result[:, j] = np.interp(np.interp(value, levels, first + (count - 1) / 2), grid, _NORMAL)
    return result
