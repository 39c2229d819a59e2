"""From equal nets the suite's own training of physics-informed nets is DeepXDE's, in float64, step by step to rounding."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from bench.engines.deepxde import physics_informed as deepxde
from bench.engines.deepxde.engine import load_deepxde
from bench.engines.levenberg_marquardt import NormalEquations, levenberg_marquardt
from bench.engines.physics_informed import PhysicsInformed, Recipe, normal_equations, terms_and_gradient, trained
from operators.companions.equations import EQUATIONS, Equation, cube
from operators.companions.frozen_outer import FrozenOuterNet, drawn
from operators.seeds import stream

EVERY = pytest.mark.parametrize("name", EQUATIONS)
RECIPES = get_args(Recipe)


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


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_training_that_is_not_finite_ends_at_once(recipe) -> None:
    case = training("poisson")
    with np.errstate(all="ignore"):
        found = trained(replace(case, recipe=recipe, labels=np.full_like(case.labels, np.inf)))
    assert (found.stopped, len(found.curve)) == (True, 1)


@EVERY
def test_normal_equations_are_those_of_the_loss(name: str) -> None:
    """J^T r is half the gradient; J^T J is what the loss of the linear model curves by, seen in residuals by differences."""
    case, random, h = training(name), np.random.default_rng(1), 1e-6
    labelled, inside = case.equation.labelled_points(), case.equation.collocation_points()
    found = normal_equations(case, case.inner, labelled, inside)
    terms, gradient = terms_and_gradient(case, case.inner, labelled, inside)
    np.testing.assert_allclose(found.terms, terms, rtol=1e-12)
    np.testing.assert_allclose(2.0 * found.slope, gradient.ravel(), rtol=1e-9, atol=1e-12)

    def residuals(inner: np.ndarray) -> np.ndarray:
        net = FrozenOuterNet(case.outer)
        inner_ones = case.equation.residuals(net.jet(inner, net.hidden(inner, inside)))
        misfit = (net.values(inner, labelled) - case.labels).ravel() * np.sqrt(case.weight / case.labels.size)
        return np.concatenate([*(one / np.sqrt(len(inside)) for one in inner_ones), misfit])

    direction = random.normal(size=case.inner.shape)
    along = (residuals(case.inner + h * direction) - residuals(case.inner - h * direction)) / (2.0 * h)
    assert direction.ravel() @ found.gram @ direction.ravel() == pytest.approx(along @ along, rel=1e-6)


def test_recipes_of_second_order_come_lower_in_as_many_steps_and_levenberg_and_marquardt_end_at_a_minimum() -> None:
    case, losses = training("taylor-green"), []
    for recipe in RECIPES:
        *residuals, labels = trained(replace(case, recipe=recipe)).curve[-1][1]
        losses.append(sum(residuals) + case.weight * labels)
    assert max(losses[1:]) < 0.9 * losses[0]
    least = trained(replace(case, recipe="levenberg-marquardt", steps=2000))
    assert least.curve[-1][0] < 2000
    assert not least.stopped
    gradient = terms_and_gradient(case, least.inner, case.equation.labelled_points(), case.equation.collocation_points())[1]
    assert np.abs(gradient).max() < 1e-6


@pytest.mark.parametrize("steps", [1, 7, 400])
def test_levenberg_and_marquardt_never_rise_and_stop_where_told(steps: int) -> None:
    case = replace(training("hjb", steps=steps), recipe="levenberg-marquardt")
    found = trained(case)
    losses = [sum(terms[:-1]) + case.weight * terms[-1] for _, terms in found.curve]
    assert losses == sorted(losses, reverse=True)
    assert len({step for step, _ in found.curve}) == len(found.curve)
    assert found.curve[-1][0] <= steps
    stopped = trained(case, lambda step: False)
    assert (stopped.stopped, len(stopped.curve)) == (True, 1)


def test_a_linear_least_squares_problem_is_solved() -> None:
    random = np.random.default_rng(0)
    matrix, wanted = random.normal(size=(30, 5)), random.normal(size=30)

    def equations(x: np.ndarray) -> NormalEquations:
        rest = matrix @ x - wanted
        return replace(NormalEquations.zero(5).plus(matrix, rest, 1.0), loss=float(rest @ rest))

    start, count = np.zeros(5), list[int]()
    found, made = levenberg_marquardt(
        start, equations, lambda x: equations(x).loss, steps=100, watch=lambda step, _: count.append(step) is None
    )
    np.testing.assert_allclose(found, np.linalg.lstsq(matrix, wanted)[0], rtol=1e-10)
    assert made < 40
    assert count == list(range(made + 1))
