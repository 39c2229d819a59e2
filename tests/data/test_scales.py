"""Scales that are zero, infinite or lost in squares: found when a file is opened, or turned into 0; never NaN or a warning."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from operators import UserError
from operators.arrays import Array
from operators.data.dataset import Dataset, Request, build
from operators.data.normalisation import scaled
from operators.errors import DataInvalid
from operators.external.source import checksum
from operators.external.task import External, external

GENERATOR = np.random.default_rng(0)
VALUES = GENERATOR.standard_normal((20, 6))


def saved(path: Path, **arrays: Array) -> Path:
    np.savez(path, **arrays)
    return path


def unopened(path: Path, **fields: str) -> External:
    """A task as a worker makes it, from its parameters alone."""
    return External("external-mine", file=str(path), sha256=checksum(path), **{"input_array": "u", "output_array": "g", **fields})


def dataset(path: Path, functions: int = 12, points: int = 6, **arrays: Array) -> Dataset:
    arrays = {"u": VALUES, "g": VALUES**2, **arrays}
    fields = {"point_coordinates": "x"} if "x" in arrays else {}
    return build(Request(unopened(saved(path, **arrays), **fields), functions=functions, points=points, test_functions=4))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"u": 0 * VALUES},
            r"expected inputs that differ between functions, got array 'u' of .*mine.npz with 0 everywhere; de",
        ),
        ({"u": 0 * VALUES + 0.1}, r"expected inputs that differ between functions, got array 'u' of .* with 0.1 everywhere"),
        ({"g": 0 * VALUES - 3}, r"expected outputs that differ between functions, got array 'g' of .* with -3 everywhere"),
        ({"u": VALUES * 1e200}, r"expected inputs whose .* got array 'u' of .* from -[0-9.]+e\+200 to [0-9.]+e\+200; save it in"),
        ({"g": VALUES * 1e-170}, r"expected outputs whose .* got array 'g' of .* from -[0-9.]+e-170 to [0-9.]+e-17[01]; save it"),
        (
            {"g": np.longdouble(VALUES) * np.longdouble("1e4000")},
            r"expected outputs whose .* got array 'g' .* from -inf to inf",
        ),
    ],
)
def test_values_without_a_scale_are_named_with_their_range_when_the_file_is_opened(
    arrays: dict[str, Array], message: str, tmp_path: Path
) -> None:
    path = saved(tmp_path / "mine.npz", **{"u": VALUES, "g": VALUES**2, **arrays})
    with pytest.raises(UserError, match=message):
        external("external-mine", path, inputs="u", outputs="g")


def test_values_that_are_not_finite_are_left_to_the_cells_that_use_them(tmp_path: Path) -> None:
    some, none = VALUES.copy(), np.full_like(VALUES, np.nan)
    some[3, 2] = np.inf
    path = saved(tmp_path / "mine.npz", u=some, g=none)
    assert external("external-mine", path, inputs="u", outputs="g").functions_available() == 20


@pytest.mark.parametrize("constant", [0.0, 0.1, -7e100])
def test_a_constant_coordinate_becomes_0_and_the_others_stay_what_they_were(constant: float, tmp_path: Path) -> None:
    x = np.linspace(2.0, 5.0, 6)
    found = dataset(tmp_path / "mine.npz", x=np.stack([x, np.full(6, constant)], axis=1))
    points = scaled(found, "standard", "unit", "task").points
    np.testing.assert_array_equal(points[:, 1], np.zeros(6))
    np.testing.assert_array_equal(points[:, 0], 2.0 * (x - x[0]) / (x[-1] - x[0]) - 1.0)


@pytest.mark.parametrize("scale", [1e-320, 1e-300, 1e-170, 1e155, 1.7e308])
def test_coordinates_of_any_magnitude_span_the_unit_interval(scale: float, tmp_path: Path) -> None:
    x = np.linspace(-1.0, 1.0, 6)
    found = dataset(tmp_path / "mine.npz", x=np.stack([x * scale, x + 9.0], axis=1))
    np.testing.assert_allclose(scaled(found, "standard", "unit", "task").points, np.stack([x, x], axis=1), atol=1e-3)


def test_an_axis_of_length_one_is_a_constant_coordinate(tmp_path: Path) -> None:
    found = dataset(tmp_path / "mine.npz", g=(VALUES**2)[:, None])
    points = scaled(found, "standard", "unit", "task").points
    assert points.shape == (6, 2)
    assert set(points[:, 0]) == {0.0}


@pytest.mark.parametrize("inputs", ["standard", "pca"])
@pytest.mark.parametrize("constant", [0.0, 0.1])
def test_inputs_that_do_not_vary_become_0(inputs: Any, constant: float, tmp_path: Path) -> None:
    problem = scaled(dataset(tmp_path / "mine.npz", u=np.full((20, 6), constant)), inputs, "unit", "task")
    np.testing.assert_allclose(problem.inputs, 0.0, atol=1e-15)
    np.testing.assert_allclose(problem.test_inputs, 0.0, atol=1e-15)


def test_a_sensor_that_does_not_vary_becomes_0_among_principal_components(tmp_path: Path) -> None:
    inputs = VALUES.copy()
    inputs[:, 2] = 4.0
    problem = scaled(dataset(tmp_path / "mine.npz", u=inputs), "pca", "unit", "task")
    assert np.count_nonzero(np.abs(problem.inputs).max(axis=0) > 1e-9) == 5


def test_outputs_that_do_not_vary_are_invalid(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match=r"task 'external-mine': expected outputs that vary, got 0.1 at all points of all func"):
        dataset(tmp_path / "mine.npz", g=np.full((20, 6), 0.1))


@pytest.mark.parametrize("scale", [1e-60, 1e60])
def test_what_float32_cannot_hold_is_refused_and_not_trained_as_0_or_infinity(scale: float, tmp_path: Path) -> None:
    found = dataset(tmp_path / "mine.npz", u=VALUES * scale, x=np.linspace(0.0, scale, 6))
    with pytest.raises(DataInvalid, match=r"expected inputs scaled 'raw' whose largest value lies between .* got [0-9.]+e[+-]60"):
        scaled(found, "raw", "unit", "task")
    with pytest.raises(DataInvalid, match=r"expected coordinates scaled 'raw' whose"):
        scaled(found, "standard", "raw", "task")
    assert np.abs(scaled(found, "standard", "unit", "task").inputs).max() < 10.0


def test_pointwise_scaling_needs_two_functions_and_outputs_above_its_added_constant(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected output scaling 'task' for one function, got 'pointwise'"):
        scaled(dataset(tmp_path / "one.npz", functions=1), "standard", "unit", "pointwise")
    with pytest.raises(DataInvalid, match=r"got a standard deviation of [0-9.]+e-31, which pointwise scaling's 1e-05 would hide"):
        scaled(dataset(tmp_path / "small.npz", g=VALUES * 1e-30), "standard", "unit", "pointwise")
