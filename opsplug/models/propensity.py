"""Purchase propensity: calibrated probabilities from any feature table, also one with gaps and categories."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opsplug.errors import ModelError
from opsplug.models._table import Table

Array = NDArray[np.float64]
FOLDS = 5
RECENT = 0.25  # the share of newest rows that sets the level of the probabilities


class PropensityModel:
    """P(y = 1) for each row of a table (DataFrame, list of dicts or array), with gaps and categories.

    Gradient boosting against a small neural network, judged out of fold by log loss; the probabilities are then put on
    the level of the newest rows (`times`), because a season moves the base rate more than it moves the order."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.name = ""
        self.metrics: dict[str, float] = {}
        self.slope, self.shift = 1.0, 0.0
        self.columns: list[str] = []
        self._models: list[Any] = []
        self._table = Table()
        self._typical: Array = np.empty(0)

    def fit(self, X: Any, y: ArrayLike, times: ArrayLike | None = None) -> PropensityModel:
        """`y` holds 0 and 1 (or booleans); `times` anything that sorts. ModelError without one label a row."""
        labels = np.asarray(y).ravel().astype(float)
        self._table = Table()
        matrix = self._table.fit(X)
        if len(labels) == 0 or len(labels) != len(matrix):
            raise ModelError(
                f"PropensityModel.fit: X has {len(matrix)} rows and y has {len(labels)}; give one label a row"
            )
        labels = (labels > 0).astype(float)
        self.columns = self._table.names
        self._typical = self._table.typical
        newest = _newest(times, len(labels))
        rare = int(min(labels.sum(), (1 - labels).sum()))
        if rare < 2 * FOLDS:
            self.name, self._models, self.slope = "base rate", [], 0.0
            rate = (labels.sum() + 0.5) / (len(labels) + 1)
            self.shift = float(np.log(rate / (1 - rate)))
            return self
        self._train(matrix, labels, newest)
        return self

    def _train(self, matrix: Array, labels: Array, newest: NDArray[np.bool_] | None) -> None:
        from sklearn.metrics import average_precision_score, roc_auc_score
        from sklearn.model_selection import StratifiedKFold

        folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=self.seed).split(matrix, labels))
        guesses = {}
        for name in ("gradient boosting", "neural network"):
            guess = np.zeros(len(labels))
            for train, test in folds:
                model = _estimator(name, len(train), self.seed).fit(matrix[train], labels[train])
                guess[test] = model.predict_proba(matrix[test])[:, 1]
            guesses[name] = guess
        self.name = min(guesses, key=lambda name: _loss(labels, guesses[name]))
        raw = _logit(guesses[self.name])
        self.slope, self.shift = _platt(raw, labels)
        if newest is not None:
            self.shift = _level(self.slope * raw[newest], labels[newest], self.shift)
        final = _sigmoid(self.slope * raw + self.shift)
        self.metrics = {
            "auroc": float(roc_auc_score(labels, raw)),
            "average_precision": float(average_precision_score(labels, raw)),
            "calibration_error": calibration_error(labels, final),
            **{f"log_loss {name}": _loss(labels, guess) for name, guess in guesses.items()},
        }
        self._models = [_estimator(self.name, len(labels), self.seed + i).fit(matrix, labels) for i in range(3)]

    def predict_proba(self, X: Any) -> Array:
        """Probabilities of shape (n, 2): no, yes."""
        self._check()
        return self._probabilities(self._table.transform(X))

    def _check(self) -> None:
        if not self.name:
            raise ModelError("PropensityModel is not fitted: call fit(X, y) first")

    def _probabilities(self, matrix: Array) -> Array:
        raw = np.zeros(len(matrix))
        if self._models and len(matrix):
            raw = np.mean([_logit(m.predict_proba(matrix)[:, 1]) for m in self._models], axis=0)
        yes = _sigmoid(self.slope * raw + self.shift)
        return np.column_stack([1 - yes, yes])

    def explain(self, X: Any, strongest: int = 3) -> list[list[tuple[str, float]]]:
        """For each row the `strongest` reasons: column and what it adds to the probability against a typical value."""
        self._check()
        matrix = self._table.transform(X)
        base = self._probabilities(matrix)[:, 1]
        effects = np.zeros((len(matrix), matrix.shape[1]))
        for j in range(matrix.shape[1]):
            changed = matrix.copy()
            changed[:, j] = self._typical[j]
            effects[:, j] = base - self._probabilities(changed)[:, 1]
        top = np.argsort(-np.abs(effects), axis=1)[:, :strongest]
        return [[(self.columns[j], float(effects[i, j])) for j in row] for i, row in enumerate(top)]


def calibration_error(labels: ArrayLike, probabilities: ArrayLike, bins: int = 10) -> float:
    """Mean absolute difference between predicted and seen rate over bins of equal mass, weighted by their size."""
    y, p = np.asarray(labels, dtype=float), np.asarray(probabilities, dtype=float)
    parts = np.array_split(np.argsort(p, kind="stable"), bins)
    return float(sum(len(part) * abs(p[part].mean() - y[part].mean()) for part in parts if len(part)) / max(len(y), 1))


def _newest(times: ArrayLike | None, rows: int) -> NDArray[np.bool_] | None:
    """The newest quarter of the rows, whole moments only: rows of one moment are equally new."""
    if times is None or not rows:
        return None
    _, rank = np.unique(np.asarray(times), return_inverse=True)
    share = max(RECENT, min(1.0, 200 / rows))
    return np.asarray(rank >= np.quantile(rank, 1 - share, method="lower"))


def _estimator(name: str, rows: int, seed: int) -> Any:
    if name == "neural network":
        from sklearn.impute import SimpleImputer
        from sklearn.neural_network import MLPClassifier
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import QuantileTransformer

        return make_pipeline(
            SimpleImputer(strategy="median", keep_empty_features=True),
            QuantileTransformer(n_quantiles=min(200, rows), output_distribution="normal", random_state=seed),
            MLPClassifier(
                (24,), alpha=1.0, learning_rate_init=0.01, early_stopping=True, max_iter=60, random_state=seed
            ),
        )
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        learning_rate=0.05,
        max_iter=120,
        max_leaf_nodes=8,
        min_samples_leaf=max(5, min(40, rows // 40)),
        l2_regularization=5.0,
        max_features=0.5,
        early_stopping=False,
        random_state=seed,
    )


def _logit(p: Array) -> Array:
    clipped = np.clip(p, 1e-4, 1 - 1e-4)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _sigmoid(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -30, 30))))


def _loss(y: Array, p: Array) -> float:
    clipped = np.clip(p, 1e-4, 1 - 1e-4)
    return float(-np.mean(y * np.log(clipped) + (1 - y) * np.log(1 - clipped)))


def _platt(raw: Array, y: Array) -> tuple[float, float]:
    """Slope and shift of the log odds by Newton's method (Platt 1999)."""
    X = np.column_stack([raw, np.ones_like(raw)])
    w = np.array([1.0, 0.0])
    for _ in range(25):
        p = _sigmoid(X @ w)
        hessian = (X * (p * (1 - p))[:, None]).T @ X + 1e-6 * np.eye(2)
        w = w - np.linalg.solve(hessian, X.T @ (p - y))
    return float(np.clip(w[0], 0.2, 2.0)), float(w[1])


def _level(scores: Array, y: Array, prior: float) -> float:
    """The shift at which the mean probability equals the rate of the newest rows, drawn to `prior` by fifty rows."""
    target = (y.sum() + 50 * float(_sigmoid(scores + prior).mean())) / (len(y) + 50)
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _sigmoid(scores + middle).mean() < target else (low, middle)
    return (low + high) / 2
