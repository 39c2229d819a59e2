"""The scikit-learn estimator: pipelines, cross-validation, searches; all of scikit-learn's own checks: tests/exports."""

import numpy as np
import pytest
from planted_operators import nonlinear
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bench.fit.estimator import DeepONetRegressor
from operators import UserError


def test_it_is_cross_validated_within_a_pipeline() -> None:
    inputs, outputs = nonlinear(60)
    varying = inputs[:, 1:-1], outputs[:, 1:-1]
    scores = cross_val_score(make_pipeline(StandardScaler(), DeepONetRegressor(widths=(8,), depth=1)), *varying, cv=2)
    assert min(scores) > 0.9


def test_a_search_over_its_parameters_keeps_what_is_best() -> None:
    inputs, outputs = nonlinear(60)
    given = {"widths": [(1,), (16,)]}
    search = GridSearchCV(DeepONetRegressor(depth=1), given, cv=2).fit(inputs[:, 1:-1], outputs[:, 1:-1])
    assert search.best_params_ == {"widths": (16,)}


def test_parameters_survive_a_clone_and_predictions_repeat() -> None:
    inputs, outputs = nonlinear(40)
    first = DeepONetRegressor(points=np.linspace(0, 2, 30), widths=(8,), depth=1, smallest=True, target=0.3, seed=3)
    second = clone(first)
    assert second.get_params()["target"] == 0.3
    np.testing.assert_array_equal(*(one.fit(inputs, outputs).predict(inputs) for one in (first, second)))
    assert first.model_.points[-1] == 2.0
    best = DeepONetRegressor(widths=(8,), depth=1, seed=3).fit(inputs, outputs).model_
    assert first.model_.net.parameter_count() < best.net.parameter_count()


def test_points_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UserError, match="expected 30 finite points"):
        DeepONetRegressor(points=np.zeros(4)).fit(*nonlinear(20))
