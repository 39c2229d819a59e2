"""Bias-free nets: data against another solver, gradients against differences, outputs and gaps against their bounds."""

import numpy as np
import pytest

from bench.families.capacity import CapacityExecution, _pairs
from bench.families.family import Context
from operators.bounds.rademacher import capacity
from operators.companions import absolute_nets as nets
from operators.tasks.burgers import advance, values
from results.families.capacity import Cell


def test_solutions_are_those_of_the_pseudo_spectral_solver() -> None:
    """v = u / (2 pi) solves Burgers' equation of viscosity 1 / (4 pi^2) on the period 1."""
    random = np.random.default_rng(0)
    coefficients, x = nets.AMPLITUDE * random.normal(size=(4, nets.WAVES)), random.uniform(-np.pi, np.pi, (4, 9))
    spectrum = np.zeros((4, 33), complex)
    spectrum[:, 1 : nets.WAVES + 1] = -0.5j * coefficients / (2.0 * np.pi)
    moved = advance(spectrum, viscosity=1.0 / (4.0 * np.pi**2), duration=0.5, steps=200)
    expected = 2.0 * np.pi * np.concatenate([values(moved[i : i + 1], (x[i] / (2.0 * np.pi)) % 1.0) for i in range(4)])
    np.testing.assert_allclose(nets.solutions(coefficients, x, np.full(x.shape, 0.5)), expected, atol=1e-10)
    start = np.concatenate([nets.initial_values(coefficients[i : i + 1], x[i]) for i in range(4)])
    np.testing.assert_allclose(nets.solutions(coefficients, x, 0.0 * x), start, atol=1e-12)


@pytest.mark.parametrize("layers", [2, 3])
def test_the_gradient_is_that_of_differences(layers: int) -> None:
    random = np.random.default_rng(1)
    matrices = [*nets.start((5, *(4,) * layers), random), *nets.start((3, *(4,) * layers), random)]
    data = random.normal(size=(6, 5)), random.normal(size=(6, 3)), random.normal(size=6)
    _, gradient = nets.loss(tuple(matrices[:layers]), tuple(matrices[layers:]), *data, delta=0.5)
    for place, matrix in enumerate(matrices):
        direction, h = random.normal(size=matrix.shape), 1e-6
        moved = [
            nets.loss(tuple(shifted[:layers]), tuple(shifted[layers:]), *data, delta=0.5)[0]
            for sign in (1.0, -1.0)
            for shifted in [[w + sign * h * direction if k == place else w for k, w in enumerate(matrices)]]
        ]
        assert np.sum(gradient[place] * direction) == pytest.approx((moved[0] - moved[1]) / (2.0 * h), rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("layers", [2, 3, 4])
def test_outputs_lie_below_capacity_times_the_norms_and_are_homogeneous(layers: int) -> None:
    random = np.random.default_rng(2)
    branch, trunk = (nets.start((width, *(6,) * layers), random) for width in (5, 3))
    u, y = random.normal(size=(50, 5)), random.normal(size=(50, 3))

    def output(scale: float) -> np.ndarray:
        return np.sum(nets.layers(branch, scale * u)[-1] * nets.layers(trunk, y)[-1], axis=1)

    largest = capacity(branch, trunk) * np.linalg.norm(u, axis=1) * np.linalg.norm(y, axis=1)
    assert np.all(np.abs(output(1.0)) <= largest)
    np.testing.assert_allclose(output(3.0), 3.0 * output(1.0), rtol=1e-12)


def test_huber_is_quadratic_inside_and_of_slope_delta_outside() -> None:
    misfit = np.array([-3.0, -0.5, 0.0, 0.2, 0.5, 2.0])
    np.testing.assert_allclose(nets.huber(misfit, 0.5), [1.375, 0.125, 0.0, 0.02, 0.125, 0.875])


def test_points_of_one_function_share_its_sensors_and_more_data_are_a_continuation() -> None:
    u, y, labels = _pairs("inputs", 3, 4, 0)
    assert (u.shape, y.shape, labels.shape) == ((12, nets.SENSORS), (12, 3), (12,))
    np.testing.assert_array_equal(u[0], u[3])
    assert np.abs(u[3] - u[4]).max() > 0.0
    np.testing.assert_array_equal(_pairs("inputs", 5, 4, 0)[0][:12], u)


def test_training_lowers_the_loss_and_the_bound_falls_with_the_number_of_functions() -> None:
    small, large = (
        CapacityExecution().run(Cell(functions=count, points=4, width=8, steps=300, batch=64), Context()).measured
        for count in (16, 256)
    )
    untrained = CapacityExecution().run(Cell(functions=16, points=4, width=8, steps=1, batch=64), Context()).measured
    assert small.train_loss < 0.3 * untrained.train_loss
    for found in (small, large):
        assert found.gap == pytest.approx(found.test_loss - found.train_loss)
        assert found.gap < found.bound
        assert found.bound_pairs < found.bound
    assert large.bound / large.capacity < small.bound / small.capacity
