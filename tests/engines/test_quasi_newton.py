"""L-BFGS after Adam: below what Adam alone reaches, within its budget, the same bits twice, and the gradient that it descends."""

import numpy as np
import pytest

from bench.cell import Cell, Net, Training
from bench.engines.descent.quasi_newton import adam_then_lbfgs, refuses_lbfgs
from bench.engines.native import NativeEngine, gradient_descent
from bench.families.deeponet.trial import Trial, open_trial
from bench.families.family import Kept
from operators.data.dataset import BlockCache
from operators.data.normalisation import predict


def trial_of(recipe: str = "adam-lbfgs", *, steps: int = 400, **training: object) -> Trial:
    cell = Cell(
        task="antiderivative",
        functions=16,
        points=12,
        test_functions=2,
        architecture=Net(branch_widths=(12,), trunk_widths=(12,), q=3, ends="linear"),
        training=Training(recipe=recipe, **{"steps": steps, "learning_rate": 1e-2, **training}),
    )
    return open_trial(cell, BlockCache(None), Kept())


def test_it_ends_below_adam_with_as_many_steps_and_above_the_floor() -> None:
    errors = []
    for recipe, train in (("adam", gradient_descent), ("adam-lbfgs", adam_then_lbfgs)):
        trial = trial_of(recipe)
        fit = train(trial.cell, trial.problem, floor=0.0, timeout_seconds=None, report=lambda step: None)
        assert fit.weights is not None
        assert fit.steps <= 400
        error = float(np.mean((predict(trial.net, fit.weights, trial.problem) - trial.problem.labels) ** 2))
        assert error == pytest.approx(fit.curve[-1][1] * trial.problem.unit**2, rel=1e-3)
        assert trial.floor is not None
        assert not trial.floor.excludes(error)
        errors.append(error)
    assert errors[1] < 0.5 * errors[0]


def test_the_curve_goes_on_from_adam_and_does_not_rise() -> None:
    trial, seen = trial_of(steps=60), list[int]()
    fit = adam_then_lbfgs(trial.cell, trial.problem, floor=0.0, timeout_seconds=None, report=seen.append)
    again = adam_then_lbfgs(trial.cell, trial.problem, floor=0.0, timeout_seconds=None, report=lambda step: None)
    steps, losses = zip(*fit.curve, strict=True)
    assert list(steps) == sorted(set(steps))
    late = [loss for step, loss in fit.curve if step >= 30]
    assert late == sorted(late, reverse=True)
    assert losses[-1] < losses[0]
    assert fit.weights is not None
    assert again.weights is not None
    assert fit.weights.sha256() == again.weights.sha256()
    assert seen[-1] >= 30


def test_without_time_it_ends_as_timeout() -> None:
    trial = trial_of(steps=4000)
    fit = adam_then_lbfgs(trial.cell, trial.problem, floor=0.0, timeout_seconds=1e-9, report=lambda step: None)
    assert fit.status == "timeout"


@pytest.mark.parametrize(("training", "words"), [({"batch": 4}, "batches of 4"), ({"l2": 0.1}, "l2 = 0.1"), ({}, None)])
def test_minibatches_and_regularisation_are_refused(training: dict[str, object], words: str | None) -> None:
    cell = trial_of(**training).cell  # type: ignore[arg-type]
    for refusal in (refuses_lbfgs(cell), NativeEngine().refuses(cell)):
        assert refusal is None if words is None else words in (refusal or "")
