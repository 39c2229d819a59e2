"""Theorem U: untrained nets take any values of their rank, for the activations and ends it names and for no others."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from operators import find_task
from operators.architectures.activations import ACTIVATIONS
from operators.architectures.deeponet import DeepONet
from operators.constructions.explicit import best_factors, explicit_sizes, explicit_weights, inverse
from operators.data.dataset import Request, build
from operators.data.normalisation import Problem, predict, scaled
from operators.diagnostics.floor import floors_of


def problem_of(labels: np.ndarray, rng: np.random.Generator, sensors: int = 6, coordinates: int = 2) -> Problem:
    functions, points = labels.shape
    return Problem(
        design="grid",
        inputs=rng.standard_normal((functions, sensors)),
        points=rng.standard_normal((points, coordinates)),
        index=np.arange(points),
        labels=labels,
        mean=np.asarray(0.3),
        scale=np.asarray(1.7),
        unit=1.0,
        test_inputs=np.zeros((1, sensors)),
    )


def net(activation: Any, ends: Any, depths: tuple[int, int] = (2, 2), sizes: tuple[int, int] = (6, 2)) -> DeepONet:
    return DeepONet(*sizes, (9,) * depths[0], (9,) * depths[1], 4, activation, ends)


PROVED = [
    *((activation, "linear") for activation in ("tanh", "sigmoid", "relu", "gelu", "silu")),
    *((activation, "activated-trunk") for activation in ("tanh", "gelu", "silu")),
]


@pytest.mark.parametrize(("activation", "ends"), PROVED)
@pytest.mark.parametrize("depths", [(1, 2), (2, 1), (3, 4)])
def test_any_matrix_plus_a_bias_is_taken_on_to_rounding(activation: str, ends: str, depths: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    labels = 0.3 + 1.7 * (rng.standard_normal((11, 3)) @ rng.standard_normal((3, 8)))
    problem = problem_of(labels, rng)
    found = explicit_sizes(net(activation, ends, depths), 11, 8, 3)
    assert found.branch_widths == (*[1] * (depths[0] - 1), 10)
    assert found.trunk_widths == (*[1] * (depths[1] - 1), 7)
    weights = explicit_weights(found, problem)
    found.check(weights)
    error = np.abs(predict(found, weights, problem) - labels).max() / np.abs(labels).max()
    assert error < 1e-9


@pytest.mark.parametrize(("m", "p", "functions", "points", "rank"), [(6, 2, 11, 8, 3), (5, 1, 4, 9, 4)])
def test_the_parameter_count_is_that_of_the_theorem(m: int, p: int, functions: int, points: int, rank: int) -> None:
    found = explicit_sizes(net("tanh", "linear", sizes=(m, p)), functions, points, rank)
    counted = (m + 1) + 2 * (functions - 1) + rank * functions + (p + 1) + 2 * (points - 1) + rank * points + 1
    assert found.parameter_count() == counted


@pytest.mark.parametrize("name", ["antiderivative", "burgers-low-viscosity"])
def test_the_certified_floor_is_attained_on_noisy_grids(name: str) -> None:
    request = Request(find_task(name), functions=16, points=14, noise_law="rademacher", sigma=0.3)
    problem = scaled(build(request), "standard", "unit", "task")
    floors = floors_of(problem)
    assert floors is not None
    like = DeepONet(problem.inputs.shape[1], problem.points.shape[1], (3, 3), (3, 3), 1)
    for rank in (1, 4, 9):
        found = explicit_sizes(like, 16, 14, rank)
        error = np.mean((problem.labels - predict(found, explicit_weights(found, problem), problem)) ** 2)
        assert floors[rank] * (1.0 - 1e-6) <= error <= floors[rank] * (1.0 + 1e-4)


def test_values_do_not_depend_on_the_rounding_of_the_data() -> None:
    rng = np.random.default_rng(1)
    problem = problem_of(rng.standard_normal((10, 9)), rng)
    found = explicit_sizes(net("tanh", "activated-trunk"), 10, 9, 5)
    weights = explicit_weights(found, problem)
    moved = replace(problem, inputs=problem.inputs * (1.0 + 1e-11 * rng.standard_normal(problem.inputs.shape)))
    np.testing.assert_array_equal(predict(found, weights, moved), predict(found, weights, problem))


@pytest.mark.parametrize(
    ("activation", "ends"),
    [("relu", "activated-trunk"), ("sigmoid", "activated-trunk"), ("tanh", "sigmoid"), ("relu", "sigmoid")],
)
def test_ends_for_which_the_theorem_is_false_are_refused(activation: str, ends: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        explicit_sizes(net(activation, ends), 11, 8, 3)


def nonnegative_rank_one(target: np.ndarray, bias: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Least |target - b0 - b t^T|^2 over t >= 0 and |b| for two functions: b along an angle, t_j = (b . column)_+."""
    rest = target[:, :, None, None] - bias[None, None, :, None]
    along = rest[0] * np.cos(angle) + rest[1] * np.sin(angle)
    return np.sum(rest**2, axis=(0, 1)) - np.sum(np.maximum(along, 0.0) ** 2, axis=0)


def test_a_trunk_end_of_one_sign_needs_more_than_the_certified_rank() -> None:
    """X = u v^T has rank 1; with t >= 0 and q = 1 at least 0.59 of its 10 are left, whatever b0, while q = 2 is exact."""
    target = np.outer([1.0, 2.0], [1.0, -1.0, 0.0])
    bias, angle = np.linspace(-4.0, 4.0, 1601), np.linspace(0.0, 2.0 * np.pi, 2001)
    left = nonnegative_rank_one(target, bias, angle)
    slope = 2.0 * np.sqrt(6.0) * np.sqrt(left) + 2.0 * np.sum(target**2)  # of the error, generous, in b0 and in the angle
    certified = left - slope * 0.5 * max(bias[1] - bias[0], angle[1] - angle[0])
    assert certified.min() > 0.5
    assert left.min() == pytest.approx(0.598, abs=1e-3)
    parts = np.maximum(target, 0.0)[1] / 2.0, np.maximum(-target, 0.0)[1] / 2.0
    np.testing.assert_allclose(np.outer([1.0, 2.0], parts[0]) - np.outer([1.0, 2.0], parts[1]), target)


@pytest.mark.parametrize("activation", ["tanh", "gelu", "silu"])
def test_the_inverse_of_an_end_is_one(activation: str) -> None:
    values = np.linspace(-0.1, 0.1, 41)
    np.testing.assert_allclose(ACTIVATIONS[activation](inverse(activation, values)), values, rtol=1e-13, atol=1e-16)


def test_equal_inputs_with_unequal_outputs_are_refused() -> None:
    rng = np.random.default_rng(2)
    problem = problem_of(rng.standard_normal((5, 5)), rng)
    problem = replace(problem, inputs=problem.inputs[[0, 0, 1, 2, 3]])
    with pytest.raises(ValueError, match="differ"):
        explicit_weights(explicit_sizes(net("tanh", "linear"), 5, 5, 2), problem)


def test_the_best_factors_reach_what_a_fine_search_over_the_bias_reaches() -> None:
    rng = np.random.default_rng(3)
    problem = problem_of(rng.standard_normal((9, 7)), rng)
    branch, trunk, bias = best_factors(problem, 2)
    reached = np.sum((problem.labels - 0.3 - 1.7 * (branch @ trunk.T + bias)) ** 2)
    tails = [np.sum(np.linalg.svd(problem.labels - 0.3 - c, compute_uv=False)[2:] ** 2) for c in np.linspace(-6.0, 6.0, 4001)]
    assert reached <= min(tails) * (1.0 + 1e-6)
