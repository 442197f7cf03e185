"""What serves is plain arrays that say exactly what scikit-learn would."""

import numpy as np
import pytest

from opsplug.models.visitors.array_classifiers import Net, Trees
from opsplug.models.visitors.propensity import PropensityModel, calibration_error


def rows(n=900, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    X[rng.random((n, 4)) < 0.15] = np.nan
    X[:, 3] = np.round(X[:, 3])
    y = (rng.random(n) < 1 / (1 + np.exp(-2 * np.nan_to_num(X[:, 0]) - np.isnan(X[:, 1])))).astype(float)
    return X, y


def test_trees_are_those_of_scikit_learn():
    from sklearn.ensemble import HistGradientBoostingClassifier

    X, y = rows()
    theirs = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=120, max_leaf_nodes=8, min_samples_leaf=22, l2_regularization=5.0,
        max_features=0.5, early_stopping=False, random_state=3,
    ).fit(X, y)  # fmt: skip
    ours = Trees.fit(X, y, 3)
    fresh, _ = rows(300, 1)
    np.testing.assert_allclose(ours.log_odds(fresh), theirs.decision_function(fresh), atol=1e-6)
    np.testing.assert_array_equal(Trees.load(ours.export()).log_odds(fresh), ours.log_odds(fresh))


def test_a_network_survives_gaps_constants_and_its_export():
    X, y = rows()
    X[:, 2] = np.nan
    net = Net.fit(X, y, 0)
    fresh, _ = rows(50, 2)
    assert np.isfinite(net.log_odds(fresh)).all()
    np.testing.assert_array_equal(Net.load(net.export()).log_odds(fresh), net.log_odds(fresh))


def test_a_model_goes_through_its_arrays_unchanged():
    X, y = rows()
    table = [{"a": a, "kind": "red" if a > 0 else "blue", "gone": None} for a in np.nan_to_num(X[:, 0])]
    model = PropensityModel().fit(table, y)
    again = PropensityModel.load(model.export())
    np.testing.assert_array_equal(again.predict_proba(table[:50]), model.predict_proba(table[:50]))
    assert again.explain(table[:3]) == model.explain(table[:3])
    with pytest.raises(KeyError):
        PropensityModel.load({})


def test_a_column_that_only_tells_the_date_is_left_out():
    rng = np.random.default_rng(0)
    n = 1200
    month = np.repeat(np.arange(6), n // 6)
    useful = rng.normal(size=n)
    y = rng.random(n) < 1 / (1 + np.exp(-useful - 0.4 * month + 2))
    table = {"useful": useful, "month": [f"m{m}" for m in month], "stamp": month * 30.0 + rng.random(n)}
    model = PropensityModel().fit(table, y, times=month)
    assert sorted(model.left_out) == ["month", "stamp"]
    assert model.columns == ["useful"]
    later = {"useful": rng.normal(size=600), "month": ["m6"] * 600, "stamp": np.full(600, 180.5)}
    said = model.predict_proba(later)[:, 1]
    came = rng.random(600) < 1 / (1 + np.exp(-later["useful"] - 0.4 * 5 + 2))
    assert calibration_error(came, said) < 0.08


def test_a_visitor_is_never_on_both_sides_of_a_fold():
    """Labels that only say who it is cannot be learned when a visitor's rows stay together."""
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(120), 6)
    y = np.repeat(rng.random(120) < 0.4, 6)
    X = np.column_stack([np.repeat(rng.normal(size=120), 6), np.repeat(rng.normal(size=120), 6)])
    apart = PropensityModel().fit(X, y, groups=who).metrics["auroc"]
    leaking = PropensityModel().fit(X, y).metrics["auroc"]
    assert leaking > 0.9
    assert apart < 0.65


def test_the_level_moves_and_the_order_stays():
    X, y = rows()
    model = PropensityModel().fit(X, y)
    before = model.predict_proba(X)[:, 1]
    model.put_level(X, 0.8)
    after = model.predict_proba(X)[:, 1]
    assert after.mean() == pytest.approx(0.8, abs=0.01)
    assert (np.argsort(before, kind="stable") == np.argsort(after, kind="stable")).mean() > 0.99
