"""From equal nets the suite's own training of physics-informed nets is DeepXDE's, in float64, step by step to rounding."""

from dataclasses import replace

import numpy as np
import pytest

from bench.engines.deepxde import physics_informed as deepxde
from bench.engines.deepxde.engine import load_deepxde
from bench.engines.physics_informed import PhysicsInformed, terms_and_gradient, trained
from operators.companions.equations import EQUATIONS, Equation, cube
from operators.companions.frozen_outer import drawn
from operators.seeds import stream

EVERY = pytest.mark.parametrize("name", EQUATIONS)


class Small:
    """The equation at fewer points."""

    def labelled_points(self) -> np.ndarray:
        return cube(4, self.coordinates)  # type: ignore[attr-defined]

    def collocation_points(self) -> np.ndarray:
        return 0.05 + 0.9 * cube(5, self.coordinates)  # type: ignore[attr-defined]


def small(name: str) -> Equation:
    kind = type(EQUATIONS[name])
    return type(f"Small{kind.__name__}", (Small, kind), {})()


def training(name: str, steps: int = 40, weight: float = 1.1) -> PhysicsInformed:
    equation, random = small(name), stream("init", "parity", name)
    outer, inner = drawn(6, len(equation.unknowns), equation.coordinates, random)
    truth = equation.solution(equation.labelled_points())
    labels = truth + 0.3 * random.uniform(-1.0, 1.0, truth.shape)
    return PhysicsInformed(equation, outer, inner, labels, weight=weight, rate=1e-2, decay=0.01, steps=steps)


@EVERY
def test_both_engines_train_the_same_weights_through_the_same_losses(name: str) -> None:
    ours, theirs = trained(training(name)), deepxde.trained(training(name))
    assert [step for step, _ in ours.curve] == [step for step, _ in theirs.curve]
    for (_, one), (_, other) in zip(ours.curve, theirs.curve, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    np.testing.assert_allclose(ours.inner, theirs.inner, rtol=1e-9, atol=1e-11)
    assert ours.inner.dtype == theirs.inner.dtype == np.float64
    assert np.abs(ours.inner - training(name).inner).max() > 0.05
    assert load_deepxde(1)[0].config.default_float() == "float32"


def test_precision_is_that_of_the_training_also_where_keras_has_made_layers_of_another() -> None:
    load_deepxde(1)[1].keras.layers.Dense(1).build((None, 2))
    assert deepxde.trained(training("poisson", steps=2)).inner.dtype == np.float64


@EVERY
def test_the_gradient_is_that_of_differences(name: str) -> None:
    case, random = training(name), np.random.default_rng(0)
    labelled, inside = case.equation.labelled_points(), case.equation.collocation_points()

    def loss(inner: np.ndarray) -> float:
        *residuals, labels = terms_and_gradient(case, inner, labelled, inside)[0]
        return sum(residuals) + case.weight * labels

    gradient, direction, h = terms_and_gradient(case, case.inner, labelled, inside)[1], random.normal(size=case.inner.shape), 1e-6
    slope = (loss(case.inner + h * direction) - loss(case.inner - h * direction)) / (2.0 * h)
    assert np.sum(gradient * direction) == pytest.approx(slope, rel=1e-7)


@pytest.mark.parametrize("train", [trained, deepxde.trained], ids=["native", "deepxde"])
def test_a_training_stops_when_told_and_keeps_what_it_had(train) -> None:
    found = train(training("poisson"), lambda step: step < 10)
    assert found.stopped
    assert found.curve[-1][0] == 10
    np.testing.assert_allclose(found.inner, trained(training("poisson"), lambda step: step < 10).inner, rtol=1e-9)


@pytest.mark.parametrize("recipe", ["adamw", "l-bfgs"])
def test_a_training_that_is_not_finite_ends_at_once(recipe) -> None:
    case = training("poisson")
    with np.errstate(all="ignore"):
        found = trained(replace(case, recipe=recipe, labels=np.full_like(case.labels, np.inf)))
    assert (found.stopped, len(found.curve)) == (True, 1)


def test_the_quasi_newton_recipe_comes_lower_in_as_many_steps() -> None:
    case, losses = training("taylor-green"), {}
    for recipe in ("adamw", "l-bfgs"):
        *residuals, labels = trained(replace(case, recipe=recipe)).curve[-1][1]
        losses[recipe] = sum(residuals) + case.weight * labels
    assert losses["l-bfgs"] < 0.9 * losses["adamw"]
