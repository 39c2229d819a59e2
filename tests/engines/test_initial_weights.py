"""Initial weights: independent streams, the stated laws, and the invariances of the scaled law."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.cell import Cell, Net, Training
from bench.engines.initial_weights import initial_weights
from operators.architectures.weights import Weights, layers_of

LAWS = ("glorot", "uniform-fan-in", "scaled")
GENERATOR = np.random.default_rng(0)
INPUTS = GENERATOR.standard_normal((50, 12)) @ np.diag(np.geomspace(30.0, 1e-3, 12)) + 5.0
POINTS = np.stack(np.meshgrid(np.linspace(0.0, 1.0, 9), np.linspace(-3.0, 40.0, 8)), axis=-1).reshape(-1, 2)


def cell(law: str = "glorot", *, replicate: int = 0, restart: int = 0, **net: Any) -> Cell:
    widths = {"branch_widths": (16, 16), "trunk_widths": (16, 16), "q": 16}
    return Cell(
        task="advection-space-time",
        parameters={"sensor_count": 12, "point_count": 9, "time_count": 8},
        functions=8,
        points=8,
        architecture=Net(**{**widths, **net}),
        training=Training(steps=1, initialisation=law),
        replicate=replicate,
        restart=restart,
    )


def draw(cell: Cell, inputs: np.ndarray = INPUTS, points: np.ndarray = POINTS) -> Weights:
    return initial_weights(cell, inputs=inputs, points=points)


def numbers(weights: Weights) -> np.ndarray:
    """All drawn numbers: every entry that is not an exact zero."""
    flat = np.concatenate([array.ravel() for array in weights.arrays()])
    return flat[flat != 0.0]


@pytest.mark.parametrize("law", LAWS)
def test_no_two_matrices_share_a_number_within_or_between_replicates_and_restarts(law: str) -> None:
    drawn = [draw(cell(law, replicate=replicate, restart=restart)) for replicate in (0, 1, 2) for restart in (0, 1)]
    together = np.concatenate([numbers(weights) for weights in drawn])
    assert len(np.unique(together)) == len(together)


@pytest.mark.parametrize("law", LAWS)
def test_equal_shapes_of_branch_and_trunk_are_uncorrelated(law: str) -> None:
    weights = draw(cell(law))
    square = [
        layer.kernel.ravel()
        for layer in (*layers_of(weights, "branch"), *layers_of(weights, "trunk"))
        if layer.kernel.shape == (16, 16)
    ]
    assert len(square) == 4
    for a, b in combinations(square, 2):
        assert abs(np.corrcoef(a, b)[0, 1]) < 5.0 / np.sqrt(a.size)


@pytest.mark.parametrize("law", LAWS)
@given(width=st.integers(1, 40), q=st.integers(1, 40))
def test_a_layer_does_not_depend_on_the_sizes_of_others(law: str, width: int, q: int) -> None:
    before = draw(cell(law))
    after = draw(cell(law, trunk_widths=(width, 16), q=q))
    for name in ("branch_0_kernel", "branch_1_kernel", "branch_1_bias"):
        np.testing.assert_array_equal(after[name], before[name])


@pytest.mark.parametrize("law", LAWS)
def test_shapes_fit_the_architecture_and_the_scalar_bias_starts_at_zero(law: str) -> None:
    chosen = cell(law, branch_widths=(5,), trunk_widths=(3, 4, 6), q=2)
    weights = draw(chosen)
    chosen.deeponet().check(weights)
    assert weights["bias"][0] == 0.0
    assert weights.finite()


def test_glorot_is_the_plain_normal_law_with_its_variance_and_zero_biases() -> None:
    weights = draw(cell("glorot", branch_widths=(300, 200)))
    kernel = layers_of(weights, "branch")[1].kernel
    standard = kernel / np.sqrt(2.0 / 500.0)
    count = standard.size
    assert abs(np.mean(standard**2) - 1.0) < 5.0 * np.sqrt(2.0 / count)
    beyond_two = 0.04550026  # a normal variable leaves [-2, 2] this often; one cut at two standard deviations never does
    assert abs(np.mean(np.abs(standard) > 2.0) - beyond_two) < 5.0 * np.sqrt(beyond_two / count)
    assert all(np.all(layer.bias == 0.0) for layer in (*layers_of(weights, "branch"), *layers_of(weights, "trunk")))


def test_uniform_fan_in_fills_its_interval_in_kernels_and_biases() -> None:
    weights = draw(cell("uniform-fan-in", branch_widths=(400, 400), trunk_widths=(400, 400), q=400))
    for layer in (*layers_of(weights, "branch"), *layers_of(weights, "trunk")):
        bound = 1.0 / np.sqrt(layer.kernel.shape[0])
        for values in (layer.kernel, layer.bias):
            assert np.abs(values).max() <= bound
            assert values.max() > 0.95 * bound
            assert values.min() < -0.95 * bound


def first_preactivations(weights: Weights, inputs: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (
        inputs @ layers_of(weights, "branch")[0].kernel + layers_of(weights, "branch")[0].bias,
        points @ layers_of(weights, "trunk")[0].kernel + layers_of(weights, "trunk")[0].bias,
    )


@given(
    scale=st.floats(1e-4, 1e4),
    shift=st.floats(-100.0, 100.0),
    stretch=st.tuples(st.floats(1e-3, 1e3), st.floats(1e-3, 1e3)),
)
def test_scaled_features_do_not_change_with_the_units_of_inputs_and_coordinates(
    scale: float, shift: float, stretch: tuple[float, float]
) -> None:
    plain = first_preactivations(draw(cell("scaled")), INPUTS, POINTS)
    inputs, points = scale * (INPUTS + shift), np.asarray(stretch) * (POINTS + shift)
    moved = first_preactivations(draw(cell("scaled"), inputs, points), inputs, points)
    for a, b in zip(plain, moved, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-7)


def test_scaled_first_layers_have_the_variances_of_the_recipe() -> None:
    weights = draw(cell("scaled", branch_widths=(4000, 16), trunk_widths=(4000, 16)))
    branch, trunk = first_preactivations(weights, INPUTS, POINTS)
    bias_variance = 0.6**2 / 12.0
    assert abs(np.mean(branch**2) - (1.0 + bias_variance)) < 0.1
    centred = 2.0 * (POINTS - POINTS.mean(axis=0)) / np.ptp(POINTS, axis=0)
    expected = 4.0 / 2.0 * np.mean(np.sum(centred**2, axis=1)) + 4.0**2 / 12.0
    assert abs(np.mean(trunk**2) / expected - 1.0) < 0.1


def test_scaled_survives_constant_inputs_and_a_constant_coordinate() -> None:
    points = np.column_stack([np.linspace(0.0, 1.0, 9), np.ones(9)])
    assert draw(cell("scaled"), np.full((5, 12), 3.0), points).finite()


def test_scaled_without_data_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="inputs and points"):
        initial_weights(cell("scaled"))
