import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from opsplug.errors import ModelError
from opsplug.models.visitors.propensity import PropensityModel, calibration_error


def sessions(n, seed, shift=-1.5):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "pages": rng.poisson(8, n).astype(float),
            "seconds": rng.exponential(300, n),
            "visitor": rng.choice(["new", "returning", "other"], n, p=[0.2, 0.7, 0.1]),
            "weekend": rng.random(n) < 0.25,
        }
    )
    odds = shift + 0.3 * (frame["pages"] - 8) + 0.8 * (frame["visitor"] == "new")
    label = rng.random(n) < 1 / (1 + np.exp(-odds))
    frame.loc[rng.random(n) < 0.1, "seconds"] = np.nan
    return frame, label.to_numpy().astype(int)


@pytest.fixture(scope="module")
def fitted():
    X, y = sessions(3000, 0)
    return PropensityModel().fit(X, y)


def test_ranks_and_is_calibrated(fitted):
    from sklearn.metrics import roc_auc_score

    X, y = sessions(3000, 1)
    p = fitted.predict_proba(X)
    assert p.shape == (3000, 2)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert roc_auc_score(y, p[:, 1]) > 0.7
    assert calibration_error(y, p[:, 1]) < 0.04
    assert fitted.metrics["auroc"] > 0.7


def test_a_season_that_moves_the_base_rate_is_followed():
    early, late, future = sessions(2000, 2, -2.5), sessions(1000, 3, -0.8), sessions(2000, 4, -0.8)
    X, y = pd.concat([early[0], late[0]], ignore_index=True), np.r_[early[1], late[1]]
    p = PropensityModel().fit(X, y, times=np.arange(len(y))).predict_proba(future[0])[:, 1]
    assert abs(p.mean() - future[1].mean()) < 0.05


def test_rows_as_dicts_unknown_categories_and_missing_columns(fitted):
    p = fitted.predict_proba([{"pages": 20, "visitor": "never seen"}, {"visitor": None, "surprise": 1}])
    assert np.isfinite(p).all()
    assert p[0, 1] > p[1, 1]


def test_reasons_name_what_moved_the_probability(fitted):
    X, _ = sessions(1, 5)
    X["pages"] = 25.0
    assert fitted.explain(X)[0][0][0] == "pages"
    assert fitted.explain(X)[0][0][1] > 0


def test_one_class_gives_the_base_rate():
    model = PropensityModel().fit([[1.0], [2.0]], [0, 0])
    assert model.name == "base rate"
    assert (model.predict_proba([[5.0]])[:, 1] < 0.5).all()


def test_infinite_values_and_arrays():
    X, y = sessions(300, 6)
    matrix = X[["pages", "seconds"]].to_numpy(copy=True)
    matrix[0, 0] = np.inf
    assert np.isfinite(PropensityModel().fit(matrix, y).predict_proba(matrix)).all()


def test_mistakes_are_named():
    with pytest.raises(ModelError, match="label a row"):
        PropensityModel().fit([[1.0]], [0, 1])
    with pytest.raises(ModelError, match="not fitted"):
        PropensityModel().predict_proba([[1.0]])


def test_the_import_opens_no_scikit_learn():
    code = "import sys, opsplug.models.visitors.propensity, opsplug.models.visitors.segments, opsplug.models.forecast; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
