"""Purchase propensity: calibrated probabilities from any feature table, also one with gaps and categories."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opsplug.errors import ModelError
from opsplug.models.parallel import side_by_side
from opsplug.models.visitors.array_classifiers import Arrays, Net, Trees
from opsplug.models.visitors.calibration import drawn_shift, newest_rows, platt, settled_rows, shift_to, sigmoid
from opsplug.models.visitors.feature_matrix import Table

Array = NDArray[np.float64]
FOLDS = 5
SOLD_OUT = 0.1  # what two distributions must have in common for a column not to be the date in disguise


class PropensityModel:
    """Estimate calibrated probabilities of a yes from any table, also one with gaps and categories.

    Gradient boosting, a small neural network and the mean of both are judged out of fold by log loss; the best serves,
    as
    the mean of its folds. The probabilities are then put on the level of the newest rows, because a season moves the
    base
    rate more than it moves the order. What serves is plain arrays.

    Parameters
    ----------
    seed : int
        Of folds and learners.

    References
    ----------
    .. [1] Platt, "Probabilistic outputs for support vector machines", 1999.
    .. [2] Bifet and Gavalda, "Learning from time-changing data with adaptive windowing", SDM 2007.
    """

    KINDS: ClassVar[Mapping[str, type[Trees] | type[Net]]] = {"gradient boosting": Trees, "neural network": Net}

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.name = ""
        self.metrics: dict[str, float] = {}
        self.slope, self.shift = 1.0, 0.0
        self.columns: list[str] = []
        self.left_out: list[str] = []  # columns that only said what day it was
        self.out_of_fold: Array = np.empty(0)
        self._models: list[Trees | Net] = []
        self._table = Table()

    def fit(
        self, X: Any, y: ArrayLike, times: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> PropensityModel:
        """Learn from rows whose answer is known.

        Parameters
        ----------
        X : DataFrame, list of dict or array_like of shape (n, columns)
        y : array_like of shape (n,)
            0 and 1, or booleans.
        times : array_like of shape (n,), optional
            Anything that sorts; the newest rows set the level of the probabilities.
        groups : array_like of shape (n,), optional
            Rows of one group (a visitor's) are never on both sides of a fold.

        Returns
        -------
        PropensityModel
            Itself.

        Raises
        ------
        ModelError
            There is not one label for each row.
        """
        labels = np.asarray(y).ravel().astype(float)
        self._table = Table()
        matrix = self._table.fit(X)
        if len(labels) == 0 or len(labels) != len(matrix):
            raise ModelError(
                f"PropensityModel.fit: X has {len(matrix)} rows and y has {len(labels)}; give one label a row"
            )
        labels = (labels > 0).astype(float)
        newest = newest_rows(times, len(labels))
        self.left_out = self._table.leave_out(_dated(matrix, newest, self._table.sources))
        matrix = self._table.transform(X)
        self.columns = self._table.names
        rare = int(min(labels.sum(), (1 - labels).sum()))
        if rare < 2 * FOLDS:
            self.name, self._models, self.slope = "base rate", [], 0.0
            rate = (labels.sum() + 0.5) / (len(labels) + 1)
            self.shift = float(np.log(rate / (1 - rate)))
            return self
        self._train(matrix, labels, newest, times, groups)
        return self

    def _train(
        self,
        matrix: Array,
        labels: Array,
        newest: NDArray[np.bool_] | None,
        times: ArrayLike | None,
        groups: ArrayLike | None,
    ) -> None:
        fitted: dict[str, list[Trees | Net]] = {name: [] for name in self.KINDS}
        guesses = {name: np.zeros(len(labels)) for name in self.KINDS}
        folds = _folds(labels, groups, self.seed)
        pieces = [(name, fold) for fold in range(len(folds)) for name in self.KINDS]

        def learn(name: str, fold: int) -> Trees | Net:
            train, _ = folds[fold]
            return self.KINDS[name].fit(matrix[train], labels[train], self.seed + fold)

        for (name, fold), model in zip(pieces, side_by_side(partial(learn, *piece) for piece in pieces), strict=True):
            fitted[name].append(model)
            guesses[name][folds[fold][1]] = model.log_odds(matrix[folds[fold][1]])
        guesses["both"] = np.mean(list(guesses.values()), axis=0)
        fitted["both"] = [model for models in fitted.values() for model in models]
        losses = {name: log_loss(labels, sigmoid(guess)) for name, guess in guesses.items()}
        self.name = min(losses, key=lambda name: losses[name])
        self._models, raw = fitted[self.name], guesses[self.name]
        self.slope, self.shift = platt(raw, labels)
        if newest is not None:
            newest = settled_rows(newest, times, labels - sigmoid(self.slope * raw + self.shift))
            self.shift = drawn_shift(self.slope * raw[newest], labels[newest], self.shift)
        self.out_of_fold = sigmoid(self.slope * raw + self.shift)
        self.metrics = {
            **quality(labels, self.out_of_fold),
            **{f"log_loss {name}": loss for name, loss in losses.items()},
        }

    def put_level(self, X: Any, rate: float) -> None:
        """Move all probabilities so that their mean over `X` is `rate`: the order stays, the season is followed."""
        self._check()
        scores = self.slope * self._raw(self._table.transform(X))
        if len(scores) and 0 < rate < 1:
            self.shift = shift_to(scores, rate)

    def predict_proba(self, X: Any) -> Array:
        """Estimate probabilities.

        Parameters
        ----------
        X : DataFrame, list of dict or array_like of shape (n, columns)
            Columns as in `fit`.

        Returns
        -------
        ndarray of shape (n, 2)
            Probabilities of no and of yes; each row sums up to 1.

        Raises
        ------
        ModelError
            The model is not fitted.
        """
        self._check()
        yes = self._probability(self._table.transform(X))
        return np.column_stack([1 - yes, yes])

    def _check(self) -> None:
        if not self.name:
            raise ModelError("PropensityModel is not fitted: call fit(X, y) first")

    def _raw(self, matrix: Array) -> Array:
        if not self._models or not len(matrix):
            return np.zeros(len(matrix))
        return np.asarray(np.mean([model.log_odds(matrix) for model in self._models], axis=0))

    def _probability(self, matrix: Array) -> Array:
        return sigmoid(self.slope * self._raw(matrix) + self.shift)

    def explain(self, X: Any, strongest: int = 3) -> list[list[tuple[str, float]]]:
        """Say what moves each probability.

        Parameters
        ----------
        X : DataFrame, list of dict or array_like of shape (n, columns)
        strongest : int
            How many reasons of each row.

        Returns
        -------
        list of list of (str, float), of length n
            Column, and what it adds to the probability of yes against a typical value.

        Raises
        ------
        ModelError
            The model is not fitted.
        """
        self._check()
        matrix = self._table.transform(X)
        columns = matrix.shape[1]
        asked = np.repeat(matrix, columns + 1, axis=0).reshape(len(matrix), columns + 1, columns)
        asked[:, np.arange(columns), np.arange(columns)] = self._table.typical
        answers = self._probability(asked.reshape(-1, columns)).reshape(len(matrix), columns + 1)
        effects = answers[:, -1:] - answers[:, :-1]
        top = np.argsort(-np.abs(effects), axis=1)[:, :strongest]
        return [[(self.columns[j], float(effects[i, j])) for j in row] for i, row in enumerate(top)]

    def export(self) -> Arrays:
        """Plain arrays; `load` makes the same model of them."""
        arrays = {
            f"{i}/{name}": array for i, model in enumerate(self._models) for name, array in model.export().items()
        }
        kinds = [next(name for name, kind in self.KINDS.items() if isinstance(model, kind)) for model in self._models]
        return {
            **arrays, "kinds": np.array(kinds, object), "name": np.array([self.name], object),
            "level": np.array([self.slope, self.shift]), **self._table.export(),
        }  # fmt: skip

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]]) -> PropensityModel:
        """KeyError or ValueError when they are not those of `export`."""
        model = cls()
        model.name = str(arrays["name"][0])
        model.slope, model.shift = (float(number) for number in arrays["level"])
        for place, kind in enumerate(arrays["kinds"].tolist()):
            own = {key.partition("/")[2]: array for key, array in arrays.items() if key.startswith(f"{place}/")}
            model._models.append(cls.KINDS[kind].load(own))
        model._table = Table.load(arrays)
        model.columns = model._table.names
        return model


def calibration_error(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> float:
    """Mean absolute difference between predicted and seen rate over bins of equal mass, weighted by their size."""
    parts = calibration_bins(labels, probabilities, bins)
    return float(sum(n * abs(said - seen) for said, seen, n in parts) / max(sum(n for _, _, n in parts), 1))


def calibration_bins(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean probability, share that came true, rows) of each bin of equal mass, the lowest first."""
    y, p = np.asarray(labels, dtype=float), np.asarray(probabilities, dtype=float)
    parts = np.array_split(np.argsort(p, kind="stable"), bins)
    return [(float(p[part].mean()), float(y[part].mean()), len(part)) for part in parts if len(part)]


def quality(labels: Array, probabilities: Array) -> dict[str, float]:
    """AUROC, average precision and calibration error; both classes must occur."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    return {
        "auroc": float(roc_auc_score(labels, probabilities)),
        "average_precision": float(average_precision_score(labels, probabilities)),
        "calibration_error": calibration_error(labels, probabilities),
    }


def log_loss(labels: Array, probabilities: Array) -> float:
    """Mean negative log likelihood, probabilities kept off 0 and 1."""
    p = np.clip(probabilities, 1e-4, 1 - 1e-4)
    return float(-np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p)))


def _folds(labels: Array, groups: ArrayLike | None, seed: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """(train, test) rows of each fold. Groups are dealt out in turn, those with a rare answer first, so that each fold
    has its share; where too few groups have one, rows are dealt instead."""
    rng = np.random.default_rng(seed)
    members = np.arange(len(labels)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    rare = labels == (labels.mean() < 0.5)
    marked = np.bincount(members, rare) > 0
    if marked.sum() < FOLDS:
        members, marked = np.arange(len(labels)), rare
    dealt = np.empty(len(marked), np.intp)
    dealt[np.lexsort((rng.random(len(marked)), ~marked))] = np.arange(len(marked)) % FOLDS
    fold = dealt[members]
    return [(np.flatnonzero(fold != n), np.flatnonzero(fold == n)) for n in range(FOLDS)]


def _dated(matrix: Array, newest: NDArray[np.bool_] | None, sources: list[str]) -> set[str]:
    """Columns of the table whose values of the newest rows hardly occur in older ones, such as the month: they tell
    the date, of which tomorrow's rows will have another."""
    if newest is None or newest.all() or newest.sum() < 50:
        return set()
    shared: dict[str, list[float]] = {}
    for name, column in zip(sources, matrix.T, strict=True):
        values = np.where(np.isfinite(column), column, -1e31)
        edges = np.unique(np.quantile(values, np.linspace(0, 1, 21)))
        old, new = (
            np.bincount(np.searchsorted(edges, values[rows], "left"), minlength=len(edges) + 1)
            for rows in (~newest, newest)
        )
        shared.setdefault(name, []).append(float(np.minimum(old / old.sum(), new / new.sum()).sum()))
    found = set()
    for name, overlaps in shared.items():
        # of a column of categories, one column each: what they have in common is one less all their differences
        common = overlaps[0] if len(overlaps) == 1 else 1 - sum(1 - overlap for overlap in overlaps) / 2
        if common < SOLD_OUT:
            found.add(name)
    return found if len(found) < len(shared) else set()
