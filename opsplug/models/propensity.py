"""Purchase propensity: calibrated probabilities from any feature table, also one with gaps and categories."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class PropensityModel:
    """Gradient boosting on a table of features; `fit(X, y, times=None)`, `predict_proba(X)` of shape (n, 2)."""

    def fit(self, X: Any, y: Any, times: Any = None) -> PropensityModel:
        from sklearn.ensemble import HistGradientBoostingClassifier

        self._model = HistGradientBoostingClassifier(random_state=0, max_iter=60, learning_rate=0.07, min_samples_leaf=30)
        self._model.fit(X, np.asarray(y).astype(int))
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        return np.asarray(self._model.predict_proba(X), dtype=float)
